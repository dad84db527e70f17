"""API tokens. The database holds the SHA-256 (a fast hash is right for 256 random bits) and, where copying is on, a
ciphertext whose key is derived from the app's secret key.

Whoever may have one token has one row, as ever. Whoever may have several has each in a slot: see :mod:`.token_slots`.
What was there before the limit was raised goes on beside those, and gets a slot once it is regenerated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
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
from .held_tokens import HeldTokens
from .token_audit import TokenAudit
from .token_check import FEATURE, Switches
from .token_copies import TokenCopies
from .token_ends import EXPIRED_KEPT, chosen_end, ends_at, is_over, kept_until, lifetime_of
from .token_scopes import as_text
from .token_text import hint_of, new_token
from .user_search import MOST_COUNTED
from .users import Users


class Tokens(HeldTokens):
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

    # ---- making and ending them

    def make(
        self,
        user: Any,
        name: str = "",
        *,
        scopes: Collection[str] | None = None,
        lifetime: int | None = None,
        networks: str | None = None,
        beside: str | None = None,
    ) -> str:
        """One more token.

        :param user: whose.
        :param name: what the user calls it.
        :param scopes: names of ``MYPROFILE_API_SCOPES`` that it is limited to; None: it may do all that its user may.
        :param lifetime: seconds until it ends, no more than ``MYPROFILE_API_TOKEN_MAX_LIFETIME``; 0: it does not. None:
            ``MYPROFILE_API_TOKEN_LIFETIME``.
        :param networks: where it may be used, such as ``"192.0.2.0/24 2001:db8::/32"``; None: anywhere.
        :param beside: the :meth:`list_version` of the tokens that the user was shown: of several who send the same, one
            gets a token.
        :returns: the token: the one time that it is known.
        :raises ValueError: one of the networks is none.
        :raises Conflict: the user has as many as they may have (``too_many_tokens``), or others by now than ``beside``.
        """
        if not self._config.names_tokens:
            return self.regenerate(user, "")
        records = self.list(user)
        if beside not in (None, self.list_version(records)):
            raise Conflict(code="token_changed")
        token = self._new(named=True)
        record = self._record(user, token, lifetime)._replace(
            name=name, scopes=as_text(scopes), networks=token_networks.as_text(networks or "")
        )
        # whoever was shown the same at the same moment would be in the same slot
        add = self._adding(record, records, most=None if beside is None else 1)
        code = "too_many_tokens" if beside is None or self.is_full(records) else "token_changed"
        self._carry_out(add, TOKEN_MADE, record, code)
        return token

    def regenerate(self, user: Any, version: str | None = None, *, keep: int = 0) -> str:
        """A new token in the place of another; the old one is dead when the caller commits, or ``keep`` seconds later.

        :param user: whose.
        :param version: replace no other token than this :meth:`version` (default: whichever there is).
        :param keep: seconds for which the old one goes on, 30 days at most; where users may have several.
        :returns: the token: the one time that it is known.
        :raises Conflict: somebody else regenerated it meanwhile; the token of theirs is the live one. Or the user has
            several, and nobody says which (``several_tokens``). Or it has expired, and the user has as many others as
            they may have (``too_many_tokens``).
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
            replace = self._replace(record, old, keep, records)
        self._carry_out(replace, TOKEN_REGENERATED if old else TOKEN_MADE, record)
        return token

    def _replace(
        self, record: TokenRecord, old: TokenRecord, keep: int, records: Sequence[TokenRecord]
    ) -> Callable[[], Any]:
        """What puts ``record`` in the place of ``old``. One that has expired has not counted, and has none where there
        are as many as may be."""
        over = is_over(old, record.created_at, self._config)
        if over and self.is_full(records):
            raise Conflict(code="too_many_tokens")
        until = kept_until(old, keep, record.created_at, self._config)
        if old.slot == 0:
            replaces = record._replace(replaces=None if until is None else old.digest)
            add = self._adding(replaces, records, leaving=0 if over else 1)
            return lambda: self._store.end_unnamed_token(old, until) and add()
        if over and old.slot > self._config.api_tokens:
            add = self._adding(record, records)
            # changed to what it was read as: what somebody has limited meanwhile is not replaced by one without limits
            return lambda: self._store.change_named_token(old, old) and self._store.delete_named_token(old) and add()
        return partial(self._store.replace_named_token, record, old, until)

    def _adding(
        self, record: TokenRecord, records: Sequence[TokenRecord], leaving: int = 0, most: int | None = None
    ) -> Callable[[], Any]:
        """What adds it beside these, into one of the first so many slots that are free, and puts aside those of them
        that have expired and are where it may go."""
        counted, named = self.counted(records), [each for each in token_slots.lasting(records) if each.slot > 0]
        slots = token_slots.free_slots(counted, self._config.api_tokens, leaving)[:most]
        over = [each for each in named if each not in counted and not token_slots.is_aside(each)] if slots else []

        def add() -> int | None:
            for each in over:
                # for good, so that there are not too many once a maximum is raised again
                aside = each._replace(slot=token_slots.slot_aside(each), expires_at=ends_at(each, self._config))
                self._store.move_named_token(each, aside)
            return self._store.add_named_token(record, slots)

        return add

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

    def due(self) -> Iterator[tuple[TokenRecord, int]]:
        """The tokens whose users are to be told that they end, each with the days that are left, and once for each
        number of those."""

        def has_use(key: str) -> bool:
            user = self._users.load(key)
            return user is not None and self._features.is_on(FEATURE, user=user)

        return self.audit.due(has_use)

    def count(self, seconds: int) -> TokenCounts:
        """How many users have one that works, how many of those used one within so many seconds, and how many tokens
        can be copied; no more than :data:`MOST_COUNTED` are looked at."""
        return self._store.count_tokens(now(), now() - seconds, MOST_COUNTED)

    def forget_copies(self) -> None:
        """Delete every ciphertext: what an admin who switches copying off expects."""
        self._copies.forget()

    def prune(self) -> None:
        """Delete what nobody can copy any more: where the configuration switches copying off, and of a token that was
        being made while somebody switched it off. And the tokens with names that have ended long ago."""
        self._copies.prune()
        self._store.drop_replaced_tokens(now() - DAY)
        self._store.drop_expired_tokens(now() - EXPIRED_KEPT)

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
