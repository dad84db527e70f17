"""A password is checked before its session is born: which one was it, and is it still the user's?

A view loads the user, checks the password for as long as a hash takes, and calls ``login_user()``. What the user object
says then need not be what was checked: if the view has committed in between, it is read from the database again. And
the view may hash the same password anew, before or after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import has_request_context, request
from sqlalchemy import event, inspect
from werkzeug.exceptions import HTTPException

from ..account import hashing
from ..account.users import Users
from ..globals import OWN_BLUEPRINTS, are_this_apps
from ..store.records import Owner
from .request_state import RequestState, request_state
from .weak_listener import weak_listener

#: Told a user's key, what their sessions had and have now, and which of them (None: all).
Follow = Callable[[str, Owner, Owner, "str | None"], None]
#: Values of a form that may be the password, at most: each costs the time of two hashes.
_MOST = 4


class PasswordWatch:
    """What this request has seen of its users' passwords: as they were when they were loaded, and as it has written
    them itself. In marks, see :meth:`Users.password_mark`.

    A session knows by its mark that the password has changed. So it is told where a request of its own has changed it;
    and all of a user are, where a request has only hashed the same password anew, as a sign-in may.

    :param follow: does so.
    """

    def __init__(self, users: Users, follow: Follow) -> None:
        self._users = users
        self._follow = follow

    def connect(self, session: Any) -> None:
        """Watch the app's ``db.session``, and what is written of hashes."""
        self._columns = list(self._users.password_columns())
        event.listen(session, "before_commit", weak_listener(self._before_commit))
        for column in self._columns:
            event.listen(column, "set", weak_listener(self._on_set), propagate=True)

    def marks_of(self, user: Any, user_key: str) -> list[str]:
        """Of that user. The list grows while the request goes on."""
        return self._seen(user_key, self._users.password_mark(user))

    def _seen(self, user_key: str, mark: str | None) -> list[str]:
        """What is seen first counts: later it may be somebody else's change."""
        state = request_state()
        if state.passwords is None:
            state.passwords = {}
        return state.passwords.setdefault(user_key, [mark] if mark is not None else [])

    def _is_mine(self) -> bool:
        return has_request_context() and are_this_apps(self._users)

    def _before_commit(self, session: Any) -> None:
        if not self._is_mine():
            return
        for column in self._columns:
            for user in session.identity_map.values():
                if isinstance(user, column.class_) and column.key in vars(user):  # loaded: nothing is to be read here
                    key = self._users.key(user)
                    self._seen(key, self._users.mark_of_key(key, vars(user)[column.key]))

    def _on_set(self, user: Any, value: Any, old: Any, initiator: Any) -> None:
        if self._is_mine() and inspect(user).identity is not None:
            key = self._users.key(user)
            seen = self._seen(key, self._users.mark_of_key(key, old))
            if (mark := self._users.mark_of_key(key, value)) is not None:
                seen.append(mark)
            if request.blueprint not in OWN_BLUEPRINTS:  # which say themselves what becomes of the sessions
                self._note_replaced(user, old, value)

    def _note_replaced(self, user: Any, old: Any, new: Any) -> None:
        state, key = request_state(), self._users.key(user)
        if state.replaced_hashes is None:
            state.replaced_hashes = {}
        first = key not in state.replaced_hashes
        state.replaced_hashes[key] = (old if first else state.replaced_hashes[key][0], new)
        if first:
            sent = _passwords_sent()
            state.defer(lambda: self._tell_sessions(state, user, key, sent))

    def _tell_sessions(self, state: RequestState, user: Any, key: str, sent: Sequence[str]) -> None:
        old, new = (state.replaced_hashes or {})[key]
        before, after = self._users.mark_of_key(key, old), self._users.mark_of_key(key, new)
        is_same = any(hashing.verify(new, text) and hashing.verify(old, text) for text in sent)
        goes_on = state.session_id if state.user_key == key and not (state.begins or state.superseded) else None
        if (not is_same and goes_on is None) or None in (before, after):
            return
        if not self._users.has_password_changed(user, [str(after)]):  # the host has kept it
            self._follow(key, Owner("", before), Owner("", after), None if is_same else goes_on)


def _passwords_sent() -> list[str]:
    """What this request may have been sent as a password."""
    try:
        body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    except (HTTPException, RecursionError):  # beyond what the host takes, and read by nobody so far
        body = None
    fields = body if isinstance(body, dict) else {}
    named = [value for name, value in fields.items() if "pass" in name.lower() or "pw" in name.lower()]
    given = [*(named or fields.values()), request.authorization and request.authorization.password]
    texts = [text for text in dict.fromkeys(each for each in given if isinstance(each, str)) if 0 < len(text) <= 256]
    return texts[:_MOST]
