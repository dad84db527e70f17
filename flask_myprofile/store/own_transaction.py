"""A transaction of our own: READ COMMITTED wherever that can be had, and begun also where the host's engine does not.

What the host has chosen for its connections is neither changed nor relied upon. READ COMMITTED, because what is written
here looks at the rows as they are when they are written: no order with other transactions has to be found, so none
can be missing, and MySQL's databases lock no gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

_LEVEL = "READ COMMITTED"
_MYSQL = ("mysql", "mariadb")


class Level:
    """What the connections of an engine have to be told. The first one is asked; the others are like it."""

    def __init__(self) -> None:
        self._is_to_be_set: bool | None = None

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """:param connection: one that is in no transaction."""
        if self._is_to_be_set is None:
            self._is_to_be_set = self._find_out(connection)
        with _transaction(connection, set_level=self._is_to_be_set):
            yield

    @staticmethod
    def _find_out(connection: Connection) -> bool:
        dialect = connection.dialect
        if dialect.name not in ("postgresql", *_MYSQL):
            return False
        try:
            is_another = _is_another(dialect, connection.connection.dbapi_connection)
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError("the isolation level", None, error) from error
        return is_another and _can_be_set(connection)


def _is_another(dialect: Any, raw: Any) -> bool:
    found = dialect.get_isolation_level(raw)
    raw.rollback()
    return found != _LEVEL and not (dialect.name in _MYSQL and _replicates_statements(raw))


def _replicates_statements(raw: Any) -> bool:
    """Where it does, InnoDB writes nothing at that level (error 1665)."""
    cursor = raw.cursor()
    cursor.execute("SHOW VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')")
    said = {str(name).lower(): str(value).upper() for name, value in cursor.fetchall()}
    cursor.close()
    return said.get("log_bin") == "ON" and said.get("binlog_format") == "STATEMENT"


def _can_be_set(connection: Connection) -> bool:
    """Not where code of the host, which listens to transactions that begin, has read something by then."""
    try:
        with _transaction(connection, set_level=True):
            return True
    except DBAPIError:
        return False


@contextmanager
def _transaction(connection: Connection, *, set_level: bool) -> Iterator[None]:
    is_mysql = connection.dialect.name in _MYSQL
    with connection.begin():
        if set_level and is_mysql:  # for the next transaction, which begins with the first statement after this one
            connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {_LEVEL}")
        with _begun(connection):
            if set_level and not is_mysql:  # for this one
                connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {_LEVEL}")
            yield


@contextmanager
def _begun(connection: Connection) -> Iterator[None]:
    """By statements, where the driver does not: its setting is the host's, and stays as it is."""
    if not commits_by_itself(connection):
        yield
        return
    connection.exec_driver_sql("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(SQLAlchemyError):  # the connection may be lost, and the transaction with it
            connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def commits_by_itself(connection: Connection) -> bool:
    """Whether the driver of this connection commits each statement, so that there is no transaction now."""
    raw: Any = connection.connection.dbapi_connection
    if hasattr(raw, "get_autocommit"):  # the drivers of MySQL
        return bool(raw.get_autocommit())
    if connection.dialect.name == "sqlite":
        return raw.isolation_level is None and not raw.in_transaction
    return getattr(raw, "autocommit", False) is True


def has_been_undone(connection: Connection) -> bool:
    """Whether SQLite has undone the whole transaction for what failed last, as it may where the disk is full, and
    begins another with the next statement (its documentation: "Response To Errors Within A Transaction")."""
    raw: Any = connection.connection.dbapi_connection
    return connection.dialect.name == "sqlite" and not raw.in_transaction


class OwnTransaction:
    """It begins with its first statement, and ends with ``work``."""

    def __init__(self, engine: Engine, level: Level, work: ExitStack) -> None:
        self._engine = engine
        self._level = level
        self._work = work

    @cached_property
    def connection(self) -> Connection:
        connection = self._work.enter_context(self._engine.connect())
        self._work.enter_context(self._level.transaction(connection))
        return connection
