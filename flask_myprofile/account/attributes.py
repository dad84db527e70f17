"""Values of the host's user object, wherever they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

#: Where a value is: an attribute, a dotted path, or a callable(user).
Source = str | Callable[[Any], Any]


def read_attribute(user: Any, source: Source) -> Any:
    """The value there, that of a method by calling it; None where the path ends before, or the method asks for more."""
    if callable(source):
        return source(user)
    value = user
    for attribute in source.split("."):
        value = getattr(value, attribute, None)
        if isinstance(value, MethodType):
            value = None if _asks_for_more(value) else value()
    return value


def holder_of(user: Any, source: str) -> Any:
    """The object that has the attribute at the end of the path; None where the path ends before it."""
    path = source.rpartition(".")[0]
    return read_attribute(user, path) if path else user


def _asks_for_more(method: Any) -> bool:
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):
        return True
    return False
