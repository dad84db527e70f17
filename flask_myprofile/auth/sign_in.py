"""How a session of ours begins, gets a new secret and ends, as Flask-Login signs people in and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app, request, session
from flask_login import signals as login_signals

from ..account.credentials import Credential, device_from, new_device
from ..account.identities import Identities
from ..account.session_registry import ADOPTED, SessionRegistry
from ..account.sign_in_data import SignInData, SsoIdentity
from ..account.users import Users
from ..config import Config
from ..globals import secret_keys
from ..signals import announce, session_started
from ..store.records import SessionRecord
from ..transactions import after_commit
from . import remember_me, session_cookie
from .client import client_address, client_user_agent
from .identity import recorded_identity, when_recorded
from .request_state import RequestState, current_record, request_state
from .session_cookie import KEY


class SignIn:
    """Follows Flask-Login's signals. What has to be written is deferred until the request is answered."""

    def __init__(self, config: Config, sessions: SessionRegistry, users: Users, identities: Identities) -> None:
        self._identities = identities
        self._device_cookie = config.device_cookie
        self._sessions = sessions
        self._users = users

    def connect(self, app: Flask) -> None:
        """Listen to Flask-Login. Its signals hold receivers weakly: whoever calls this keeps the object."""
        login_signals.user_logged_in.connect(self._on_login, sender=app)
        login_signals.user_logged_out.connect(self._on_logout, sender=app)
        login_signals.user_loaded_from_cookie.connect(self._on_remembered, sender=app)
        login_signals.user_login_confirmed.connect(self._on_confirmed, sender=app)
        login_signals.session_protected.connect(self._on_protected, sender=app)

    def _on_login(self, app: Flask, user: Any, **extra: Any) -> None:
        state = request_state()
        if state.hidden_session is not None:
            return  # the request is a token's: what it writes into a session is not kept
        replaces, state.restored = self._held(), None
        session_cookie.new_session_id()
        kept = session.get("_remember") == "set" or current_app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST")
        until = remember_me.remember_until() if kept else None
        data = SignInData(session["_user_id"], client_address(), client_user_agent(), remember_until=until)
        self._start(state, user, new_device(), data, replaces)
        when_recorded(lambda identity: self._identify(state, identity))
        if identity := recorded_identity():
            self._identify(state, identity)

    def _held(self) -> list[Credential]:
        """What this browser holds of a session so far: one browser is one session, whoever it was."""
        device = Credential.parse(request.cookies.get(self._device_cookie))
        held = (Credential.parse(session.get(KEY)), device.of_session() if device else None)
        return [credential for credential in held if credential]

    @staticmethod
    def _identify(state: RequestState, identity: SsoIdentity) -> None:
        """The new session was Single Sign-On: it is not stored yet, so saying so costs nothing."""
        state.identity = identity
        if state.record is not None:
            state.record = state.record._replace(**identity._asdict())

    def _on_logout(self, app: Flask, **extra: Any) -> None:
        state = request_state()
        credential = Credential.parse(session.pop(KEY, None))
        if credential is not None:
            state.defer(lambda: self._sessions.end_proven(credential, "logout"))
            state.session_id = None
        state.clear_cookies = True  # a session that the host emptied first is ended after the request

    def _on_remembered(self, app: Flask, user: Any, **extra: Any) -> None:
        session_cookie.new_session_id()
        if (restored := request_state().restored) is not None:
            session[KEY] = restored.value

    def _on_confirmed(self, app: Flask, **extra: Any) -> None:
        """Signing in again within a session gives it a new secret."""
        state = request_state()
        if (record := current_record()) is not None:
            self._replace_secret(state, record, login_id=session["_user_id"], device=new_device(), deferred=True)

    def _on_protected(self, app: Flask, **extra: Any) -> None:
        """In "strong" mode Flask-Login has just emptied its own keys; in "basic" mode the session goes on."""
        if "_user_id" not in session and (credential := Credential.parse(session.get(KEY))):
            session.pop(KEY)
            state = request_state()
            state.session_id, state.clear_cookies = None, True
            state.defer(lambda: self._sessions.end_proven(credential, "protection"))

    # ---- a new secret for a session that goes on

    def renew(self, user: Any, record: SessionRecord) -> None:
        """In a view of ours, within its transaction: see :meth:`Sessions.renew`."""
        self._replace_secret(
            request_state(), record, login_id=remember_me.login_id_of(user), device=new_device(), deferred=False
        )

    def _replace_secret(
        self, state: RequestState, record: SessionRecord, *, login_id: str, device: Credential, deferred: bool
    ) -> None:
        credential = Credential(record.id, device.of_session().secret)

        def give() -> None:
            state.record = None  # as it is now, it will be read again
            session[KEY], session["_user_id"] = credential.value, login_id
            session.pop(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"), None)
            session_cookie.new_session_id()
            if record.remember_until is not None:
                state.device, state.remember_until = Credential(record.id, device.secret), record.remember_until
                session["_remember"] = "set"

        if deferred:
            state.defer(lambda: self._sessions.rotate(record, credential, login_id))
            give()
        elif self._sessions.rotate(record, credential, login_id):
            # what a failed commit does not undo, the browser must know of at once
            after_commit(give) if self._sessions.in_database else give()

    def adopt_legacy_session(
        self, state: RequestState, login_id: str, *, remembered: bool, replaces: Iterable[Credential] = ()
    ) -> bool:
        """Give a signed-in browser that has no session of ours one; False where it must not have one."""
        user = self._users.load_by_login_id(login_id)
        if user is None:
            return True  # Flask-Login finds nobody either
        cookie = "" if remembered else request.cookies.get(current_app.config["SESSION_COOKIE_NAME"], "")
        signed_at = session_cookie.signed_in_since()
        if not self._sessions.may_adopt(user, remembered, signed_at):
            return False
        data = SignInData(login_id, client_address(), client_user_agent(), method=ADOPTED)
        device = self._device_for(login_id, data.ip, data.user_agent, cookie)
        if device is None:
            return False
        session.pop(session_cookie.SINCE, None)
        if remembered:
            state.restored = device.of_session()
            data = data._replace(remember_until=remember_me.remember_until())
        # Flask-Login's word for a sign-in with a password, which was then at the latest
        proved_at = signed_at if session.get("_fresh") and not remembered else None
        self._start(state, user, device, data, replaces, proved_at)
        return True

    def _device_for(self, *browser: str) -> Credential | None:
        """The same for the same browser, also if the secret key has changed since it was met; None: it has ended."""
        candidates = [device_from(key, *(part.encode() for part in browser)) for key in secret_keys()]
        met = [(device, record) for device in candidates if (record := self._sessions.load(device.id)) is not None]
        if any(self._sessions.is_over(record) for _, record in met):
            return None
        return met[0][0] if met else candidates[0]

    def _start(
        self,
        state: RequestState,
        user: Any,
        device: Credential,
        data: SignInData,
        replaces: Iterable[Credential] = (),
        proved_at: int | None = None,
    ) -> None:
        credential = device.of_session()
        record = state.record = self._sessions.begin(user, credential, data)._replace(rotated_at=proved_at)
        state.session_id, state.begins = record.id, True
        if state.restored is None:
            session[KEY] = credential.value
        state.checked, state.refused = True, False
        state.defer(lambda: self._store_new(state, record, replaces))
        if data.remember_until is not None:
            state.device, state.remember_until = device, data.remember_until

    def _store_new(self, state: RequestState, record: SessionRecord, replaces: Iterable[Credential]) -> None:
        if state.identity:
            record = record._replace(**state.identity._asdict())
        self._sessions.add(record, replaces)
        if record.method == "sso":
            self._identities.note(record)
        announce(session_started, user_key=record.user_key, session_id=record.id, method=record.method)
