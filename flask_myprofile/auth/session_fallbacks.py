"""A browser whose session the usual statement has not found: its secret or its login id has changed meanwhile, it comes
back by its remember-me cookie, it is from before the installation, or it has ended."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, session

from ..account.credentials import Credential
from ..account.session_registry import SessionRegistry
from ..account.users import Users
from ..config import Config
from ..errors import UNREADABLE, StoreDown
from ..globals import is_login_view
from ..store.records import Found, SessionRecord
from . import refusal, remember_me
from .deferred_writes import own_transaction_if_context_is_shared
from .owner_check import OwnerCheck
from .request_state import RequestState
from .session_cookie import KEY
from .sign_in import SignIn

#: Lets the session of that id and login id in, or ends it: the guard's.
LetIn = Callable[[RequestState, str, str, Found], bool]


class SessionFallbacks:
    """Lets such a browser in all the same, or refuses it."""

    def __init__(
        self,
        config: Config,
        sessions: SessionRegistry,
        users: Users,
        owner: OwnerCheck,
        sign_in: SignIn,
        let_in: LetIn,
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._users = users
        self._owner = owner
        self._sign_in = sign_in
        self._let_in = let_in

    # ---- somebody is signed in

    def not_found(self, state: RequestState, credential: Credential | None, login_id: str) -> None:
        with own_transaction_if_context_is_shared():
            row = self._sessions.load(credential.id) if credential is not None else None
        record = row if credential and row and self._sessions.is_proven(row, credential) else None
        if credential is not None and record is not None and not credential.is_present(record):
            self._let_finish(state, credential, record, login_id)
        elif credential is not None and record is not None and record.may_have(login_id):
            if self._let_record_in(state, record):
                session[KEY] = credential.of(record.user_key, record.login_id).value
                session["_user_id"] = record.login_id
        elif credential is None or record is not None:
            # signed in before the extension was installed, or by code that writes the session itself
            replaces = [credential] if credential else []
            if not self._sign_in.adopt_legacy_session(state, login_id, remembered=False, replaces=replaces):
                self._refuse_unknown(state)
        else:
            self._refuse_left(state, credential, row)

    def _let_finish(self, state: RequestState, credential: Credential, record: SessionRecord, login_id: str) -> None:
        """The secret changed while the request was under way. The browser has the new one, or will: what this request
        leaves in its session must not come in the place of that."""
        state.superseded = True
        if record.may_have(login_id) and self._may_finish(record):
            state.session_id, state.secret_hash = credential.id, credential.hash
            remember_me.hide_remembered_device()  # Flask-Login reads that where the host's loader finds nobody
        else:
            state.hidden_session = remember_me.hide_signed_in_browser()

    def _may_finish(self, record: SessionRecord) -> bool:
        """Whether the user is active and has that password. Nothing ends where it is another one: it may be that of the
        very change which gave the session its secret, and which has not told the session yet."""
        user = self._users.load(record.user_key) if self._users.model is not None else None
        if user is None:
            return True
        mark = record.password_mark if self._config.session_follows_password else None
        other = mark is not None and self._users.has_other_password(user, record.user_key, mark)
        return self._users.is_active(user) and not other

    def _let_record_in(self, state: RequestState, record: SessionRecord) -> bool:
        """A session whose user the usual query has not found by what the browser says of them."""
        user = self._users.load(record.user_key) if self._users.model is not None else None
        if user is None and not self._users.is_login_id_of(record.login_id, record.user_key):
            self._owner.refuse_forgotten(state, record)
            return False
        known = (record.secret_hash, record.last_seen_at, record.user_key, record.password_mark, record.method)
        return self._let_in(state, record.id, record.login_id, Found(*known, user, preferences=None))

    # ---- nobody is

    def nobody_is_signed_in(self, state: RequestState, left: Credential | None) -> None:
        """The browser may be remembered, or have something left in its session.

        :param left: what is in its session of one that has no user any more."""
        if left is not None:
            self._refuse_left(state, left, self._sessions.load(left.id))
        elif session.get("_remember") != "clear":
            self._check_remembered(state)

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
            self._let_in(state, credential.id, login_id, found)
        elif credential is not None:
            self._check_remembered_record(state, credential, login_id)
        elif not self._sign_in.adopt_legacy_session(state, login_id, remembered=True):
            self._refuse_unknown(state)
        elif not state.begins:  # of nobody; beside it, Flask-Login would not ask the host's request_loader
            remember_me.hide_remembered_device()

    def _check_remembered_record(self, state: RequestState, credential: Credential, login_id: str) -> None:
        record = self._sessions.load(credential.id)
        is_there = record is not None and self._sessions.is_proven(record, credential)
        if record is None or not is_there or not credential.is_present(record) or not record.may_have(login_id):
            self._owner.refuse(state)  # a browser that has just been opened: no request of it is under way
            refusal.tell(self._sessions, credential, record)
            return
        state.restored = credential.of(record.user_key, record.login_id)
        if self._let_record_in(state, record) and record.login_id != login_id:
            remember_me.sign_anew(record.login_id)

    # ---- neither of them

    def _refuse_unknown(self, state: RequestState) -> None:
        self._owner.refuse(state)
        refusal.tell_of(None, None, refusal.UNKNOWN)

    def _refuse_left(self, state: RequestState, credential: Credential, row: SessionRecord | None) -> None:
        self._owner.refuse(state, late=self._has_gone_on(row, credential))
        refusal.tell(self._sessions, credential, row)

    def _has_gone_on(self, record: SessionRecord | None, credential: Credential) -> bool:
        """Whether the browser may have; not where it has come to the sign-in page, so that it has nothing newer."""
        return record is not None and self._sessions.has_gone_on(record, credential) and not is_login_view()

    def store_is_down(self, state: RequestState, error: StoreDown) -> None:
        """Nobody is let in and nothing is forgotten: public pages see an anonymous visitor, others answer 503."""
        current_app.logger.error(UNREADABLE, error)
        allowed = self._config.store_down == "allow"
        if allowed and "_user_id" not in session:
            # a remembered device passes bound to its own row, which is checked as soon as that is possible
            device = remember_me.device_credential()
            state.restored, allowed = device and device.of_session(), device is not None
        if not allowed:
            state.store_down = True
            state.hidden_session = remember_me.hide_signed_in_browser()
