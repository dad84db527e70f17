"""What one request has learned of its browser, and what is to be written down once it is answered.

Kept with the request, never in ``g``: up to Flask 3.1 a surrounding app context shares ``g`` between requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from flask import Flask, Request, current_app, g, has_request_context, request
from flask.globals import request_ctx

from .account import text
from .account.credentials import Credential
from .errors import StoreDown
from .globals import current_profile
from .signals import held_back
from .sso import Identity
from .store import SessionRecord

_WAITING = "_myprofile_waiting"
_KEY = "_flask_myprofile_visit"


@dataclass(slots=True)
class Visit:
    """What one request has learned of its browser."""

    checked: bool = False
    #: The session of this request; its whole row is read only when somebody asks, see :func:`current_record`.
    session_id: str | None = None
    record: SessionRecord | None = None
    #: Whether the session begins in this request, and is stored when that is over.
    begins: bool = False
    refused: bool = False
    #: Whether this goes on with a form that was sent, and checked, before its sender confirmed who they are.
    carries_on: bool = False
    store_down: bool = False
    session_aside: Any = field(default=None, repr=False)
    identity: Identity | None = None
    #: What the user chose for how the app looks to them; None while nobody has asked the store.
    preferences: Mapping[str, str] | None = None
    asking_preferences: bool = False
    #: Kept for the host's user_loader: the identity map of db.session, where it will look, holds objects weakly.
    user: Any = None
    forget_cookies: bool = False
    #: What a remember-me cookie stands for, until Flask-Login has loaded its user.
    restored: Credential | None = None
    device: Credential | None = None
    remember_until: int | None = None
    writes: bool = False

    def defer(self, write: Callable[[], object]) -> None:
        """Leave a write to the end of the app context, when the host's connection is back in its pool and before the
        first byte of the answer is sent."""
        self.writes = True
        g.setdefault(_WAITING, []).append(write)


def visit_of(incoming: Request) -> Visit | None:
    """What that request has learned so far; None while nobody has asked who is signed in."""
    return vars(incoming).get(_KEY)


def current_visit() -> Visit:
    """What this request has learned so far."""
    incoming = request._get_current_object()  # type: ignore[attr-defined]
    visit = visit_of(incoming)
    if visit is None:
        visit = vars(incoming)[_KEY] = Visit()
    return visit


def known_visit() -> Visit | None:
    """The same, or None while nobody has asked who is signed in."""
    return visit_of(request._get_current_object()) if has_request_context() else None  # type: ignore[attr-defined]


def current_record() -> SessionRecord | None:
    """The session of this request, if somebody has asked who is signed in."""
    visit = known_visit()
    if visit is None or visit.session_id is None:
        return None
    if visit.record is None:
        visit.record = current_profile.sessions.load(visit.session_id)
    return visit.record


def write_after_request() -> None:
    """Where the app context goes on after the request: write at once, or a test would not see what it has done."""
    if _context_outlives_request() and (waiting := g.pop(_WAITING, ())):
        _write(waiting)


def write_after_context(app: Flask, **extra: Any) -> None:
    if waiting := g.pop(_WAITING, ()):
        _write(waiting)
        # a host that listens to our signals may have used it again since Flask-SQLAlchemy ended it
        current_profile.db.session.remove()


def _write(waiting: Iterable[Callable[[], object]]) -> None:
    for write in waiting:
        try:
            with held_back(), current_profile.apart():
                write()
        except Exception as failure:  # bookkeeping never fails a page
            reason = failure if isinstance(failure, StoreDown) else type(failure).__name__
            current_app.logger.error("MyProfile could not write down a session's activity: %s", reason)


def beside_the_host() -> AbstractContextManager[None]:
    """Where an app context goes on over several requests, ``db.session`` may still see the database as it was before
    the last one (MariaDB's repeatable reads): look again on a connection of our own."""
    return current_profile.apart() if _context_outlives_request() else nullcontext()


def _context_outlives_request() -> bool:
    """Whether a surrounding ``with app.app_context()`` goes on after this request (Flask <= 3.1 lets them share it)."""
    tokens = getattr(request_ctx, "_cv_tokens", None)
    return tokens is not None and len(tokens) > 0 and tokens[-1][1] is None


def client_address() -> str:
    """The peer as the host's ProxyFix has it; no forwarding header is read here. Empty behind a Unix socket."""
    try:
        address = ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_program() -> str:
    return text.printable(request.headers.get("User-Agent", ""), 512)
