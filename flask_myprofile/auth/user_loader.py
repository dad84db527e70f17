"""The host's user_loader: what it cannot read is nobody, and what it finds is looked at.

A cookie of before user ids became numbers is signed, so nobody can plant it; but its browser would be answered 500 on
every page, the sign-in page among them, until the cookie is deleted by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app

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
        except ValueError as error:
            if not self._has_said_so:
                self._has_said_so = True
                line = "user_loader raised %s for a login id out of a cookie: nobody is signed in by it"
                current_app.logger.warning(line, type(error).__name__, exc_info=True)
            return None


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
