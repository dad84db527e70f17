"""The app that is compared with the model: one for a whole run, emptied before each example, its clock in our hands."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import flask_login
import redis
from flask import jsonify
from flask_wtf.csrf import generate_csrf
from sqlalchemy import event

from flask_myprofile import current_profile
from tests.support.host import PASSWORD, Host, make_host

USERS, ADMIN = ("alice", "bob", "admin"), "admin"
#: When each example begins.
START = 1_800_000_000
KEY = "the first key"
#: What may refuse writes for a while.
REFUSE = ("database", "sessions")


class Clock:
    """Stands still unless it is moved. What is named by its nanoseconds is named in the order in which it happens."""

    def __init__(self) -> None:
        self.now = START
        self._ticks = count()

    def time(self) -> float:
        return float(self.now)

    def time_ns(self) -> int:
        return self.now * 10**9 + next(self._ticks)

    @contextmanager
    def worn_by_everybody(self) -> Iterator[None]:
        with ExitStack() as patches:
            patches.enter_context(mock.patch("time.time", self.time))
            patches.enter_context(mock.patch("time.time_ns", self.time_ns))
            patches.enter_context(mock.patch("flask_myprofile.account.clock.time", self.time))
            yield


def pages(host: Host) -> None:
    """Of the host's: one that says who it thinks is there, and one with a form that asks first."""

    @host.app.get("/me")
    @flask_login.login_required
    def me() -> Any:
        user = flask_login.current_user._get_current_object()
        session, fresh = current_profile.sessions.current(user), current_profile.sessions.is_fresh(user)
        return jsonify(user=user.username, session=session.id if session else None, fresh=fresh)

    @host.app.get("/form")
    def form() -> str:
        assert flask_login.current_user.is_authenticated in (True, False)
        return generate_csrf()


class Bench:
    """:param settings: of the host besides the usual ones."""

    def __init__(self, database_url: str, **settings: Any) -> None:
        self.host = make_host(database_url, after=pages, SECRET_KEY=KEY, PROPAGATE_EXCEPTIONS=False, **settings)
        self.clock = Clock()
        self.app = self.host.app
        # what is refused is said in the log, a thousand times; apps of other tests have the same logger
        self._level = self.app.logger.level
        self.app.logger.setLevel(logging.CRITICAL)
        self._redis = redis.Redis.from_url(url) if (url := settings.get("MYPROFILE_SESSION_STORE")) else None
        self._refusing = ""
        with self.app.app_context():
            event.listen(self.host.db.engine, "connect", _do_not_wait_for_the_disk)
            event.listen(self.host.db.engine, "checkout", self._on_checkout)
            self.host.db.engine.dispose()

    @property
    def in_redis(self) -> bool:
        return self._redis is not None

    def empty(self) -> None:
        """As if nobody had ever been there."""
        self.accept_writes()
        self.app.config.update(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=[])
        self.clock.now = START
        with self.app.app_context(), self.host.db.engine.begin() as connection:
            for table in self.host.db.metadata.sorted_tables:
                if table.info.get("flask_myprofile"):
                    connection.execute(table.delete())
            user = self.host.User.__table__
            connection.execute(user.update().values(password_hash=_hashed(self.host, PASSWORD)))
        if self._redis is not None:
            self._redis.flushdb()

    def rotate_key(self, keys: list[str]) -> None:
        """The newest first."""
        self.app.config.update(SECRET_KEY=keys[0], SECRET_KEY_FALLBACKS=keys[1:])

    def rekey(self) -> None:
        result = self.app.test_cli_runner().invoke(args=["myprofile", "tokens", "rekey"])
        assert result.exit_code == 0, result.output

    def live_ids(self, username: str) -> set[str]:
        with self.app.app_context():
            return {record.id for record in current_profile.sessions.list(self.host.user(username), 1000)}

    def end_all_but(self, known: set[str]) -> None:
        """End what nobody was told of, once writes are accepted for that."""
        refusing, self._refusing = self._refusing, ""
        with self.app.app_context():
            for username in USERS:
                user = self.host.user(username)
                for record in current_profile.sessions.list(user, 1000):
                    if record.id not in known:
                        current_profile.sessions.end(user, record.id)
        self._refusing = refusing

    def close(self) -> None:
        self.app.logger.setLevel(self._level)
        self.accept_writes()
        self.host.close()
        if self._redis is not None:
            self._redis.close()

    # ---- refusing writes

    def refuse_writes(self, what: str) -> None:
        """Everything is answered, and nothing written. Where sessions are kept in the database, both words are one."""
        if what == "sessions" and self._redis is not None:
            self._redis.config_set("min-replicas-to-write", 1)
        else:
            self._refusing = "database"

    def accept_writes(self) -> None:
        self._refusing = ""
        if self._redis is not None:
            self._redis.config_set("min-replicas-to-write", 0)

    def _on_checkout(self, connection: Any, record: Any, proxy: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute(f"PRAGMA query_only = {bool(self._refusing):d}")
        else:  # psycopg
            connection.read_only = bool(self._refusing)


def _do_not_wait_for_the_disk(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def _hashed(host: Host, password: str) -> str:
    user: Any = host.User()
    user.set_password(password)
    return str(user.password_hash)


@contextmanager
def benches(store: str, folder: Path, url: Callable[[str], str]) -> Iterator[Bench]:
    """:param url: gives the address of a service that a store needs."""
    # what takes a busy machine long is no failure of Redis
    settings = {"MYPROFILE_SESSION_STORE": url("redis") + "?socket_timeout=30"} if store == "redis" else {}
    database = url("postgres") if store == "postgres" else f"sqlite:///{folder / 'model.sqlite'}"
    bench = Bench(database, **settings)
    try:
        yield bench
    finally:
        bench.close()
