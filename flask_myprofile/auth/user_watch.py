"""Users who are deleted, and users who get the key of one who was: seen where the host's models are written. And users
who have no key yet, as in a sign-up that calls ``login_user()`` and saves the user then."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Response, after_this_request, session
from sqlalchemy import event, inspect
from sqlalchemy.orm.exc import DetachedInstanceError

from ..account.erasure import Erasure
from ..account.users import Users
from ..errors import StoreDown
from ..globals import are_this_apps
from .deferred_writes import deferred_writes
from .remember_me import login_id_of
from .weak_listener import weak_listener

_log = logging.getLogger(__name__)
_TOO_EARLY = (
    "MyProfile: login_user() was called before the user was saved, so that no session begins: call db.session.flush() "
    "before it"
)


class UserWatch:
    """What is deleted by a statement of many rows, or by another program, is found by ``flask myprofile sessions
    prune``, and at the next request with a cookie of that user."""

    def __init__(self, users: Users, erasure: Erasure) -> None:
        self._users = users
        self._erasure = erasure
        methods = {"after_delete": self._on_delete, "after_insert": self._on_insert, "after_update": self._on_update}
        self._listeners = {name: weak_listener(method) for name, method in methods.items()}

    def connect(self) -> bool:
        """Watch the classes of users there are; whether there are any. May be called again."""
        models = list(self._users.models())
        for model in models:
            for name, listener in self._listeners.items():
                if not event.contains(model, name, listener):
                    event.listen(model, name, listener, propagate=True)
        return bool(models)

    def _on_delete(self, mapper: Any, connection: Any, user: Any) -> None:
        self._follow(connection, user, is_new=False)

    def _on_insert(self, mapper: Any, connection: Any, user: Any) -> None:
        self._follow(connection, user, is_new=True)

    def _on_update(self, mapper: Any, connection: Any, user: Any) -> None:
        state, identity = inspect(user), tuple(mapper.primary_key_from_instance(user))
        if state.pending:  # somebody new, in the row of one who is deleted in the same flush
            self._follow(connection, user, is_new=True)
        elif state.identity != identity and are_this_apps(self._users) and self._users.keys_are_primary:
            self._erasure.rename(connection, user, self._users.key_with(mapper, identity))

    def _follow(self, connection: Any, user: Any, *, is_new: bool) -> None:
        if not are_this_apps(self._users):
            return
        key = self._users.key(user)
        try:
            if not self._erasure.follow(connection, key, is_new=is_new) and not is_new:
                deferred_writes().note(lambda: self._erasure.forget_if_gone(key), tries=1)
        except StoreDown as error:  # the host's user is written all the same
            _log.error("MyProfile could not erase what it keeps of a user: %s", error)


def has_key(users: Users, user: Any) -> bool:
    """Whether the user has a primary key already, by which sessions are theirs. A host's own keys are there always."""
    state: Any = inspect(user, raiseerr=False)
    if state is None or not users.keys_are_primary:
        return True
    return state.key is not None or None not in state.mapper.primary_key_from_instance(user)


def begin_when_saved(users: Users, user: Any, begin: Callable[[], None]) -> None:
    """Begin the session once the view is done, which is expected to save the user.

    Where Flask-Login's own id of the user has changed by that, or the view has let go of the user, nobody is signed in:
    the log says so.
    """
    login_id = session["_user_id"]

    @after_this_request
    def saved(response: Response) -> Response:
        if session.get("_user_id") != login_id:  # signed out meanwhile, or somebody else is in
            return response
        try:
            is_there = has_key(users, user) and login_id_of(user) == str(login_id)
        except DetachedInstanceError:  # the view has let go of them
            is_there = False
        if is_there:
            begin()
        else:
            session.pop("_user_id")
            _log.error(_TOO_EARLY)
        return response
