"""Values of the host's user object, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Where a value is: an attribute, a dotted path, or a callable(user).
Source = str | Callable[[Any], Any]


def read_attribute(user: Any, source: Source) -> Any:
    """The value there; None where the path ends before it."""
    if callable(source):
        return source(user)
    value = user
    for attribute in source.split("."):
        value = getattr(value, attribute, None)
    return value
