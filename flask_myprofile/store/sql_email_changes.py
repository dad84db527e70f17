"""Changes of e-mail addresses that wait for a confirmation, or may be undone, in the host's own database."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, insert, select, update

from .database import Database, in_one_transaction
from .notice_records import CONFIRMED, OVER, PENDING, EmailChange
from .records import SKEW


class SqlEmailChanges(Database):
    """See :class:`~.protocols.EmailChangeStore`."""

    @in_one_transaction
    def add_email_change(self, record: EmailChange) -> None:
        with self._write() as execute:
            execute(insert(self._tables.email_change), record._asdict())

    def email_changes(self, user_key: str, since: int, *, to_write: bool) -> Sequence[EmailChange]:
        table = self._tables.email_change
        theirs = select(*table.c).where(table.c.user_key == user_key, table.c.asked_at >= since)
        rows = self._read(theirs.with_for_update() if to_write else theirs)
        return sorted(map(EmailChange._make, rows), key=lambda change: (change.asked_at, change.id), reverse=True)

    @in_one_transaction
    def note_sent(self, change_id: str, at: int) -> bool:
        table = self._tables.email_change
        pending = update(table).where(table.c.id == change_id, table.c.state == PENDING)
        with self._write() as execute:
            return bool(execute(pending.values(sent_at=at, times_sent=table.c.times_sent + 1)).rowcount)

    @in_one_transaction
    def confirm_email_change(self, change_id: str, claim: str, at: int, claimed_before: int) -> bool:
        table = self._tables.email_change
        with self._write() as execute:
            mine = execute(select(table.c.user_key).where(table.c.id == change_id)).scalar()
            claimed = execute(select(table.c.id, table.c.user_key, table.c.confirmed_at).where(table.c.claim == claim))
            # looked at first: a change of what is not there locks more than that in MySQL's databases
            for row in list(claimed):
                if row.user_key == mine or not claimed_before <= (row.confirmed_at or 0) <= at + SKEW:
                    execute(update(table).where(table.c.id == row.id).values(claim=table.c.id))
            pending = update(table).where(table.c.id == change_id, table.c.state == PENDING)
            return bool(execute(pending.values(state=CONFIRMED, claim=claim, confirmed_at=at)).rowcount)

    @in_one_transaction
    def end_email_changes(self, user_key: str, ids: Collection[str]) -> None:
        table = self._tables.email_change
        these = update(table).where(table.c.user_key == user_key, table.c.id.in_(ids))
        with self._write() as execute:
            execute(these.values(state=OVER, claim=table.c.id))

    @in_one_transaction
    def prune_email_changes(self, asked_before: int) -> None:
        table = self._tables.email_change
        with self._write() as execute:
            execute(delete(table).where(table.c.asked_at < asked_before))
