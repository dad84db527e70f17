"""How a password becomes a hash, for users whose class leaves that to the extension."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from ..errors import SetupError

ARGON2ID = "argon2id"
#: Both as OWASP has them. Werkzeug's own default is weaker.
SCRYPT = "scrypt:131072:8:1"
#: For a column that is too short for a hash by scrypt.
_SHORT = "pbkdf2:sha256:600000"
_SCRYPT_LENGTH = len(SCRYPT) + 1 + 16 + 1 + 128
#: Normalising takes quadratic time, and nobody types as much.
_LONGEST_NORMALISED = 4096
_BCRYPT = re.compile(r"\$2[abxy]?\$")
_log = logging.getLogger(__name__)


def normalized(text: str) -> str:
    """The same text whichever way a keyboard composes its letters: NFC, as NIST SP 800-63B-4 asks."""
    return unicodedata.normalize("NFC", text) if len(text) <= _LONGEST_NORMALISED else text


def matches(check: Callable[[str], Any], text: str) -> bool:
    """Whether the check knows the text: normalised, else (stored by another program) as it is typed here or there."""
    forms = [normalized(text), text]
    if len(text) <= _LONGEST_NORMALISED:
        forms.append(unicodedata.normalize("NFD", text))
    return any(_is_known(check, form) for form in dict.fromkeys(forms))


def make(text: str, method: str, room: int | None = None) -> str:
    """A new hash, by the method if it goes into ``room`` characters."""
    method = _that_fits(method, room)
    if method == ARGON2ID:
        return str(argon2id().hash(text))
    return generate_password_hash(text, method)


def verify(stored: Any, text: str) -> bool:
    """Whether this hash, of any kind that is known here, is one of ``text``."""
    if is_argon2(stored):
        return _verify_argon2(stored, text)
    return _is_known(lambda text: check_password_hash(stored, text), text)


def spend(text: str, method: str) -> None:
    """Take as long as :func:`verify` would: how long an answer takes must not tell who has a password."""
    if method == ARGON2ID:
        argon2id().hash(text)
    else:
        generate_password_hash(text, method)


def is_outdated(stored: str, method: str, room: int | None = None) -> bool:
    """Whether a hash is weaker than a new one would be."""
    method = _that_fits(method, room)
    if is_argon2(stored):
        return method == ARGON2ID and bool(argon2id().check_needs_rehash(stored))
    if method == ARGON2ID:
        return True
    if method == _SHORT:
        return _work(stored, "pbkdf2:sha256") < _work(_SHORT, "pbkdf2:sha256")
    return _work(stored, "scrypt") < _work(method, "scrypt")


def is_argon2(stored: Any) -> bool:
    return isinstance(stored, str) and stored.startswith("$argon2")


def is_bcrypt(stored: Any) -> bool:
    """Whether the hash is one of bcrypt, which sees no more than 72 bytes of a password."""
    text = stored.decode("ascii", "replace") if isinstance(stored, bytes) else stored
    return isinstance(text, str) and _BCRYPT.match(text) is not None


def argon2id() -> Any:
    try:
        from argon2 import PasswordHasher  # an optional dependency
    except ImportError as error:
        raise SetupError("argon2id needs argon2-cffi: pip install Flask-MyProfile[argon2]") from error
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _verify_argon2(stored: str, text: str) -> bool:
    try:
        hasher = argon2id()
    except SetupError as missing:
        _log.warning("MyProfile cannot check a password: %s", missing)
        return False
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
