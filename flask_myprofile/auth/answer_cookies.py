"""What has become of the browser's session in this request goes into the cookies of its answer, and is written."""

from __future__ import annotations

from flask import Response, session

from ..account import clock
from ..account.clock import as_datetime
from ..account.session_events import LOGOUT
from ..account.session_registry import SessionRegistry
from ..errors import StoreDown
from . import remember_me, session_cookie
from .request_state import RequestState
from .sign_in import SignIn

#: Seconds after which a request that would renew the session's cookie looks again whether it may.
LONG = 0.25


class AnswerCookies:
    """For requests after which the browser's session is not, or may not be, what it was before."""

    def __init__(self, sessions: SessionRegistry, sign_in: SignIn) -> None:
        self._sessions = sessions
        self._sign_in = sign_in

    def of_unasked(self, response: Response) -> Response:
        """Where nobody has asked who is signed in, the host may have emptied the session all the same."""
        state = self._sign_in.end_emptied() if session_cookie.keep_age() else None
        if state is None:
            return response
        self.keep_in_step(state, response)
        return response if state.writes is None else state.writes.settle(response)

    def keep_in_step(self, state: RequestState, response: Response) -> None:
        if state.hidden_session is not None:
            if session_cookie.is_emptied():
                self._sign_in.refuse_if_unknown(state)
            session_cookie.put_back(state.hidden_session)
        else:
            self._set_cookies(state, response)
        if state.session_id is None:
            session_cookie.keep_age()
        if self._is_out_of_date(state):
            session_cookie.keep_unsaved(response)

    def _set_cookies(self, state: RequestState, response: Response) -> None:
        session_id = state.session_id
        if session_id is not None and "_user_id" not in session:
            # the host signed out by emptying the session, or by taking the user out of it
            state.session_id, state.clear_cookies = None, True
            session_cookie.forget_user(and_csrf_token=not session_cookie.has_given_csrf_token())
            state.promise(lambda: self._sessions.end_known(session_id, LOGOUT))
        if state.session_id is not None and state.device is not None:
            remember_me.set_device_cookie(response, state.device, as_datetime(state.remember_until))
        elif state.clear_cookies:
            remember_me.clear_cookies(response)

    def _is_out_of_date(self, state: RequestState) -> bool:
        """Whether the browser has, or may have, a newer session than the one in this answer."""
        if state.begins or not (state.late or state.session_id or state.hidden_session is not None):
            return False
        took_long = state.session_id is not None and clock.time() - state.let_in_at > LONG
        if took_long and not state.superseded and session_cookie.will_be_saved():
            state.superseded = not self._is_still_there(state)
        # a page with a form is no late answer: somebody is there to read it, and will send it with this token
        return (state.late and not session_cookie.has_given_csrf_token()) or state.superseded

    def _is_still_there(self, state: RequestState) -> bool:
        try:
            record = self._sessions.load(str(state.session_id))
        except StoreDown:
            return True
        return record is not None and record.ended_at is None and record.secret_hash == state.secret_hash
