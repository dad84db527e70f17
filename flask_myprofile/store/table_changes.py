"""Brings the tables of an older version up to date: what is missing is added, and what differs is said and left alone.

Nothing that is there is ever changed: no column is dropped, renamed or given another type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, MetaData, Table, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.schema import CreateColumn

#: What several who do this at once wait for, where the database can.
_LOCK = "flask_myprofile"
_LOCK_NUMBER = 0x6D7970726F66
_LOCK_SECONDS = 60


class Addition(NamedTuple):
    """Something that is missing: in words, and how it is made."""

    words: str
    make: Callable[[Connection], object]


class TableChanges(NamedTuple):
    """How the tables of a database differ from those of this version.

    :param added: in words, what has been added, or would be.
    :param left_alone: what is not as it should be and cannot be put right by adding: for the host to change.
    """

    added: Sequence[str]
    left_alone: Sequence[str]


def bring_up_to_date(engine: Engine, tables: Sequence[Table], *, dry_run: bool = False) -> TableChanges:
    """Add what is missing, all of it or nothing; MySQL and MariaDB end a transaction with each statement, and keep
    what was added before one that fails. Safe to do again, and twice at once.

    :param dry_run: change nothing, and say what would be added.
    """
    with engine.begin() as connection:
        if dry_run:
            additions, left_alone = _compare(connection, tables)
        else:
            with _alone(connection):
                additions, left_alone = _compare(connection, tables)
                for addition in additions:
                    addition.make(connection)
    return TableChanges([addition.words for addition in additions], left_alone)


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Of several machines that start at once, each sees what the one before has added."""
    match connection.dialect.name:
        case "sqlite":  # Python's driver begins no transaction for what makes tables; a host may have seen to that
            if not connection.connection.in_transaction:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
        case "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
            yield
        case "mysql" | "mariadb":
            connection.execute(text(f"SELECT GET_LOCK('{_LOCK}', {_LOCK_SECONDS})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT RELEASE_LOCK('{_LOCK}')"))
        case _:
            yield


def _compare(connection: Connection, tables: Sequence[Table]) -> tuple[list[Addition], list[str]]:
    additions: list[Addition] = []
    left_alone: list[str] = []
    inspector = inspect(connection)
    for table in (_as_there(each, connection) for each in tables):
        if inspector.has_table(table.name, schema=table.schema):
            existing = _Existing(table, inspector, connection.dialect)
            additions += existing.missing()
            left_alone += existing.differing()
        else:
            additions.append(Addition(f"table {table.fullname}", table.create))
    return additions, left_alone


def _as_there(table: Table, connection: Connection) -> Table:
    """In the schema that the host has SQLAlchemy put in the place of the one that it is declared in."""
    translated = connection.get_execution_options().get("schema_translate_map") or {}
    schema = translated.get(table.schema, table.schema)
    return table if schema == table.schema else table.to_metadata(MetaData(), schema=schema)  # type: ignore[arg-type]


