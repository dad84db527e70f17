"""``flask myprofile …``: what an operator does with tables and sessions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from .account.devices import describe
from .account.events import details_of
from .account.text import printable
from .errors import UNREADABLE, SetupError, StoreDown
from .globals import current_profile
from .i18n import iso_time
from .setting_checks import session_store
from .store.database_errors import reason
from .store.records import EventRecord, SessionRecord, gone
from .store.session_store import session_store_at
from .transactions import run

#: Why sessions ended that an operator ends.
REASON = "admin"
_WHOSE = "Whose sessions. KEY: the user's primary key, as the log and the page Users have it."
_COLUMNS = ("id", "device", "address", "last_seen_at", "method")
_EVENT_COLUMNS = ("at", "kind", "actor", "by", "device", "address", "session")


class _Group(AppGroup):
    """A database that does not answer is one line and exit code 1, whichever command has met it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (StoreDown, SQLAlchemyError) as error:
            said = reason(error) if isinstance(error, SQLAlchemyError) else error
            raise click.ClickException(UNREADABLE % said) from error


group = _Group("myprofile", help="My Profile: the user's own page.")


@group.command("create-tables")
@click.option("--dry-run", is_flag=True, help="Change nothing: say what would be added.")
def create_tables(dry_run: bool) -> None:
    """Create the extension's tables, or add what a newer version has. With Flask-Migrate, migrate instead."""
    changes = current_profile.create_tables(dry_run=dry_run)
    for words in changes.added:
        click.echo(f"{'Would add' if dry_run else 'Added'} {words}.")
    for words in changes.left_alone:
        click.echo(f"Left alone: {words}.", err=True)
    if changes.left_alone:
        raise click.ClickException("Change what was left alone by a migration or by hand.")
    if not (dry_run and changes.added):
        click.echo("The tables of My Profile are up to date.")


@group.command("doctor")
@click.option("--json", "for_programs", is_flag=True, help="For programs: one JSON object.")
def doctor(for_programs: bool) -> None:
    """Check whether this app is set up as My Profile needs it. Changes nothing."""
    from .doctor.command import report  # slow, and every start of the app loads this file

    report(for_programs)


@group.group("sessions")
def sessions_group() -> None:
    """See, end and prune the sessions of users."""


@sessions_group.command("list")
@click.option("--user", "text", required=True, metavar="KEY|NAME|EMAIL", help=_WHOSE)
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def list_sessions(text: str, as_json: bool) -> None:
    """List a user's live sessions, last active first. Times are UTC."""
    rows = [_described(record) for record in _live_sessions(_user(text)[0])]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        _print_table([_COLUMNS, *([str(row[name] or "-") for name in _COLUMNS] for row in rows)])
    else:
        click.echo("No live session.")


