"""The sessions that a host has stored, seen and changed behind the extension's back; the same for every store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

from flask_myprofile import current_profile
from flask_myprofile.store.records import SessionRecord, tag_of

if TYPE_CHECKING:
    from tests.support.host import Host


class SqlRows:
    """In the host's own database."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def all(self) -> list[SessionRecord]:
        """Every row, live or ended, in the order of their ids."""
        columns = ", ".join(SessionRecord._fields)
        return [
            SessionRecord._make(row) for row in self.host.sql(f"SELECT {columns} FROM myprofile_session ORDER BY id")
        ]

    def age(self, session_id: str | None = None, **seconds: int) -> None:
        """As if these moments (``created_at=…``, ``last_seen_at=…``) were so much longer ago, in one row or all."""
        changes = ", ".join(f"{name} = {name} - {int(by)}" for name, by in seconds.items())
        which = " WHERE id = :id" if session_id else ""
        self.host.sql(f"UPDATE myprofile_session SET {changes}{which}", **({"id": session_id} if session_id else {}))

    def delete(self, session_id: str) -> None:
        self.host.sql("DELETE FROM myprofile_session WHERE id = :id", id=session_id)

    def add(self, record: SessionRecord) -> None:
        with self.host.app.app_context():
            assert current_profile.sessions._store.add_session(record)

    def text(self) -> str:
        """All that is stored anywhere, in the tables of the host as well."""
        with self.host.app.app_context():
            engine = self.host.db.engine
            tables = [engine.dialect.identifier_preparer.quote(name) for name in inspect(engine).get_table_names()]
        return str([self.host.sql(f"SELECT * FROM {table}") for table in tables])


class RedisRows(SqlRows):
    """In Redis: a hash of each user."""

    def all(self) -> list[SessionRecord]:
        with self.host.app.app_context():
            found = [record for tags in self._store._walk() for tag in tags for record in self._store._all(tag)]
        return sorted(found, key=lambda record: record.id)

    def age(self, session_id: str | None = None, **seconds: int) -> None:
        for record in self.all():
            if session_id in (None, record.id):
                moments = {name: getattr(record, name) for name in seconds}
                aged = {name: at - seconds[name] for name, at in moments.items() if at is not None}
                stored = json.loads(self._ask("hget", record.id, record.id))
                self._ask("hset", record.id, record.id, json.dumps(stored | aged))

    def delete(self, session_id: str) -> None:
        assert self._ask("hdel", session_id, session_id) == 1

    def text(self) -> str:
        stored = []
        with self.host.app.app_context():
            for tags in self._store._walk():
                stored += [(tag, self._store._server.ask("hgetall", self._store._sessions + tag)) for tag in tags]
        return super().text() + str(stored)

    @property
    def _store(self) -> Any:
        return current_profile.sessions._store

    def _ask(self, command: str, session_id: str, *given: str) -> Any:
        with self.host.app.app_context():
            return self._store._server.ask(command, self._store._key_of(session_id), *given)


def copies(record: SessionRecord, number: int) -> list[SessionRecord]:
    """Other sessions of the same user."""
    return [record._replace(id=f"{tag_of(record.user_key)}{n:012x}") for n in range(number)]


def rows_of(host: Host) -> SqlRows:
    in_redis = str(host.app.config.get("MYPROFILE_SESSION_STORE", "")).startswith("redis")
    return RedisRows(host) if in_redis else SqlRows(host)
