"""Every request: is this session still signed in?

The check runs when Flask-Login is about to load the user (its ``user_accessed`` signal), before session protection,
the user_loader, the remember-me cookie and the request_loader have their turn. So no code of the host ever sees a user
who was signed out, and a page that never asks who is signed in costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from flask import Flask, Request, Response, g, request, session
from flask_login import signals as login_signals

from ..account import clock
from ..account.credentials import Credential
from ..account.session_events import LOGOUT
from ..account.session_registry import SessionRegistry
from ..config import Config
from ..errors import UNREADABLE, StoreDown
from ..globals import is_login_view
from ..store.records import SessionRecord
from . import refusal, remember_me, session_cookie, user_loader
from .bearer import BearerSignIn
from .deferred_writes import own_transaction_if_context_is_shared, write_after_context
from .owner_check import OwnerCheck
from .request_state import RequestState, request_state, state_of
from .session_cookie import KEY
from .sign_in import SignIn

#: Seconds after which a request that would renew the session's cookie looks again whether it may.
LONG = 0.25


class Guard:
    """Keeps the registry in step with Flask-Login. One per app, connected to the app's own signals.

    :param check: whether a live session is its user's.
    :param first_request: called before the first request, when the host has set up all it will.
    :param before_request: called with each request; may answer it.
    :param unrouted: called with each answer of 404 and 405, which Flask may give before it knows whose page it is.
    """

    def __init__(
        self,
        config: Config,
        sessions: SessionRegistry,
        check: OwnerCheck,
        sign_in: SignIn,
        bearer: BearerSignIn,
        *,
        first_request: Callable[[], None],
        before_request: Callable[[Request], Any],
        unrouted: Callable[[Response], Response],
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._check = check
        self._sign_in = sign_in
        self._bearer = bearer
        self._first_request: Callable[[], None] | None = first_request
        self._then = before_request
        self._unrouted = unrouted

    def connect(self, app: Flask) -> None:
        """Listen to Flask-Login. Its signals hold receivers weakly: whoever calls this keeps the object."""
        login_signals.user_accessed.connect(self._on_access, sender=app)
        # first before every request, last after it, and when all teardown functions of the app are done
        app.before_request_funcs.setdefault(None, []).insert(0, self._before_request)
        app.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        app.teardown_appcontext_funcs.insert(0, write_after_context)  # no signal, which costs each request more

    # ---- the request

    def _before_request(self) -> Any:
        incoming = request._get_current_object()  # type: ignore[attr-defined]
        first_request = self._first_request
        if first_request is not None:  # two first requests may both do it
            first_request()
            self._first_request = None
        if state_of(incoming) is None:
            # Flask-Login's cache of an earlier request, where an app context is pushed around several (Flask <= 3.1)
            g.pop("_login_user", None)
        if "HTTP_AUTHORIZATION" in incoming.environ and self._bearer.presented():
            self._bearer.prepare()  # before the host's CSRF check, which is a before_request function as well
        return self._then(incoming)

    def _on_access(self, app: Flask, **extra: Any) -> None:
        incoming = request._get_current_object()  # type: ignore[attr-defined]
        state = request_state(incoming)
        if state.checked:
            return
        state.checked = True
        user_loader.stand_in(app.login_manager)  # type: ignore[attr-defined]
        if "HTTP_AUTHORIZATION" in incoming.environ and self._bearer.presented():
            self._bearer.prepare()
            state.hidden_session = remember_me.hide_signed_in_browser()
            return
        kept = session._get_current_object()  # type: ignore[attr-defined]
        login_id = kept.get("_user_id")
        try:
            if login_id is not None:
                self._check_session(state, kept.get(KEY), str(login_id))  # a get_id() may answer a number
            elif (left := Credential.parse(kept.get(KEY))) is not None:
                self._refuse_left(state, left, self._sessions.load(left.id))
            elif kept.get("_remember") != "clear":
                self._check_remembered(state)
        except StoreDown as error:
            self._store_is_down(app, state, error)

    def _check_session(self, state: RequestState, value: object, login_id: str) -> None:
        credential = Credential.parse(value)
        if credential is not None and (found := self._sessions.find(credential, login_id)) is not None:
            self._check.accept(state, credential.id, login_id, found)
            return
        with own_transaction_if_context_is_shared():
            row = self._sessions.load(credential.id) if credential is not None else None
        record = row if credential and row and self._sessions.is_proven(row, credential) else None
        if credential is not None and record is not None and not credential.is_present(record):
            self._let_finish(state, credential, is_owner=record.may_have(login_id))
        elif credential is not None and record is not None and record.may_have(login_id):
            if self._check.accept_record(state, record):
                session[KEY] = credential.of(record.user_key, record.login_id).value
                session["_user_id"] = record.login_id
        elif credential is None or record is not None:
            # signed in before the extension was installed, or by code that writes the session itself
            replaces = [credential] if credential else []
            if not self._sign_in.adopt_legacy_session(state, login_id, remembered=False, replaces=replaces):
                self._refuse_unknown(state)
        else:
            self._refuse_left(state, credential, row)

    def _let_finish(self, state: RequestState, credential: Credential, *, is_owner: bool) -> None:
        """The secret changed while the request was under way. The browser has the new one, or will: what this request
        leaves in its session must not come in the place of that."""
        state.superseded = True
        if is_owner:
            state.session_id, state.secret_hash = credential.id, credential.hash
        else:  # the login id has changed with it
            state.hidden_session = remember_me.hide_signed_in_browser()

    def _check_remembered(self, state: RequestState) -> None:
        """A remember-me cookie is the same on all devices and for ever: it counts only with a live device cookie."""
        login_id = remember_me.remembered_login_id()
        if login_id is None:
            # perhaps of another app at this address, so it stays there; Flask-Login fails on some that nobody signed
            remember_me.hide_remembered_device()
            return
        device = remember_me.device_credential()
        credential = device.of_session() if device else None
        found = self._sessions.find(credential, login_id) if credential else None
        if credential and found:  # a device secret is given to remembered devices only
            # not into the session yet: one that is not empty fails Flask-Login's session protection, which comes next
            state.restored = credential.of(found.user_key, login_id)
            self._check.accept(state, credential.id, login_id, found)
        elif credential is not None:
            self._check_remembered_record(state, credential, login_id)
        elif not self._sign_in.adopt_legacy_session(state, login_id, remembered=True):
            self._refuse_unknown(state)

    def _check_remembered_record(self, state: RequestState, credential: Credential, login_id: str) -> None:
        record = self._sessions.load(credential.id)
        is_there = record is not None and self._sessions.is_proven(record, credential)
        if record is None or not is_there or not credential.is_present(record) or not record.may_have(login_id):
            self._check.refuse(state)  # a browser that has just been opened: no request of it is under way
            refusal.tell(self._sessions, credential, record)
            return
        state.restored = credential.of(record.user_key, record.login_id)
        if self._check.accept_record(state, record) and record.login_id != login_id:
            remember_me.sign_anew(record.login_id)

    def _refuse_unknown(self, state: RequestState) -> None:
        self._check.refuse(state)
        refusal.tell_of(None, None, refusal.UNKNOWN)

    def _refuse_left(self, state: RequestState, credential: Credential, row: SessionRecord | None) -> None:
        self._check.refuse(state, late=self._has_gone_on(row, credential))
        refusal.tell(self._sessions, credential, row)

    def _has_gone_on(self, record: SessionRecord | None, credential: Credential) -> bool:
        """Whether the browser may have; not where it has come to the sign-in page, so that it has nothing newer."""
        return record is not None and self._sessions.has_gone_on(record, credential) and not is_login_view()

    def _store_is_down(self, app: Flask, state: RequestState, error: StoreDown) -> None:
        """Nobody is let in and nothing is forgotten: public pages see an anonymous visitor, others answer 503."""
        app.logger.error(UNREADABLE, error)
        allowed = self._config.store_down == "allow"
        if allowed and "_user_id" not in session:
            # a remembered device passes bound to its own row, which is checked as soon as that is possible
            device = remember_me.device_credential()
            state.restored, allowed = device and device.of_session(), device is not None
        if not allowed:
            state.store_down = True
            state.hidden_session = remember_me.hide_signed_in_browser()

    # ---- after the view

    def _after_request(self, response: Response) -> Response:
        if response.status_code in (404, 405):
            response = self._unrouted(response)
        state = state_of(request._get_current_object())  # type: ignore[attr-defined]
        if state is None and session_cookie.keep_age():
            state = self._sign_in.end_emptied()
        return response if state is None else self._keep_in_step(state, response)

    def _keep_in_step(self, state: RequestState, response: Response) -> Response:
        """What has become of the browser's session is in its cookies, and is written."""
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
        return response if state.writes is None else state.writes.settle(response)

    def _set_cookies(self, state: RequestState, response: Response) -> None:
        session_id = state.session_id
        if session_id is not None and "_user_id" not in session:
            # the host signed out by emptying the session, or by taking the user out of it
            state.session_id, state.clear_cookies = None, True
            session_cookie.forget_user(and_csrf_token=not session_cookie.has_given_csrf_token())
            state.promise(lambda: self._sessions.end_known(session_id, LOGOUT))
        if state.session_id is not None and state.device is not None:
            until = datetime.fromtimestamp(state.remember_until or 0, timezone.utc)
            remember_me.set_device_cookie(response, state.device, until)
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
