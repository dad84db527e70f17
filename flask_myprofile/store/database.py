"""The two ways to the host's database: reading beside the host's page, writing without touching its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cached_property
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Result, Table, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from ..errors import StoreDown
from .tables import Tables

Execute = Callable[..., Any]
#: A deadlock, and a row that has changed since this transaction has read it: of PostgreSQL's SQLSTATEs, and of the
#: numbers of MySQL and MariaDB.
_CLASHES = ("40P01", "40001", 1213, 1020)
#: By the same: a value that is there already; a CHECK, for which MySQL's drivers have no class of their own.
_DUPLICATES = ("23505", 1062)
_REFUSED = (3819, 4025)


class Database:
    """Reads go through ``db.session``, whose connection the host's page uses anyway. Writes go through it only in the
    extension's own views, which commit at their end; everywhere else they are a short transaction of their own, so
    that nothing of the host's half-finished work is ever committed, rolled back or expired.

    :param in_own_view: whether the current request is for a page of the extension.
    :param survive_errors: keep the host's transaction usable when a read fails (``MYPROFILE_STORE_DOWN = "allow"``).
    """

    def __init__(
        self,
        db: SQLAlchemy,
        tables: Tables,
        *,
        bind_key: str | None,
        in_own_view: Callable[[], bool],
        survive_errors: bool,
    ) -> None:
        self._db = db
        self._tables = tables
        self._bind_key = bind_key
        self._in_own_view = in_own_view
        self._survive_errors = survive_errors
        self._own_transaction: ContextVar[_OwnTransaction | None] = ContextVar(
            "flask_myprofile_own_transaction", default=None
        )

    @cached_property
    def engine(self) -> Engine:
        return self._db.engines[self._bind_key]

    @contextmanager
    def own_transaction(self) -> Iterator[None]:
        """Within this, everything is one transaction of our own: for what is done once the request is over, when a use
        of ``db.session`` would begin a session that nobody ends. Where sessions are kept elsewhere, there may be none.
        """
        try:
            with ExitStack() as work:
                token = self._own_transaction.set(_OwnTransaction(self.engine, work))
                try:
                    yield
                finally:
                    self._own_transaction.reset(token)
        except SQLAlchemyError as error:
            raise StoreDown(reason(error), passes=_passes(error, self.engine.dialect.name)) from error

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """Within this, what is written is part of the transaction of ``db.session``, whoever's view it is: for what
        must be committed with a change to the host's own row. What the host has not saved is left alone."""
        joined = _OwnTransaction(self.engine, ExitStack())
        joined.connection = self._db.session.connection(bind_arguments={"bind": self.engine})
        token = self._own_transaction.set(joined)
        try:
            yield
        finally:
            self._own_transaction.reset(token)

    def _own(self) -> Connection | None:
        own = self._own_transaction.get()
        return own.connection if own is not None else None

    def _read(self, statement: Any, values: Mapping[str, Any] | None = None) -> Result[Any]:
        own = self._own()
        if own is not None:
            return own.execute(statement, values)
        return self._read_along(self._db.session(), statement, values)

    def _read_along(self, session: Session, statement: Any, values: Mapping[str, Any] | None = None) -> Result[Any]:
        """The same on the connection of ``db.session``, whatever else goes on."""
        try:
            # on the connection, not the session, which would save what the host has added and not yet checked
            with self._kept_usable(session):
                return session.connection(bind_arguments={"bind": self.engine}).execute(statement, values)
        except SQLAlchemyError as error:
            self._make_usable()
            raise StoreDown(reason(error)) from error

    def _read_user(self, session: Session, statement: Any, values: Mapping[str, Any]) -> Result[Any]:
        """The same for a statement that the ORM loads a user by."""
        try:
            with self._kept_usable(session):
                return session.execute(statement, values, bind_arguments={"bind": self.engine})
        except SQLAlchemyError as error:
            self._make_usable()
            raise StoreDown(reason(error)) from error

    def _kept_usable(self, session: Session) -> AbstractContextManager[Any]:
        """A failed statement must not spoil what the host has in its transaction: never with
        ``MYPROFILE_STORE_DOWN = "allow"``, and on PostgreSQL, which then takes nothing more, not what is unsaved."""
        if self._survive_errors or (self.engine.dialect.name == "postgresql" and _has_unsaved(session)):
            return session.connection(bind_arguments={"bind": self.engine}).begin_nested()
        return nullcontext()

    def _make_usable(self) -> None:
        """After a failed read the request ends in 503, and its error page needs a transaction that works. Unless the
        host has work in it that is not saved: then it is the host's to end."""
        session = self._db.session
        if not self._survive_errors and (self._in_own_view() or not _has_unsaved(session)):
            session.rollback()

    @contextmanager
    def _hurried(self) -> Iterator[Execute]:
        """A write that is left out rather than waited for: SQLite has one writer, and every page would wait for it."""
        with self._write() as execute:
            if self.engine.dialect.name != "sqlite":
                yield execute
                return
            usual = execute(text("PRAGMA busy_timeout")).scalar()
            execute(text("PRAGMA busy_timeout = 50"))
            try:
                yield execute
            finally:
                execute(text(f"PRAGMA busy_timeout = {int(usual)}"))

    @contextmanager
    def _write(self) -> Iterator[Execute]:
        own = self._own()
        if own is not None:
            yield own.execute
        elif self._in_own_view():
            session, bind = self._db.session, {"bind": self.engine}
            yield lambda statement, values=None: session.execute(statement, values, bind_arguments=bind)
        else:
            with self.own_transaction(), self._write() as execute:  # so that what is written within this is in it
                yield execute

    @contextmanager
    def _write_along(self) -> Iterator[Execute]:
        """In the transaction in which the host's user is changed, whoever commits that."""
        if self._own() is not None:
            with self._write() as execute:
                yield execute
            return
        session, bind = self._db.session(), {"bind": self.engine}
        with session.no_autoflush:
            yield lambda statement: session.execute(statement, bind_arguments=bind)

    def _put(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any] | None) -> None:
        """Have this row and no other under its key; ``values`` None: have none.

        Looks first: a DELETE or UPDATE of what is not there locks the gap where it would be in MySQL's databases, and
        two who then insert into it wait for each other.
        """
        this = [table.c[name] == value for name, value in key.items()]
        with self._write() as execute:
            known = execute(select(table).where(*this)).first() is not None
            if values is None:
                if known:
                    execute(delete(table).where(*this))
            elif known or not self._insert(table, {**key, **values}):
                changed = execute(update(table).where(*this).values(**values))
                if not changed.rowcount:  # the row is not there, and cannot be: let the database say why
                    execute(insert(table), {**key, **values})

    def _insert(self, table: Table, values: Mapping[str, Any]) -> bool:
        """False where the row is there already: somebody else was faster."""
        with self._write() as execute:
            # in a savepoint, so that the clash does not undo the rest of the work
            own, session = self._own(), self._db.session
            _begin(own or session.connection(bind_arguments={"bind": self.engine}))
            savepoint = (own or session).begin_nested()
            try:
                execute(insert(table), values)
            except IntegrityError:  # after other errors there may be no savepoint left, and they undo everything anyway
                savepoint.rollback()
                return False
            savepoint.commit()
            return True


