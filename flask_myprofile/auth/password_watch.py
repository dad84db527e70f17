"""A password is checked before its session is born: which one was it, and is it still the user's?

A view loads the user, checks the password for as long as a hash takes, and calls ``login_user()``. What the user object
says then need not be what was checked: if the view has committed in between, it is read from the database again. And
the view may hash the same password anew, before or after.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, has_request_context
from sqlalchemy import event, inspect

from ..account.users import Users
from ..globals import EXTENSION
from .request_state import request_state


class PasswordWatch:
    """What this request has seen of its users' passwords: as they were when they were loaded, and as it has written
    them itself. In marks, see :meth:`Users.password_mark`."""

    def __init__(self, users: Users) -> None:
        self._users = users

    def connect(self, session: Any) -> None:
        """Watch the app's ``db.session``, and what is written of hashes."""
        self._columns = list(self._users.password_columns())
        event.listen(session, "before_commit", self._before_commit)
        for column in self._columns:
            event.listen(column, "set", self._on_set, propagate=True)

    def marks_of(self, user: Any) -> list[str]:
        """Of that user. The list grows while the request goes on."""
        return self._seen(user, self._users.password_mark(user))

    def _seen(self, user: Any, mark: str | None) -> list[str]:
        """What is seen first counts: later it may be somebody else's change."""
        state = request_state()
        if state.passwords is None:
            state.passwords = {}
        return state.passwords.setdefault(self._users.key(user), [mark] if mark is not None else [])

    def _is_mine(self) -> bool:
        # several apps may share one ``db``, some of them without the extension
        profile = current_app.extensions.get(EXTENSION) if has_request_context() else None
        return profile is not None and profile.users is self._users

    def _before_commit(self, session: Any) -> None:
        if not self._is_mine():
            return
        for column in self._columns:
            for user in session.identity_map.values():
                if isinstance(user, column.class_) and column.key in vars(user):  # loaded: nothing is to be read here
                    self._seen(user, self._users.mark_of(user, vars(user)[column.key]))

    def _on_set(self, user: Any, value: Any, old: Any, initiator: Any) -> None:
        if self._is_mine() and inspect(user).identity is not None:
            seen = self._seen(user, self._users.mark_of(user, old))
            if (mark := self._users.mark_of(user, value)) is not None:
                seen.append(mark)
