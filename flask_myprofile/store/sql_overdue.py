"""What pruning would have deleted for long, if it ran."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, func, select

from .database import Database

#: Rows of a table that are looked at where no index knows the oldest.
_LOOKED_AT = 1_000


class SqlOverdue(Database):
    """For the doctor, who takes no long look at a large table."""

    def overdue(self, *, ended: int | None, events: int, links: int, changes: int) -> list[str]:
        """Of what there is something older than these moments. ``ended`` None: sessions are kept elsewhere."""
        session, event, link = self._tables.session, self._tables.event, self._tables.link
        change = self._tables.feature_change
        looks = {
            "sessions": ended is not None and self._sample(session, session.c.ended_at) < (ended or 0),
            "activity": select(func.min(event.c.at)).scalar_subquery() < events,
            "links": self._sample(link, link.c.expires_at) < links,
            "feature history": self._sample(change, change.c.changed_at) < changes,
        }
        with self._write() as execute:
            asked = {name: look for name, look in looks.items() if look is not False}
            row = execute(select(*(look.label(name) for name, look in asked.items()))).first()
        return [name for name in asked if row is not None and getattr(row, name)]

    @staticmethod
    def _sample(table: Table, moment: Column[Any]) -> Any:
        """The earliest moment of the first rows."""
        some = select(moment.label("at")).order_by(*table.primary_key).limit(_LOOKED_AT).subquery()
        return select(func.min(some.c.at)).scalar_subquery()
