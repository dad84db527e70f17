"""Encryption of what has to be readable again, by keys derived from the app's own secret keys."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Unreadable = InvalidToken


def sealer(secret_keys: Sequence[bytes]) -> MultiFernet:
    """Encrypts with the first key and decrypts with any of them (HKDF-SHA256, RFC 5869; Fernet)."""
    return MultiFernet([Fernet(_derive(key)) for key in secret_keys])


def _derive(secret_key: bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"flask-myprofile/api-token").derive(secret_key)
    return base64.urlsafe_b64encode(derived)
