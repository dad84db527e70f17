"""What has happened to an account, and the end of one."""

from __future__ import annotations

import json
from typing import Any

import click

from ..account.events import details_of
from ..account.text import printable
from ..globals import current_profile
from ..i18n import iso_time
from ..store.records import EventRecord, gone
from .command_group import WHOM, ask, find_user, group, print_rows
from .terminal import device, shown

_COLUMNS = ("at", "kind", "actor", "by", "device", "address", "session")


@group.group("activity")
def activity_group() -> None:
    """See what has happened to the accounts of users."""


@activity_group.command("list")
@click.argument("text", metavar=WHOM)
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
        find_user(text)
    rows = [_described(event) for event in found]
    print_rows(rows, _COLUMNS, as_json=as_json, none="Nothing is recorded.")


@group.command("export")
@click.argument("text", metavar=WHOM)
def export(text: str) -> None:
    """Print all that is kept of a user as one JSON object: for whoever asks what that is. No secrets are in it."""
    click.echo(json.dumps(current_profile.export(find_user(text)[0]), indent=2))


@group.command("offboard")
@click.argument("text", metavar=WHOM)
@click.option("--yes", is_flag=True, help="Do not ask.")
def offboard(text: str, yes: bool) -> None:
    """End all that lets a user in: sessions, API token, links in mails and what waits. What is kept of them stays.

    For somebody who leaves. They may sign in again where the app lets them: deactivate the account before.
    """
    user, name = find_user(text)
    ask(f"End all that lets {name} in?", yes)
    ended = current_profile.offboard(user)
    sessions = "session" if ended.sessions == 1 else "sessions"
    tokens = "token" if ended.tokens == 1 else "tokens"
    click.echo(f"Ended {ended.sessions} {sessions}, revoked {ended.tokens} {tokens}.")


@group.command("forget")
@click.argument("text", metavar=WHOM)
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
    ask(f"Erase all that is kept of {name or f'the user who had the key {printable(key, 80)}'}?", yes)
    current_profile.forget(key)
    click.echo("All of it is erased.")


def _described(event: EventRecord) -> dict[str, Any]:
    """What may be shown of an event; an operator, unlike its user, may know an administrator's address."""
    facts = {
        "id": event.id,
        "at": iso_time(event.at),
        "kind": event.kind,
        "actor": event.actor,
        "by": event.actor_name or event.actor_key,
        "device": device(event.user_agent),
        "address": event.ip,
        "session": event.session_id,
    }
    return shown(facts) | {"details": details_of(event)}
