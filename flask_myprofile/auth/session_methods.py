"""How the session of a request began: what decides who is a user of Single Sign-On."""

from __future__ import annotations

from typing import Any

from ..account.users import Users
from .request_state import current_record


class SessionMethods:
    """Read with each request that asks: an administrator may correct it by hand, and it decides who has which tab."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def of_request(self, user: Any) -> str | None:
        """The method of this request's session, if it is this user's; None for visitors and API tokens."""
        record = current_record()
        is_theirs = record is not None and record.user_key == self._users.key(user)
        return record.method if record is not None and is_theirs else None
