"""Which formats of a stored password are known here, and what may be said of one that is not."""

from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from typing import Any

_WERKZEUG = r"(?:scrypt(?::\d+){0,3}|pbkdf2(?::(?P<digest>[a-z0-9_]+))?(?::\d+)?)\$[^$]+\$[0-9a-f]+"
_ARGON2 = r"\$argon2(?:id|i|d)\$"
_BCRYPT = r"\$2[abxy]?\$(?P<rounds>\d\d)\$"
#: What marks a hash as one that nobody's password has, as Django and Unix write it.
_UNUSABLE = ("!", "*")
#: The beginning that names a format. It has to look like the name of one: what stands there may be anything.
_PREFIX = (
    r"\$[a-z0-9][a-z0-9-]{0,23}\$"
    r"|[a-z0-9_:+-]*(?:sha|md5|pbkdf2|scrypt|crypt|argon)[a-z0-9_:+-]*\$"
    r"|\{[A-Za-z0-9-]{2,20}\}"
)
#: Where the values of columns come from that are no passwords.
_PLAIN = ("builtins", "datetime", "decimal", "uuid")
#: No hash is shorter that has no prefix.
_SHORTEST = 32


def as_text(stored: Any) -> Any:
    """The hash of a column for bytes, as text."""
    return stored.decode("ascii", "replace") if isinstance(stored, bytes) else stored


def is_usable(stored: Any) -> bool:
    """Whether this may be somebody's password, in whatever format: it is there, and not marked as unusable."""
    text = as_text(stored)
    return (bool(text) and not text.startswith(_UNUSABLE)) if isinstance(text, str) else compares_itself(stored)


def is_hash(stored: Any) -> bool:
    """The same where nobody knows what is kept there: it also has to look like a hash."""
    text = as_text(stored)
    looks_so = not isinstance(text, str) or text.count("$") >= 2 or text.startswith("{") or len(text) >= _SHORTEST
    return looks_so and is_usable(stored)


def compares_itself(stored: Any) -> bool:
    """Whether this is an object that knows its password when it is compared with one, as SQLAlchemy-Utils has it."""
    kinds = type(stored).__mro__[:-1]  # of object there is but identity
    return kinds[0].__module__ not in _PLAIN and any("__eq__" in vars(kind) for kind in kinds)


def is_readable(stored: Any) -> bool:
    """Whether a password can be compared with this hash here."""
    text = as_text(stored)
    if not isinstance(text, str):
        return False
    if re.match(_ARGON2, text):
        return find_spec("argon2") is not None
    if is_bcrypt(text):
        return find_spec("bcrypt") is not None
    found = re.fullmatch(_WERKZEUG, text)
    return found is not None and (found["digest"] or "sha256") in hashlib.algorithms_available


def is_argon2(stored: Any) -> bool:
    text = as_text(stored)
    return isinstance(text, str) and text.startswith("$argon2")


def is_bcrypt(stored: Any) -> bool:
    """Whether the hash is one of bcrypt, which sees no more than 72 bytes of a password."""
    text = as_text(stored)
    return isinstance(text, str) and re.match(_BCRYPT, text) is not None


def bcrypt_rounds(stored: Any) -> int:
    found = re.match(_BCRYPT, as_text(stored))
    return int(found["rounds"]) if found else 0


def describe(stored: Any) -> str:
    """What an operator may read of a hash: its format, and nothing of it."""
    text = as_text(stored)
    if not isinstance(text, str):
        return f"a {type(stored).__module__}.{type(stored).__qualname__}"
    found = re.match(_PREFIX, text) if len(text) >= _SHORTEST else None
    if found is None:
        return "a hash without a known prefix"
    needs = " (which needs argon2-cffi)" if is_argon2(text) else " (which needs bcrypt)" if is_bcrypt(text) else ""
    return f"a hash that begins with {found[0]!r}{needs}"
