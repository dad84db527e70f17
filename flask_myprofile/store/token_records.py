"""What is kept of an API token, as a value."""

# without postponed annotations: a NamedTuple compiles each text of them, at every start
from collections.abc import Mapping
from typing import Any, NamedTuple

from .feature_records import FeatureChoice


class TokenRecord(NamedTuple):
    """A user's API token: its digest, and a ciphertext where it may be copied again.

    ``slot``: 0 for the one token of whoever may have one; those that have names are in 1 and above, and the one that
    the token in slot 3 has replaced is in slot -3, until its end. ``replaces``: the digest of a token from slot 0.
    ``scopes`` and ``networks`` are separated by blanks; None: no limit.
    """

    user_key: str
    digest: str
    ciphertext: str | None
    hint: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None = None
    last_used_ip: str | None = None
    last_used_agent: str | None = None
    slot: int = 0
    name: str = ""
    scopes: str | None = None
    networks: str | None = None
    replaces: str | None = None


class CheckedToken(NamedTuple):
    """What every request asks of the row of an API token."""

    user_key: str
    digest: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    last_used_ip: str | None
    slot: int = 0
    name: str = ""
    scopes: str | None = None
    networks: str | None = None


class FoundToken(NamedTuple):
    """A token's row, what administrators have chosen of the features that it depends on, and its user. None: where the
    same query could not say who that is."""

    token: CheckedToken
    choices: Mapping[str, FeatureChoice]
    user: Any


class TokenCounts(NamedTuple):
    """How many users have an API token that works, how many of those use it, and how many tokens can be copied."""

    working: int
    used: int
    copies: int