class _Existing:
    """A table that is there, beside what it should be."""

    def __init__(self, table: Table, inspector: Any, dialect: Any) -> None:
        self._table = table
        self._inspector = inspector
        self._dialect = dialect

    def missing(self) -> Iterator[Addition]:
        """The columns and indexes that can be added while there are rows."""
        name = self._table.fullname
        for column in self._absent():
            if _can_be_added(column):
                yield Addition(f"column {name}.{column.name}", self._adding(column))
        for index in sorted(self._table.indexes, key=lambda index: str(index.name)):
            columns = [column.name for column in index.columns]
            if columns not in self._indexed:
                yield Addition(f"index on {name} ({', '.join(columns)})", index.create)

    def differing(self) -> Iterator[str]:
        """What no addition puts right."""
        name, ours = self._table.fullname, self._table.c
        for column in self._absent():
            if not _can_be_added(column):
                yield f"{name}.{column.name} is missing, and cannot be added to rows that are there"
        for column_name, found in self._columns.items():
            if column_name in ours:
                yield from (f"{name}.{column_name} {said}" for said in self._wrong_with(ours[column_name], found))
            elif not found["nullable"] and not _fills_itself(found):
                yield f"{name}.{column_name} is not of this version, refuses to be empty and has no default"
        if self._key != [column.name for column in self._table.primary_key]:
            wanted = ", ".join(column.name for column in self._table.primary_key)
            yield f"{name} has the primary key ({', '.join(self._key)}), not ({wanted})"
        for column in ours:
            if column.unique and column.name in self._columns and [column.name] not in self._unique:
                yield f"{name}.{column.name} is not unique"

    def _absent(self) -> list[Column[Any]]:
        return [column for column in self._table.c if column.name not in self._columns]

    def _wrong_with(self, column: Column[Any], found: ReflectedColumn) -> Iterator[str]:
        wanted, there = column.type.dialect_impl(self._dialect), found["type"]
        if not _holds(there, wanted, self._dialect.name):
            yield f"is {there!r}, not {wanted!r}"
        elif (length := getattr(wanted, "length", None)) and (getattr(there, "length", None) or length) < length:
            yield f"holds {there.length} characters, not {length}"  # type: ignore[attr-defined]
        elif getattr(wanted, "collation", None) and not self._is_exact(there):
            yield "takes capital and small letters for the same"
        if column.nullable and not found["nullable"]:
            yield "refuses to be empty"

    def _is_exact(self, there: Any) -> bool:
        """Of MySQL's and MariaDB's collations, the one of the column or else that of the table."""
        options = self._inspector.get_table_options(*self._where)
        of_table = options.get(f"{self._dialect.name}_collate")
        return str(getattr(there, "collation", None) or of_table or "_bin").endswith("_bin")

    def _adding(self, column: Column[Any]) -> Callable[[Connection], object]:
        table = self._dialect.identifier_preparer.format_table(self._table)
        specification = CreateColumn(column).compile(dialect=self._dialect)
        statement = text(f"ALTER TABLE {table} ADD COLUMN {specification}".replace(":", r"\:"))
        return lambda connection: connection.execute(statement)

    @cached_property
    def _columns(self) -> dict[str, ReflectedColumn]:
        return {found["name"]: found for found in self._inspector.get_columns(*self._where)}

    @cached_property
    def _key(self) -> list[str]:
        return list(self._inspector.get_pk_constraint(*self._where)["constrained_columns"])

    @cached_property
    def _indexed(self) -> list[list[str]]:
        return [index["column_names"] for index in self._inspector.get_indexes(*self._where)]

    @cached_property
    def _unique(self) -> list[list[str]]:
        indexes = [index for index in self._inspector.get_indexes(*self._where) if index["unique"]]
        constraints = self._inspector.get_unique_constraints(*self._where)
        return [found["column_names"] for found in (*indexes, *constraints)]

    @property
    def _where(self) -> tuple[str, str | None]:
        return self._table.name, self._table.schema


def _fills_itself(found: ReflectedColumn) -> bool:
    ways = (found.get("computed"), found.get("identity"), found.get("autoincrement") is True)
    return found.get("default") is not None or any(ways)


def _can_be_added(column: Column[Any]) -> bool:
    filled = column.nullable or column.server_default is not None
    return filled and not column.primary_key and not column.unique


def _holds(there: Any, wanted: Any, dialect: str) -> bool:
    """Whether a column of the one type holds what the other does: as Python has the values, and numbers as great."""
    try:
        kinds = [int if each.python_type is bool else each.python_type for each in (there, wanted)]
    except NotImplementedError:  # a type that SQLAlchemy does not know
        return False
    if kinds[0] is not kinds[1]:
        return False
    is_small = isinstance(there, Integer) and not isinstance(there, BigInteger) and dialect != "sqlite"
    return not (isinstance(wanted, BigInteger) and is_small)
