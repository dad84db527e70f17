"""The two ways to the host's database: reading beside the host's page, writing without touching its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import cached_property
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Result, Table, insert, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..errors import StoreDown

Execute = Callable[..., Any]


class Database:
    """Reads go through ``db.session``, whose connection the host's page uses anyway. Writes go through it only in the
    extension's own views, which commit at their end; everywhere else they are a short transaction of their own, so
    that nothing of the host's half-finished work is ever committed, rolled back or expired.

    :param in_own_view: whether the current request is for a page of the extension.
    :param survive_errors: keep the host's transaction usable when a read fails (``MYPROFILE_STORE_DOWN = "allow"``).
    """

    def __init__(
        self, db: SQLAlchemy, *, bind_key: str | None, in_own_view: Callable[[], bool], survive_errors: bool
    ) -> None:
        self._db = db
        self._bind_key = bind_key
        self._in_own_view = in_own_view
        self._survive_errors = survive_errors
        self._own: ContextVar[Connection | None] = ContextVar("flask_myprofile_connection", default=None)

    @cached_property
    def engine(self) -> Engine:
        return self._db.engines[self._bind_key]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Within this, everything is one transaction of our own: for what is done once the request is over, when a use
        of ``db.session`` would begin a session that nobody ends."""
        with self.engine.begin() as connection:
            token = self._own.set(connection)
            try:
                yield
            finally:
                self._own.reset(token)

    def _read(self, statement: Any, values: Mapping[str, Any] | None = None) -> Result[Any]:
        own = self._own.get()
        if own is not None:
            return own.execute(statement, values)
        session, arguments = self._db.session(), {"bind": self.engine}
        autoflush, session.autoflush = session.autoflush, False  # what the host has added and not yet checked: unsaved
        try:
            if not self._survive_errors:
                return session.execute(statement, values, bind_arguments=arguments)
            # MYPROFILE_STORE_DOWN = "allow": a failed statement must not spoil the host's transaction
            with session.connection(bind_arguments=arguments).begin_nested():
                return session.execute(statement, values, bind_arguments=arguments)
        except SQLAlchemyError as error:
            self._make_usable()
            raise StoreDown(_reason(error)) from error
        finally:
            session.autoflush = autoflush

    def _make_usable(self) -> None:
        """After a failed read the request ends in 503, and its error page needs a transaction that works. Unless the
        host has work in it that is not saved: then it is the host's to end."""
        session = self._db.session
        untouched = not (session.new or session.dirty or session.deleted)
        if not self._survive_errors and (untouched or self._in_own_view()):
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
        own = self._own.get()
        if own is not None:
            yield own.execute
        elif self._in_own_view():
            session, bind = self._db.session, {"bind": self.engine}
            yield lambda statement, values=None: session.execute(statement, values, bind_arguments=bind)
        else:
            with self.engine.begin() as connection:
                yield connection.execute

    def _insert(self, table: Table, values: Mapping[str, Any]) -> bool:
        """False where the row is there already: somebody else was faster."""
        try:
            with self._write() as execute:
                # a savepoint, so that the clash does not undo the rest of the work
                around = self._own.get() or (self._db.session if self._in_own_view() else None)
                with around.begin_nested() if around is not None else nullcontext():
                    execute(insert(table), values)
        except IntegrityError:
            return False
        return True


def _reason(error: SQLAlchemyError) -> str:
    """What the driver said, without the statement and its values, which may be secrets."""
    return " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
