"""The host's user_loader: what it cannot read is nobody, and what it finds is looked at.

A cookie of before user ids became numbers is signed, so nobody can plant it; but its browser would be answered 500 on
every page, the sign-in page among them, until the cookie is deleted by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from sqlalchemy.exc import DataError, StatementError

from ..globals import current_profile
from .request_state import known_state

Load = Callable[[str], Any]


class _UserLoader:
    """Stands in the host's loader, whenever that was given; another app with the same login manager notices nothing."""

    def __init__(self, host: Load) -> None:
        self.host = host
        self._has_said_so = False

    def __call__(self, login_id: str) -> Any:
        state = known_state()
        check = state.check_loaded if state is not None else None
        return self.load(login_id) if check is None else check(self.load, login_id)

    def load(self, login_id: str) -> Any:
        try:
            return self.host(login_id)
        except (ValueError, OverflowError, StatementError) as error:
            if not (_cannot_read(error) and _is_usable_after(error)):
                raise
            if not self._has_said_so:
                self._has_said_so = True
                line = "user_loader raised %s for a login id out of a cookie: nobody is signed in by it"
                current_app.logger.warning(line, type(error).__name__, exc_info=True)
            return None


def _cannot_read(error: Exception) -> bool:
    """Of what a query raises: what PostgreSQL says of "abc" for a number, or a column's type before it is asked."""
    cause = error.orig if isinstance(error, StatementError) else error
    return isinstance(error, DataError) or isinstance(cause, (ValueError, OverflowError))


def _is_usable_after(error: Exception) -> bool:
    """PostgreSQL does nothing more in a transaction whose query has failed. What the host has in it and has not saved
    is not ours to give up."""
    if isinstance(error, DataError):
        session = current_profile.db.session
        if session.new or session.dirty or session.deleted:
            return False
        session.rollback()
    return True


def stand_in(login_manager: Any) -> None:
    """Be there when Flask-Login asks the host's loader."""
    host = login_manager._user_callback
    if host is not None and not isinstance(host, _UserLoader):
        login_manager._user_callback = _UserLoader(host)


def host_loader(login_manager: Any) -> Load | None:
    """The one that the host gave, which finds nobody for what it cannot read."""
    stand_in(login_manager)
    given: Any = login_manager._user_callback
    return given.load if given is not None else None
