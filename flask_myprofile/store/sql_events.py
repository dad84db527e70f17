"""What has happened to accounts, in the host's own database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import Any

from sqlalchemy import Insert, Select, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ..errors import EventLost, StoreDown
from ..transactions import after_commit, is_commit_awaited, once_committed
from .database import ABORTS_AT_ERRORS, Database, in_one_transaction
from .database_errors import passes, reason
from .own_transaction import commits_by_itself, has_been_undone
from .records import EventRecord, Pruned


class SqlEvents(Database):
    """See :class:`~.protocols.EventStore`."""

    @in_one_transaction
    def add_event(self, record: EventRecord) -> None:
        with self._write() as execute:
            try:
                execute(self._adding_event, record._asdict())
            except SQLAlchemyError as error:
                raise EventLost(reason(error), passes=passes(error)) from error

    @in_one_transaction
    def try_event(self, record: EventRecord) -> None:
        self._add_beside(record)

    def add_event_at_once(self, record: EventRecord) -> None:
        with self._at_once():
            self._add_beside(record)

    def add_event_along(self, record: EventRecord) -> None:
        self._add_beside(record)

    def once_along(self, call: Callable[[], object]) -> None:
        if self._own() is not None or is_commit_awaited():
            after_commit(call)
        else:
            once_committed(self._db.session(), call)

    def _add_beside(self, record: EventRecord) -> None:
        """Without harm to what else is in the transaction, but for a database that has undone all of it."""
        connection = self._own() or self._of_the_view()
        is_alone = self._own() is None and commits_by_itself(connection)
        is_harmless = is_alone or self.engine.dialect.name not in ABORTS_AT_ERRORS
        try:
            with nullcontext() if is_harmless else connection.begin_nested():
                connection.execute(self._adding_event, record._asdict())
        except SQLAlchemyError as error:
            if passes(error):
                raise
            if not is_alone and has_been_undone(connection):
                raise StoreDown(reason(error)) from error
            raise EventLost(reason(error)) from error

    def events(self, user_key: str, topic: str | None, after: str, before: str, limit: int) -> list[EventRecord]:
        table = self._tables.event
        which = [table.c.id >= after, table.c.id < before]
        if topic is not None:
            which += [table.c.user_key == user_key, table.c.topic == topic]
        else:  # no plain column: SQLite would find the user's by the index of that, and sort them all
            which.append(table.c.user_key.concat("") == user_key)
        rows = self._read(self._events.where(*which).order_by(table.c.id.desc()).limit(limit))
        return [EventRecord._make(row) for row in rows]

    def last_event(self, user_key: str, kind: str, after: str) -> EventRecord | None:
        table = self._tables.event
        which = (table.c.user_key == user_key, table.c.topic == kind.partition(".")[0], table.c.kind == kind)
        newest = self._events.where(*which, table.c.id >= after).order_by(table.c.id.desc()).limit(1)
        row = self._read(newest).first()
        return EventRecord._make(row) if row else None

    @cached_property
    def _adding_event(self) -> Insert:
        return insert(self._tables.event)

    @cached_property
    def _events(self) -> Select[Any]:
        return select(*(self._tables.event.c[name] for name in EventRecord._fields))

    @in_one_transaction
    def prune_events(self, before: int, limit: int) -> Pruned:
        table = self._tables.event
        oldest = select(table.c.id).where(table.c.at < before).order_by(table.c.at).limit(limit)
        with self._write() as execute:
            ids = list(execute(oldest).scalars())
            deleted = execute(delete(table).where(table.c.id.in_(ids))).rowcount if ids else 0
        return Pruned(ids[-1] if deleted and len(ids) == limit else None, deleted)
