"""Code of the host's that is asked about a value: its types of columns, its model, its callables for passwords."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from ..errors import MyProfileError

_log = logging.getLogger(__name__)

#: What says something by itself, whoever raises it.
SPEAKING = (MyProfileError, SQLAlchemyError, HTTPException)
#: Of the errors that Python has, those which say that a value is none.
_OF_VALUES = (ValueError, TypeError, AssertionError, ArithmeticError, LookupError)


class HostFailed(MyProfileError):
    """The host's own code raised what it should not have, see ``__cause__``. Nothing has been changed.

    :param what: the code is for: passwords, or a field.
    :param error: what it raised: it may not have reached somebody, and may do so later.
    """

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__(f"the host's code for {what} failed")
        self.is_down = isinstance(error, OSError)


@contextmanager
def code_of_the_host(what: str) -> Iterator[None]:
    """A mistake in it is neither the user's nor an outage, and a directory that is not reached is no mistake."""
    try:
        yield
    except SPEAKING:
        raise
    except Exception as error:
        raise HostFailed(what, error) from error


def read_to_show(what: str, read: Callable[[], Any], otherwise: Any = None) -> Any:
    """What ``read`` answers, or ``otherwise``: what the host's code cannot read of a user takes no page along."""
    try:
        return read()
    except SPEAKING:
        raise
    except Exception:
        _log.exception("MyProfile: %s of a user cannot be read, and is left out", what)
        return otherwise


def check_refuses(what: str, error: Exception) -> None:
    """That it says that the value is none, as an error of a library's own does.

    :raises HostFailed: it does not: the code is broken, or does not reach somebody.
    """
    is_own = type(error).__module__ != "builtins" and not isinstance(error, (*SPEAKING, OSError))
    if not is_own and not isinstance(error, _OF_VALUES):
        raise HostFailed(what, error) from error
