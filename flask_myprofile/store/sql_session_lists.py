"""The sessions of a user, as they are listed and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import case, func, or_, select

from .records import Listed, LiveSince, Owner, SessionRecord
from .session_lookup import SessionLookup


class SqlSessionLists(SessionLookup):
    """Nothing is sorted by an index: one on the last activity would make each write of it dearer, for every request of
    everybody, so that a list which is hardly ever long is quicker."""

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]:
        table = self._tables.session
        statement = select(*table.c).where(table.c.user_key == user_key, self._admitted(since))
        if but is not None:
            statement = statement.where(table.c.id != but)
        return [SessionRecord._make(row) for row in self._read(self._in_order(statement).limit(limit).offset(offset))]

    def list_live(
        self,
        user_key: str,
        since: LiveSince,
        owner: Owner,
        limit: int,
        offset: int = 0,
        *,
        but: str | None = None,
        unused_since: int = 0,
        login_ids: Collection[str] | None = None,
    ) -> Listed:
        table = self._tables.session
        theirs = [table.c.user_key == user_key, self._admitted(since)]
        if but is not None:
            theirs.append(table.c.id != but)
        if owner.password_mark is not None:
            theirs.append(or_(table.c.password_mark.is_(None), table.c.password_mark == owner.password_mark))
        if login_ids is not None:
            theirs.append(table.c.login_id.in_([owner.login_id, *login_ids]))
        counts = (
            func.count(),
            _number_of(table.c.last_seen_at < unused_since),
            _number_of(table.c.login_id != owner.login_id),
        )
        if limit:
            # looks at all of the user's rows once, and reads of most no more than the columns that decide
            numbers = [count.over().label(name) for count, name in zip(counts, Listed._fields[1:], strict=True)]
            page = self._in_order(select(table.c.id, *numbers).where(*theirs)).limit(limit).offset(offset).subquery()
            columns = (*table.c, *(page.c[name] for name in Listed._fields[1:]))
            rows = self._read(self._in_order(select(*columns).join(page, page.c.id == table.c.id))).all()
            if rows or not offset:
                totals = rows[0][-len(counts) :] if rows else (0, 0, 0)
                return Listed([SessionRecord._make(row[: -len(counts)]) for row in rows], *map(int, totals))
        totals = self._read(select(*counts).where(*theirs)).one()
        return Listed((), *(int(total or 0) for total in totals))

    def login_ids_of(self, user_key: str, since: LiveSince) -> Sequence[str]:
        table = self._tables.session
        theirs = select(table.c.login_id).where(table.c.user_key == user_key, self._admitted(since))
        return list(self._read(theirs.distinct()).scalars())

    def sessions_at_provider(self, idp_session: str, since: LiveSince) -> Sequence[SessionRecord]:
        table = self._tables.session
        there = select(*table.c).where(table.c.idp_session == idp_session, self._admitted(since))
        return [SessionRecord._make(row) for row in self._read(there)]

    def _in_order(self, statement: Any) -> Any:
        """Last active first."""
        table = self._tables.session
        return statement.order_by(table.c.last_seen_at.desc(), table.c.created_at.desc(), table.c.id)


def _number_of(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))
