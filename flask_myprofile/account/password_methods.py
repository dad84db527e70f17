"""What a host's user model has for its password: a method that checks it, and what sets it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from typing import Any, NamedTuple

from sqlalchemy import TypeDecorator, inspect

Checker = Callable[[Any, str], Any]
Writer = Callable[[Any, str], Any]
_CHECKS = ("check_password", "verify_password")
_PROPERTY = "password"


class Method(NamedTuple):
    """Something to be called with a text, and what it is called in a log."""

    name: str
    call: Callable[[str], Any]


def own_checker(user: Any) -> Method | None:
    for name in _CHECKS:
        if callable(method := getattr(user, name, None)):
            return Method(f"{type(user).__name__}.{name}()", method)
    return None


def own_writer(user: Any, *, hash_name: str | None) -> Method | None:
    """The model's method ``set_password``, else its ``password`` where that can be set and is not the hash itself."""
    kind = type(user).__name__
    if callable(method := getattr(user, "set_password", None)):
        return Method(f"{kind}.set_password()", method)
    if hash_name != _PROPERTY and _is_settable(user):
        return Method(f"{kind}.{_PROPERTY}", lambda text: setattr(user, _PROPERTY, text))
    return None


def _is_settable(user: Any) -> bool:
    """Whether ``password`` is a property with a setter: plain, hybrid, or a synonym with one."""
    found = getattr_static(type(user), _PROPERTY, None)
    if getattr(found, "fset", None) is not None:
        return True
    mapper = inspect(type(user), raiseerr=False)
    synonym = mapper.synonyms.get(_PROPERTY) if mapper is not None else None
    return getattr(getattr(synonym, "descriptor", None), "fset", None) is not None


def is_as_written(column: Any) -> bool:
    """Whether what is set on the attribute is what is stored. A type that makes the hash is given the password."""
    return not isinstance(getattr(column, "type", None), TypeDecorator)
