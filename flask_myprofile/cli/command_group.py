"""What all commands share: the group that they are in, and how they find a user, ask, and print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from ..account.text import printable
from ..errors import UNREADABLE, StoreDown
from ..globals import current_profile
from ..store.database_errors import reason

#: How a user is named.
WHOM = "KEY|NAME|EMAIL"


class _Group(AppGroup):
    """Its commands are loaded when somebody looks for one, which a server does not.

    A database that does not answer is one line and exit code 1, whichever command has met it.
    """

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _load_commands()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        _load_commands()
        return super().list_commands(ctx)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (StoreDown, SQLAlchemyError) as error:
            said = reason(error) if isinstance(error, SQLAlchemyError) else error
            raise click.ClickException(UNREADABLE % said) from error


group = _Group("myprofile", help="My Profile: the user's own page.")


def _load_commands() -> None:
    # slow; each adds its own to the group
    from . import accounts, credentials, feature_sets, features, openapi, sessions, set_up  # noqa: F401


def find_user(text: str) -> tuple[Any, str]:
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


def ask(question: str, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, none: str) -> None:
    """For programs all of each row, for people these columns as a table, or that there is none."""
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        _print_table([columns, *([str(row[name] or "-") for name in columns] for row in rows)])
    else:
        click.echo(none)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
