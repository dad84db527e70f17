"""API tokens in the host's own database: one row for whoever may have one token, else one for each slot."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    delete,
    distinct,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
    update,
)

from .database import in_one_transaction
from .records import SKEW
from .sql_named_tokens import SqlNamedTokens
from .sql_token_ends import SqlTokenEnds
from .token_lookup import TokenLookup
from .token_records import TokenCounts, TokenRecord

#: What both tables have.
_IN_BOTH = TokenRecord._fields[: TokenRecord._fields.index("slot")]


class SqlTokens(SqlNamedTokens, SqlTokenEnds, TokenLookup):
    """See :class:`~.token_protocols.TokenStore`."""

    def tokens_of(self, user_key: str) -> list[TokenRecord]:
        found = (TokenRecord._make(row) for row in self._read(self._tokens_of_user, {"user_key": user_key}))
        return sorted(found, key=lambda row: (row.created_at, row.slot))

    @cached_property
    def _tokens_of_user(self) -> CompoundSelect[Any]:
        one, named = self._tables.token, self._tables.named_token
        user_key: Any = bindparam("user_key")
        blank = (literal(0), literal(""), null(), null(), null())
        return union_all(
            select(*(one.c[name] for name in _IN_BOTH), *blank).where(one.c.user_key == user_key),
            select(*(named.c[name] for name in TokenRecord._fields)).where(named.c.user_key == user_key),
        )

    @in_one_transaction
    def replace_token(self, record: TokenRecord, digest: str | None) -> bool:
        values = {name: getattr(record, name) for name in _IN_BOTH}
        if digest is None:
            return self._insert(self._tables.token, values)
        replacing = update(self._tables.token).where(*_this(self._tables.token, record.user_key, digest))
        with self._write() as execute:
            return bool(execute(replacing.values(**values)).rowcount)

    @in_one_transaction
    def delete_token(self, user_key: str, digest: str | None = None) -> bool:
        tables = [self._tables.token, *([self._tables.named_token] if digest is None else [])]
        with self._write() as execute:
            counts = [execute(delete(table).where(*_this(table, user_key, digest))).rowcount for table in tables]
        return any(counts)

    def touch_token(self, user_key: str, digest: str, at: int, ip: str, user_agent: str, slot: int = 0) -> None:
        table = self._tables.named_token if slot else self._tables.token
        with self._hurried() as execute:
            execute(
                update(table)
                # of many uses at the same moment one writes
                .where(*_this(table, user_key, digest))
                .where(or_(table.c.last_used_at.is_(None), not_(table.c.last_used_at.between(at, at + SKEW))))
                .values(last_used_at=at, last_used_ip=ip, last_used_agent=user_agent)
            )

    @in_one_transaction
    def forget_ciphertexts(self) -> None:
        with self._write() as execute:
            for table in (self._tables.token, self._tables.named_token):
                execute(update(table).where(table.c.ciphertext.is_not(None)).values(ciphertext=None))

    def count_tokens(self, at: int, since: int, most: int) -> TokenCounts:
        row = self._read(self._counted_tokens, {"at": at, "since": since, "most": most}).one()
        return TokenCounts(*(int(number or 0) for number in row))

    @cached_property
    def _counted_tokens(self) -> Any:
        names = ("user_key", "expires_at", "last_used_at", "ciphertext")
        tables, most = (self._tables.token, self._tables.named_token), bindparam("most", type_=Integer)
        some = union_all(*(select(*(table.c[name] for name in names)) for table in tables)).limit(most).subquery()
        works = or_(some.c.expires_at.is_(None), some.c.expires_at > bindparam("at"))
        lately = and_(works, some.c.last_used_at > bindparam("since"))
        users = [case((which, some.c.user_key)) for which in (works, lately)]
        copies = func.sum(case((some.c.ciphertext.is_not(None), 1), else_=0))
        return select(*(func.count(distinct(whose)) for whose in users), copies)

    def rewrite_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        return self._rewrite(self._tables.token, "user_key", rewrite, after, limit)

    def rewrite_named_ciphertexts(self, rewrite: Callable[[str], str | None], after: str, limit: int) -> str | None:
        return self._rewrite(self._tables.named_token, "digest", rewrite, after, limit)

    def _rewrite(
        self, table: Table, column: str, rewrite: Callable[[str], str | None], after: str, limit: int
    ) -> str | None:
        key: Any = table.c[column]
        batch = select(key, table.c.ciphertext).order_by(key).limit(limit)
        last = None
        with self._write() as execute:
            rows = execute(batch.where(table.c.ciphertext.is_not(None), key > after))
            for last, old in list(rows):
                new = rewrite(old)
                if new is not None and new != old:
                    # unless the token was regenerated, or its copy deleted, since the row was read
                    execute(update(table).where(key == last, table.c.ciphertext == old).values(ciphertext=new))
        return last


def _this(table: Table, user_key: str, digest: str | None) -> list[Any]:
    return [table.c.user_key == user_key, *([] if digest is None else [table.c.digest == digest])]
