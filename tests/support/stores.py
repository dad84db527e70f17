"""The stores of sessions side by side, for tests that ask the same of each: SQLite, PostgreSQL, MariaDB, Redis and a
Redis Cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import redis
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import delete, insert

from flask_myprofile.store.records import LiveSince, Owner, SessionRecord, tag_of
from flask_myprofile.store.redis import RedisSessions
from flask_myprofile.store.sqlalchemy import SqlStore
from flask_myprofile.store.tables import declare

NOW = 1_800_000_000
#: Everything that has not ended gets in.
ANY = LiveSince(1, 1, NOW)
#: Whose password is not known, and whose login id is nobody's.
ANYBODY = Owner("", None)
KEEP_ENDED = 86_400


class Bench:
    """A store as requests use it: each call in an app context of its own, from any thread."""

    def __init__(self, app: Flask, store: Any, fill: Callable[[Sequence[SessionRecord]], None]) -> None:
        self._app, self._store, self._fill = app, store, fill

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._app.app_context():
                result = getattr(self._store, name)(*args, **kwargs)
                return list(result) if isinstance(result, Iterator) else result

        return call

    def fill(self, records: Sequence[SessionRecord]) -> None:
        """Store many new sessions, quicker than one by one where that is possible."""
        with self._app.app_context():
            self._fill(records)

    def ids(self, user_key: str = "7", since: LiveSince = ANY) -> set[str]:
        return {record.id for record in self.live_sessions(user_key, since, 100_000)}

    def count(self, user_key: str, since: LiveSince = ANY) -> int:
        return int(self.list_live(user_key, since, ANYBODY, 0).total)

    def all_at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """What the calls return, made from as many threads that wait for each other to begin."""
        barrier = Barrier(len(calls))

        def run(call: Callable[[], Any]) -> Any:
            barrier.wait(10)
            return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))


def _in_redis(url: str, empty: Callable[[], Any]) -> Iterator[tuple[Bench, Callable[[], Any]]]:
    settings = {"lifetime": None, "idle": None, "keep_ended": KEEP_ENDED}
    patient = f"{url}?socket_timeout=20"
    kept = RedisSessions.at(patient, prefix="contract_", find_user=lambda *user: (None, None), **settings)

    def fill(records: Sequence[SessionRecord]) -> None:
        for record in records:
            kept.add_session(record)

    yield Bench(Flask("contract"), kept, fill), empty


def _in_database(url: str) -> Iterator[tuple[Bench, Callable[[], Any]]]:
    app = Flask("contract")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db = SQLAlchemy(app)
    tables = declare(db.metadata, "contract_", None)
    ways: Any = {"bind_key": None, "in_own_view": lambda: False, "survive_errors": False}
    store = SqlStore(db, tables, user_class=lambda key: (None, key), with_preferences=lambda: False, **ways)

    def run(statement: Any, values: Any = None) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(statement, values)

    def fill(records: Sequence[SessionRecord]) -> None:
        run(insert(tables.session), [record._asdict() for record in records])

    with app.app_context():
        tables.session.create(db.engine)
    yield Bench(app, store, fill), lambda: run(delete(tables.session))
    with app.app_context():
        tables.session.drop(db.engine)
        db.engine.dispose()


def server_fixture() -> Any:
    """A fixture ``server``, once for each technology: the bench, and what empties it."""

    @pytest.fixture(scope="module", params=["sqlite", "postgres", "mariadb", "redis", "redis-cluster"], name="server")
    def fixture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
        if request.param == "redis":
            with redis.Redis.from_url(request.getfixturevalue("redis_url")) as client:
                yield from _in_redis(request.getfixturevalue("redis_url"), client.flushdb)
        elif request.param == "redis-cluster":
            cluster = request.getfixturevalue("redis_cluster")
            yield from _in_redis(cluster.url, cluster.empty)
        elif request.param == "sqlite":
            yield from _in_database(f"sqlite:///{tmp_path_factory.mktemp('contract') / 'db.sqlite'}")
        else:
            yield from _in_database(request.getfixturevalue(f"{request.param}_url"))

    return fixture


def store_fixture() -> Any:
    """A fixture ``store``: a store with nothing in it."""

    @pytest.fixture(name="store")
    def fixture(server: tuple[Bench, Callable[[], Any]]) -> Bench:
        bench, empty = server
        empty()
        return bench

    return fixture


def id_of(number: int, user_key: str) -> str:
    return f"{tag_of(user_key)}{number:012x}"


def session(number: int, user_key: str = "7", **other: Any) -> SessionRecord:
    """A session of a browser, with only what the test cares about given."""
    values: dict[str, Any] = {
        **dict.fromkeys(SessionRecord._fields),
        "id": id_of(number, user_key),
        "user_key": user_key,
        "login_id": user_key,
        "secret_hash": f"{number:064x}",
        "created_at": NOW - 100,
        "last_seen_at": NOW - 50,
        "method": "password",
        "ip": "203.0.113.9",
        "user_agent": "Mozilla/5.0",
    }
    return SessionRecord(**{**values, **other})


def of(store: Bench, *records: SessionRecord) -> tuple[SessionRecord, ...]:
    for record in records:
        assert store.add_session(record)
    return records
