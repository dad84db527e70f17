"""Forms that wait for their sender to confirm who they are, in the host's own database."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, insert, not_, select

from .database import Database, in_one_transaction
from .records import PendingFormRecord


class SqlPendingForms(Database):
    """See :class:`~.protocols.PendingFormStore`."""

    @in_one_transaction
    def add_pending_form(self, record: PendingFormRecord) -> None:
        with self._write() as execute:
            execute(insert(self._tables.pending_form), record._asdict())

    def pending_form(self, form_id: str) -> PendingFormRecord | None:
        table = self._tables.pending_form
        row = self._read(select(*table.c).where(table.c.id == form_id)).first()
        return PendingFormRecord._make(row) if row else None

    @in_one_transaction
    def pending_forms(self, *, user_key: str | None = None, session_id: str | None = None) -> list[PendingFormRecord]:
        table = self._tables.pending_form
        statement = select(*table.c).order_by(table.c.at.desc())
        if user_key is not None:
            statement = statement.where(table.c.user_key == user_key)
        if session_id is not None:
            statement = statement.where(table.c.session_id == session_id)
        with self._write() as execute:  # where no view is, there may be no transaction to read in
            return [PendingFormRecord._make(row) for row in execute(statement)]

    @in_one_transaction
    def drop_pending_forms(self, ids: Collection[str]) -> int:
        table = self._tables.pending_form
        with self._write() as execute:
            return int(execute(delete(table).where(table.c.id.in_(ids))).rowcount)

    @in_one_transaction
    def drop_all_pending_forms(self, but_between: tuple[int, int] | None = None) -> None:
        table = self._tables.pending_form
        which = [not_(table.c.at.between(*but_between))] if but_between else []
        with self._write() as execute:
            execute(delete(table).where(*which))
