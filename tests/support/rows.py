"""The sessions that a host has stored, seen and changed behind the extension's back; the same for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis
from sqlalchemy import inspect

from flask_myprofile import current_profile
from flask_myprofile.store.records import LiveSince, SessionRecord

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
    """In Redis, where the list of a user's sessions has to follow what becomes of them."""

    def all(self) -> list[SessionRecord]:
        with self._redis() as client, self.host.app.app_context():
            ids = sorted(key.decode().rpartition(":")[2] for key in client.scan_iter("myprofile_session:*"))
            found = [current_profile.sessions.load(session_id) for session_id in ids]
        return [record for record in found if record is not None]

    def age(self, session_id: str | None = None, **seconds: int) -> None:
        for record in self.all():
            if session_id in (None, record.id):
                moments = {name: getattr(record, name) for name in seconds}
                aged = {name: at and at - seconds[name] for name, at in moments.items()}
                if record.ended_at is None:
                    self.delete(record.id)
                    self.add(record._replace(**aged))
                else:  # on no list any more
                    self._set(record.id, {name: at for name, at in aged.items() if at is not None})

    def _set(self, session_id: str, values: dict[str, int]) -> None:
        if values:
            with self._redis() as client:
                client.hset(f"myprofile_session:{session_id}", mapping=values)

    def delete(self, session_id: str) -> None:
        with self.host.app.app_context():
            record = current_profile.sessions.load(session_id)
            assert record is not None
            with self._redis() as client:
                assert client.delete(f"myprofile_session:{session_id}") == 1
            current_profile.sessions._store.count_live_sessions(record.user_key, ALL)

    def text(self) -> str:
        with self._redis() as client:
            keys = sorted(client.scan_iter())
            stored = [client.hgetall(key) if client.type(key) == b"hash" else client.zrange(key, 0, -1) for key in keys]
        return super().text() + str([*keys, *stored])

    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.host.app.config["MYPROFILE_SESSION_STORE"])


#: No limit of time: that is, whatever has not ended.
ALL = LiveSince(None, None, 0)


def rows_of(host: Host) -> SqlRows:
    in_redis = str(host.app.config.get("MYPROFILE_SESSION_STORE", "")).startswith("redis")
    return RedisRows(host) if in_redis else SqlRows(host)
