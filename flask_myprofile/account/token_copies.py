"""The copies of API tokens that are kept so that they can be shown again: encrypted, by keys of the app's."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ..store.token_protocols import TokenStore
from ..store.token_records import TokenRecord
from .credentials import digest_of
from .encryption import Cipher, Undecryptable, cipher, reencryptor
from .token_check import Switches

#: The feature that it is.
COPY = "api_token.copy"
#: How many ciphertexts one transaction encrypts again: no page waits for more.
_BATCH = 500


class TokenCopies:
    """:param keys: the app's secret keys, newest first; the first one encrypts, all decrypt.
    :param features: whether copies are kept, and for whom.
    """

    def __init__(self, store: TokenStore, keys: Callable[[], Sequence[bytes]], features: Switches) -> None:
        self._store = store
        self._keys = keys
        self._features = features

    def of(self, user: Any, user_key: str, token: str) -> str | None:
        """What is to be kept of a new one; None: nothing."""
        if not self._features.is_on(COPY, user=user):
            return None
        return self._cipher().encrypt(f"{user_key}\n{token}".encode()).decode()

    def read(self, record: TokenRecord) -> str | None:
        """The token; None where it was made while copying was off, or the secret key has changed since."""
        if record.ciphertext is None:
            return None
        try:
            owner, _, token = self._cipher().decrypt(record.ciphertext.encode()).decode().partition("\n")
        except Undecryptable:
            return None
        # a ciphertext moved here from another row opens, but is not this user's live token
        is_this = owner == record.user_key and hmac.compare_digest(digest_of(token), record.digest)
        return str(token) if is_this else None

    def forget(self) -> None:
        self._store.forget_ciphertexts()

    def prune(self) -> None:
        if not self._features.may_be_on(COPY):
            self._store.forget_ciphertexts()

    def rekey(self) -> tuple[int, int]:
        """How many were encrypted anew, and how many none of the keys opens."""
        reencrypt, results = reencryptor(self._keys()), Counter[str]()

        def rewrite(ciphertext: str) -> str | None:
            new = reencrypt(ciphertext)
            results["unreadable" if new is None else "kept" if new == ciphertext else "changed"] += 1
            return new

        for batch in (self._store.rewrite_ciphertexts, self._store.rewrite_named_ciphertexts):
            last: str | None = ""
            while last is not None:
                last = batch(rewrite, last, _BATCH)
        return results["changed"], results["unreadable"]

    def _cipher(self) -> Cipher:
        return cipher(self._keys())
