"""A user who is nobody: no object of a session, in no database, and made without the host's ``__init__``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect

#: Keys that no table has: as numbers and texts are, and as a UUID is.
_KEYS = ("2147483629", "04000000-0000-4000-8000-00000000001d")


def sample_user(model: type[Any]) -> Any:
    """With a key, where its type is one of the usual ones."""
    mapper = inspect(model)
    mapper.registry.configure(cascade=True)  # as the first query would do, and the host's own __init__
    user = mapper.class_manager.new_instance()
    for column in mapper.primary_key:
        setattr(user, mapper.get_property_by_column(column).key, _key(column.type.python_type))
    return user


def _key(kind: type[Any]) -> Any:
    for text in _KEYS:
        try:
            return kind(text)
        except (TypeError, ValueError, ArithmeticError):
            continue
    return None
