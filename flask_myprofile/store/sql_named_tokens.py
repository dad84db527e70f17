"""The tokens of whoever may have several: a row for each slot, and one for what the token in it has replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, delete, select, update

from .database import Database, Execute, in_one_transaction
from .token_records import TokenRecord


class SqlNamedTokens(Database):
    """See :class:`~.token_protocols.TokenStore`. What is written to is named by its digest: of those who would replace
    the same token at once, the second finds none that has it."""

    @in_one_transaction
    def add_named_token(self, record: TokenRecord, slots: Sequence[int]) -> int | None:
        return next((slot for slot in slots if self._put_into(slot, record)), None)

    def _put_into(self, slot: int, record: TokenRecord) -> bool:
        return self._insert(self._tables.named_token, record._replace(slot=slot)._asdict())

    @in_one_transaction
    def replace_named_token(self, record: TokenRecord, old: TokenRecord, until: int | None) -> bool:
        table = self._tables.named_token
        this = (table.c.user_key == old.user_key, table.c.digest == old.digest, table.c.slot == old.slot)
        with self._write() as execute:
            # first of all, since whoever else would replace or change it waits here
            if not execute(update(table).where(*this, *_unchanged(table, old)).values(replaces=None)).rowcount:
                return False
            self._end_replaced(execute, old)
            if until is None:
                return bool(execute(update(table).where(*this).values(**record._asdict(), told=None)).rowcount)
            execute(update(table).where(*this).values(slot=-old.slot, expires_at=until))
        return self._put_into(record.slot, record)

    @in_one_transaction
    def change_named_token(self, old: TokenRecord, new: TokenRecord) -> bool:
        table = self._tables.named_token
        this = (table.c.user_key == old.user_key, table.c.digest == old.digest, table.c.slot == old.slot)
        change = update(table).where(*this, *_unchanged(table, old))
        with self._write() as execute:
            return bool(execute(change.values(name=new.name, scopes=new.scopes, networks=new.networks)).rowcount)

    @in_one_transaction
    def end_unnamed_token(self, old: TokenRecord, until: int | None) -> bool:
        table = self._tables.token
        this = (
            table.c.user_key == old.user_key,
            table.c.digest == old.digest,
            _same(table.c.expires_at, old.expires_at),
        )
        change: Any = delete(table) if until is None else update(table).values(expires_at=until)
        with self._write() as execute:
            return bool(execute(change.where(*this)).rowcount)

    @in_one_transaction
    def move_named_token(self, old: TokenRecord, new: TokenRecord) -> bool:
        table = self._tables.named_token
        this = (table.c.user_key == old.user_key, table.c.digest == old.digest, table.c.slot == old.slot)
        before = (table.c.user_key == old.user_key, table.c.slot == -old.slot)
        with self._write() as execute:
            if not execute(update(table).where(*this).values(slot=new.slot, expires_at=new.expires_at)).rowcount:
                return False
            if execute(select(table.c.slot).where(*before)).first() is not None:
                execute(update(table).where(*before).values(slot=-new.slot))
            return True

    @in_one_transaction
    def delete_named_token(self, old: TokenRecord) -> bool:
        table = self._tables.named_token
        this = (table.c.user_key == old.user_key, table.c.digest == old.digest, table.c.slot == old.slot)
        with self._write() as execute:
            if not execute(delete(table).where(*this)).rowcount:
                return False
            if old.slot > 0:
                self._end_replaced(execute, old)
        return True

    def _end_replaced(self, execute: Execute, old: TokenRecord) -> None:
        """What it has replaced goes with it. Looks first: see :meth:`Database._put`."""
        named, one = self._tables.named_token, self._tables.token
        before = (named.c.user_key == old.user_key, named.c.slot == -old.slot)
        if execute(select(named.c.slot).where(*before)).first() is not None:
            execute(delete(named).where(*before))
        if old.replaces is not None:
            execute(delete(one).where(one.c.user_key == old.user_key, one.c.digest == old.replaces))


def _unchanged(table: Table, old: TokenRecord) -> list[Any]:
    return [_same(table.c[name], getattr(old, name)) for name in ("name", "scopes", "networks")]


def _same(column: Any, value: Any) -> Any:
    return column.is_(None) if value is None else column == value
