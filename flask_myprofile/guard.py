"""Every request: is this session still signed in?

The check runs when Flask-Login is about to load the user (its ``user_accessed`` signal), before session protection,
the user_loader, the remember-me cookie and the request_loader have their turn. So no code of the host ever sees a user
who was signed out, and a page that never asks who is signed in costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from flask import Flask, Response, abort, appcontext_tearing_down, flash, g, request, session
from flask_login import signals as login_signals
from flask_login.config import SESSION_KEYS
from werkzeug.exceptions import ServiceUnavailable

from . import cookies, door, sso, step_up
from .account.credentials import Credential
from .account.sessions import Sessions
from .account.users import Users
from .bearer import BearerSignIn
from .config import Config
from .errors import UNREADABLE, StoreDown
from .globals import login_page
from .i18n import gettext
from .sign_in import KEY, SignIn
from .store import Found
from .visit import (
    Visit,
    beside_the_host,
    client_address,
    client_program,
    current_visit,
    visit_of,
    write_after_context,
    write_after_request,
)
from .wire import RETRY_AFTER, prefers_json, problem, unavailable

#: In the place of a session that ended, until the login page has said so.
SIGNED_OUT = "signed out"


class Guard:
    """Keeps the registry in step with Flask-Login. One per app, connected to the app's own signals.

    :param meet_host: called before the first request, when the host has set up all it will.
    """

    def __init__(
        self,
        config: Config,
        sessions: Sessions,
        users: Users,
        sign_in: SignIn,
        bearer: BearerSignIn,
        meet_host: Callable[[], None],
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._users = users
        self._sign_in = sign_in
        self._bearer = bearer
        self._meet_host: Callable[[], None] | None = meet_host

    def connect(self, app: Flask) -> None:
        """Listen to Flask-Login. Its signals hold receivers weakly: whoever calls this keeps the object."""
        login_signals.user_accessed.connect(self._on_access, sender=app)
        login_signals.user_unauthorized.connect(self._on_unauthorized, sender=app)
        # first before every request, and last after it
        app.before_request_funcs.setdefault(None, []).insert(0, self._before_request)
        app.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        appcontext_tearing_down.connect(write_after_context, app)  # when all teardown functions of the app are done

    # ---- the request

    def _before_request(self) -> Any:
        incoming = request._get_current_object()  # type: ignore[attr-defined]
        meet_host = self._meet_host
        if meet_host is not None:  # two first requests may both do it
            meet_host()
            self._meet_host = None
        if self._config.sso_authlib:
            sso.watch()
        if visit_of(incoming) is None:
            # Flask-Login's cache of an earlier request, where an app context is pushed around several (Flask <= 3.1)
            g.pop("_login_user", None)
        if "HTTP_AUTHORIZATION" in incoming.environ and self._bearer.presented():
            self._bearer.prepare()  # before the host's CSRF check, which is a before_request function as well
        return step_up.take_over(incoming)

    def _on_access(self, app: Flask, **extra: Any) -> None:
        visit = current_visit()
        if visit.checked:
            return
        visit.checked = True
        if self._bearer.presented():
            self._bearer.prepare()
            visit.session_aside = cookies.set_aside(self._config.device_cookie)
            return
        kept = session._get_current_object()  # type: ignore[attr-defined]
        login_id = kept.get("_user_id")
        try:
            if login_id is not None:
                self._check_session(app, visit, kept.get(KEY), login_id)
            elif kept.get("_remember") != "clear":
                self._check_remembered(app, visit)
        except StoreDown as error:
            self._store_is_down(app, visit, error)

    def _check_session(self, app: Flask, visit: Visit, value: object, login_id: str) -> None:
        credential = Credential.parse(value)
        found = self._sessions.find(credential, login_id) if credential is not None else None
        if credential is not None and found is not None:
            self._welcome(app, visit, credential.id, login_id, found)
            return
        with beside_the_host():
            record = self._sessions.proven(credential) if credential is not None else None
        if record is not None and record.login_id == login_id:  # the secret changed while the request was under way
            self._welcome(app, visit, record.id, login_id, Found(record.secret_hash, record.last_seen_at, None, None))
        elif credential is None or record is not None:
            # signed in before the extension was installed, or by code that writes the session itself
            replaces = [credential] if credential else []
            if not self._sign_in.adopt(visit, login_id, remembered=False, replaces=replaces):
                self._refuse(visit)
        else:
            self._refuse(visit)

    def _check_remembered(self, app: Flask, visit: Visit) -> None:
        """A remember-me cookie is the same on all devices and for ever: it counts only with a live device cookie."""
        login_id = cookies.remembered_login_id()
        if login_id is None:
            if cookies.remember_name() in request.cookies:
                session["_remember"] = "clear"
                visit.forget_cookies = True
            return
        device = Credential.parse(request.cookies.get(self._config.device_cookie))
        found = self._sessions.find(device.of_session(), login_id) if device else None
        if device and found:  # a device secret is given to remembered devices only
            # not into the session yet: one that is not empty fails Flask-Login's session protection, which comes next
            visit.restored = device.of_session()
            self._welcome(app, visit, device.id, login_id, found)
        elif device is not None or not self._sign_in.adopt(visit, login_id, remembered=True):
            self._refuse(visit)

    def _welcome(self, app: Any, visit: Visit, session_id: str, login_id: str, found: Found) -> None:
        user, seen = found.user, found.last_seen_at
        if user is not None:
            if cookies.login_id_of(user, app) != login_id:
                user = None  # a login id that reads like the primary key of somebody else
            elif not self._users.is_active(user):
                visit.defer(lambda: self._sessions.end_known(session_id, "disabled"))
                self._refuse(visit)
                return
        visit.session_id, visit.user, visit.preferences = session_id, user, found.preferences
        if self._sessions.due(seen):
            ip, agent = client_address(), client_program()
            visit.defer(lambda: self._sessions.touch(session_id, ip, agent))

    def _refuse(self, visit: Visit) -> None:
        """Nobody is signed in: Flask-Login finds nothing to load, and deletes its remember-me cookie."""
        for name in SESSION_KEYS:
            session.pop(name, None)
        session[KEY] = SIGNED_OUT
        session["_remember"] = "clear"
        visit.session_id, visit.refused, visit.forget_cookies = None, True, True

    def _store_is_down(self, app: Flask, visit: Visit, error: StoreDown) -> None:
        """Nobody is let in and nothing is forgotten: public pages see an anonymous visitor, others answer 503."""
        app.logger.error(UNREADABLE, error)
        allowed = self._config.store_down == "allow"
        if allowed and "_user_id" not in session:
            # a remembered device passes bound to its own row, which is checked as soon as that is possible
            device = Credential.parse(request.cookies.get(self._config.device_cookie))
            visit.restored, allowed = device and device.of_session(), device is not None
        if not allowed:
            visit.store_down = True
            visit.session_aside = cookies.set_aside(self._config.device_cookie)

    # ---- Flask-Login's signals

    def _on_unauthorized(self, app: Flask, **extra: Any) -> None:
        visit = current_visit()
        if visit.store_down:
            raise ServiceUnavailable(retry_after=RETRY_AFTER, response=unavailable() if prefers_json() else None)
        if session.get(KEY) != SIGNED_OUT:
            return
        sentence = gettext("You have been signed out of this session.")
        # a script cannot read a login page; a host with a handler of its own knows what to answer
        if visit.refused and prefers_json() and not app.login_manager.unauthorized_callback:  # type: ignore[attr-defined]
            abort(problem(401, "signed_out", sentence, login_url=login_page()))
        session.pop(KEY)
        flash(sentence)

    # ---- after the view

    def _after_request(self, response: Response) -> Response:
        visit = visit_of(request._get_current_object())  # type: ignore[attr-defined]
        if visit is not None and visit.session_aside is not None:
            cookies.put_back(visit.session_aside)
        if visit is None or visit.session_id is None:
            cookies.keep_age(KEY)
        if visit is not None and visit.session_aside is None:
            self._keep_in_step(visit, response)
        if visit is not None and visit.writes:
            write_after_request()
        return response if response.status_code != 405 else door.wrong_method(response)

    def _keep_in_step(self, visit: Visit, response: Response) -> None:
        """The cookies of the browser, with what has become of its session."""
        session_id = visit.session_id
        if session_id is not None and "_user_id" not in session:
            # the host signed out by emptying the session
            visit.session_id, visit.forget_cookies = None, True
            visit.defer(lambda: self._sessions.end_known(session_id, "logout"))
        if visit.session_id is not None and visit.device is not None:
            until = datetime.fromtimestamp(visit.remember_until or 0, timezone.utc)
            cookies.set_device_cookie(response, self._config.device_cookie, visit.device.value, until)
        elif visit.forget_cookies:
            cookies.clear_cookies(response, self._config.device_cookie)
