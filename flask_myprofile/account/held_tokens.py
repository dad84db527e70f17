"""The API tokens that a user has: which there are, which of them count, and which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import Conflict
from ..store.token_records import TokenRecord
from . import token_slots
from .clock import now
from .credentials import digest_of
from .token_check import TokenCheck
from .token_ends import is_over


class HeldTokens(TokenCheck):
    """The part of :class:`~.tokens.Tokens` that reads them."""

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
