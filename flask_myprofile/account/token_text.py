"""The text of an API token: ``<prefix>`` + 43 base62 characters (256 random bits) + 6 base62 characters of CRC-32.

The checksum lets garbage be refused without a query, and lets a secret scanner tell a token from noise. It also says in
which table the token is, so that one query finds it: that of tokens that have names begins to count at another number.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ONLY_DIGITS = re.compile("[0-9A-Za-z]+")
_BODY, _CHECKSUM = 43, 6
#: What the checksum of a token that has a name begins with; any number but 0.
_NAMED = 0x6E616D65


def new_token(prefix: str, *, named: bool = False) -> str:
    body = _base62(int.from_bytes(secrets.token_bytes(32), "big"), _BODY)
    return prefix + body + _checksum(body, named)


def hint_of(prefix: str, token: str) -> str:
    """What is kept readable of it: its beginning and its end."""
    return f"{prefix}{token[len(prefix) :][:4]}…{token[-4:]}"


def is_named(prefix: str, text: str) -> bool | None:
    """Whether it is a token that has a name, by prefix, length, alphabet and checksum; None where it is no token."""
    body, checksum = text[len(prefix) : -_CHECKSUM], text[-_CHECKSUM:]
    if not text.startswith(prefix) or len(body) != _BODY or not _ONLY_DIGITS.fullmatch(body + checksum):
        return None
    if hmac.compare_digest(checksum, _checksum(body, named=False)):
        return False
    return True if hmac.compare_digest(checksum, _checksum(body, named=True)) else None


def _checksum(body: str, named: bool) -> str:
    return _base62(zlib.crc32(body.encode(), _NAMED if named else 0), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return digits.rjust(length, "0")
