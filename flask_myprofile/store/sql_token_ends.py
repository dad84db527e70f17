"""Which API tokens end soon, which would end by a lower maximum, and who has more than they may."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, exists, func, literal, null, or_, select, union_all, update

from .database import Database, in_one_transaction
from .token_records import TokenRecord

#: What a token has that has no name, after what all have.
_NO_NAME = (literal(0), literal(""), null(), null(), null())


class SqlTokenEnds(Database):
    """See :class:`~.token_protocols.TokenStore`."""

    def tokens_that_end(
        self, by: int, made: int | None, after: str, limit: int, *, named: bool
    ) -> Sequence[TokenRecord]:
        one, several = self._tables.token, self._tables.named_token
        table = several if named else one
        lasting = several.c.slot > 0 if named else ~exists().where(several.c.replaces == one.c.digest)
        soon = [table.c.expires_at <= by, *([] if made is None else [table.c.created_at <= made])]
        return self._batch(table, [lasting, or_(*soon)], after, limit)

    def tokens_made_by(self, made: int, at: int, after: str, limit: int, *, named: bool) -> Sequence[TokenRecord]:
        table = self._tables.named_token if named else self._tables.token
        return self._batch(table, [table.c.created_at <= made, *_works(table, at)], after, limit)

    def _batch(self, table: Table, where: Sequence[Any], after: str, limit: int) -> Sequence[TokenRecord]:
        """In the order of digests."""
        names = [name for name in TokenRecord._fields if name in table.c]
        blank = _NO_NAME[: len(TokenRecord._fields) - len(names)]
        found = select(*(table.c[name] for name in names), *blank).where(*where, table.c.digest > after)
        return [TokenRecord._make(row) for row in self._read(found.order_by(table.c.digest).limit(limit))]

    @in_one_transaction
    def note_told(self, record: TokenRecord, days: int, at: int) -> bool:
        if not record.slot:  # the table of those has no column for it
            told = hashlib.sha256(f"token_ends\0{record.digest}\0{days}".encode()).hexdigest()
            return self._insert(self._tables.notice, {"id": told, "user_key": record.user_key, "at": at})
        table = self._tables.named_token
        first = or_(table.c.told.is_(None), table.c.told > days)
        with self._write() as execute:
            this = (table.c.user_key == record.user_key, table.c.digest == record.digest, first)
            return bool(execute(update(table).where(*this).values(told=days)).rowcount)

    def count_users_with_more(self, tokens: int, at: int, made: int | None) -> int:
        one, named = self._tables.token, self._tables.named_token
        singles, several = (select(table.c.user_key).where(*_works(table, at, made)) for table in (one, named))
        keys = union_all(singles, several.where(named.c.slot > 0)).subquery()
        many = select(keys.c.user_key).group_by(keys.c.user_key).having(func.count() > tokens).subquery()
        return int(self._read(select(func.count()).select_from(many)).scalar_one())

    @in_one_transaction
    def drop_replaced_tokens(self, at: int) -> None:
        one, named = self._tables.token, self._tables.named_token
        over = (named.c.slot < 0, named.c.expires_at <= at)
        by_names = select(named.c.replaces).where(named.c.replaces.is_not(None))
        with self._write() as execute:
            ended = select(one.c.digest).where(one.c.expires_at <= at, one.c.digest.in_(by_names))
            gone = list(execute(ended).scalars())
            if gone:
                execute(delete(one).where(one.c.digest.in_(gone)))
            if execute(select(named.c.slot).where(*over).limit(1)).first() is not None:
                execute(delete(named).where(*over))

    @in_one_transaction
    def drop_expired_tokens(self, at: int) -> None:
        named = self._tables.named_token
        over = (named.c.slot > 0, named.c.expires_at <= at)
        with self._write() as execute:
            if execute(select(named.c.slot).where(*over).limit(1)).first() is not None:
                execute(delete(named).where(*over))


def _works(table: Table, at: int, made: int | None = None) -> list[Any]:
    """Those that end after that moment, and were made after the other."""
    lasts = or_(table.c.expires_at.is_(None), table.c.expires_at > at)
    return [lasts] if made is None else [lasts, table.c.created_at > made]
