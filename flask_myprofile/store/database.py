"""The two ways to the host's database: reading beside the host's page, writing without touching its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cached_property, lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Insert, Result, Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from ..errors import StoreDown
from ..transactions import roll_back, run
from .database_errors import passes, reason
from .own_transaction import Level, OwnTransaction, commits_by_itself
from .primary import execute_at
from .tables import Tables

Execute = Callable[..., Any]
#: Elsewhere an error undoes its own statement and no more.
ABORTS_AT_ERRORS = ("postgresql", "cockroachdb")
D = TypeVar("D", bound="Database")
P = ParamSpec("P")
T = TypeVar("T")


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
        self._level = Level()
        self._own_transaction: ContextVar[OwnTransaction | None] = ContextVar(
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
                token = self._own_transaction.set(OwnTransaction(self.engine, self._level, work))
                try:
                    yield
                finally:
                    self._own_transaction.reset(token)
        except SQLAlchemyError as error:
            raise StoreDown(reason(error), passes=passes(error)) from error

    def in_one(self, work: Callable[[], T]) -> T:
        """As part of the transaction that this is in; else in one of our own, and again where somebody is in the way:
        :func:`in_one_transaction`."""
        if self._own_transaction.get() is not None or self._in_own_view():
            return work()
        return run(work, self.own_transaction)

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """Within this, what is written is part of the transaction of ``db.session``, whoever's view it is: for what
        must be committed with a change to the host's own row. What the host has not saved is left alone."""
        joined = OwnTransaction(self.engine, self._level, ExitStack())
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
            connection = session.connection(bind_arguments={"bind": self.engine})
            if not self._is_at_risk(session):
                return connection.execute(statement, values)
            with _savepoint(connection):
                return connection.execute(statement, values)
        except SQLAlchemyError as error:
            self._make_usable()
            raise StoreDown(reason(error)) from error

    def _read_user(self, session: Session, statement: Any, values: Mapping[str, Any]) -> Result[Any]:
        """The same for a statement that the ORM loads a user by."""
        try:
            if not self._is_at_risk(session):
                return execute_at(session, self.engine, statement, values)
            with _savepoint(session.connection(bind_arguments={"bind": self.engine})):
                return execute_at(session, self.engine, statement, values)
        except SQLAlchemyError as error:
            self._make_usable()
            raise StoreDown(reason(error)) from error

    def _is_at_risk(self, session: Session) -> bool:
        """A failed statement must not spoil what the host has in its transaction: never with
        ``MYPROFILE_STORE_DOWN = "allow"``, and on PostgreSQL, which then takes nothing more, not what is unsaved."""
        return self._survive_errors or (self.engine.dialect.name == "postgresql" and _has_unsaved(session))

    def _make_usable(self) -> None:
        """After a failed read the request ends in 503, and its error page needs a transaction that works. Unless the
        host has work in it that is not saved: then it is the host's to end."""
        session = self._db.session
        if not self._survive_errors and (self._in_own_view() or not _has_unsaved(session)):
            roll_back(session)

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
            yield self._of_the_view().execute
        else:
            with self.own_transaction(), self._write() as execute:  # so that what is written within this is in it
                yield execute

    @contextmanager
    def _at_once(self) -> Iterator[Execute]:
        """Committed when this ends: a request with a wrong guess in it ends in a rollback, and the guess counts."""
        with_the_view = self._own() is None and self._in_own_view()
        with nullcontext() if with_the_view else self.own_transaction(), self._write() as execute:
            yield execute
            if with_the_view:
                self._db.session.commit()

    @contextmanager
    def _write_along(self) -> Iterator[Execute]:
        """In the transaction in which the host's user is changed, whoever commits that."""
        if self._own() is not None:
            with self._write() as execute:
                yield execute
            return
        yield self._of_the_view().execute

    def _of_the_view(self) -> Connection:
        """The one that ``db.session`` has to our tables, whatever its class knows of engines."""
        return self._db.session.connection(bind_arguments={"bind": self.engine})

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
        """False where the row is there already: somebody else was faster. The rest of the transaction goes on."""
        with self._write() as execute:
            if self.engine.dialect.name in ABORTS_AT_ERRORS:
                return execute(_insert_unless_there(table), values).first() is not None
            try:
                execute(_insert_into(table), values)
            except IntegrityError:
                return False
            return True


def in_one_transaction(method: Callable[Concatenate[D, P], T]) -> Callable[Concatenate[D, P], T]:
    """A method that writes: all of it, or nothing. See :meth:`Database.in_one`."""

    @wraps(method)
    def call(self: D, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.in_one(lambda: method(self, *args, **kwargs))

    return call


@lru_cache(32)  # what it takes to know a statement again, it keeps
def _insert_into(table: Table) -> Insert:
    return insert(table)


@lru_cache(32)
def _insert_unless_there(table: Table) -> Any:
    from sqlalchemy.dialects import postgresql  # slow, and of use there only

    return postgresql.insert(table).on_conflict_do_nothing().returning(*table.primary_key)


def _savepoint(connection: Connection) -> AbstractContextManager[Any]:
    return nullcontext() if commits_by_itself(connection) else connection.begin_nested()


def _has_unsaved(session: Any) -> bool:
    return bool(session.new or session.dirty or session.deleted)
