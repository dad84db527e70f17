"""API tokens in the host's own database: one row a user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, case, delete, func, not_, or_, select, update

from .database import in_one_transaction
from .records import SKEW, TokenCounts, TokenRecord
from .token_lookup import TokenLookup


class SqlTokens(TokenLookup):
    """See :class:`~.protocols.TokenStore`."""

    def find_token(self, user_key: str) -> TokenRecord | None:
        table = self._tables.token
        row = self._read(select(*table.c).where(table.c.user_key == user_key)).first()
        return TokenRecord._make(row) if row else None

    @in_one_transaction
    def replace_token(self, record: TokenRecord, digest: str | None) -> bool:
        if digest is None:
            return self._insert(self._tables.token, record._asdict())
        replacing = update(self._tables.token).where(*self._this_token(record.user_key, digest))
        with self._write() as execute:
            return bool(execute(replacing.values(**record._asdict())).rowcount)

    @in_one_transaction
    def delete_token(self, user_key: str, digest: str | None = None) -> bool:
        with self._write() as execute:
            return bool(execute(delete(self._tables.token).where(*self._this_token(user_key, digest))).rowcount)

    def _this_token(self, user_key: str, digest: str | None) -> list[Any]:
        table = self._tables.token
        return [table.c.user_key == user_key, *([] if digest is None else [table.c.digest == digest])]

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str) -> None:
        table = self._tables.token
        with self._hurried() as execute:
            execute(
                update(table)
                # of many uses at the same moment one writes
                .where(table.c.user_key == user_key, table.c.digest == digest)
                .where(or_(table.c.last_used_at.is_(None), not_(table.c.last_used_at.between(at, at + SKEW))))
                .values(last_used_at=at, last_used_ip=ip, last_used_agent=user_agent)
            )

    @in_one_transaction
    def forget_ciphertexts(self) -> None:
        table = self._tables.token
        with self._write() as execute:
            execute(update(table).where(table.c.ciphertext.is_not(None)).values(ciphertext=None))

    def count_tokens(self, at: int, since: int, most: int) -> TokenCounts:
        table = self._tables.token
        some = select(table.c.expires_at, table.c.last_used_at, table.c.ciphertext).limit(most).subquery()
        works = or_(some.c.expires_at.is_(None), some.c.expires_at > at)
        counted = (works, and_(works, some.c.last_used_at > since), some.c.ciphertext.is_not(None))
        row = self._read(select(*(func.sum(case((which, 1), else_=0)) for which in counted))).one()
        return TokenCounts(*(int(number or 0) for number in row))

    def rewrite_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        table = self._tables.token
        batch = select(table.c.user_key, table.c.ciphertext).order_by(table.c.user_key).limit(limit)
        last = None
        with self._write() as execute:
            rows = execute(batch.where(table.c.ciphertext.is_not(None), table.c.user_key > after))
            for last, old in list(rows):
                new = rewrite(old)
                if new is not None and new != old:
                    # unless the token was regenerated, or its copy deleted, since the row was read
                    this = (table.c.user_key == last, table.c.ciphertext == old)
                    execute(update(table).where(*this).values(ciphertext=new))
        return last
