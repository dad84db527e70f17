"""API tokens, and identities at providers."""

from __future__ import annotations

import click

from ..account.text import printable
from ..globals import current_profile
from ..notices.words import TOKEN_ENDS
from ..pages import token_facts
from .command_group import WHOM, ask, find_user, group, print_rows
from .terminal import shown

_NONE = "No API token."
_COLUMNS = ("hint", "created_at", "expires_at", "last_used_at", "last_used_ip", "last_used_agent")
_COLUMNS_OF_MANY = ("id", "name", "scopes", *_COLUMNS)


@group.group("tokens")
def tokens_group() -> None:
    """Look after the API tokens of users."""


@tokens_group.command("show")
@click.argument("text", metavar=WHOM)
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array.")
def show_tokens(text: str, as_json: bool) -> None:
    """Show what is known of a user's API tokens, and never a token. Times are UTC."""
    records = current_profile.tokens.list(find_user(text)[0])
    if not token_facts.are_a_list(records):
        print_rows([shown(token_facts.as_json(each)) for each in records], _COLUMNS, as_json=as_json, none=_NONE)
        return
    rows = [shown(facts) for facts in token_facts.all_as_json(records)]
    if not as_json:
        rows = [{**row, "scopes": _scopes(row["scopes"])} for row in rows]
    print_rows(rows, _COLUMNS_OF_MANY, as_json=as_json, none=_NONE)


@tokens_group.command("revoke")
@click.argument("text", metavar=WHOM)
@click.option("--id", "id_", help="Only this one of several, as `show` has it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke_tokens(text: str, id_: str | None, yes: bool) -> None:
    """End a user's API tokens for good. Sessions go on. The user is told where MYPROFILE_NOTIFY says how."""
    (user, name), tokens = find_user(text), current_profile.tokens
    key = current_profile.users.key(user)
    which = "the API token" if id_ is None else f"the API token {printable(id_, 40)}"
    ask(f"Revoke {which} of {name}?", yes)
    if id_ is None:
        number = tokens.revoke_all(key)
    else:
        number = int(tokens.find(user, id_) is not None and tokens.revoke(user, id_))
    click.echo(f"Revoked {number} {'token' if number == 1 else 'tokens'}.")


@tokens_group.command("audit")
@click.option("--max-lifetime", type=click.IntRange(60), help="Seconds. Default: MYPROFILE_API_TOKEN_MAX_LIFETIME.")
@click.option("--tokens", type=click.IntRange(1), help="Default: MYPROFILE_API_TOKENS.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON array of the tokens that end.")
def audit_tokens(max_lifetime: int | None, tokens: int | None, as_json: bool) -> None:
    """Say which tokens a lower maximum would end, and how many users would have more tokens than they may.

    Changes nothing. Run it with what the settings will be, before you set them.
    """
    config = current_profile.config
    found = current_profile.tokens.audit.audit(max_lifetime or config.api_token_max_lifetime, tokens)
    rows = [
        {"user": printable(each.user_key, 80), **shown(facts)}
        for each, facts in zip(found.ended, token_facts.all_as_json(found.ended), strict=True)
    ]
    print_rows(rows, ("user", "name", "hint", "created_at", "last_used_at"), as_json=as_json, none="No token ends.")
    if not as_json:
        people, number = len({each.user_key for each in found.ended}), len(found.ended)
        click.echo(f"{number} {_token(number)} of {people} {_user(people)} would end at once.")
        click.echo(f"{found.too_many} {_user(found.too_many)} would have more tokens than they may: all of them go on.")


@tokens_group.command("notify")
@click.option("--quiet", is_flag=True, help="Print nothing unless it fails.")
def notify_tokens(quiet: bool) -> None:
    """Tell users 7, 3 and 1 days before a token of theirs ends, each time once. Run it every hour.

    Needs MYPROFILE_NOTIFY. Safe to run twice at once.
    """
    if current_profile.config.notify is None:
        raise click.ClickException("Nobody tells users anything: set MYPROFILE_NOTIFY.")
    number, are_named = 0, current_profile.config.names_tokens
    for record, days in current_profile.tokens.due():
        name = {"token": record.name} if record.slot or are_named else {}
        current_profile.notices.tell(TOKEN_ENDS, record.user_key, values={**name, "days": str(days)})
        number += 1
    if not quiet:
        click.echo(f"Told of {number} {_token(number)}.")


def _token(number: int) -> str:
    return "token" if number == 1 else "tokens"


def _user(number: int) -> str:
    return "user" if number == 1 else "users"


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


def _scopes(scopes: list[str] | None) -> str:
    return "everything" if scopes is None else " ".join(scopes)
