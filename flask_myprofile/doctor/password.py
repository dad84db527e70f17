"""Who checks and who writes a password, and whether the one knows what the other has written."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event, inspect

from ..account.sample_user import sample_user
from ..account.user_passwords import CannotCheck, CannotWrite, UserPasswords
from ..globals import current_profile
from .findings import Finding, fault, note, ok


class Ways(NamedTuple):
    """Who does it now, in words, None: nobody known.

    :param elsewhere: whether code of the host's or of a library does, which may do more than set attributes.
    """

    checks: str | None
    writes: str | None
    elsewhere: bool


def ways(user: Any) -> Ways:
    """What :mod:`..account.user_passwords` decides for this user."""
    users = current_profile.users
    own_check = type(users).check_password is not UserPasswords.check_password
    own_write = type(users).set_password is not UserPasswords.set_password
    check, write = users._check_of(user), users._write_of(user)
    return Ways(
        "Users.check_password()" if own_check else check and check.name,
        "Users.set_password()" if own_write else write and write.name,
        own_check or own_write or users._writer is not None or users._of_library(user) is not None,
    )


def checks_by_hash(user: Any) -> bool:
    """Whether the extension itself compares with the stored hash."""
    users = current_profile.users
    return type(users).check_password is UserPasswords.check_password and users._own_check(user) is None


def password() -> Iterator[Finding]:
    models = [model for model in current_profile.users.models() if inspect(model, raiseerr=False) is not None]
    if not models:
        yield ok("Users are of no mapped class: each one's own methods check and write passwords.")
    for model in models:
        yield from _of(sample_user(model))


def _of(user: Any) -> Iterator[Finding]:
    kind, found = type(user).__name__, ways(user)
    if found.writes is None and found.checks is None:
        yield note(
            f"{kind} has no password: neither set_password() nor an attribute such as password_hash.",
            "Name the attribute with the hash, Users(password=…), unless all users come by Single Sign-On.",
        )
    elif found.writes is None:
        yield fault(
            f"{found.checks} checks passwords, and nobody is known who sets one.",
            f"Give {kind} a set_password(text), or map Users(set_password=…).",
        )
    elif found.elsewhere or "." in (current_profile.users._hash_name(user) or ""):
        yield ok(f"{kind}: written by {found.writes}, checked by {found.checks or 'its hash'}; not tried.")
    else:
        yield _tried(user, found.writes)


def _tried(user: Any, writes: str) -> Finding:
    """A password that nobody has goes there and back, on a user who is nobody."""
    users, text = current_profile.users, "Aa1!" + secrets.token_urlsafe(18)
    try:
        with _nothing_saved(user):
            users.set_password(user, text)
            right, wrong = users.is_password(user, text), users.is_password(user, text[::-1])
    except _SavesError:
        return fault(f"{writes} saves to the database by itself.", "Leave the commit to who calls it.")
    except (CannotCheck, CannotWrite):
        right = wrong = False
    return _judged(user, writes, right, wrong, is_as_typed=users.stored_hash(user) == text)


def _judged(user: Any, writes: str, right: bool, wrong: bool, is_as_typed: bool) -> Finding:
    users = current_profile.users
    checks, attribute = ways(user).checks, users._hash_name(user) or ""
    stored, room = users.stored_hash(user), users.max_length(attribute)
    if is_as_typed and isinstance(stored, str | bytes):
        return fault(f"{writes} stores the password as it was typed.", "Store a hash of it.")
    if isinstance(stored, str) and room is not None and len(stored) > room:
        said = f"{attribute} holds {room} characters, and a hash has {len(stored)}."
        return fault(said, "Make the column longer: String(255).")
    if wrong:
        return fault(f"{checks} lets any password pass.", "Compare with the stored hash.")
    if not right:
        return fault(
            f"{checks} does not know what {writes} has written."
            if checks
            else f"Nobody knows what {writes} has written.",
            "Let both be of the same kind, or map both: Users(check_password=…, set_password=…).",
        )
    return ok(f"Written by {writes}, checked by {checks}; a password for a trial went there and back.")


class _SavesError(Exception):
    """The host's code was about to write to the database."""


@contextmanager
def _nothing_saved(user: Any) -> Iterator[None]:
    """Whatever the host's method does with ``db.session``, nothing gets into the database."""
    session = current_profile.db.session()

    def refuse(*anything: Any) -> None:
        raise _SavesError

    for moment in ("before_commit", "before_flush"):
        event.listen(session, moment, refuse)
    try:
        yield
    except _SavesError:
        session.rollback()
        raise
    finally:
        for moment in ("before_commit", "before_flush"):
            event.remove(session, moment, refuse)
        if user in session:
            session.expunge(user)
