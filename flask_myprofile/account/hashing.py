"""How a password becomes a hash, for users whose class leaves that to the extension."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from ..errors import MyProfileError, SetupError
from .hash_formats import as_text, bcrypt_rounds, is_argon2, is_bcrypt

ARGON2ID = "argon2id"
#: Both as OWASP has them. Werkzeug's own default is weaker.
SCRYPT = "scrypt:131072:8:1"
#: For a column that is too short for a hash by scrypt.
_SHORT = "pbkdf2:sha256:600000"
_SCRYPT_LENGTH = len(SCRYPT) + 1 + 16 + 1 + 128
#: Normalising takes quadratic time, and nobody types as much.
_LONGEST_NORMALISED = 4096
#: What follows a hash of bcrypt, with a number of rounds that OWASP still takes.
_BCRYPT, _LEAST_ROUNDS = "bcrypt:", 10
#: As bcrypt ("Invalid salt"), Werkzeug ("Invalid hash method"), passlib and argon2-cffi (in the name) say it.
_ABOUT_HASH = re.compile("hash|salt", re.IGNORECASE)
#: bcrypt sees no more bytes, and says so with a ValueError or cuts the rest.
BCRYPT_BYTES = 72


def normalized(text: str) -> str:
    """The same text whichever way a keyboard composes its letters: NFC, as NIST SP 800-63B-4 asks."""
    return unicodedata.normalize("NFC", text) if len(text) <= _LONGEST_NORMALISED else text


class CheckRefused(MyProfileError):
    """Whoever checks does not know what is stored."""


def matches(check: Callable[[str], Any], text: str) -> bool:
    """Whether the check knows the text: normalised, else (stored by another program) as it is typed here or there.

    :raises CheckRefused: the check has answered each by a ValueError about the hash. Another one says no: a check may
        tell a wrong password by it, which has to count as a guess.
    """
    forms = [normalized(text), text]
    if len(text) <= _LONGEST_NORMALISED:
        forms.append(unicodedata.normalize("NFD", text))
    refusal: ValueError | None = None
    for form in dict.fromkeys(forms):
        try:
            if check(form):
                return True
        except ValueError as error:  # longer than this hash takes, or a stored hash of a kind that it does not know
            refusal = error if _ABOUT_HASH.search(f"{type(error).__name__} {error}") else refusal
    if refusal is not None:
        raise CheckRefused(type(refusal).__name__)  # no more of it: it may quote the hash
    return False


def make(text: str, method: str, room: int | None = None) -> str:
    """A new hash, by the method if it goes into ``room`` characters."""
    method = _that_fits(method, room)
    if method == ARGON2ID:
        return str(argon2id().hash(text))
    if method.startswith(_BCRYPT):
        salt = _bcrypt().gensalt(int(method.removeprefix(_BCRYPT)))
        return str(_bcrypt().hashpw(text.encode(), salt).decode())
    return generate_password_hash(text, method)


def verify(stored: Any, text: str) -> bool:
    """Whether this hash, of any kind that is known here, is one of ``text``."""
    stored = as_text(stored)
    if is_argon2(stored):
        return _verify_argon2(stored, text)
    if is_bcrypt(stored):
        too_long = len(text.encode()) > BCRYPT_BYTES  # what is cut off is part of no password
        return not too_long and _is_known(lambda text: _bcrypt().checkpw(text.encode(), stored.encode()), text)
    return _is_known(lambda text: check_password_hash(stored, text), text)


def follower(stored: Any, method: str) -> str:
    """How the next hash is made. A login that reads argon2 or bcrypt may read nothing else."""
    if is_argon2(stored):
        return ARGON2ID
    return f"{_BCRYPT}{max(bcrypt_rounds(stored), _LEAST_ROUNDS)}" if is_bcrypt(stored) else method


def spend(text: str, method: str) -> None:
    """Take as long as :func:`verify` would: how long an answer takes must not tell who has a password."""
    if method == ARGON2ID:
        argon2id().hash(text)
    else:
        generate_password_hash(text, method)


def is_outdated(stored: str, method: str, room: int | None = None) -> bool:
    """Whether a hash is weaker than a new one would be."""
    stored, method = as_text(stored), _that_fits(method, room)
    if is_bcrypt(stored):
        return method.startswith(_BCRYPT) and bcrypt_rounds(stored) < _LEAST_ROUNDS
    if is_argon2(stored):
        return method == ARGON2ID and bool(argon2id().check_needs_rehash(stored))
    if method == ARGON2ID:
        return True
    if method == _SHORT:
        return _work(stored, "pbkdf2:sha256") < _work(_SHORT, "pbkdf2:sha256")
    return _work(stored, "scrypt") < _work(method, "scrypt")


def argon2id() -> Any:
    try:
        from argon2 import PasswordHasher  # an optional dependency
    except ImportError as error:
        raise SetupError("argon2id needs argon2-cffi: pip install Flask-MyProfile[argon2]") from error
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _bcrypt() -> Any:
    import bcrypt  # an optional dependency: whoever has such hashes has it

    return bcrypt


def _verify_argon2(stored: str, text: str) -> bool:
    hasher = argon2id()
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(hasher.verify(stored, text))
    except (InvalidHashError, VerificationError):
        return False


def _is_known(check: Callable[[str], Any], text: str) -> bool:
    try:
        return bool(check(text))
    except ValueError:  # longer than this hash takes, or a stored hash of a kind that is not known here
        return False


def _that_fits(method: str, room: int | None) -> str:
    return _SHORT if method == SCRYPT and room is not None and room < _SCRYPT_LENGTH else method


def _work(stored: str, kind: str) -> int:
    """The numbers in the name of a hash's method, multiplied; 0 for one of another kind."""
    name = stored.partition("$")[0]
    if name != kind and not name.startswith(kind + ":"):
        return 0
    product = 1
    for number in re.findall(r":(\d+)", name.removeprefix(kind)):
        product *= int(number)
    return product
