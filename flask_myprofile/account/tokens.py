"""API tokens. The database holds the SHA-256 (a fast hash is right for 256 random bits) and, where copying is on, a
ciphertext whose key is derived from the app's secret key.

Whoever may have one token has one row, as ever. Whoever may have several has each in a slot: see :mod:`.token_slots`.
What was there before the limit was raised goes on beside those, and gets a slot once it is regenerated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from ..config import DAY, Config
from ..errors import Conflict, NotFound
from ..store.token_protocols import TokenStore
from ..store.token_records import TokenCounts, TokenRecord
from . import token_networks, token_slots
from .activity import Activity
from .clock import now
from .credentials import digest_of
from .events import TOKEN_MADE, TOKEN_REGENERATED, TOKEN_REVEALED, TOKEN_REVOKED, Kind
from .token_audit import TokenAudit
from .token_check import Switches, TokenCheck
from .token_copies import TokenCopies
from .token_ends import chosen_end, kept_until, lifetime_of
from .token_scopes import as_text
from .token_text import hint_of, new_token
from .user_search import MOST_COUNTED
from .users import Users


class Tokens(TokenCheck):
    """The API tokens of users: one each, or as many as ``MYPROFILE_API_TOKENS`` says."""

    def __init__(
        self,
        store: TokenStore,
        users: Users,
        config: Config,
        activity: Activity,
        *,
        copies: TokenCopies,
        features: Switches,
    ) -> None:
        """:param features: whether tokens are on at all."""
        super().__init__(store, users, config, activity, features)
        self._copies = copies

    # ---- what a user has

    def list(self, user: Any) -> Sequence[TokenRecord]:
        """All of the user's tokens as they may be shown, the first one first; those too that have expired, and those
        that were replaced and go on for a while.

        :param user: whose.
        :returns: a sequence of :class:`~.records.TokenRecord`.
        """
        records = self._store.tokens_of(self._users.key(user))
        ending = token_slots.replaced(records)
        return [each for each in records if each.digest not in ending or not self.is_expired(each)]

    def find(self, user: Any, version: str | None = None) -> TokenRecord | None:
        """One of them.

        :param user: whose.
        :param version: the :meth:`version` of the one that is meant (default: the first, of whoever has one only).
        :returns: a :class:`~.records.TokenRecord`; None where there is none.
        """
        records = self.list(user)
        if version is not None:
            return next((each for each in records if self.version(each) == version), None)
        return next(iter(token_slots.lasting(records)), None)

    def of_text(self, user: Any, token: str) -> TokenRecord | None:
        """The one of the user's that has this text; None where it is none of theirs."""
        digest = digest_of(token)
        return next((each for each in self.list(user) if each.digest == digest), None)

    def is_full(self, records: Sequence[TokenRecord]) -> bool:
        """Whether whoever has these may have no more."""
        return len(token_slots.lasting(records)) >= self._config.api_tokens

    # ---- making and ending them

    def make(
        self,
        user: Any,
        name: str = "",
        *,
        scopes: Collection[str] | None = None,
        lifetime: int | None = None,
        networks: str | None = None,
    ) -> str:
        """One more token.

        :param user: whose.
        :param name: what the user calls it.
        :param scopes: names of ``MYPROFILE_API_SCOPES`` that it is limited to; None: it may do all that its user may.
        :param lifetime: seconds until it ends, no more than ``MYPROFILE_API_TOKEN_MAX_LIFETIME``; 0: it does not. None:
            ``MYPROFILE_API_TOKEN_LIFETIME``.
        :param networks: where it may be used, such as ``"192.0.2.0/24 2001:db8::/32"``; None: anywhere.
        :returns: the token: the one time that it is known.
        :raises ValueError: one of the networks is none.
        :raises Conflict: the user has as many as they may have (``too_many_tokens``).
        """
        if not self._config.names_tokens:
            return self.regenerate(user, "")
        token = self._new(named=True)
        record = self._record(user, token, lifetime)._replace(
            name=name, scopes=as_text(scopes), networks=token_networks.as_text(networks or "")
        )
        slots = token_slots.free_slots(self.list(user), self._config.api_tokens)
        self._carry_out(partial(self._store.add_named_token, record, slots), TOKEN_MADE, record, "too_many_tokens")
        return token

    def regenerate(self, user: Any, version: str | None = None, *, keep: int = 0) -> str:
        """A new token in the place of another; the old one is dead when the caller commits, or ``keep`` seconds later.

        :param user: whose.
        :param version: replace no other token than this :meth:`version` (default: whichever there is).
        :param keep: seconds for which the old one goes on, 30 days at most; where users may have several.
        :returns: the token: the one time that it is known.
        :raises Conflict: somebody else regenerated it meanwhile; the token of theirs is the live one. Or the user has
            several, and nobody says which (``several_tokens``).
        """
        records = self.list(user)
        old = self._meant(records, version)
        if self._config.names_tokens and old is None:
            return self.make(user)
        named = self._config.names_tokens or (old is not None and old.slot != 0)
        token = self._new(named=named)
        record = self._record(user, token, lifetime_of(old) if old and named else None)
        if old is None or not named:
            # by its digest, which no other token ever has: one that was revoked and made anew meanwhile is not this one
            replace: Callable[[], Any] = partial(self._store.replace_token, record, old.digest if old else None)
        else:
            record = record._replace(slot=old.slot, name=old.name, scopes=old.scopes, networks=old.networks)
            until = kept_until(old, keep, record.created_at, self._config)
            replace = partial(self._replace, record, old, until, records)
        self._carry_out(replace, TOKEN_REGENERATED if old else TOKEN_MADE, record)
        return token

    def _meant(self, records: Sequence[TokenRecord], version: str | None) -> TokenRecord | None:
        """The token that is to be replaced; None: there is none yet."""
        candidates = token_slots.lasting(records)
        if version is None and len(candidates) > 1:
            raise Conflict(code="several_tokens")
        if not version:
            if version is not None and candidates:
                raise Conflict(code="token_changed")
            return candidates[0] if candidates else None
        old = next((each for each in candidates if self.version(each) == version), None)
        if old is None:
            raise Conflict(code="token_changed")
        return old

    def _replace(self, record: TokenRecord, old: TokenRecord, until: int | None, records: Sequence[TokenRecord]) -> Any:
        if old.slot:
            return self._store.replace_named_token(record, old, until)
        slots = token_slots.free_slots(records, self._config.api_tokens, leaving=1)
        return self._store.replace_unnamed_token(record, old, until, slots)

    def _carry_out(self, work: Callable[[], Any], kind: Kind, record: TokenRecord, code: str = "token_changed") -> None:
        """All of it and the event, or nothing: where somebody was faster, what was done so far is undone."""

        def both() -> None:
            if not work():
                raise Conflict(code=code)
            self._note(kind, record)

        self._activity.in_one(both)

    def _note(self, kind: Kind, record: TokenRecord | None, key: str = "", **who: Any) -> None:
        name = record.name if record else ""
        self._activity.note(kind, record.user_key if record else key, {"token": name or None}, **who)

    def reveal(self, user: Any, version: str | None = None) -> str:
        """The token itself, where it is kept so that it can be copied.

        :param user: whose.
        :param version: which one (default: the first).
        :returns: the token.
        :raises NotFound: there is none, or it was made while copying was off, or the secret key has changed since.
        """
        record = self.find(user, version)
        token = self._copies.read(record) if record else None
        if token is None:
            raise NotFound(code="not_copyable")
        self._note(TOKEN_REVEALED, record)
        return token

    def revoke(self, user: Any, version: str | None = None, by: Any = None) -> bool:
        """End tokens without making another, when the caller commits.

        :param user: whose.
        :param version: end no other token than this :meth:`version` (default: all of the user's).
        :param by: the administrator who ends it, for the user's activity.
        :returns: whether there was one.
        :raises Conflict: there is another one by now, which goes on working.
        """
        if version is None:
            return bool(self.revoke_all(self._users.key(user), by=by))
        records = self.list(user)
        if not records:
            return False
        old = next((each for each in records if self.version(each) == version), None)
        if old is None:
            raise Conflict(code="token_changed")
        delete = (
            partial(self._store.delete_named_token, old)
            if old.slot
            else partial(self._store.delete_token, old.user_key, old.digest)
        )

        def both() -> None:
            if not delete():
                raise Conflict(code="token_changed")
            self._note(TOKEN_REVOKED, old, by=by)

        self._activity.in_one(both)
        return True

    def revoke_all(self, key: str, **who: Any) -> int:
        """End all that the user of this key has; how many that were. ``who`` does it: see :meth:`.Activity.note`."""

        def both() -> int:
            records = self._store.tokens_of(key)
            if not self._store.delete_token(key):
                return 0
            for record in records or (None,):
                self._note(TOKEN_REVOKED, record, key, **who)
            return len(records) or 1

        return self._activity.in_one(both)

    # ---- all of them

    @property
    def audit(self) -> TokenAudit:
        """Over all users: see :class:`~.token_audit.TokenAudit`."""
        return TokenAudit(self._store, self._config)

    def count(self, seconds: int) -> TokenCounts:
        """How many users have one that works, how many of those used one within so many seconds, and how many tokens
        can be copied; no more than :data:`MOST_COUNTED` are looked at."""
        return self._store.count_tokens(now(), now() - seconds, MOST_COUNTED)

    def forget_copies(self) -> None:
        """Delete every ciphertext: what an admin who switches copying off expects."""
        self._copies.forget()

    def prune(self) -> None:
        """Delete what nobody can copy any more: where the configuration switches copying off, and of a token that was
        being made while somebody switched it off."""
        self._copies.prune()
        self._store.drop_replaced_tokens(now() - DAY)

    def rekey(self) -> tuple[int, int]:
        """Encrypt with the newest secret key what an older one has encrypted, in short transactions: may be
        interrupted, and run again or twice at once.

        Returns how many that were, and how many none of the keys opens, which are left as they are.
        """
        return self._copies.rekey()

    def _new(self, *, named: bool = False) -> str:
        return new_token(self._config.api_token_prefix, named=named)

    def _record(self, user: Any, token: str, lifetime: int | None = None) -> TokenRecord:
        key, moment = self._users.key(user), now()
        hint, ends = hint_of(self._config.api_token_prefix, token), chosen_end(moment, lifetime, self._config)
        return TokenRecord(key, digest_of(token), self._copies.of(user, key, token), hint, moment, ends)
