"""The API tokens that a user has: which there are, which of them count, which one is meant, and what may be changed of
it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import Conflict
from ..store.token_records import TokenRecord
from . import token_slots
from .clock import now
from .credentials import digest_of
from .events import TOKEN_CHANGED, Kind
from .token_changes import changed, difference, widens
from .token_check import TokenCheck
from .token_ends import is_over


class HeldTokens(TokenCheck):
    """The part of :class:`~.tokens.Tokens` that makes none and ends none."""

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
        return next(iter(self.candidates(records)), None)

    def of_text(self, user: Any, token: str) -> TokenRecord | None:
        """The one of the user's that has this text; None where it is none of theirs."""
        digest = digest_of(token)
        return next((each for each in self.list(user) if each.digest == digest), None)

    def counted(self, records: Sequence[TokenRecord]) -> Sequence[TokenRecord]:
        """Those of them that count: neither replaced nor over."""
        moment = now()
        return [record for record in token_slots.lasting(records) if not is_over(record, moment, self._config)]

    def is_full(self, records: Sequence[TokenRecord]) -> bool:
        """Whether whoever has these may have no more."""
        return len(self.counted(records)) >= self._config.api_tokens

    def candidates(self, records: Sequence[TokenRecord]) -> Sequence[TokenRecord]:
        """Those that may be meant where nobody says which: those that count, else those that have expired."""
        return self.counted(records) or token_slots.lasting(records)

    def _meant(self, records: Sequence[TokenRecord], version: str | None) -> TokenRecord | None:
        """The token that is to be replaced; None: there is none yet."""
        candidates = self.candidates(records)
        if version is None and len(candidates) > 1:
            raise Conflict(code="several_tokens")
        if not version:
            if version is not None and candidates:
                raise Conflict(code="token_changed")
            return candidates[0] if candidates else None
        old = next((each for each in token_slots.lasting(records) if self.version(each) == version), None)
        if old is None:
            raise Conflict(code="token_changed")
        return old

    # ---- what may be changed of one

    def change(self, user: Any, version: str, *, seen: TokenRecord | None = None, **changes: Any) -> bool:
        """Give one of several another name, other scopes or other networks; its text stays what it is.

        :param user: whose.
        :param version: the :meth:`version` of the one that is meant.
        :param seen: only if the token is what this record of it says, such as the one that :meth:`widens` was asked of.
        :param changes: ``name``, ``scopes`` and ``networks``, as for :meth:`make`; what is not named stays.
        :returns: whether anything was changed.
        :raises ValueError: one of the networks is none.
        :raises Conflict: it is not there any more, or was replaced, or somebody else has changed it at the same moment
            (``token_changed``). Or it is from before there were names (``token_unnamed``).
        """
        old = next((each for each in token_slots.lasting(self.list(user)) if self.version(each) == version), None)
        if old is None or (seen is not None and difference(seen, old)):
            raise Conflict(code="token_changed")
        if not old.slot:
            raise Conflict(code="token_unnamed")
        new = changed(old, changes)
        fields = difference(old, new)
        if fields:
            former = old.name if old.name != new.name else None
            change = partial(self._store.change_named_token, old, new)
            self._carry_out(change, TOKEN_CHANGED, new, fields=fields, former=former)
        return bool(fields)

    @staticmethod
    def widens(record: TokenRecord, changes: Mapping[str, Any]) -> bool:
        """Whether such a :meth:`change` lets a token do more than it may, or be used from more networks: ask for a
        recent sign-in before that.

        :param record: the token.
        :param changes: as for :meth:`change`.
        :returns: False also where it lets it do other things less.
        :raises ValueError: one of the networks is none.
        """
        return widens(record, changed(record, changes))

    def _carry_out(
        self, work: Callable[[], Any], kind: Kind, record: TokenRecord, code: str = "token_changed", **known: Any
    ) -> None:
        """All of it and the event, or nothing: where somebody was faster, what was done so far is undone."""

        def both() -> None:
            if not work():
                raise Conflict(code=code)
            self._activity.note(kind, record.user_key, {"token": record.name or None, **known})

        self._activity.in_one(both)
