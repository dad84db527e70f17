"""How a session of ours begins, gets a new secret and ends, as Flask-Login signs people in and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import flask_login
from flask import Flask, current_app, request, session
from flask_login import signals as login_signals

from ..account.credentials import Credential, device_from, new_device, new_secret
from ..account.events import CONFIRMED
from ..account.identities import Identities
from ..account.session_events import LOGOUT
from ..account.session_registry import SessionRegistry
from ..account.sign_in_data import SignInData, SsoIdentity
from ..account.single_logout import SingleLogout
from ..account.users import Users
from ..errors import Conflict, StoreDown
from ..globals import current_profile, secret_keys
from ..signals import announce, session_started
from ..store.notice_records import KnownDevice
from ..store.records import ADOPTED, Owner, SessionRecord
from ..transactions import TRIES, after_commit, run
from . import remember_me, session_cookie
from .identity import recorded_identity, take_identity, when_recorded
from .known_device import sign_in_from
from .password_watch import PasswordWatch
from .pending_identity import pending_identity
from .request_state import RequestState, current_record, is_answered, request_state
from .session_cookie import KEY
from .user_watch import begin_when_saved, has_key


class SignIn:
    """Follows Flask-Login's signals. What has to be written is deferred until the request is answered."""

    def __init__(
        self,
        sessions: SessionRegistry,
        users: Users,
        identities: Identities,
        single_logout: SingleLogout,
        passwords: PasswordWatch,
    ) -> None:
        self._identities = identities
        self._single_logout = single_logout
        self._passwords = passwords
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
        if state.hidden_session is not None or is_answered():  # what the host writes into a session is not kept
            self.refuse_if_unknown(state)
            return
        if not has_key(self._users, user):
            begin_when_saved(self._users, user, lambda: self._on_login(app, user))
            return
        replaces, key, state.restored = self._held(), self._users.key(user), None
        identity = (recorded_identity() or pending_identity()) if take_identity(key) else None
        session_cookie.forget_user()
        session_cookie.new_session_id()
        kept = session.get("_remember") == "set" or current_app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST")
        until = remember_me.remember_until() if kept else None
        data = SignInData(str(session["_user_id"]), *state.client, remember_until=until)
        device = new_device(key)
        state.known_device = sign_in_from(key, device.id)
        self._start(state, user, key, device, data, replaces)
        when_recorded(lambda identity: self._identify(state, key, device.id, identity))
        if identity is not None:
            self._identify(state, key, device.id, identity)

    def _held(self) -> list[Credential]:
        """What this browser holds of a session so far: one browser is one session, whoever it was."""
        device = remember_me.device_credential()
        # a host may have emptied the session since it came
        of_session = [Credential.parse(each.get(KEY)) for each in (session, session_cookie.as_it_came())]
        held = [credential for credential in (*of_session, device.of_session() if device else None) if credential]
        return list(dict.fromkeys(credential._replace(user_key=None) for credential in held))

    @staticmethod
    def _identify(state: RequestState, user_key: str, session_id: str, identity: SsoIdentity) -> None:
        """The new session was Single Sign-On: it is not stored yet, so saying so costs nothing."""
        take_identity(user_key)
        state.identities = {**(state.identities or {}), session_id: identity}
        if state.record is not None:
            state.record = state.record._replace(**identity._asdict())

    def _on_logout(self, app: Flask, **extra: Any) -> None:
        state = request_state()
        credential = Credential.parse(session.get(KEY))
        session_cookie.forget_user()
        if credential is not None:
            state.promise(lambda: self._sessions.end_proven(credential, LOGOUT))
            state.session_id = None
        self.refuse_if_unknown(state)
        state.clear_cookies = True  # a session that the host emptied first is ended after the request

    def end_emptied(self) -> RequestState | None:
        """The host has emptied the session, and nobody has asked who was signed in: also a sign-out."""
        came = session_cookie.as_it_came()
        credential = Credential.parse(came.get(KEY)) if "_user_id" in came else None
        if credential is None:
            return None
        state = request_state()
        session.pop(KEY, None)
        state.promise(lambda: self._sessions.end_proven(credential, LOGOUT))
        state.clear_cookies = True
        return state

    @staticmethod
    def refuse_if_unknown(state: RequestState) -> None:
        """Where the store does not say who is there, nobody has been signed in or out."""

        def fail() -> None:
            raise StoreDown("who has signed in or out could not be asked")

        if state.store_down:
            state.promise(fail)

    def _on_remembered(self, app: Flask, user: Any, **extra: Any) -> None:
        if not session_cookie.has_given_csrf_token() or session_cookie.came_with_csrf_token():
            session_cookie.forget_csrf_token()
        session_cookie.new_session_id()
        if (restored := request_state().restored) is not None:
            session[KEY] = restored.value

    def _on_confirmed(self, app: Flask, **extra: Any) -> None:
        """Signing in again within a session gives it a new secret."""
        state, user = request_state(), flask_login.current_user
        if (record := current_record()) is not None:
            record = record._replace(password_mark=self._users.password_mark(user._get_current_object()))
            if self._replace_secret(state, record, login_id=str(session["_user_id"]), deferred=True):
                state.promise(lambda: current_profile.activity.note(CONFIRMED, record.user_key))

    def _on_protected(self, app: Flask, **extra: Any) -> None:
        """In "strong" mode Flask-Login has just emptied its own keys; in "basic" mode the session goes on."""
        if "_user_id" not in session and (credential := Credential.parse(session.get(KEY))):
            session_cookie.forget_user()
            state = request_state()
            state.session_id, state.clear_cookies = None, True
            state.promise(lambda: self._sessions.end_proven(credential, "protection"))

    # ---- a new secret for a session that goes on

    def renew(self, user: Any, record: SessionRecord) -> bool:
        """In a view of ours, within its transaction: see :meth:`Sessions.renew`."""
        mark, login_id = self._users.password_mark(user), remember_me.login_id_of(user)
        self._sessions.hold(record.user_key)
        if self._sessions.in_database:
            record = record._replace(password_mark=mark)
        rotated = self._replace_secret(request_state(), record, login_id=login_id, deferred=False)
        if rotated and record.password_mark != mark:  # only once the password is that for good
            before, now = (Owner(login_id, each) for each in (record.password_mark, mark))
            self._sessions.follow_user(record.user_key, before, now, record.id)
        return rotated

    def _replace_secret(self, state: RequestState, record: SessionRecord, *, login_id: str, deferred: bool) -> bool:
        if state.superseded:
            return False
        device = Credential(record.id, new_secret()).of(record.user_key, login_id)
        credential = device.of_session()

        def give() -> None:
            state.record = None  # as it is now, it will be read again
            state.secret_hash, state.superseded = credential.hash, False
            session[KEY], session["_user_id"] = credential.value, login_id
            session_cookie.forget_csrf_token()
            session_cookie.new_session_id()
            if record.remember_until is not None:
                state.device, state.remember_until = device, record.remember_until
                session["_remember"] = "set"

        if deferred:
            state.promise(lambda: self._rotate(record, credential, login_id))
            give()
            state.record = self._sessions.rotated(record, credential, login_id)
            return True
        rotated = self._sessions.rotate(record, credential, login_id)
        if rotated:
            # what a failed commit does not undo, the browser must know of at once
            after_commit(give) if self._sessions.in_database else give()
            after_commit(lambda: self._catch_up(record))
        return rotated

    def _rotate(self, record: SessionRecord, credential: Credential, login_id: str) -> None:
        if not self._sessions.rotate(record, credential, login_id):
            now = self._sessions.load(record.id)
            if now is None or now.secret_hash != credential.hash:  # unless an earlier try has succeeded after all
                raise Conflict("the session has ended, or has got another secret")

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
            state.defer(lambda: self._sessions.put_sign_outs_right(user))
            return False
        data = SignInData(login_id, *state.client, method=ADOPTED)
        key = self._users.key(user)
        device = self._device_for(key, login_id, data.ip, data.user_agent, cookie)
        if device is None:
            return False
        if replaces:  # the host has put somebody else into the session that was another user's
            session_cookie.forget_user()
        session.pop(session_cookie.SINCE, None)
        if remembered:
            state.restored = device.of(key, login_id).of_session()
            data = data._replace(remember_until=remember_me.remember_until())
        # Flask-Login's word for a sign-in with a password, which was then at the latest
        proved_at = signed_at if session.get("_fresh") and not remembered else None
        self._start(state, user, key, device, data, replaces, proved_at)
        state.defer(lambda: self._end_if_signed_out(state, user, remembered, signed_at), tries=TRIES)
        return True

    def _device_for(self, user_key: str, *browser: str) -> Credential | None:
        """The same for the same browser, also if the secret key has changed since it was met; None: it has ended."""
        candidates = [device_from(user_key, key, *(part.encode() for part in browser)) for key in secret_keys()]
        met = [(device, record) for device in candidates if (record := self._sessions.load(device.id)) is not None]
        if any(self._sessions.is_over(record) for _, record in met):
            return None
        return met[0][0] if met else candidates[0]

    def _start(
        self,
        state: RequestState,
        user: Any,
        user_key: str,
        device: Credential,
        data: SignInData,
        replaces: Iterable[Credential] = (),
        proved_at: int | None = None,
    ) -> None:
        device = device.of(user_key, data.login_id)
        credential = device.of_session()
        record = state.record = self._sessions.begin(user_key, credential, data)._replace(rotated_at=proved_at)
        state.session_id, state.begins = record.id, True
        state.user_key, state.check_loaded = record.user_key, None
        state.method, state.preferences = None, None  # of whoever came with the request
        state.secret_hash, state.superseded = record.secret_hash, False
        if state.restored is None:
            session[KEY] = credential.value
        state.has_begun_check, state.refused = True, False
        # of this sign-in: somebody else may sign in after them
        marks, known = self._passwords.marks_of(user, user_key), state.known_device
        state.promise(lambda: self._store_new(state, _with_mark(record, marks), replaces, known))
        if not self._sessions.sees_password(user, user_key):
            state.defer(lambda: self._end_if_password_changed(user, marks, record.id), tries=TRIES)
        if data.remember_until is not None:
            state.device, state.remember_until = device, data.remember_until

    # ---- what it was let in for may be over: it was looked at before the session was stored

    def _end_if_password_changed(self, user: Any, marks: list[str], session_id: str) -> None:
        """Whoever changes the password from here on finds the session, and ends it with the others. Who has done so
        before could not know of it."""
        if self._sessions.has_password_changed(user, marks):
            self._sessions.end_known(session_id, "password_changed")

    def _end_if_signed_out(self, state: RequestState, user: Any, remembered: bool, signed_at: int | None) -> None:
        """The same for a cookie from before the installation, and whoever signs the user out."""
        if state.session_id and not state.is_kept and not self._sessions.may_adopt(user, remembered, signed_at):
            self._sessions.end_known(state.session_id, "signed_out")

    def _store_new(
        self, state: RequestState, record: SessionRecord, replaces: Iterable[Credential], known: KnownDevice | None
    ) -> None:
        if identity := (state.identities or {}).get(record.id):
            record = record._replace(**identity._asdict())
        if record.is_sso:
            self._identities.note(record)
        is_news = self._sessions.add(record, replaces, known)
        about = {"session_id": record.id, "method": record.method, "new_device": is_news}
        announce(session_started, user_key=record.user_key, **about)
        after_commit(lambda: self._catch_up(record))

    def _catch_up(self, record: SessionRecord) -> None:
        """Stored and committed: is it still what the provider says?"""
        if record.issuer is not None:
            run(lambda: self._single_logout.catch_up(record), current_profile.own_transaction)


def _with_mark(record: SessionRecord, marks: list[str]) -> SessionRecord:
    """By the last one: the host may have hashed the same password anew since the session began."""
    return record._replace(password_mark=marks[-1] if marks else None)
