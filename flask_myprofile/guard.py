"""Every request: is this session still signed in?

The check runs when Flask-Login is about to load the user (its ``user_accessed`` signal), before session protection,
the user_loader, the remember-me cookie and the request_loader have their turn. So no code of the host ever sees a user
who was signed out, and a page that never asks who is signed in costs nothing.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from flask import Flask, Response, abort, current_app, flash, g, has_request_context, request, session
from flask_login import signals as login_signals
from flask_login.config import SESSION_KEYS
from werkzeug.exceptions import ServiceUnavailable

from . import cookies, sso
from .account.sessions import ADOPTED, Credential, Facts, Sessions, device_from, new_device
from .account.tokens import Tokens
from .account.users import Users
from .bearer import BearerSignIn
from .config import Config
from .errors import StoreDown
from .i18n import gettext
from .signals import after_commit, announce, session_started
from .store import SessionRecord, TokenRecord
from .visit import Visit, client_address, client_program, secret_key, write_after_context, write_after_request
from .wire import prefers_json, problem, unavailable

#: Our key in the session: ``<row id>.<secret>``, or SIGNED_OUT until the login page has said so.
KEY = "_myprofile"
SIGNED_OUT = "signed out"


class Guard:
    """Keeps the registry in step with Flask-Login. One per app, connected to the app's own signals."""

    def __init__(self, app: Flask, config: Config) -> None:
        self._config = config
        self._key = f"flask_myprofile.visit.{id(app)}"
        self.sessions: Sessions
        self.users: Users
        self.tokens: Tokens
        self.bearer: BearerSignIn

    def serve(self, sessions: Sessions, users: Users, tokens: Tokens) -> None:
        """Whom the guard asks; they in turn ask it which session is the current one."""
        self.sessions, self.users, self.tokens = sessions, users, tokens
        self.bearer = BearerSignIn(self._config, tokens, users, self.token_used)

    def connect(self, app: Flask) -> None:
        """Listen to Flask-Login. Its signals hold receivers weakly: whoever calls this keeps the object."""
        login_signals.user_accessed.connect(self._on_access, sender=app)
        login_signals.user_logged_in.connect(self._on_login, sender=app)
        login_signals.user_logged_out.connect(self._on_logout, sender=app)
        login_signals.user_loaded_from_cookie.connect(self._on_remembered, sender=app)
        login_signals.user_login_confirmed.connect(self._on_confirmed, sender=app)
        login_signals.session_protected.connect(self._on_protected, sender=app)
        login_signals.user_unauthorized.connect(self._on_unauthorized, sender=app)
        # first before every request, last after it; and after Flask-SQLAlchemy has given the connection back
        app.before_request_funcs.setdefault(None, []).insert(0, self._before_request)
        app.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        app.teardown_request_funcs.setdefault(None, []).insert(0, self._end_request)
        app.teardown_appcontext_funcs.insert(0, write_after_context)

    # ---- the request

    def current_record(self) -> SessionRecord | None:
        """The session of this request, if someone has asked who is signed in."""
        visit: Visit | None = request.environ.get(self._key) if has_request_context() else None
        return visit.record if visit else None

    def _visit(self) -> Visit:
        visit: Visit = request.environ.setdefault(self._key, Visit())
        return visit

    def _before_request(self) -> None:
        sso.watch(self._config.sso_authlib)
        if self._key not in request.environ:
            # Flask-Login's cache of an earlier request, where an app context is pushed around several (Flask <= 3.1)
            g.pop("_login_user", None)
        if self.bearer.presented():
            self.bearer.prepare()  # before the host's CSRF check, which is a before_request function as well

    def _on_access(self, app: Flask, **extra: Any) -> None:
        if self._key in request.environ:
            return
        visit = self._visit()
        if self.bearer.presented():
            self.bearer.prepare()
            visit.session_aside = cookies.set_aside(self._config.device_cookie)
            return
        try:
            if "_user_id" in session:
                self._check_session(visit, session["_user_id"])
            elif session.get("_remember") != "clear":
                self._check_remembered(visit)
        except StoreDown as error:
            self._store_is_down(app, visit, error)

    def _check_session(self, visit: Visit, login_id: str) -> None:
        credential = Credential.parse(session.get(KEY))
        found = self.sessions.find(credential, login_id) if credential else None
        if found is not None and found.record.login_id == login_id:
            self._welcome(visit, found.record, found.user)
        elif credential is None or found is not None:
            # signed in before the extension was installed, or by code that writes the session itself
            self._adopt(visit, login_id, remembered=False)
        else:
            self._refuse(visit)

    def _check_remembered(self, visit: Visit) -> None:
        """A remember-me cookie is the same on all devices and for ever: it counts only with a live device cookie."""
        login_id = cookies.remembered_login_id()
        if login_id is None:
            return
        device = Credential.parse(request.cookies.get(self._config.device_cookie))
        found = self.sessions.find(device.of_session(), login_id) if device else None
        if device and found and found.record.login_id == login_id and found.record.remembered:
            session[KEY] = device.of_session().value
            self._welcome(visit, found.record, found.user)
        elif device is None:
            self._adopt(visit, login_id, remembered=True)
        else:
            self._refuse(visit)

    def _welcome(self, visit: Visit, record: SessionRecord, user: Any) -> None:
        if user is not None and not self.users.is_active(user):
            visit.deferred.append(lambda: self.sessions.end_record(record, "disabled"))
            self._refuse(visit)
            return
        visit.record = record
        if self.sessions.due(record):
            ip, agent = client_address(), client_program()
            visit.deferred.append(lambda: self.sessions.touch(record, ip, agent))

    def _adopt(self, visit: Visit, login_id: str, *, remembered: bool) -> None:
        user = self.users.load_by_login_id(login_id)
        if user is None:
            return  # Flask-Login finds nobody either
        cookie = "" if remembered else request.cookies.get(current_app.config["SESSION_COOKIE_NAME"], "")
        if not self.sessions.may_adopt(user, remembered, cookies.signed_at(cookie)):
            self._refuse(visit)
            return
        facts = Facts(login_id, client_address(), client_program(), method=ADOPTED)
        device = device_from(secret_key(), *(part.encode() for part in (login_id, facts.ip, facts.user_agent, cookie)))
        until = cookies.remember_until() if remembered else None
        self._start(visit, user, device, facts._replace(remember_until=until))

    def _start(
        self, visit: Visit, user: Any, device: Credential, facts: Facts, replaces: Credential | None = None
    ) -> None:
        credential = device.of_session()
        record = visit.record = self.sessions.begin(user, credential, facts)
        session[KEY] = credential.value
        visit.refused = False
        visit.deferred.append(lambda: self._store_new(visit, record, replaces))
        if facts.remember_until is not None:
            visit.device, visit.remember_until = device, facts.remember_until

    def _store_new(self, visit: Visit, record: SessionRecord, replaces: Credential | None) -> None:
        if visit.identity:
            record = record._replace(**visit.identity._asdict())
        self.sessions.add(record, replaces)
        announce(session_started, user_key=record.user_key, session_id=record.id, method=record.method)

    def _refuse(self, visit: Visit) -> None:
        """Nobody is signed in: Flask-Login finds nothing to load, and deletes its remember-me cookie."""
        for name in SESSION_KEYS:
            session.pop(name, None)
        session[KEY] = SIGNED_OUT
        session["_remember"] = "clear"
        visit.record, visit.refused, visit.forget_cookies = None, True, True

    def _store_is_down(self, app: Flask, visit: Visit, error: StoreDown) -> None:
        """Nobody is let in and nothing is forgotten: public pages see an anonymous visitor, others answer 503."""
        app.logger.error(
            "MyProfile cannot read its tables: %s. If they are missing, run `flask myprofile create-tables` "
            "or your migrations.",
            error,
        )
        if self._config.store_down == "deny":
            visit.store_down = True
            visit.session_aside = cookies.set_aside(self._config.device_cookie)

    # ---- Flask-Login's signals

    def _on_login(self, app: Flask, user: Any, **extra: Any) -> None:
        visit = self._visit()
        replaces = Credential.parse(session.get(KEY))
        cookies.new_session_id()
        kept = session.get("_remember") == "set" or current_app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST")
        until = cookies.remember_until() if kept else None
        facts = Facts(session["_user_id"], client_address(), client_program(), remember_until=until)
        self._start(visit, user, new_device(), facts, replaces)
        sso.when_recorded(lambda identity: self._identify(visit, identity))
        if identity := sso.recorded():
            self._identify(visit, identity)

    @staticmethod
    def _identify(visit: Visit, identity: sso.Identity) -> None:
        """The new session was Single Sign-On: it is not stored yet, so saying so costs nothing."""
        visit.identity = identity
        if visit.record is not None:
            visit.record = visit.record._replace(**identity._asdict())

    def token_used(self, record: TokenRecord) -> None:
        """Write down the use of an API token, after the answer."""
        tokens, ip, agent = self.tokens, client_address(), client_program()
        self._visit().deferred.append(lambda: tokens.touch(record, ip, agent))

    def _on_logout(self, app: Flask, **extra: Any) -> None:
        visit = self._visit()
        credential = Credential.parse(session.pop(KEY, None))
        if credential is not None:
            visit.deferred.append(lambda: self.sessions.end_proven(credential, "logout"))
            visit.record = None
        visit.forget_cookies = True  # a session that the host emptied first is ended after the request

    def _on_remembered(self, app: Flask, user: Any, **extra: Any) -> None:
        cookies.new_session_id()

    def _on_confirmed(self, app: Flask, **extra: Any) -> None:
        """Signing in again within a session gives it a new secret."""
        visit = self._visit()
        if (record := visit.record) is not None:
            self._hand_over(visit, record, login_id=session["_user_id"], device=new_device(), deferred=True)

    def _on_protected(self, app: Flask, **extra: Any) -> None:
        """In "strong" mode Flask-Login has just emptied its own keys; in "basic" mode the session goes on."""
        if "_user_id" not in session and (credential := Credential.parse(session.pop(KEY, None))):
            visit = self._visit()
            visit.record, visit.forget_cookies = None, True
            visit.deferred.append(lambda: self.sessions.end_proven(credential, "protection"))

    def _on_unauthorized(self, app: Flask, **extra: Any) -> None:
        visit = self._visit()
        if visit.store_down:
            raise ServiceUnavailable(retry_after=30, response=unavailable() if prefers_json() else None)
        if session.get(KEY) != SIGNED_OUT:
            return
        sentence = gettext("You have been signed out of this session.")
        # a script cannot read a login page; a host with a handler of its own knows what to answer
        if visit.refused and prefers_json() and not app.login_manager.unauthorized_callback:  # type: ignore[attr-defined]
            abort(problem(401, "signed_out", sentence))
        session.pop(KEY)
        flash(sentence)

    # ---- a new secret for a session that goes on

    def renew(self, user: Any, record: SessionRecord) -> None:
        """In a view of ours, within its transaction: see :meth:`Sessions.renew`."""
        attribute = current_app.login_manager.id_attribute  # type: ignore[attr-defined]
        self._hand_over(self._visit(), record, login_id=getattr(user, attribute)(), device=new_device(), deferred=False)

    def _hand_over(
        self, visit: Visit, record: SessionRecord, *, login_id: str, device: Credential, deferred: bool
    ) -> None:
        credential = Credential(record.id, device.of_session().secret)

        def give() -> None:
            session[KEY], session["_user_id"] = credential.value, login_id
            session.pop(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"), None)
            cookies.new_session_id()
            if record.remember_until is not None:
                visit.device, visit.remember_until = Credential(record.id, device.secret), record.remember_until
                session["_remember"] = "set"

        if deferred:
            visit.deferred.append(lambda: self.sessions.rotate(record, credential, login_id))
            give()
        elif self.sessions.rotate(record, credential, login_id):
            after_commit(give)

    # ---- after the view

    def _after_request(self, response: Response) -> Response:
        visit: Visit | None = request.environ.get(self._key)
        if visit is None:
            return response
        if visit.session_aside is not None:
            cookies.put_back(visit.session_aside)
            return response
        record = visit.record
        if record is not None and "_user_id" not in session:
            # the host signed out by emptying the session
            visit.record, visit.forget_cookies = None, True
            visit.deferred.append(lambda: self.sessions.end_record(record, "logout"))
        if visit.record is not None and visit.device is not None:
            until = datetime.fromtimestamp(visit.remember_until or 0, timezone.utc)
            cookies.set_device_cookie(response, self._config.device_cookie, visit.device.value, until)
        elif visit.forget_cookies:
            cookies.clear_cookies(response, self._config.device_cookie)
        return response

    def _end_request(self, error: BaseException | None = None) -> None:
        visit: Visit | None = request.environ.get(self._key)
        if visit is not None:
            write_after_request(visit)
