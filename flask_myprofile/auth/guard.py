"""Every request: is this session still signed in?

Read from top to bottom, this is what happens to an ordinary request of somebody who is signed in. The rest is a call
away: :class:`.SessionFallbacks` where the one statement has not found the session, :class:`.OwnerCheck` where it is not
its user's any more, and :class:`.AnswerCookies` where it has changed meanwhile.

The check runs when Flask-Login is about to load the user (its ``user_accessed`` signal), before session protection,
the user_loader, the remember-me cookie and the request_loader have their turn. So no code of the host ever sees a user
who was signed out, and a page that never asks who is signed in costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO, RawIOBase
from typing import Any

from flask import Flask, Request, Response, g, request, session
from flask_login import signals as login_signals
from werkzeug.wsgi import LimitedStream

from ..account import clock
from ..account.credentials import Credential
from ..account.session_registry import SessionRegistry
from ..account.users import Users
from ..config import Config
from ..errors import StoreDown
from ..globals import MAX_BODY, OWN_BLUEPRINTS, current_profile
from ..store.records import Found
from ..store.user_at_hand import AtHand
from . import remember_me, user_loader
from .answer_cookies import LONG, AnswerCookies
from .bearer import BearerSignIn
from .deferred_writes import write_after_context
from .owner_check import OwnerCheck
from .request_state import ANSWERED, RequestState, request_state, state_of
from .session_cookie import KEY
from .session_fallbacks import SessionFallbacks
from .sign_in import SignIn

#: Each use of one of Flask's proxies looks for what it stands for: here that is asked for once.
_request: Any = request
_session: Any = session
_g: Any = g


class Guard:
    """Keeps the registry in step with Flask-Login. One per app, connected to the app's own signals.

    :param owner: what is done where a live session is not its user's.
    :param first_request: called before the first request, when the host has set up all it will.
    :param before_request: called with each request; may answer it.
    :param unrouted: called with each answer of 404 and 405, which Flask may give before it knows whose page it is.
    """

    def __init__(
        self,
        config: Config,
        sessions: SessionRegistry,
        users: Users,
        owner: OwnerCheck,
        sign_in: SignIn,
        bearer: BearerSignIn,
        *,
        first_request: Callable[[], None],
        before_request: Callable[[Request], Any],
        unrouted: Callable[[Response], Response],
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._users = users
        self._owner = owner
        self._bearer = bearer
        self._fallbacks = SessionFallbacks(config, sessions, users, owner, sign_in, self._let_in)
        self._cookies = AnswerCookies(sessions, sign_in)
        self._first_request: Callable[[], None] | None = first_request
        self._then = before_request
        self._unrouted = unrouted
        #: Whether the host's loader takes the user out of the identity map, as ``session.get()`` does.
        self._loader_gets = False

    def connect(self, app: Flask) -> None:
        """Listen to Flask-Login. Its signals hold receivers weakly: whoever calls this keeps the object."""
        login_signals.user_accessed.connect(self._on_access, sender=app)
        # first before every request, last after it, and when all teardown functions of the app are done
        app.before_request_funcs.setdefault(None, []).insert(0, self._before_request)
        app.after_request_funcs.setdefault(None, []).insert(0, self._after_request)
        app.teardown_appcontext_funcs.insert(0, write_after_context)  # no signal, which costs each request more

    # ---- 1. before the host's own functions

    def _before_request(self) -> Any:
        incoming, first_request = _request._get_current_object(), self._first_request
        if first_request is not None:  # two first requests may both do it
            first_request()
            self._first_request = None
        if incoming.method == "POST" and incoming.blueprint in OWN_BLUEPRINTS:
            _let_body_come(incoming)
        if "_login_user" in (shared := _g._get_current_object()) and state_of(incoming) is None:
            # Flask-Login's cache of an earlier request, where an app context is pushed around several (Flask <= 3.1)
            shared.pop("_login_user")
        if "HTTP_AUTHORIZATION" in incoming.environ and self._bearer.presented():
            self._bearer.prepare()  # before the host's CSRF check, which is a before_request function as well
        return self._then(incoming)

    # ---- 2. somebody asks who is signed in: the cookie, one statement, and whether both say the same

    def _on_access(self, app: Flask, **extra: Any) -> None:
        incoming = _request._get_current_object()
        state = request_state(incoming)
        if state.has_begun_check:
            return
        state.has_begun_check = True
        user_loader.stand_in(app.login_manager)  # type: ignore[attr-defined]
        if "HTTP_AUTHORIZATION" in incoming.environ and self._bearer.presented():
            self._bearer.prepare()
            state.hidden_session = remember_me.hide_signed_in_browser()
            return
        kept = _session._get_current_object()
        login_id, credential = kept.get("_user_id"), Credential.parse(kept.get(KEY))
        try:
            if login_id is None:
                self._fallbacks.nobody_is_signed_in(state, credential)
                return
            login_id = str(login_id)  # a get_id() may answer a number
            # live, of that login id, and with this secret as its present one
            found = self._sessions.find(credential, login_id) if credential is not None else None
            if credential is None or found is None:
                self._fallbacks.not_found(state, credential, login_id)
            else:
                self._let_in(state, credential.id, login_id, found)
        except StoreDown as error:
            self._fallbacks.store_is_down(state, error)
        except Exception:  # the host's is_active, say: its error page may ask again, and nobody has been let in
            state.hidden_session = remember_me.hide_signed_in_browser()
            raise

    # ---- 3. the session is live: may its user come in?

    def _let_in(self, state: RequestState, session_id: str, login_id: str, found: Found) -> bool:
        user = found.user
        if user is not None and (reason := self._why_over(state, user, found.user_key, found.password_mark)):
            self._owner.end(state, found.user_key, session_id, reason)
            return False
        state.session_id, state.secret_hash, state.let_in_at = session_id, found.secret_hash, clock.time()
        state.user_key, state.password_mark, state.method = found.user_key, found.password_mark, found.method
        state.user, state.preferences = user, found.preferences
        state.check_loaded = partial(self._check_loaded, state, login_id, found.last_seen_at)
        return True

    def _why_over(self, state: RequestState, user: Any, user_key: str, mark: str | None) -> str | None:
        """Why a session ends although nobody has ended it."""
        if not self._users.is_active(user):
            return "disabled"
        if mark is None or not self._config.session_follows_password:
            return None
        if not self._users.has_other_password(user, user_key, mark) or self._owner.follows(state, user, user_key, mark):
            return None
        return "password_changed"

    # ---- 4. Flask-Login asks the host's loader, in which :mod:`.user_loader` stands: of whom it finds, is the session?

    def _check_loaded(
        self, state: RequestState, login_id: str, last_seen_at: int, load: Callable[[Any], Any], asked: Any
    ) -> Any:
        known, session_id = state.user, state.session_id
        if session_id is None or str(asked) != login_id:  # signed out meanwhile, or asked for somebody else
            return load(asked)
        user = self._ask_loader(known, login_id, login_id == state.user_key, load, asked)
        if user is not known and (reason := self._why_not_theirs(state, user, login_id)):
            self._owner.end(state, state.user_key, session_id, reason)
            return None
        if user is None:  # for now, so the session stays
            # Flask-Login asks the remember-me cookie next, perhaps another's
            remember_me.hide_remembered_device()
        elif self._sessions.is_touch_due(last_seen_at):
            ip, agent = state.client
            state.defer(lambda: self._sessions.touch(session_id, ip, agent))
        return user

    def _ask_loader(self, known: Any, login_id: str, is_key: bool, load: Callable[[Any], Any], asked: Any) -> Any:
        """A query of its own is answered with the user who came along; one for the identity map finds them there."""
        if known is None or (self._loader_gets and is_key):
            return load(asked)
        with AtHand(current_profile.db.session, known, login_id) as hand:
            user = load(asked)
        self._loader_gets = not hand.is_asked
        return user

    def _why_not_theirs(self, state: RequestState, user: Any, login_id: str) -> str | None:
        """Why the session ends with such a user, or with nobody, whom the host's loader knows by that login id."""
        if not self._owner.is_theirs(state, user, login_id):
            return "outdated"
        if user is None or state.user is not None:
            return None
        return self._why_over(state, user, state.user_key, state.password_mark)

    # ---- 5. the answer: for who is there as before, there is nothing to be done

    def _after_request(self, response: Response) -> Response:
        if response.status_code in (404, 405):
            response = self._unrouted(response)
        incoming = _request._get_current_object()
        vars(incoming)[ANSWERED] = True
        state = state_of(incoming)
        if state is None:
            return self._cookies.of_unasked(response)
        if not self._is_as_it_was(state):
            self._cookies.keep_in_step(state, response)
        return response if state.writes is None else state.writes.settle(response)

    def _is_as_it_was(self, state: RequestState) -> bool:
        """Whether the browser goes on with the session that it came with, and has no newer one meanwhile."""
        if state.session_id is None or state.hidden_session is not None:
            return False
        if state.begins or state.late or state.superseded or state.device or state.clear_cookies:
            return False
        return "_user_id" in _session._get_current_object() and clock.time() - state.let_in_at <= LONG

    # ---- 6. the app context has ended: what has been put off is written, see :func:`.write_after_context`


def _let_body_come(incoming: Request) -> None:
    """What is sent to a page of ours is there before anybody asks who sends it, however slowly it comes: whoever has
    been signed out by then, or is no administrator any more, changes nothing. And no connection waits for it.

    One that is larger is the view's to read, which looks once more at its sender then.
    """
    length = incoming.content_length or 0
    if 0 < length <= MAX_BODY:
        incoming.max_content_length = MAX_BODY
        incoming.get_data()
    elif not length and incoming.environ.get("wsgi.input_terminated"):
        _let_chunks_come(incoming.environ)


def _let_chunks_come(environ: dict[str, Any]) -> None:
    """They tell no length, and the view's limit may be a higher one: what has come is put back."""
    stream = environ["wsgi.input"]
    begun = LimitedStream(stream, MAX_BODY + 1, is_max=True).readall()
    environ["wsgi.input"] = BytesIO(begun) if len(begun) <= MAX_BODY else _Continued(begun, stream)


class _Continued(RawIOBase):
    """What has been read of a stream, and then the rest of it."""

    def __init__(self, begun: bytes, rest: Any) -> None:
        self._begun = BytesIO(begun)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._begun.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)
