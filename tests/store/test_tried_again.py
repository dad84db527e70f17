"""What a database undoes because of somebody else is tried again, by its code, and what is broken is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import errors as postgres
from pymysql import err as mysql
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, ProgrammingError

from flask_myprofile import cli, transactions
from flask_myprofile.store.database_errors import passes, reason
from tests.store.test_prune import many_rows
from tests.support.devices import sent_to_login
from tests.support.host import Host

PASSES = {
    "PostgreSQL cannot serialise": postgres.SerializationFailure("could not serialize access"),
    "PostgreSQL finds a deadlock": postgres.DeadlockDetected("deadlock detected"),
    "PostgreSQL has waited for a lock": postgres.LockNotAvailable("canceling statement due to lock timeout"),
    "MariaDB has read another row": mysql.OperationalError(1020, "Record has changed since last read"),
    "MySQL has waited for a lock": mysql.OperationalError(1205, "Lock wait timeout exceeded"),
    "MySQL finds a deadlock, or Galera another node": mysql.OperationalError(1213, "Deadlock found"),
    "Group Replication finds another node": mysql.OperationalError(3101, "Plugin instructed the server to rollback"),
    "SQLite is locked": sqlite3.OperationalError("database is locked"),
}
BROKEN = {
    "PostgreSQL is a standby": postgres.ReadOnlySqlTransaction("cannot execute UPDATE in a read-only transaction"),
    "MySQL is read-only": mysql.OperationalError(1290, "running with the --read-only option"),
    "Galera has no quorum": mysql.OperationalError(1047, "WSREP has not yet prepared node for application use"),
    "the disk is full": sqlite3.OperationalError("database or disk is full"),
}
MISSING = {
    "PostgreSQL": postgres.UndefinedTable('relation "myprofile_session" does not exist'),
    "PostgreSQL, of an older version": postgres.UndefinedColumn('column "name" does not exist'),
    "MySQL": mysql.ProgrammingError(1146, "Table 'myprofile_session' doesn't exist"),
    "MySQL, of an older version": mysql.OperationalError(1054, "Unknown column 'name'"),
    "SQLite": sqlite3.OperationalError("no such table: myprofile_session"),
    "SQLite, of an older version": sqlite3.OperationalError("no such column: name"),
}


@contextmanager
def at_first(host: Host, begins: str, failure: Exception, times: int = 1) -> Iterator[list[str]]:
    """So many of the statements that begin so fail; which they are."""
    failed: list[str] = []

    def fail(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith(begins) and len(failed) < times:
            failed.append(statement)
            raise OperationalError(statement, {}, failure)

    with host.app.app_context():
        engine = host.db.engine
    event.listen(engine, "before_cursor_execute", fail)
    yield failed
    event.remove(engine, "before_cursor_execute", fail)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a test would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("flask_myprofile.transactions.time.sleep", slept.append)
    monkeypatch.setattr("flask_myprofile.transactions.PATIENCE", 60)  # however busy the machine is
    return slept


@pytest.mark.parametrize("what", PASSES)
def test_what_passes_is_tried_again_until_it_is_done(what: str, host: Host, waits: list[float]) -> None:
    alice = host.browser()
    with at_first(host, "INSERT INTO myprofile_session", PASSES[what], times=transactions.TRIES - 1) as failed:
        assert alice.login("alice").status_code == 302
    assert alice.is_in()
    copy = alice.copy()
    with at_first(host, "UPDATE myprofile_session SET ended_at", PASSES[what], times=transactions.TRIES - 1):
        assert alice.post("/logout").location == "/login"
    assert sent_to_login(copy)
    assert len(failed) == transactions.TRIES - 1
    assert len(waits) == 2 * len(failed)
    assert max(waits) < 0.5


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_said_at_once(what: str, host: Host, waits: list[float]) -> None:
    with at_first(host, "INSERT INTO myprofile_session", BROKEN[what]) as failed:
        assert host.browser().login("alice").status_code == 503
    assert len(failed) == 1
    assert waits == []


def test_what_does_not_pass_is_given_up(host: Host, waits: list[float]) -> None:
    with at_first(host, "INSERT INTO myprofile_session", PASSES["PostgreSQL finds a deadlock"], times=99) as failed:
        assert host.browser().login("alice").status_code == 503
    assert len(failed) == transactions.TRIES
    assert len(waits) == transactions.TRIES - 1


@pytest.mark.parametrize("what", PASSES)
def test_a_command_that_meets_another_one_is_done_all_the_same(what: str, host: Host) -> None:
    """As when two machines prune at once."""
    host.browser().login("alice")
    many_rows(host, 3, ended_at=1, end_reason="logout")
    with at_first(host, "DELETE FROM myprofile_session", PASSES[what]) as failed:
        done = host.app.test_cli_runner().invoke(cli.group, ["sessions", "prune"])
    assert (done.exit_code, done.output) == (0, "Deleted 3 rows.\n")
    assert len(failed) == 1


HINT = "create-tables"


@pytest.mark.parametrize("what", [*PASSES, *BROKEN, *MISSING])
def test_that_tables_are_missing_is_said_only_where_they_are(what: str) -> None:
    kind: Callable[..., Any] = ProgrammingError if what in MISSING else OperationalError
    error = kind("SELECT 'a secret'", {}, {**PASSES, **BROKEN, **MISSING}[what])
    assert (HINT in reason(error)) is (what in MISSING)
    assert passes(error) is (what in PASSES)
    assert "secret" not in reason(error)
