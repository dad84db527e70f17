"""Where the hosts of a test keep things: SQLite, PostgreSQL, MariaDB, or SQLite with our sessions in Redis; and, with
Flask-Session, what Flask itself keeps in a cookie.

``@everywhere`` runs a test once for each of the first four; the fixtures ``host`` and ``new_host`` obey. With
MYPROFILE_TEST_CLUSTER=1, the Redis of a test's first host is a cluster of three nodes.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from cachelib import FileSystemCache, SimpleCache
from flask import Flask
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.schema import CreateTable

from tests.support.redis_cluster import Cluster

DATABASES = ("sqlite", "postgres", "mariadb")
STORES = (*DATABASES, "redis")
#: SQLite, and Flask-Session in: a cache of files, Redis, a cache in memory, the host's database.
FLASK_SESSION = ("flask-session-files", "flask-session-redis", "flask-session-memory", "flask-session-database")


def in_these(*places: str) -> pytest.MarkDecorator:
    """Run the test once for each of these."""
    return pytest.mark.parametrize("kept_in", places, indirect=True)


everywhere = in_these(*STORES)
in_each_database = in_these(*DATABASES)
#: Also with a session that is kept on the server.
HOWEVER = (*STORES, *FLASK_SESSION[:2])
however_kept = in_these(*HOWEVER)


def first_everywhere(names: str, values: Sequence[Any], *, places: Sequence[str] = STORES) -> pytest.MarkDecorator:
    """Run the test with each of these values on SQLite, and in the other places with the first of them: what the others
    tell apart is decided before a store is asked.

    :param names: as for ``parametrize``; what runs is called by its first value.
    """
    several = "," in names
    runs = [("sqlite", value) for value in values] + [(place, values[0]) for place in places if place != "sqlite"]
    return pytest.mark.parametrize(
        ["kept_in", *(name.strip() for name in names.split(","))],
        [(place, *value) if several else (place, value) for place, value in runs],
        indirect=["kept_in"],
    )


#: Of each database on a server: the tables that it has, and how they were made.
_tables: dict[str, dict[str, str]] = {}


class Kept:
    """The databases of one test. Each has nothing in it until a host is made there.

    :param folder: for what this test keeps in files, but for databases: those are in ``databases``, where each test has
        the same.
    :param server: the address of the service, if it takes one.
    :param cluster: what the first host has instead of a Redis.
    """

    def __init__(
        self, kind: str, folder: Path, databases: Path, server: str | None, cluster: Cluster | None = None
    ) -> None:
        self.kind = kind
        self._cluster = cluster
        self._folder = folder
        self._databases = databases
        self._server = server
        self._urls: list[str] = []
        self._in_use: set[str] = set()

    def new_database(self) -> str:
        """The address of one more."""
        name = f"host{len(self._urls)}" if self._urls else "host"
        if self.kind in ("postgres", "mariadb"):
            self._urls.append(database(str(self._server), name))
        else:
            folder = self._databases / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            self._urls.append(f"sqlite:///{folder / 'host.sqlite'}")
        return self._urls[-1]

    def owns(self, url: str) -> bool:
        return url in self._urls

    def settings(self, url: str) -> dict[str, Any]:
        """What a host with this database has to set."""
        return {"MYPROFILE_SESSION_STORE": self._redis(self._urls.index(url))} if self.kind == "redis" else {}

    @property
    def has_sessions(self) -> bool:
        """Whether Flask's own are kept on the server, this test's apart from those of others."""
        return self.kind in FLASK_SESSION

    def _redis(self, number: int) -> str:
        if self._cluster and not number:  # which has one database only
            if self._cluster.url not in self._in_use:
                self._cluster.empty()
                self._in_use.add(self._cluster.url)
            return self._cluster.url
        url = f"{str(self._server).rpartition('/')[0]}/{number}"
        if url not in self._in_use:
            with redis.Redis.from_url(url) as client:
                client.flushdb()
            self._in_use.add(url)
        return url

    def set_up_sessions(self, app: Flask, db: SQLAlchemy) -> None:
        """As a host does that keeps its sessions on the server. All hosts of a test have the same, but in memory."""
        if self.kind == "flask-session-database":
            app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=db)
        elif self.kind == "flask-session-redis":
            app.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis.from_url(self._redis(0)))
        elif self.kind.startswith("flask-session"):
            in_files = self.kind == "flask-session-files"
            cache = FileSystemCache(str(self._folder / "sessions")) if in_files else SimpleCache()
            app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
        else:
            return
        app.config.setdefault("SESSION_PERMANENT", False)  # as Flask's own sessions are
        Session(app)

    def make_tables(self, db: SQLAlchemy) -> None:
        """As ``db.create_all()``; what another test has left is gone. To make a table takes MariaDB longer than
        anything else, so one that is as it should be is emptied."""
        url = db.engine.url.render_as_string()
        if db.engine.dialect.name == "sqlite" or url not in _tables:
            db.create_all()
            return
        wanted = {table.name: str(CreateTable(table).compile(db.engine)) for table in db.metadata.tables.values()}
        made, complete = _tables[url], False
        if url not in self._in_use:
            self._in_use.add(url)
            there = inspect(db.engine).get_table_names()
            usable = {name: made[name] for name in there if name in made and wanted.get(name, made[name]) == made[name]}
            with db.engine.begin() as connection:
                _drop(connection, [name for name in there if name not in usable])
                _empty(connection, usable)
            made, complete = usable, wanted.keys() <= usable.keys()
        if not complete:
            db.create_all()
        _tables[url] = {**wanted, **made}


def database(server: str, name: str) -> str:
    url = make_url(server).set(database=name)
    if url.render_as_string() not in _tables:
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        _tables[url.render_as_string()] = {}
    return url.render_as_string(hide_password=False)


def _drop(connection: Connection, names: list[str]) -> None:
    quoted = [connection.dialect.identifier_preparer.quote(name) for name in names]
    if connection.dialect.name != "postgresql":
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
    for name in quoted:
        connection.execute(text(f"DROP TABLE {name} CASCADE"))


def _empty(connection: Connection, tables: dict[str, str]) -> None:
    """As if nobody had ever been there: numbers begin at 1 again.

    :param tables: their names, and how they were made.
    """
    quoted = {connection.dialect.identifier_preparer.quote(name): made for name, made in tables.items()}
    if not quoted:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"TRUNCATE {', '.join(quoted)} RESTART IDENTITY CASCADE"))
        return
    for name, made in quoted.items():
        connection.execute(text(f"DELETE FROM {name}"))
        if "AUTO_INCREMENT" in made:
            connection.execute(text(f"ALTER TABLE {name} AUTO_INCREMENT = 1"))
