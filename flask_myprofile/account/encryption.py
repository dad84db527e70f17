"""Encryption of what has to be readable again, by keys derived from the app's own secret keys."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Undecryptable = InvalidToken


def cipher(secret_keys: Sequence[bytes], purpose: str = "api-token") -> MultiFernet:
    """Encrypts with the first key and decrypts with any of them (HKDF-SHA256, RFC 5869; Fernet)."""
    return MultiFernet([Fernet(_derive(key, purpose)) for key in secret_keys])


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


def _derive(secret_key: bytes, purpose: str) -> bytes:
    info = b"flask-myprofile/" + purpose.encode()
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key)
    return base64.urlsafe_b64encode(derived)
