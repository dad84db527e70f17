"""Sessions in the host's own database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, delete, func, insert, not_, or_, select, update

from ..errors import StoreDown
from .database import Execute, in_one_transaction
from .records import RENEWED, ROTATION_GRACE, SKEW, LiveSince, Owner, Pruned, Put, SessionRecord
from .sql_session_lists import SqlSessionLists

#: Rows that one transaction of ending everyone's sessions changes at most, so that no lock is held for long.
END_BATCH = 1000
#: Rows that a batch of pruning looks at, for each that it may delete.
LOOKED_AT = 10
#: Keys of users that are read at once.
OWNERS_BATCH = 1000


class SqlSessions(SqlSessionLists):
    """Keeps sessions: see :class:`~.protocols.SessionStore`."""

    transactional = True

    def session(self, session_id: str) -> SessionRecord | None:
        row = self._read(self._session_by_id, {"id": session_id}).first()
        return SessionRecord._make(row) if row else None

    @cached_property
    def _session_by_id(self) -> Select[Any]:
        table = self._tables.session
        return select(*table.c).where(table.c.id == bindparam("id"))

    def sessions_of(self, user_key: str, ids: Collection[str]) -> Sequence[SessionRecord]:
        table = self._tables.session
        theirs = select(*table.c).where(table.c.user_key == user_key, table.c.id.in_(ids))
        return [SessionRecord._make(row) for row in self._read(theirs)]

    # ---- one session

    @in_one_transaction
    def add_session(self, record: SessionRecord) -> bool:
        return self._insert(self._tables.session, record._asdict())

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        table = self._tables.session
        with self._hurried() as execute:
            execute(
                update(table)
                .where(table.c.id == session_id, table.c.ended_at.is_(None))
                .where(not_(table.c.last_seen_at.between(at, at + SKEW)))
                .values(last_seen_at=at, ip=ip, user_agent=user_agent)
            )

    @in_one_transaction
    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        table = self._tables.session
        with self._write() as execute:
            changed = execute(
                update(table)
                .where(table.c.id == record.id, table.c.secret_hash == record.secret_hash, table.c.ended_at.is_(None))
                .values(secret_hash=secret_hash, previous_hash=record.secret_hash, rotated_at=at, login_id=login_id)
                .values({name: getattr(record, name) for name in RENEWED})
            )
            return bool(changed.rowcount)

    def follow_user(self, user_key: str, before: Owner, now: Owner, only: str | None = None) -> None:
        table = self._tables.session
        theirs = [table.c.user_key == user_key, table.c.ended_at.is_(None)]
        if only is not None:
            theirs.append(table.c.id == only)
        with self._write_along() as execute:
            if now.login_id != before.login_id:
                former = case(
                    (table.c.former_login_ids.is_(None), before.login_id),
                    else_=table.c.former_login_ids + "\n" + before.login_id,
                )
                moved = update(table).where(*theirs, table.c.login_id == before.login_id)
                execute(moved.values(login_id=now.login_id, former_login_ids=former))
            if now.password_mark != before.password_mark and before.password_mark is not None:
                marked = update(table).where(*theirs, table.c.password_mark == before.password_mark)
                execute(marked.values(password_mark=now.password_mark))

    @in_one_transaction
    def erase_sessions(self, user_key: str) -> list[str]:
        table = self._tables.session
        with self._write() as execute:
            rows = execute(select(table.c.id, table.c.ended_at).where(table.c.user_key == user_key)).all()
            if rows:
                execute(delete(table).where(table.c.user_key == user_key))
        return [row.id for row in rows if row.ended_at is None]

    @in_one_transaction
    def name_session(self, user_key: str, session_id: str, name: str | None) -> bool:
        table = self._tables.session
        theirs = (table.c.id == session_id, table.c.user_key == user_key, table.c.ended_at.is_(None))
        with self._write() as execute:
            return bool(execute(update(table).where(*theirs).values(name=name)).rowcount)

    # ---- many sessions

    @in_one_transaction
    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
        late: bool = False,
    ) -> list[str]:
        table = self._tables.session
        which: list[Any] = [table.c.ended_at.is_(None)]
        if user_key is not None:
            which.append(table.c.user_key == user_key)
        if only is not None:
            which.append(table.c.id.in_(only))
        if keep is not None:
            which.append(table.c.id != keep)
        if secret_hash is not None:
            just_now = table.c.rotated_at.between(at - ROTATION_GRACE, at + ROTATION_GRACE)
            previous = and_(table.c.previous_hash == secret_hash, just_now)
            which.append(or_(table.c.secret_hash == secret_hash, previous))
        return self._end(which, _ended(at, reason), late)

    def _end(self, which: Sequence[Any], values: Mapping[str, Any], late: bool = False) -> list[str]:
        table = self._tables.session
        ending = update(table).where(*which).values(**values)
        with self._write() as execute:
            if not self.engine.dialect.update_returning:
                return self._end_seen(execute, which, values)
            for turn in range(3):  # what begins between two statements ends at the next turn
                if (turn or late) and execute(select(table.c.id).where(*which).limit(1)).first() is None:
                    return []
                if turn < 2 and (ended := list(execute(ending.returning(table.c.id)).scalars())):
                    return ended
        raise StoreDown(f"No row of {table.name} may be changed: does its row level security have a policy for UPDATE?")

    def _end_seen(self, execute: Execute, which: Sequence[Any], values: Mapping[str, Any]) -> list[str]:
        """Where an UPDATE does not say which rows it has changed: of those that the transaction sees.

        MariaDB may undo one that locks what has been stored since it began, and whoever signs in all the time would
        keep the user from ending that. What has begun since ends later.
        """
        table = self._tables.session
        seen = execute(select(table.c.id).where(*which)).scalars().all()
        these = table.c.id.in_(seen)
        changed = execute(update(table).where(these, *which).values(**values)).rowcount if seen else 0
        if changed in (0, len(seen)):
            return list(seen) if changed else []
        # somebody else was at some of them meanwhile; where in the same second for the same reason, both tell of those
        ours = [table.c[name] == values[name] for name in ("ended_at", "end_reason")]
        return list(execute(select(table.c.id).where(these, *ours)).scalars())

    def may_be_over(self, user_key: str, limit: int) -> bool:
        row: Any = self._read(self._kept_of_user, {"user_key": user_key}).one()
        kept, ended = row
        return bool(kept - ended > limit or ended > limit)

    @cached_property
    def _kept_of_user(self) -> Select[int, int]:
        table = self._tables.session
        counts = func.count(), func.count(table.c.ended_at)
        return select(*counts).select_from(table).where(table.c.user_key == bindparam("user_key"))

    def end_over_limit(self, record: SessionRecord, limit: int, since: LiveSince, reason: str) -> Sequence[str]:
        """Other sign-ins of the user wait for this one: see :meth:`~.sqlalchemy.SqlStore.note_sign_in`."""
        over = self.live_sessions(record.user_key, since, 100, limit - 1, but=record.id)
        ids = [each.id for each in over]
        return self.end_sessions(record.user_key, since.now, reason, only=ids) if ids else []

    def end_everyone(
        self, at: int, reason: str, note: Callable[[str, Sequence[str]], None] = lambda user_key, ids: None
    ) -> Iterator[tuple[str, Sequence[str]]]:
        after: str | None = ""
        while after is not None:
            users, after = self._end_batch(after, _ended(at, reason), note)
            yield from users.items()

    @in_one_transaction
    def _end_batch(
        self, after: str, values: Mapping[str, Any], note: Callable[[str, Sequence[str]], None]
    ) -> tuple[dict[str, list[str]], str | None]:
        """The next live sessions after that id: of each user, which of them have ended; and the last id, or None at the
        end."""
        table, ended = self._tables.session, defaultdict[str, list[str]](list)
        live = (table.c.ended_at.is_(None), table.c.id > after)
        batch = select(table.c.id, table.c.user_key).where(*live).order_by(table.c.id).limit(END_BATCH)
        with self._write() as execute:
            users = {row.id: row.user_key for row in execute(batch)}
            live_now = [table.c.id.in_(users), table.c.ended_at.is_(None)]
            for session_id in self._end(live_now, values) if users else ():
                ended[users[session_id]].append(session_id)
            for user_key, ids in ended.items():
                note(user_key, ids)
        return ended, max(users) if len(users) == END_BATCH else None

    # ---- what is over

    @in_one_transaction
    def drop_ended(self, user_key: str, keep: int) -> None:
        table = self._tables.session
        ended = select(table.c.id).where(table.c.user_key == user_key, table.c.ended_at.is_not(None))
        surplus_only = ended.order_by(table.c.ended_at.desc(), table.c.id).offset(keep).limit(1000)
        with self._write() as execute:
            surplus = list(execute(surplus_only).scalars())
            if surplus:
                execute(delete(table).where(table.c.id.in_(surplus)))

    @in_one_transaction
    def prune_sessions(self, since: LiveSince, ended_before: int, after: str | None, limit: int) -> Pruned:
        table = self._tables.session
        run_out = and_(table.c.ended_at.is_(None), not_(self._within(since)))
        gone = or_(table.c.ended_at < ended_before, run_out)
        next_ones = select(table.c.id).where(table.c.id > (after or "")).order_by(table.c.id)
        with self._write() as execute:
            # no more of them are looked at than that, or of a large table with little to delete all would be, at once
            last = execute(next_ones.limit(1).offset(limit * LOOKED_AT)).scalar()
            some = next_ones if last is None else next_ones.where(table.c.id <= last)
            ids = list(execute(some.where(gone).limit(limit)).scalars())
            deleted = execute(delete(table).where(table.c.id.in_(ids), gone)).rowcount if ids else 0
        return Pruned(ids[-1] if len(ids) == limit else last, deleted)

    # ---- for moving to another store

    def owners(self) -> Iterator[str]:
        after: str | None = ""
        while after is not None:
            keys = self._owners_after(after)
            yield from keys
            after = keys[-1] if len(keys) == OWNERS_BATCH else None

    @in_one_transaction
    def _owners_after(self, after: str) -> Sequence[str]:
        key = self._tables.session.c.user_key
        with self._write() as execute:
            return list(execute(select(key).where(key > after).distinct().order_by(key).limit(OWNERS_BATCH)).scalars())

    @in_one_transaction
    def kept_of(self, user_keys: Collection[str]) -> dict[str, list[SessionRecord]]:
        table, found = self._tables.session, {key: list[SessionRecord]() for key in user_keys}
        with self._write() as execute:
            for row in execute(select(*table.c).where(table.c.user_key.in_(user_keys))):
                found[row.user_key].append(SessionRecord._make(row))
        return found

    @in_one_transaction
    def put_sessions(self, sessions: Mapping[str, Sequence[SessionRecord]]) -> Put:
        table = self._tables.session
        known = {record.id: record for theirs in self.kept_of(sessions).values() for record in theirs}
        new = [record for theirs in sessions.values() for record in theirs if known.get(record.id) != record]
        over = known.keys() - {record.id for theirs in sessions.values() for record in theirs}
        replaced = [*over, *(record.id for record in new if record.id in known)]
        with self._write() as execute:
            if replaced:
                execute(delete(table).where(table.c.id.in_(replaced)))
            if new:
                execute(insert(table), [record._asdict() for record in new])
        return Put(len(new), len(over), 0)


def _ended(at: int, reason: str) -> dict[str, Any]:
    """What becomes of the row of a session that ends."""
    return {"ended_at": at, "end_reason": reason, **dict.fromkeys(("id_token", "password_mark", "former_login_ids"))}
