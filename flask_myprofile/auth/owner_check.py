"""A live session that is not that of the person who began it, or no longer: it is refused, and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import session
from flask_login.config import SESSION_KEYS
from sqlalchemy import inspect

from ..account.session_registry import SessionRegistry
from ..account.users import Users
from ..store.records import Owner, SessionRecord
from ..transactions import TRIES
from . import refusal, remember_me, session_cookie
from .request_state import RequestState
from .session_cookie import KEY, SIGNED_OUT


class OwnerCheck:
    """What the guard asks, and does, where the user of a session is not who they were.

    :param forget_if_gone: told the key of a user whom a session's row names and who is not found.
    """

    def __init__(self, sessions: SessionRegistry, users: Users, forget_if_gone: Callable[[str], object]) -> None:
        self._sessions = sessions
        self._users = users
        self._forget_if_gone = forget_if_gone

    def is_theirs(self, state: RequestState, user: Any, login_id: str) -> bool:
        """Whether the session may be of the user whom the host's loader has found, who is not the one that came with
        the session. Nobody is found for now, unless that login id is no longer the user's."""
        if user is None:
            return state.user is None or remember_me.login_id_of(state.user) == login_id
        return self._users.key(user) == state.user_key or (
            state.user is not None
            and inspect(user, raiseerr=False) is None  # the host's own way of showing a user
            and remember_me.login_id_of(user) == login_id == remember_me.login_id_of(state.user)
        )

    def follows(self, state: RequestState, user: Any, user_key: str, mark: str) -> bool:
        """Whether another hash is of the same password, which has been hashed anew: then the sessions are told. A
        sign-in that was under way may have begun with the hash before."""
        now = self._sessions.hashed_anew(user, user_key, mark)
        if now is None:
            return False
        state.defer(lambda: self._sessions.follow_user(user_key, Owner("", mark), Owner("", now)), tries=TRIES)
        return True

    def end(self, state: RequestState, user_key: str | None, session_id: str, reason: str) -> None:
        state.defer(lambda: self._sessions.end_known(session_id, reason), tries=TRIES)
        self.refuse(state)
        refusal.tell_of(user_key, session_id, reason)

    def refuse_forgotten(self, state: RequestState, record: SessionRecord) -> None:
        """Its user is nobody whom the host knows."""
        self.refuse(state)
        refusal.tell_of(record.user_key, record.id, "forgotten")
        state.defer(lambda: self._forget_if_gone(record.user_key))

    def refuse(self, state: RequestState, *, late: bool = False) -> None:
        """Nobody is signed in: Flask-Login finds nothing to load, and deletes its remember-me cookie.

        :param late: it is no news to the browser, which keeps the cookies that it has.
        """
        for name in SESSION_KEYS:
            session.pop(name, None)
        # a form in this very answer may have the CSRF token already: a sign-in takes that one away as well
        session_cookie.forget_user(and_csrf_token=not (late or session_cookie.has_given_csrf_token()))
        state.session_id, state.restored, state.refused, state.late = None, None, True, late
        if late:
            remember_me.hide_remembered_device()
        else:
            session[KEY] = SIGNED_OUT
            session["_remember"] = "clear"
            state.clear_cookies = True
