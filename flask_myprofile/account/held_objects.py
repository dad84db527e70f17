"""A mapped object as another session has it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Session


def held_in(session: Session, instance: Any) -> Any | None:
    """The same row as this session has it: read where it does not hold it yet. None: it has no such row."""
    state = inspect(instance)
    if state.session is session:
        return state.obj()  # something that passes on what is asked of it would keep what is set on it
    if state.session is not None and not _in_same_database(state.session, session, state.mapper):
        return None
    identity = state.identity or state.mapper.primary_key_from_instance(state.obj())
    return None if None in identity else session.get(state.class_, tuple(identity))


def _in_same_database(one: Session, other: Session, mapper: Any) -> bool:
    try:
        return bool(one.get_bind(mapper).engine.url == other.get_bind(mapper).engine.url)
    except UnboundExecutionError:
        return False
