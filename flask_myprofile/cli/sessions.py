"""See, end, prune and move the sessions of users."""

from __future__ import annotations

from typing import Any

import click

from ..account.text import printable
from ..errors import SetupError
from ..globals import current_profile
from ..i18n import iso_time
from ..setting_checks import session_store
from ..store.records import SessionRecord
from ..store.session_store import session_store_at
from ..transactions import run
from .command_group import WHOM, ask, find_user, group, print_rows
from .terminal import device, shown

#: Why sessions ended that an operator ends.
REASON = "admin"
_WHOSE = "Whose sessions. KEY: the user's primary key, as the log and the page Users have it."
_COLUMNS = ("id", "device", "address", "last_seen_at", "method")


@group.group("sessions")
def sessions_group() -> None:
    """See, end, prune and move the sessions of users."""


@sessions_group.command("list")
@click.option("--user", "text", required=True, metavar=WHOM, help=_WHOSE)
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def list_sessions(text: str, as_json: bool) -> None:
    """List a user's live sessions, last active first. Times are UTC."""
    rows = [_described(record) for record in _live_sessions(find_user(text)[0])]
    print_rows(rows, _COLUMNS, as_json=as_json, none="No live session.")


@sessions_group.command("end")
@click.option("--user", "text", metavar=WHOM, help=_WHOSE)
@click.option("--id", "session_id", help="One session of that user.")
@click.option("--all", "all_of_user", is_flag=True, help="All sessions of that user.")
@click.option("--everyone", is_flag=True, help="All sessions of all users.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def end_sessions(text: str | None, session_id: str | None, all_of_user: bool, everyone: bool, yes: bool) -> None:
    """End sessions for good: one, all of a user, or everyone's. API tokens go on working."""
    if everyone and text is None and session_id is None and not all_of_user:
        ask("End all sessions of all users?", yes)
        _say_ended(current_profile.sessions.end_everyone(reason=REASON))
    elif not everyone and text is not None and all_of_user != (session_id is not None):
        _end_of_user(text, session_id, yes)
    else:
        raise click.UsageError("Say --user with either --id or --all, or say --everyone alone.")


def _end_of_user(text: str, session_id: str | None, yes: bool) -> None:
    (user, name), sessions = find_user(text), current_profile.sessions
    if session_id is None:
        ask(f"End all sessions of {name}?", yes)
        _say_ended(sessions.end_all(user, reason=REASON))
        return
    ask(f"End session {printable(session_id, 40)} of {name}?", yes)
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
    deleted += current_profile.features.prune(current_profile.config.feature_history_keep)
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


def _live_sessions(user: Any) -> list[SessionRecord]:
    found: list[SessionRecord] = []
    while page := current_profile.sessions.list(user, offset=len(found)):
        found += page
    return found


def _say_ended(number: int) -> None:
    click.echo(f"Ended {number} {'session' if number == 1 else 'sessions'}.")


def _described(record: SessionRecord) -> dict[str, Any]:
    """What may be shown of a session: nothing that signs in, and nothing that a terminal would obey."""
    facts = {
        "id": record.id,
        "name": record.name,
        "device": device(record.user_agent),
        "address": record.ip,
        "created_at": iso_time(record.created_at),
        "last_seen_at": iso_time(record.last_seen_at),
        "method": record.method,
        "provider": record.provider,
    }
    return shown(facts) | {"remembered": record.remembered}
