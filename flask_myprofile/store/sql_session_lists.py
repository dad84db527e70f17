"""The sessions of a user, as they are listed and counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Select, bindparam, case, func, or_, select

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
        values = {
            **{name: moment or 0 for name, moment in since._asdict().items()},  # no limit is one at the epoch
            **{"user_key": user_key, "but": but or "", "unused_since": unused_since, "most": limit, "first": offset},
            **{"login_id": owner.login_id, "login_ids": [owner.login_id, *(login_ids or ())]},
            "password_mark": owner.password_mark,
        }
        page, counted = self._listed(owner.password_mark is not None, login_ids is not None)
        rows = self._read(page, values).all() if limit else []
        if rows:
            width = len(SessionRecord._fields)
            return Listed([SessionRecord._make(row[:width]) for row in rows], *map(int, rows[0][width:]))
        if limit and not offset:
            return Listed([], 0, 0, 0)
        return Listed((), *(int(total or 0) for total in self._read(counted, values).one()))

    def _listed(self, by_mark: bool, by_login_id: bool) -> tuple[Select[Any], Select[Any]]:
        """Of the page with its numbers, and of those alone. To build them takes longer than all that they are for."""
        if (by_mark, by_login_id) not in self._lists:
            self._lists[by_mark, by_login_id] = self._built(by_mark, by_login_id)
        return self._lists[by_mark, by_login_id]

    @cached_property
    def _lists(self) -> dict[tuple[bool, bool], tuple[Select[Any], Select[Any]]]:
        return {}

    def _built(self, by_mark: bool, by_login_id: bool) -> tuple[Select[Any], Select[Any]]:
        table, moments = self._tables.session, map(cast(Any, bindparam), LiveSince._fields)
        since = LiveSince(*moments)
        theirs = [table.c.user_key == bindparam("user_key"), self._admitted(since), table.c.id != bindparam("but")]
        if by_mark:
            theirs.append(or_(table.c.password_mark.is_(None), table.c.password_mark == bindparam("password_mark")))
        if by_login_id:
            theirs.append(table.c.login_id.in_(bindparam("login_ids", expanding=True)))
        counts = (
            func.count(),
            _number_of(table.c.last_seen_at < bindparam("unused_since")),
            _number_of(table.c.login_id != bindparam("login_id")),
        )
        # looks at all of the user's rows once, and reads of most no more than the columns that decide
        numbers = [count.over().label(name) for count, name in zip(counts, Listed._fields[1:], strict=True)]
        part = self._in_order(select(table.c.id, *numbers).where(*theirs))
        page = part.limit(bindparam("most")).offset(bindparam("first")).subquery()
        columns = (*table.c, *(page.c[name] for name in Listed._fields[1:]))
        return self._in_order(select(*columns).join(page, page.c.id == table.c.id)), select(*counts).where(*theirs)

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
