"""How the session of a request began: what decides who is a user of Single Sign-On."""

from __future__ import annotations

from typing import Any

from ..account.users import Users
from .request_state import current_record, known_state

#: Sessions of which a process remembers it.
_MOST = 10_000


class SessionMethods:
    """No session's method ever changes, so a process reads its row for that once, and not in each request."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._known: dict[str, str] = {}

    def of_request(self, user: Any) -> str | None:
        """The method of this request's session, if it is this user's; None for visitors and API tokens."""
        state = known_state()
        if state is None or state.session_id is None:
            return None
        # whose session it is, the check of this request has just read
        key = state.user_key if user is state.user else self._users.key(user)
        known = self._known.get(state.session_id) if state.user_key == key else None
        return self._read(key) if known is None else known

    def _read(self, key: str) -> str | None:
        record = current_record()
        if record is None or record.user_key != key:
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[record.id] = record.method
        return record.method