@sessions_group.command("end")
@click.option("--user", "text", metavar="KEY|NAME|EMAIL", help=_WHOSE)
@click.option("--id", "session_id", help="One session of that user.")
@click.option("--all", "all_of_user", is_flag=True, help="All sessions of that user.")
@click.option("--everyone", is_flag=True, help="All sessions of all users.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end_sessions(text: str | None, session_id: str | None, all_of_user: bool, everyone: bool, yes: bool) -> None:
    """End sessions for good: one, all of a user, or everyone's. API tokens go on working."""
    if everyone and text is None and session_id is None and not all_of_user:
        _ask("End all sessions of all users?", yes)
        _say_ended(current_profile.sessions.end_everyone(reason=REASON))
    elif not everyone and text is not None and all_of_user != (session_id is not None):
        _end_of_user(text, session_id, yes)
    else:
        raise click.UsageError("Say --user with either --id or --all, or say --everyone alone.")


def _end_of_user(text: str, session_id: str | None, yes: bool) -> None:
    (user, name), sessions = _user(text), current_profile.sessions
    if session_id is None:
        _ask(f"End all sessions of {name}?", yes)
        _say_ended(sessions.end_all(user, reason=REASON))
        return
    _ask(f"End session {printable(session_id, 40)} of {name}?", yes)
    if not sessions.end(user, session_id, reason=REASON):
        raise click.ClickException(f"{name} has no session {printable(session_id, 40)!r}.")
    click.echo("That session has ended.")


@sessions_group.command("prune")
@click.option("--quiet", is_flag=True, help="Print nothing unless it fails.")
def prune_sessions(quiet: bool) -> None:
    """Delete the rows of sessions that have run out or ended long ago, and all that is kept of users who were deleted.

    Safe to run at any time, and twice at once.
    """
    forgotten = current_profile.erasure.prune()
    current_profile.pending_forms.prune()
    run(current_profile.email_changes.prune, current_profile.own_transaction)
    current_profile.links.prune(current_profile.config.notify_interval)
    current_profile.single_logout.prune()
    deleted = current_profile.sessions.prune() + current_profile.activity.prune()
    for prune in (current_profile.tokens.prune, current_profile.identities.prune):
        run(prune, current_profile.own_transaction)  # what it reads and writes, on one connection
    if not quiet:
        click.echo(f"Deleted {deleted} {'row' if deleted == 1 else 'rows'}.")
    if forgotten and not quiet:
        click.echo(f"Erased what was kept of {forgotten} {'user who is' if forgotten == 1 else 'users who are'} gone.")


@sessions_group.command("move")
@click.option("--to", "url", required=True, envvar="SESSIONS_MOVE_TO", metavar="URL", help="What the setting will be.")
@click.option("--quiet", is_flag=True, help="Print nothing unless a session cannot be moved.")
def move_sessions(url: str, quiet: bool) -> None:
    """Copy all sessions to where MYPROFILE_SESSION_STORE will be, and delete there what is not here.

    Nobody has to sign in anew then. Run it, stop the app, run it again, and start the app with the new setting. Where
    the URL has a password, give it as SESSIONS_MOVE_TO in the environment.
    """
    if problem := session_store(url):
        raise click.UsageError(f"--to must be {problem}.")
    if url == current_profile.config.session_store:
        raise click.UsageError("The app keeps its sessions there.")
    try:
        target = session_store_at(url, current_profile.stores[0], current_profile.config)
    except SetupError as error:
        raise click.ClickException(str(error)) from None
    written, deleted, refused = current_profile.sessions.move_to(target)
    if not quiet:
        click.echo(f"Wrote {written} {'session' if written == 1 else 'sessions'} there, and deleted {deleted}.")
    if refused:
        whose = "session whose id is" if refused == 1 else "sessions whose ids are"
        raise click.ClickException(f"Left {refused} {whose} of an older version: who has them will sign in anew.")


@group.group("activity")
def activity_group() -> None:
    """See what has happened to the accounts of users."""


@activity_group.command("list")
@click.argument("text", metavar="KEY|NAME|EMAIL")
@click.option("--topic", help="Only what is of this topic, such as password, session or token.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def list_activity(text: str, topic: str | None, limit: int, as_json: bool) -> None:
    """List what has happened to a user, the newest first. Times are UTC.

    Of whom is gone, by the key that they had: that all was erased.
    """
    user = current_profile.users.find(text)
    found = current_profile.activity.list(user if user is not None else gone(text), topic=topic, limit=limit)
    if user is None and not found:
        _user(text)
    rows = [_described_event(event) for event in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        _print_table([_EVENT_COLUMNS, *([str(row[name] or "-") for name in _EVENT_COLUMNS] for row in rows)])
    else:
        click.echo("Nothing is recorded.")


@group.command("forget")
@click.argument("text", metavar="KEY|NAME|EMAIL")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(text: str, yes: bool) -> None:
    """Erase all that is kept of a user: sessions, API token, preferences, identities, forms that wait.

    For an account that is closed, before or after it is deleted: then by its key, which is the primary key, as the log
    and the page Users have it.
    """
    users = current_profile.users
    user = users.find(text)
    name = printable(users.display_name(user), 80) if user is not None else None
    key = users.key(user) if user is not None else text.strip()
    # no transaction stays open while an operator thinks, and its connection may be the only one
    current_profile.db.session.rollback()
    _ask(f"Erase all that is kept of {name or f'the user who had the key {printable(key, 80)}'}?", yes)
    current_profile.forget(key)
    click.echo("All of it is erased.")


@group.group("tokens")
def tokens_group() -> None:
    """Look after the API tokens of users."""


@tokens_group.command("rekey")
@click.option("--quiet", is_flag=True, help="Print nothing unless a token cannot be read.")
def rekey_tokens(quiet: bool) -> None:
    """Encrypt copyable tokens with the newest SECRET_KEY. Safe to run at any time, and twice at once."""
    changed, unreadable = current_profile.tokens.rekey()
    if not quiet:
        click.echo(f"Encrypted {changed} {'token' if changed == 1 else 'tokens'} with the newest key.")
    if unreadable:
        tokens = "token" if unreadable == 1 else "tokens"
        click.echo(f"Left {unreadable} {tokens} that no key reads: they work, and cannot be copied.", err=True)


@group.group("sso")
def sso_group() -> None:
    """Look after accounts that sign in by Single Sign-On."""


@sso_group.command("forget")
@click.argument("provider")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_provider(provider: str, yes: bool) -> None:
    """Forget which accounts have signed in by PROVIDER, which the app no longer has. Their sessions go on."""
    _ask(f"Forget who has signed in by {printable(provider, 80)}?", yes)
    number = current_profile.identities.forget(provider)
    click.echo(f"Forgot {number} {'identity' if number == 1 else 'identities'}.")


def _user(text: str) -> tuple[Any, str]:
    """The user whom the operator means, and their name."""
    users = current_profile.users
    user = users.find(text)
    if user is None:
        raise click.ClickException(
            f"There is no user with the key, user name or e-mail address {printable(text, 80)!r}."
        )
    name = printable(users.display_name(user), 80)
    # no transaction stays open while an operator thinks, and its connection may be the only one
    current_profile.db.session.rollback()
    return user, name


def _live_sessions(user: Any) -> list[SessionRecord]:
    found: list[SessionRecord] = []
    while page := current_profile.sessions.list(user, offset=len(found)):
        found += page
    return found


def _ask(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _say_ended(number: int) -> None:
    click.echo(f"Ended {number} {'session' if number == 1 else 'sessions'}.")


def _described(record: SessionRecord) -> dict[str, Any]:
    """What may be shown of a session: nothing that signs in, and nothing that a terminal would obey."""
    device = describe(record.user_agent)
    shown = {
        "id": record.id,
        "name": record.name,
        "device": " on ".join(part for part in (device.browser, device.system) if part),
        "address": record.ip,
        "created_at": iso_time(record.created_at),
        "last_seen_at": iso_time(record.last_seen_at),
        "method": record.method,
        "provider": record.provider,
    }
    return {name: value and printable(value, 200) for name, value in shown.items()} | {"remembered": record.remembered}


def _described_event(event: EventRecord) -> dict[str, Any]:
    """The same of an event, with what an operator may know and its user is not told: an administrator's address."""
    device = describe(event.user_agent)
    shown = {
        "id": event.id,
        "at": iso_time(event.at),
        "kind": event.kind,
        "actor": event.actor,
        "by": event.actor_name or event.actor_key,
        "device": " on ".join(part for part in (device.browser, device.system) if part),
        "address": event.ip,
        "session": event.session_id,
    }
    return {name: value and printable(value, 200) for name, value in shown.items()} | {"details": details_of(event)}


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
