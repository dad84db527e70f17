"""What one request has learned of its browser, and what is to be written down once it is answered.

Kept with the request, never in ``g``: up to Flask 3.1 a surrounding app context shares ``g`` between requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from flask import Request, has_request_context, request

from ..account.credentials import Credential
from ..account.events import Origin
from ..account.pending_forms import SentForm
from ..account.sign_in_data import SsoIdentity
from ..globals import current_profile
from ..store.notice_records import KnownDevice
from ..store.records import SessionRecord
from ..store.token_records import CheckedToken
from . import session_cookie
from .client import client_address, client_user_agent
from .deferred_writes import DeferredWrites, deferred_writes, own_transaction_if_context_is_shared
from .origin import from_there, kept_origin, origin_of, origin_of_no_request

_KEY = "_flask_myprofile_state"
#: With the request as well, once its answer has its cookies.
ANSWERED = "_flask_myprofile_answered"


class RequestState:
    """What one request has learned of its browser. What it has not is as it is here, which costs a request nothing."""

    has_begun_check: bool = False
    #: The session of this request; its whole row is read only when somebody asks, see :func:`current_record`.
    session_id: str | None = None
    #: The SHA-256 of the secret that the browser has proved it by.
    secret_hash: str | None = None
    #: Whether that is not the session's secret any more, but the one before: a request that was under way. Whoever has
    #: it reads on, but proves nothing and writes nothing.
    superseded: bool = False
    #: Whether the browser may have gone on since it sent this request, so that the session in it is not the browser's.
    late: bool = False
    #: When it was let in.
    let_in_at: float = 0.0
    record: SessionRecord | None = None
    #: What has been seen of the passwords of users, in marks: see :class:`.password_watch.PasswordWatch`.
    passwords: dict[str, list[str]] | None = None
    #: The hashes that this request has put in the place of others: of a user's key, which was there, and which is.
    replaced_hashes: dict[str, tuple[Any, Any]] | None = None
    #: Whether the session begins in this request, and is stored when that is over.
    begins: bool = False
    #: Whether it is the one that stays, where the user signs out of all others.
    is_kept: bool = False
    refused: bool = False
    #: Whether what was sent is from a page of this app.
    origin_checked: bool = False
    #: The form that was sent, as it was typed.
    typed: Any = None
    #: The form with which this goes on, sent and checked before its sender confirmed who they are.
    resumed: SentForm | None = None
    #: Whether what is being drawn is a page of ours, and no error page of the host's in its place.
    draws_own_page: bool = False
    store_down: bool = False
    hidden_session: Any = None
    #: Whom a provider has said to have signed in, by the id of the session.
    identities: dict[str, SsoIdentity] | None = None
    #: What the user chose for how the app looks to them; None while nobody has asked the store.
    preferences: Mapping[str, str] | None = None
    asking_preferences: bool = False
    #: Kept for the host's user_loader: the identity map of db.session, where it will look, holds objects weakly.
    user: Any = None
    #: What the session's row says: its user's key, which password they had, and how it began.
    user_key: str = ""
    password_mark: str | None = None
    method: str | None = None
    #: Asks the host's user_loader, and looks at whom it has found; see :mod:`.guard`.
    check_loaded: Callable[[Callable[[str], Any], str], Any] | None = None
    clear_cookies: bool = False
    #: What a remember-me cookie stands for, until Flask-Login has loaded its user.
    restored: Credential | None = None
    device: Credential | None = None
    remember_until: int | None = None
    #: The browser, where somebody has just signed in; None where nobody is told of new ones.
    known_device: KnownDevice | None = None
    writes: DeferredWrites | None = None
    #: The preview that the browser is in, see :mod:`.feature_preview`; False: none. None while nobody has asked.
    preview: Any = None
    #: The API token that this request came with, where that is good.
    token: CheckedToken | None = None

    def defer(self, write: Callable[[], object], *, tries: int = 1) -> None:
        """Leave bookkeeping to the end of the app context, when the host's connection is back in its pool and before
        the first byte of the answer is sent. Where it fails, the page does not.

        :param tries: how often it is tried where somebody else is in the way.
        """
        self._writes().note(from_there(self.origin, write), tries)

    def promise(self, write: Callable[[], object]) -> None:
        """The same for what the answer acknowledges, by words or by the cookies that it gives and takes: where this
        fails, the answer is 503 and the browser keeps what it had."""
        self._writes().promise(from_there(self.origin, write), session_cookie.as_it_came())

    def _writes(self) -> DeferredWrites:
        """Those that the answer waits for, also within an app context that the host pushes around a part of its view.
        Others where that one is of another app, or has ended: they go on their own if something has failed in it."""
        first = self.writes
        if first is None or first.are_kept:
            self.writes = first = deferred_writes()
        return first if first.may_be_added_to else deferred_writes()

    @property
    def origin(self) -> Origin:
        """Who does what is done now."""
        return origin_of(self.user_key, self.session_id, self.client)

    @cached_property
    def client(self) -> tuple[str, str]:
        """The address and the User-Agent of who sends the request: a sign-in keeps them, and says where it was from."""
        return client_address(), client_user_agent()


def state_of(incoming: Request) -> RequestState | None:
    """What that request has learned so far; None while nobody has asked who is signed in."""
    return vars(incoming).get(_KEY)


def request_state(incoming: Request | None = None) -> RequestState:
    """What this request has learned so far.

    :param incoming: the request, for whoever has it at hand.
    """
    kept = vars(request._get_current_object() if incoming is None else incoming)  # type: ignore[attr-defined]
    state: RequestState | None = kept.get(_KEY)
    if state is None:
        state = kept[_KEY] = RequestState()
    return state


def known_state() -> RequestState | None:
    """The same, or None while nobody has asked who is signed in."""
    return state_of(request._get_current_object()) if has_request_context() else None  # type: ignore[attr-defined]


def is_answered() -> bool:
    """Whether the answer of this request is on its way: what its body is made of, piece by piece, gives no cookie."""
    return ANSWERED in vars(request._get_current_object())  # type: ignore[attr-defined]


def current_origin() -> Origin:
    """Who does what is done now, in a request or not."""
    return kept_origin() or (request_state().origin if has_request_context() else origin_of_no_request())


def current_record() -> SessionRecord | None:
    """The session of this request, if somebody has asked who is signed in."""
    state = known_state()
    if state is None or state.session_id is None:
        return None
    if state.record is None:
        with own_transaction_if_context_is_shared():
            record = state.record = current_profile.sessions.load(state.session_id)
        # what the row says of a proof is of the secret that it has now
        state.superseded = record is not None and record.secret_hash != state.secret_hash
    return state.record


def current_method(user: Any, key_of: Callable[[Any], str]) -> str | None:
    """How the session of this request began, if it is that user's: in the row that the check has just read."""
    state = known_state()
    if state is not None and state.session_id is not None and state.record is None and state.method is not None:
        is_theirs = user is state.user or key_of(user) == state.user_key
        return state.method if is_theirs else None
    record = current_record()
    return record.method if record is not None and record.user_key == key_of(user) else None


def keep_session() -> None:
    """The session of this request stays, while the user's others end."""
    if (state := known_state()) is not None:
        state.is_kept = True


def is_superseded() -> bool:
    """Whether another secret has taken the place of the one that this request came with."""
    state = known_state()
    return state is not None and state.superseded
