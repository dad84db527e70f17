"""How the record of a session is read that is kept in Redis: a hash of bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .records import SessionRecord

Reader = Callable[[Any], Any]


def text(value: bytes, errors: str = "strict") -> str:
    return value.decode(errors=errors)


def _perhaps(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


def read(readers: Sequence[Reader], values: Sequence[bytes | None]) -> list[Any] | None:
    """Fields as they are in a record; None where any is missing or is not what we write: no such session."""
    try:
        return [read(value) for read, value in zip(readers, values, strict=True)]
    except (AttributeError, TypeError, ValueError):
        return None


_NUMBERS = {"rotated_at", "created_at", "last_seen_at", "ended_at", "remember_until", "auth_time", "asserted_at"}
_NOT_ALWAYS = {
    *("previous_hash", "rotated_at", "ended_at", "end_reason", "provider", "issuer", "subject", "idp_session"),
    *("remember_until", "name", "acr", "auth_time", "callback", "id_token", "asserted_at", "password_mark"),
    "former_login_ids",
}


def _reader(name: str) -> Reader:
    if name in ("ip", "user_agent"):  # not kept of a session that has ended
        return lambda value: text(value or b"")
    plain: Reader = int if name in _NUMBERS else text
    return _perhaps(plain) if name in _NOT_ALWAYS else plain


class Checked(NamedTuple):
    """Of a session, what a request asks for."""

    user_key: str
    login_id: str
    secret_hash: str
    created_at: int
    last_seen_at: int
    ended_at: int | None
    remember_until: int | None
    password_mark: str | None


NAMES = SessionRecord._fields[1:]
WHOLE = [_reader(name) for name in NAMES]
CHECKED = [_reader(name) for name in Checked._fields]
