"""Is a live session that of the person who began it? Its row names a user; who is loaded has to be that one, with the
login id and the password that they had."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import session
from flask_login.config import SESSION_KEYS
from sqlalchemy import inspect

from ..account import clock
from ..account.session_registry import SessionRegistry
from ..account.users import Users
from ..config import Config
from ..globals import current_profile
from ..store.records import Found, Owner, SessionRecord
from ..store.user_at_hand import AtHand
from ..transactions import TRIES
from . import refusal, remember_me, session_cookie
from .client import client_address, client_user_agent
from .request_state import RequestState
from .session_cookie import KEY, SIGNED_OUT


class OwnerCheck:
    """Lets the session of a request pass, or refuses it.

    :param forget_if_gone: told the key of a user whom a session's row names and who is not found.
    """

    def __init__(
        self,
        config: Config,
        sessions: SessionRegistry,
        users: Users,
        forget_if_gone: Callable[[str], object],
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._users = users
        self._forget_if_gone = forget_if_gone
        #: Whether the host's loader takes the user out of the identity map, as ``session.get()`` does.
        self._loader_gets = False

    def accept_record(self, state: RequestState, record: SessionRecord) -> bool:
        """A session whose user the usual query has not found by what the browser says of them."""
        user = self._users.load(record.user_key) if self._users.model is not None else None
        if user is None and not self._users.is_login_id_of(record.login_id, record.user_key):
            self.refuse(state)
            refusal.tell_of(record.user_key, record.id, "forgotten")
            state.defer(lambda: self._forget_if_gone(record.user_key))
            return False
        found = Found(
            record.secret_hash, record.last_seen_at, record.user_key, record.password_mark, user, preferences=None
        )
        return self.accept(state, record.id, record.login_id, found)

    def accept(self, state: RequestState, session_id: str, login_id: str, found: Found) -> bool:
        user = found.user
        if user is not None and (reason := self._why_over(state, user, found.user_key, found.password_mark)):
            self._end(state, found.user_key, session_id, reason)
            return False
        state.session_id, state.secret_hash, state.let_in_at = session_id, found.secret_hash, clock.time()
        state.user_key, state.password_mark = found.user_key, found.password_mark
        state.user, state.preferences = user, found.preferences
        state.check_loaded = partial(self._check_loaded, state, login_id, found.last_seen_at)
        return True

    def _why_over(self, state: RequestState, user: Any, user_key: str, mark: str | None) -> str | None:
        """Why a session ends although nobody has ended it."""
        if not self._users.is_active(user):
            return "disabled"
        if mark is None or not self._config.session_follows_password:
            return None
        if not self._users.has_other_password(user, user_key, mark):
            return None
        # a sign-in that was under way may have begun with the hash before
        now = self._sessions.hashed_anew(user, user_key, mark)
        if now is None:
            return "password_changed"
        state.defer(lambda: self._sessions.follow_user(user_key, Owner("", mark), Owner("", now)), tries=TRIES)
        return None

    def _check_loaded(
        self, state: RequestState, login_id: str, last_seen_at: int, load: Callable[[Any], Any], asked: Any
    ) -> Any:
        """Whom the host's loader finds is the user of the session, or nobody is signed in."""
        known, session_id = state.user, state.session_id
        if session_id is None or str(asked) != login_id:  # signed out meanwhile, or asked for somebody else
            return load(asked)
        if known is None or (self._loader_gets and login_id == state.user_key):
            user = load(asked)
        else:
            with AtHand(current_profile.db.session, known, login_id) as hand:
                user = load(asked)
            self._loader_gets = not hand.is_asked
        if user is None:
            if known is not None and remember_me.login_id_of(known) != login_id:
                self._end(state, state.user_key, session_id, "outdated")
            return None
        if user is not known and (reason := self._why_not_theirs(state, user, login_id)):
            self._end(state, state.user_key, session_id, reason)
            return None
        if self._sessions.is_touch_due(last_seen_at):
            ip, agent = client_address(), client_user_agent()
            state.defer(lambda: self._sessions.touch(session_id, ip, agent))
        return user

    def _why_not_theirs(self, state: RequestState, user: Any, login_id: str) -> str | None:
        """Why the session ends with such a user, whom the host's loader knows by that login id."""
        is_theirs = self._users.key(user) == state.user_key or (
            state.user is not None
            and inspect(user, raiseerr=False) is None  # the host's own way of showing a user
            and remember_me.login_id_of(user) == login_id == remember_me.login_id_of(state.user)
        )
        if not is_theirs:
            return "outdated"
        return self._why_over(state, user, state.user_key, state.password_mark) if state.user is None else None

    def _end(self, state: RequestState, user_key: str | None, session_id: str, reason: str) -> None:
        state.defer(lambda: self._sessions.end_known(session_id, reason), tries=TRIES)
        self.refuse(state)
        refusal.tell_of(user_key, session_id, reason)

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
