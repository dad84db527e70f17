"""Listeners that do not keep their app alive.

SQLAlchemy holds a listener for as long as there is what it listens to: a class of users in a module, or the sessions of
a factory, which a listener that knows the app keeps alive in turn. A test suite makes an app for each of its tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod


def weak_listener(method: Callable[..., None]) -> Callable[..., None]:
    """Calls ``method`` for as long as somebody else holds its object."""
    reference = WeakMethod(method)

    def listener(*arguments: Any) -> None:
        if (found := reference()) is not None:
            found(*arguments)

    return listener
