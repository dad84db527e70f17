"""Encryption of what has to be readable again, by keys derived from the app's own secret keys."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded with the first ciphertext, which most processes never meet
    from cryptography.fernet import MultiFernet


class Undecryptable(Exception):
    """None of the keys opens it, or it is too old."""


class Cipher:
    """Encrypts with the first key and decrypts with any of them (HKDF-SHA256, RFC 5869; Fernet)."""

    def __init__(self, secret_keys: Sequence[bytes], purpose: str) -> None:
        self._ring = _ring_of(secret_keys, purpose)

    def encrypt(self, content: bytes) -> bytes:
        return self._ring.encrypt(content)

    def decrypt(self, sealed: bytes, ttl: int | None = None) -> bytes:
        """:param ttl: the seconds for which it is good.
        :raises Undecryptable: see there."""
        from cryptography.fernet import InvalidToken

        try:
            return self._ring.decrypt(sealed, ttl)
        except InvalidToken as error:
            raise Undecryptable from error

    def rotate(self, sealed: bytes) -> bytes:
        """The same content, encrypted with the first key.

        :raises Undecryptable: see there."""
        from cryptography.fernet import InvalidToken

        try:
            return self._ring.rotate(sealed)
        except InvalidToken as error:
            raise Undecryptable from error


def cipher(secret_keys: Sequence[bytes], purpose: str = "api-token") -> Cipher:
    """That of these keys, newest first, for one purpose."""
    return Cipher(secret_keys, purpose)


def reencryptor(secret_keys: Sequence[bytes]) -> Callable[[str], str | None]:
    """What encrypts a ciphertext again with the first key. It gives back as it is what that key opens already, so that
    doing it twice changes nothing; None where none of the keys opens it."""
    newest, ring = cipher(secret_keys[:1]), cipher(secret_keys)

    def reencrypt(ciphertext: str) -> str | None:
        sealed = ciphertext.encode()
        try:
            newest.decrypt(sealed)
            return ciphertext
        except Undecryptable:
            pass  # an older key may open it
        try:
            return ring.rotate(sealed).decode()
        except Undecryptable:
            return None

    return reencrypt


def _ring_of(secret_keys: Sequence[bytes], purpose: str) -> MultiFernet:
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(secret_key: bytes) -> bytes:
        info = b"flask-myprofile/" + purpose.encode()
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key)
        return base64.urlsafe_b64encode(key)

    return MultiFernet([Fernet(derived(key)) for key in secret_keys])
