"""Where a session of the host's writes: what is asked there is so, and no replica that lags behind is asked instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask_sqlalchemy.session
from sqlalchemy import Result, update
from sqlalchemy.orm import Session

#: Those that go where they are told.
_OBEDIENT = (Session.get_bind, flask_sqlalchemy.session.Session.get_bind)


class AskedAt:
    """Within this, whatever is asked of the session is asked there. Not by ``bind_arguments``: a class of the host's
    decides by its ``get_bind()``, and what that takes and heeds is up to the host."""

    def __init__(self, session: Session, bind: Any) -> None:
        self._of_session = vars(session)
        self._bind = bind

    def __enter__(self) -> None:
        self._of_session["get_bind"] = self._get_bind

    def __exit__(self, *error: object) -> None:
        del self._of_session["get_bind"]

    def _get_bind(self, *args: Any, **kwargs: Any) -> Any:
        return self._bind


def execute_at(session: Session, bind: Any, statement: Any, values: Any) -> Result[Any]:
    if type(session).get_bind in _OBEDIENT:  # each request comes by here
        return session.execute(statement, values, bind_arguments={"bind": bind})
    with AskedAt(session, bind):
        return session.execute(statement, values)


@contextmanager
def at_this_moment(db: Any, mapper: Any) -> Iterator[Session]:
    """A session that reads rows of this class as they are now: not what ``db.session`` has read, nor the moment that
    its transaction or a replica shows."""
    with db.session.session_factory() as now, AskedAt(now, primary_of(now, mapper)):
        yield now


def primary_of(session: Session, mapper: Any) -> Any:
    """The engine, or the connection, where rows of this class are changed."""
    return session.get_bind(mapper=mapper, clause=update(mapper.tables[0]))
