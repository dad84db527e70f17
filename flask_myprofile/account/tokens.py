"""API tokens: ``<prefix>`` + 43 base62 characters (256 random bits) + 6 base62 characters of CRC-32.

The checksum lets garbage be refused without a query, and lets a secret scanner tell a token from noise. The database
holds the SHA-256 (a fast hash is right for 256 random bits) and, where copying is on, a ciphertext whose key is
derived from the app's secret key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from ..config import Config
from ..errors import Conflict, NotFound
from ..store.protocols import TokenStore
from ..store.records import CheckedToken, FeatureChoice, TokenCounts, TokenRecord
from .activity import Activity
from .clock import is_due, now
from .credentials import digest_of
from .encryption import Cipher, Undecryptable, cipher, reencryptor
from .events import TOKEN_MADE, TOKEN_REGENERATED, TOKEN_REVEALED, TOKEN_REVOKED
from .user_search import MOST_COUNTED
from .users import Users

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ONLY_DIGITS = re.compile("[0-9A-Za-z]+")
_BODY, _CHECKSUM = 43, 6
#: How many ciphertexts one transaction encrypts again: no page waits for more.
_BATCH = 500
#: The feature that all of it is, and that of copying.
FEATURE, COPY = "api_token", "api_token.copy"


class Switches(Protocol):
    """See :class:`~..features.Features`."""

    def names_behind(self, name: str) -> tuple[str, ...]: ...

    def is_on(self, name: str, choices: Mapping[str, FeatureChoice] | None = None, *, user: Any = None) -> bool: ...

    def may_be_on(self, name: str) -> bool: ...


class Tokens:
    """One API token a user."""

    def __init__(
        self,
        store: TokenStore,
        users: Users,
        config: Config,
        activity: Activity,
        *,
        keys: Callable[[], Sequence[bytes]],
        features: Switches,
    ) -> None:
        """:param keys: the app's secret keys, newest first; the first one encrypts, all decrypt.
        :param features: whether tokens are on at all, and kept so that they can be copied again; and for whom.
        """
        self._store = store
        self._users = users
        self._config = config
        self._activity = activity
        self._keys = keys
        self._features = features

    def find(self, user: Any) -> TokenRecord | None:
        """The user's token as it may be shown: without the token.

        :param user: whose.
        :returns: a :class:`~.records.TokenRecord`; None where there is none.
        """
        return self._store.find_token(self._users.key(user))

    @staticmethod
    def version(record: TokenRecord | None) -> str:
        """Names this token, or that there is none. No later token has that name, also not after a revocation: what a
        confirmation carries, so that it is good for one regeneration.

        :param record: what :meth:`find` has answered.
        :returns: a short text, to be given back to :meth:`regenerate` or :meth:`revoke`.
        """
        return record.digest[:16] if record else ""

    def regenerate(self, user: Any, version: str | None = None) -> str:
        """A new token; the old one is dead when the caller commits.

        :param user: whose.
        :param version: replace no other token than this :meth:`version` (default: whichever there is).
        :returns: the token: the one time that it is known.
        :raises Conflict: somebody else regenerated it meanwhile; the token of theirs is the live one.
        """
        key, old = self._users.key(user), self.find(user)
        if version is not None and version != self.version(old):
            raise Conflict(code="token_changed")
        token, moment = self._new(), now()
        lifetime, may_copy = self._config.api_token_lifetime, self._features.is_on(COPY, user=user)
        record = TokenRecord(
            user_key=key,
            digest=digest_of(token),
            ciphertext=self._cipher().encrypt(f"{key}\n{token}".encode()).decode() if may_copy else None,
            hint=f"{self._config.api_token_prefix}{token[len(self._config.api_token_prefix) :][:4]}…{token[-4:]}",
            created_at=moment,
            expires_at=moment + lifetime if lifetime else None,
            last_used_at=None,
            last_used_ip=None,
            last_used_agent=None,
        )
        # by its digest, which no other token ever has: one that was revoked and made anew meanwhile is not this one
        replace = partial(self._store.replace_token, record, old.digest if old else None)
        if not self._activity.note_if(replace, TOKEN_REGENERATED if old else TOKEN_MADE, key):
            raise Conflict(code="token_changed")
        return token

    def reveal(self, user: Any) -> str:
        """The token itself, where it is kept so that it can be copied.

        :param user: whose.
        :returns: the token.
        :raises NotFound: there is none, or it was made while copying was off, or the secret key has changed since.
        """
        key, record = self._users.key(user), self.find(user)
        if record is None or record.ciphertext is None:
            raise NotFound(code="not_copyable")
        try:
            owner, _, token = self._cipher().decrypt(record.ciphertext.encode()).decode().partition("\n")
        except Undecryptable as error:
            raise NotFound(code="not_copyable") from error
        # a ciphertext moved here from another row opens, but is not this user's live token
        if owner != key or not hmac.compare_digest(digest_of(token), record.digest):
            raise NotFound(code="not_copyable")
        self._activity.note(TOKEN_REVEALED, key)
        return str(token)

    def revoke(self, user: Any, version: str | None = None, by: Any = None) -> bool:
        """End the user's token without making another, when the caller commits.

        :param user: whose.
        :param version: end no other token than this :meth:`version` (default: whichever there is).
        :param by: the administrator who ends it, for the user's activity.
        :returns: whether there was one.
        :raises Conflict: there is another one by now, which goes on working.
        """
        key = self._users.key(user)
        delete, note_if = partial(self._store.delete_token, key), self._activity.note_if
        if version is None:
            return note_if(delete, TOKEN_REVOKED, key, by=by)
        old = self.find(user)
        if old is None:
            return False
        is_this = version == self.version(old)
        if not is_this or not note_if(partial(delete, old.digest), TOKEN_REVOKED, key, by=by):
            raise Conflict(code="token_changed")
        return True

    def looks_like_one(self, text: str) -> bool:
        """Whether the text has the prefix, length, alphabet and checksum of a token. Costs no query.

        :param text: what a program has sent.
        :returns: False: it is no token of ours, and never was.
        """
        prefix = self._config.api_token_prefix
        body, checksum = text[len(prefix) : -_CHECKSUM], text[-_CHECKSUM:]
        right = text.startswith(prefix) and len(body) == _BODY and _ONLY_DIGITS.fullmatch(body + checksum)
        return bool(right) and hmac.compare_digest(checksum, _checksum(body))

    def verify(self, token: str) -> Any | None:
        """Whose token it is. For a ``request_loader``, or an API extension that checks tokens by itself.

        :param token: what a program has sent; any text may be asked for.
        :returns: the active user whom a live token stands for; None for everything else, also while the feature
            ``api_token`` is off.
        """
        found = self.find_live(token)
        return found[1] if found else None

    def find_live(self, token: str) -> tuple[CheckedToken, Any] | None:
        """The row of a live token, and its user, who is active. One query, wherever that can be."""
        if not self.looks_like_one(token):
            return None
        digest = digest_of(token)
        found = self._store.find_live_token(digest, self._features.names_behind(FEATURE))
        if found is None:
            return None
        record = found.token
        if not hmac.compare_digest(record.digest, digest) or self.is_expired(record):
            return None
        user = found.user if found.user is not None else self._users.load(record.user_key)
        if user is None or not self._users.is_active(user):
            return None
        return (record, user) if self._features.is_on(FEATURE, found.choices, user=user) else None

    def is_expired(self, record: TokenRecord | CheckedToken) -> bool:
        return record.expires_at is not None and record.expires_at <= now()

    def is_touch_due(self, record: CheckedToken) -> bool:
        """Whether it is time to write down the last use again."""
        return record.last_used_at is None or is_due(record.last_used_at, self._config.session_touch)

    def touch(self, record: CheckedToken, ip: str, user_agent: str) -> None:
        self._store.touch_token(record.user_key, record.digest, now(), ip, user_agent)
        if ip != record.last_used_ip:
            self._activity.note_address(record.user_key, ip, user_agent)

    def count(self, seconds: int) -> TokenCounts:
        """How many work, how many of those were used within so many seconds, and how many can be copied; no more than
        :data:`MOST_COUNTED` are looked at."""
        return self._store.count_tokens(now(), now() - seconds, MOST_COUNTED)

    def forget_copies(self) -> None:
        """Delete every ciphertext: what an admin who switches copying off expects."""
        self._store.forget_ciphertexts()

    def prune(self) -> None:
        """Delete what nobody can copy any more: where the configuration switches copying off, and of a token that was
        being made while somebody switched it off."""
        if not self._features.may_be_on(COPY):
            self._store.forget_ciphertexts()

    def rekey(self) -> tuple[int, int]:
        """Encrypt with the newest secret key what an older one has encrypted, in short transactions: may be
        interrupted, and run again or twice at once.

        Returns how many that were, and how many none of the keys opens, which are left as they are.
        """
        reencrypt, results = reencryptor(self._keys()), Counter[str]()

        def rewrite(ciphertext: str) -> str | None:
            new = reencrypt(ciphertext)
            results["unreadable" if new is None else "kept" if new == ciphertext else "changed"] += 1
            return new

        last: str | None = ""
        while last is not None:
            last = self._store.rewrite_ciphertexts(rewrite, last, _BATCH)
        return results["changed"], results["unreadable"]

    def _new(self) -> str:
        body = _base62(int.from_bytes(secrets.token_bytes(32), "big"), _BODY)
        return self._config.api_token_prefix + body + _checksum(body)

    def _cipher(self) -> Cipher:
        return cipher(self._keys())


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return digits.rjust(length, "0")
