"""API tokens, and identities at providers."""

from __future__ import annotations

from typing import Any

import click

from ..account.text import printable
from ..globals import current_profile
from ..pages import token_facts
from ..signals import announce, token_changed
from ..store.records import TokenRecord
from .command_group import WHOM, ask, find_user, group, print_rows

_COLUMNS = ("hint", "created_at", "expires_at", "last_used_at", "last_used_ip", "last_used_agent")


@group.group("tokens")
def tokens_group() -> None:
    """Look after the API tokens of users."""


@tokens_group.command("show")
@click.argument("text", metavar=WHOM)
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def show_tokens(text: str, as_json: bool) -> None:
    """Show what is known of a user's API token, and never the token. Times are UTC."""
    record = current_profile.tokens.find(find_user(text)[0])
    rows = [_described(record)] if record is not None else []
    print_rows(rows, _COLUMNS, as_json=as_json, none="No API token.")


@tokens_group.command("revoke")
@click.argument("text", metavar=WHOM)
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke_tokens(text: str, yes: bool) -> None:
    """End a user's API token for good. Sessions go on. The user is told where MYPROFILE_NOTIFY says how."""
    user, name = find_user(text)
    ask(f"Revoke the API token of {name}?", yes)
    revoked = current_profile.tokens.revoke(user)
    if revoked:
        announce(token_changed, user_key=current_profile.users.key(user), action="revoked")
    click.echo(f"Revoked {'1 token' if revoked else '0 tokens'}.")


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
    ask(f"Forget who has signed in by {printable(provider, 80)}?", yes)
    number = current_profile.identities.forget(provider)
    click.echo(f"Forgot {number} {'identity' if number == 1 else 'identities'}.")


def _described(record: TokenRecord) -> dict[str, Any]:
    """What may be shown of a token, and nothing that a terminal would obey."""
    return {name: value and printable(value, 200) for name, value in token_facts.as_json(record).items()}
