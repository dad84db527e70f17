"""Over the API tokens of all users: which a lower maximum ends, and whose end is near."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ..config import DAY, Config
from ..store.token_protocols import TokenStore
from ..store.token_records import TokenRecord
from .clock import now
from .token_ends import TOLD, days_left

#: Tokens that are read at a time.
_BATCH = 500

Batch = Callable[[str, int], Sequence[TokenRecord]]


class Audit(NamedTuple):
    """``ended``: the tokens that work and would not; ``too_many``: how many users have more tokens than they may."""

    ended: list[TokenRecord]
    too_many: int


class TokenAudit:
    def __init__(self, store: TokenStore, config: Config) -> None:
        self._store = store
        self._config = config

    def audit(self, max_lifetime: int | None, tokens: int | None = None) -> Audit:
        """What these settings would end, and who would have more than they may.

        :param max_lifetime: of ``MYPROFILE_API_TOKEN_MAX_LIFETIME``; None: nothing ends by it.
        :param tokens: of ``MYPROFILE_API_TOKENS`` (default: as it is).
        """
        moment, ended = now(), list[TokenRecord]()
        if max_lifetime is not None:
            for named in (False, True):
                ended += _all(partial(self._store.tokens_made_by, moment - max_lifetime, moment, named=named))
        most, made = self._config.api_tokens if tokens is None else tokens, None
        if max_lifetime is not None:
            made = moment - max_lifetime
        many = self._store.count_users_with_more(most, moment, made)
        return Audit(ended, many)

    def due(self, has_use: Callable[[str], bool]) -> Iterator[tuple[TokenRecord, int]]:
        """The tokens whose users are to be told now, each with the days that are left; each once for each number.

        :param has_use: told the key of a user, whether they may use tokens at all.
        """
        moment, most = now(), self._config.api_token_max_lifetime
        by = moment + max(TOLD) * DAY
        made = None if most is None else by - most
        ending = [partial(self._store.tokens_that_end, by, made, named=named) for named in (False, True)]
        for record in [each for batch in ending for each in _all(batch)]:
            days = days_left(record, moment, self._config)
            if days is not None and has_use(record.user_key) and self._store.note_told(record, days, moment):
                yield record, days


def _all(batch: Batch) -> Iterator[TokenRecord]:
    after = ""
    while records := batch(after, _BATCH):
        yield from records
        after = records[-1].digest
