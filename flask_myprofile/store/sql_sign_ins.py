"""What a sign-in writes, in the host's own database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, true
from sqlalchemy.exc import IntegrityError

from .database import ABORTS_AT_ERRORS, in_one_transaction
from .notice_records import KnownDevice
from .records import SKEW, SessionRecord
from .sql_notices import SEEN_AGAIN, SqlNotices

#: Sign-ins of one user that are under way at once, at most: each of them counts the sessions without the others. Who
#: has so many less than the limit need not wait for them.
AT_ONCE = 50


class SqlSignIns(SqlNotices):
    """See :class:`~.protocols.SessionStore` and :class:`~.protocols.HistoryStore`."""

    @in_one_transaction
    def add_far_from(self, limit: int, record: SessionRecord, device: KnownDevice | None = None) -> bool:
        new = {name: value for name, value in record._asdict().items() if value is not None}
        values = {f"new_{name}": value for name, value in new.items()}
        values |= {"of": record.user_key, "room": limit - AT_ONCE, "most": limit}
        if device is not None:
            values |= {"device": device.id, "seen_after": device.at - SEEN_AGAIN, "seen_until": device.at + SKEW}
        with self._write() as execute:
            try:
                added = execute(self._adding_far_from(tuple(new), device is not None), values)
            except IntegrityError:  # the id is taken
                return False
            return added.first() is not None if added.returns_rows else bool(added.rowcount)

    def _adding_far_from(self, columns: Sequence[str], and_device: bool) -> Any:
        """The row of the session, if the user has a history, few sessions and a known device: without a lock."""
        adding = self._adding.get((columns, and_device))
        if adding is None:
            table, history = self._tables.session, self._tables.history
            counts = func.count().label("kept"), func.count(table.c.ended_at).label("ended")
            theirs = select(*counts).select_from(table).where(table.c.user_key == bindparam("of")).subquery()
            row = [bindparam(f"new_{name}", type_=table.c[name].type) for name in columns]
            found = (
                select(*row)
                .select_from(history.join(theirs, true()))
                .where(
                    history.c.user_key == bindparam("of"),
                    theirs.c.kept - theirs.c.ended < bindparam("room"),
                    theirs.c.ended <= bindparam("most"),
                )
            )
            if and_device:
                found = found.where(self._is_known())
            adding = self._adding[columns, and_device] = self._insert_found(columns, found)
        return adding

    def _insert_found(self, columns: Sequence[str], found: Select[Any]) -> Any:
        table = self._tables.session
        if self.engine.dialect.name not in ABORTS_AT_ERRORS:
            return insert(table).from_select(columns, found)
        from sqlalchemy.dialects import postgresql  # slow, and of use there only

        return postgresql.insert(table).from_select(columns, found).on_conflict_do_nothing().returning(table.c.id)

    @cached_property
    def _adding(self) -> dict[tuple[Sequence[str], bool], Any]:
        return {}

    @in_one_transaction
    def note_sign_in(self, user_key: str, device: KnownDevice | None = None) -> bool:
        """By the lock on their row: SQLite, which knows no such thing, has one writer anyway."""
        table, values = self._tables.history, {"user_key": user_key, "signed_out_at": 0}
        look, asked = self._look_at_history(device is not None), {"of": user_key, "device": device and device.id}
        with self._write() as execute:
            row = execute(look, asked).first()
            if row is None:
                if self.engine.dialect.name in ("mysql", "mariadb"):
                    from sqlalchemy.dialects import mysql  # slow, and of use there only

                    # whoever meets a duplicate there has a shared lock on it, and two of those wait for each other
                    execute(mysql.insert(table).values(values).on_duplicate_key_update(user_key=user_key))
                elif not self._insert(table, values):
                    row = execute(look, asked).first()
            if device is None:
                return False
            return self._meet(execute, device, *((None, 0) if row is None else (row.seen_at, row.number)))

    @in_one_transaction
    def hold_user(self, user_key: str) -> None:
        if self.engine.dialect.name != "sqlite":
            with self._write() as execute:
                execute(self._look_at_history(False), {"of": user_key}).first()

    def _look_at_history(self, and_device: bool) -> Select[Any]:
        look = self._looks.get(and_device)
        if look is None:
            key = self._tables.history.c.user_key
            columns = (key, *(self._known() if and_device else ()))
            look = self._looks[and_device] = select(*columns).where(key == bindparam("of")).with_for_update()
        return look

    @cached_property
    def _looks(self) -> dict[bool, Select[Any]]:
        return {}
