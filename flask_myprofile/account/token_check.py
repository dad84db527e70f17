"""Whose an API token is, at each request that comes with one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ..config import Config
from ..store.feature_records import FeatureChoice
from ..store.records import SKEW
from ..store.token_protocols import TokenStore
from ..store.token_records import CheckedToken, TokenRecord
from .activity import Activity
from .clock import is_due, now
from .credentials import digest_of
from .token_ends import ends_at
from .token_networks import allows
from .token_scopes import ActingToken, granted
from .token_text import is_named
from .users import Users

#: The feature that all of it is.
FEATURE = "api_token"


class Switches(Protocol):
    """See :class:`~..features.Features`."""

    def names_behind(self, name: str) -> tuple[str, ...]: ...

    def is_on(self, name: str, choices: Mapping[str, FeatureChoice] | None = None, *, user: Any = None) -> bool: ...

    def may_be_on(self, name: str) -> bool: ...


class TokenCheck:
    """:param features: whether tokens are on at all."""

    def __init__(self, store: TokenStore, users: Users, config: Config, activity: Activity, features: Switches) -> None:
        self._store = store
        self._users = users
        self._config = config
        self._activity = activity
        self._features = features

    @staticmethod
    def version(record: TokenRecord | CheckedToken | None) -> str:
        """Names this token, or that there is none. No later token has that name, also not after a revocation: what a
        confirmation carries, so that it is good for one regeneration.

        :param record: what :meth:`find` has answered.
        :returns: a short text, to be given back to :meth:`regenerate` or :meth:`revoke`.
        """
        return record.digest[:16] if record else ""

    @staticmethod
    def list_version(records: Iterable[TokenRecord]) -> str:
        """Names these tokens together, and no others: what the form for one more carries.

        :param records: all tokens of a user.
        :returns: a short text, to be given to :meth:`make`.
        """
        return hashlib.sha256("".join(sorted(each.digest for each in records)).encode()).hexdigest()[:16]

    def looks_like_one(self, text: str) -> bool:
        """Whether the text has the prefix, length, alphabet and checksum of a token. Costs no query.

        :param text: what a program has sent.
        :returns: False: it is no token of ours, and never was.
        """
        return is_named(self._config.api_token_prefix, text) is not None

    def verify(self, token: str, *scopes: str, address: str = "") -> Any | None:
        """Whose token it is. For a ``request_loader``, or an API extension that checks tokens by itself. To ask is no
        use of the token: it is not written down, and counts for no rate.

        :param token: what a program has sent; any text may be asked for.
        :param scopes: what it has to be good for. A token that is limited to some scopes is good for nothing else, and
            so for nothing where none is named.
        :param address: where it comes from, such as ``request.remote_addr``. A token that is limited to networks is
            good for nothing where it is not said.
        :returns: the active user whom a live token stands for; None for everything else, also while the feature
            ``api_token`` is off.
        """
        found = self.find_live(token)
        if found is None or not allows(found[0].networks, address):
            return None
        acting = self.acting(found[0])
        return found[1] if acting.scopes is None or (scopes and acting.has(*scopes)) else None

    def acting(self, record: CheckedToken) -> ActingToken:
        """What a request by that token may do."""
        return ActingToken(self.version(record), record.name, granted(record.scopes, self._config.api_scopes))

    def find_live(self, token: str) -> tuple[CheckedToken, Any] | None:
        """The row of a live token, and its user, who is active. One query, wherever that can be."""
        named = is_named(self._config.api_token_prefix, token)
        if named is None:
            return None
        digest = digest_of(token)
        found = self._store.find_live_token(digest, self._features.names_behind(FEATURE), named=named)
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
        """Nor is one that ends good before it was made, by a clock that was ahead: it would be good for longer."""
        end = ends_at(record, self._config)
        return end is not None and not record.created_at - SKEW <= now() < end

    def is_touch_due(self, record: CheckedToken) -> bool:
        """Whether it is time to write down the last use again."""
        return record.last_used_at is None or is_due(record.last_used_at, self._config.session_touch)

    def touch(self, record: CheckedToken, ip: str, user_agent: str) -> None:
        self._store.touch_token(record.user_key, record.digest, now(), ip, user_agent, record.slot)
        if ip != record.last_used_ip:
            self._activity.note_address(record.user_key, ip, user_agent, record.name)