def _begin(connection: Connection) -> None:
    """Python's sqlite3 begins a transaction at the first INSERT, UPDATE or DELETE, and not at a savepoint: at the end
    of one outside a transaction, what was written within it would be committed for good."""
    if connection.dialect.name == "sqlite" and not connection.connection.in_transaction:
        connection.exec_driver_sql("BEGIN")


class _OwnTransaction:
    """A transaction that begins with its first statement, and ends with ``work``."""

    def __init__(self, engine: Engine, work: ExitStack) -> None:
        self._engine = engine
        self._work = work

    @cached_property
    def connection(self) -> Connection:
        return self._work.enter_context(self._engine.begin())


def _passes(error: SQLAlchemyError, dialect: str) -> bool:
    """Whether another transaction was in the way, as the driver has it, or the connection was lost, which is replaced:
    then it is worth trying again at once."""
    said = getattr(error, "orig", None)
    if said is None or getattr(error, "connection_invalidated", False):
        return said is not None
    match dialect:
        case "sqlite":
            return " is locked" in str(said)
        case "postgresql":  # no order for the two, or a deadlock
            return (getattr(said, "sqlstate", None) or getattr(said, "pgcode", None)) in ("40001", "40P01")
        case "mysql" | "mariadb":  # a record that has changed, a lock that was waited for too long, or a deadlock
            return bool(said.args) and said.args[0] in (1020, 1205, 1213)
    return False


def _has_unsaved(session: Any) -> bool:
    return bool(session.new or session.dirty or session.deleted)


def is_clash(error: BaseException) -> bool:
    """Whether the database has undone a transaction because another one was at the same rows: nothing is broken."""
    return not _codes(error).isdisjoint(_CLASHES)


def broken_rule(error: DBAPIError) -> str | None:
    """Of the table's rules, which one the database has found broken: "unique" or "other"; None: it is not about one."""
    codes = _codes(error)
    if not codes.isdisjoint(_DUPLICATES) or "UNIQUE constraint failed" in str(error.orig):
        return "unique"
    return "other" if isinstance(error, IntegrityError) or not codes.isdisjoint(_REFUSED) else None


def _codes(error: BaseException) -> set[str | int]:
    said = getattr(error, "orig", None)
    codes = (getattr(said, "sqlstate", None), getattr(said, "pgcode", None), *getattr(said, "args", ())[:1])
    return {code for code in codes if isinstance(code, str | int)}


def reason(error: SQLAlchemyError) -> str:
    """What the driver said, without the statement and its values, which may be secrets; and what may help."""
    said = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
    return f"{said}. If its tables are missing, run `flask myprofile create-tables` or your migrations."
