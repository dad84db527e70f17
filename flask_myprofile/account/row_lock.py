"""A row of the host's that nobody else changes until the transaction ends, and what is tried on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import inspect, update
from sqlalchemy.exc import InvalidRequestError

from ..store.own_transaction import commits_by_itself
from ..store.primary import AskedAt, primary_of

#: Whoever has written to a row is alone with it there, or with the whole database.
_WITHOUT_FOR_UPDATE = ("sqlite", "mssql")


def lock_row(instance: Any, attribute: str) -> None:
    """Keep everybody else from changing the row of this object, and read ``attribute`` as it is there now, whatever has
    been read before; all columns, where it is none of them.

    What else the host has changed and not saved is left alone. An object that no session holds has no row to lock.
    """
    state: Any = inspect(instance, raiseerr=False)
    if state is None or not state.persistent:
        return
    session, mapper = state.session, state.mapper
    columns = [each.key for each in mapper.column_attrs]
    # it may have been deleted: saving it will say so
    with session.no_autoflush, AskedAt(session, primary_of(session, mapper)), suppress(InvalidRequestError):
        connection = session.connection()
        if connection.dialect.name in _WITHOUT_FOR_UPDATE:
            key = mapper.primary_key
            this = [column == value for column, value in zip(key, state.identity, strict=True)]
            connection.execute(update(key[0].table).where(*this).values({key[0]: key[0]}))
        session.refresh(instance, [attribute] if attribute in columns else columns, with_for_update=True)


@contextmanager
def tried(instance: Any) -> Iterator[None]:
    """What is written in the session of this object: sent to the database, and taken back where this ends in an error.

    The transaction of the host goes on, with all that was written before. Where each statement is committed by itself,
    none is taken back. Its row has to be locked, see :func:`lock_row`: SQLite's driver begins no transaction for a
    savepoint. Whoever listens to the commits of the session hears of that of the savepoint, too.
    """
    state: Any = inspect(instance, raiseerr=False)
    if state is None or not state.persistent:
        yield
        return
    primary = primary_of(state.session, state.mapper)
    if commits_by_itself(state.session.connection(bind_arguments={"bind": primary})):
        yield
        return
    savepoint = state.session.begin_nested()
    try:
        yield
    except BaseException:
        if savepoint.is_active:
            savepoint.rollback()
        raise
    if savepoint.is_active:  # unless what was called has committed by itself
        savepoint.commit()
