"""What lets a store be read and takes no writes: whatever an answer acknowledges then would not be so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.host import Host

#: How a database is told that a connection may only read.
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET default_transaction_read_only = on",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}
#: Nobody in a test waits for a lock that does not go.
IMPATIENT = {"SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": {"timeout": 0.05}}}


@contextmanager
def read_only(host: Host) -> Iterator[None]:
    """As after a fail-over to a standby: each connection that the app gets now may only read."""
    with host.app.app_context():
        engine = host.db.engine
    statement = READ_ONLY[engine.dialect.name.replace("mariadb", "mysql")]
    with connected(engine, lambda cursor: cursor.execute(statement)):
        yield


@contextmanager
def connected(engine: Any, do: Callable[[Any], Any]) -> Iterator[None]:
    """Each connection that the app gets meanwhile begins with this."""

    def begin(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        do(cursor)
        cursor.close()
        if not isinstance(connection, sqlite3.Connection):
            connection.commit()

    event.listen(engine, "connect", begin)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", begin)
        engine.dispose()


@contextmanager
def locked(host: Host) -> Iterator[sqlite3.Connection]:
    """SQLite has one writer, and somebody else is it."""
    with host.app.app_context():
        other = sqlite3.connect(str(host.db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def full(host: Host) -> Iterator[None]:
    """The disk of the database takes no page more."""
    with host.app.app_context():
        engine = host.db.engine
    pages = host.sql("PRAGMA page_count")[0][0]
    with connected(engine, lambda cursor: cursor.execute(f"PRAGMA max_page_count = {pages}")):
        yield


#: What makes a database refuse what is done to a table, and that alone.
_TRIGGERS = {
    "sqlite": ["CREATE TRIGGER {name} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'not today'); END"],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''not today''; END'",
        "CREATE TRIGGER {name} BEFORE {what} ON {table} EXECUTE FUNCTION refuse()",
    ],
    "mysql": [
        "CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW"
        " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'"
    ],
}


@contextmanager
def ours_refused(host: Host, table: str = "myprofile_session") -> Iterator[None]:
    """The host's tables take writes, and this one of ours does not."""
    with host.app.app_context():
        dialect = host.db.engine.dialect.name.replace("mariadb", "mysql")
    for what in ("INSERT", "UPDATE"):
        for statement in _TRIGGERS[dialect]:
            host.sql(statement.format(name=f"refuse_{what}", what=what, table=table))
    try:
        yield
    finally:
        for what in ("INSERT", "UPDATE"):
            host.sql(f"DROP TRIGGER refuse_{what}" + (f" ON {table}" if dialect == "postgresql" else ""))
