"""Where a session of the host's writes: what is asked there is so, and no replica that lags behind is asked instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session


@contextmanager
def asked_at(session: Session, bind: Any) -> Iterator[None]:
    """Whatever is asked of the session meanwhile is asked there. Not by ``bind_arguments``: a class of the host's
    decides by its ``get_bind()``, and what that takes and heeds is up to the host."""
    vars(session)["get_bind"] = lambda *args, **kwargs: bind
    try:
        yield
    finally:
        del vars(session)["get_bind"]


def primary_of(session: Session, mapper: Any) -> Any:
    """The engine, or the connection, where rows of this class are changed."""
    return session.get_bind(mapper=mapper, clause=update(mapper.tables[0]))
