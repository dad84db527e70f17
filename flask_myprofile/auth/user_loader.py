"""The host's user_loader, and what is looked at in the user that it has found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .request_state import known_state

Load = Callable[[str], Any]


class _UserLoader:
    """Stands in the host's loader, whenever that was given; another app with the same login manager notices nothing."""

    def __init__(self, host: Load) -> None:
        self.host = host

    def __call__(self, login_id: str) -> Any:
        state = known_state()
        check = state.check_loaded if state is not None else None
        return self.host(login_id) if check is None else check(self.host, login_id)


def stand_in(login_manager: Any) -> None:
    """Be there when Flask-Login asks the host's loader."""
    host = login_manager._user_callback
    if host is not None and not isinstance(host, _UserLoader):
        login_manager._user_callback = _UserLoader(host)


def host_loader(login_manager: Any) -> Load | None:
    """The one that the host gave."""
    given: Any = login_manager._user_callback
    return given.host if isinstance(given, _UserLoader) else given
