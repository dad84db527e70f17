"""Of which kinds the stored hashes are, by what they begin with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, inspect, select

from ..account import hash_formats
from ..account.sample_user import sample_user
from ..globals import current_profile
from .findings import Finding, fault, ok
from .password import checks_by_hash

#: Users whose hash is looked at, and how much of it: enough to tell its kind.
_MOST, _BEGINNING = 1000, 10
_NONE, _UNUSABLE, _OTHER = "none", "unusable", "of another kind"
_KINDS = ("scrypt", "pbkdf2", "argon2", "bcrypt")


def stored_hashes() -> Iterator[Finding]:
    columns = list(current_profile.users.password_columns())
    if not columns:
        yield ok("The hashes are in no column that is known here.")
    for column in columns:
        beginnings = _beginnings(column)
        said = ", ".join(f"{number} {kind}" for kind, number in Counter(map(_kind, beginnings)).most_common())
        unknown = sum(not _is_readable(each) for each in beginnings)
        if unknown and checks_by_hash(sample_user(column.class_)):
            yield fault(
                f"{column}: {said}. Passwords of {unknown} users cannot be checked here.",
                f"Give {column.class_.__name__} a check_password() that knows them, or map Users(check_password=…).",
            )
        else:
            yield ok(f"{column}: {said or 'there are none'}.")


def _beginnings(column: Any) -> list[Any]:
    engine = current_profile.db.session.get_bind(mapper=inspect(column.class_))
    with engine.connect() as connection:
        found = connection.execute(select(func.substr(column, 1, _BEGINNING)).limit(_MOST)).scalars()
        return [hash_formats.as_text(each) for each in found]


def _kind(beginning: str | None) -> str:
    if not beginning:
        return _NONE
    if not hash_formats.is_usable(beginning):
        return _UNUSABLE
    if hash_formats.is_bcrypt(beginning):
        return "bcrypt"
    return next((kind for kind in _KINDS if beginning.lstrip("$").startswith(kind)), _OTHER)


def _is_readable(beginning: str | None) -> bool:
    """Whether it may be; of Werkzeug's hashes, the beginning does not say more."""
    kind = _kind(beginning)
    return kind in (_NONE, _UNUSABLE, "scrypt", "pbkdf2") or (kind != _OTHER and hash_formats.is_readable(beginning))
