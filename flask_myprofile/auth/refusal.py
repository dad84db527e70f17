"""Tells the host, in the very request, that a browser came with a session that is over, and why it is."""

from __future__ import annotations

from flask import current_app, session

from ..account import clock
from ..account.credentials import Credential
from ..account.session_registry import SessionRegistry
from ..signals import session_refused
from ..signals import tell as send
from ..store.records import SessionRecord
from .session_cookie import KEY, SIGNED_OUT, WHY

#: Of a session that there is no trace of, or whose secret the browser does not have.
UNKNOWN = "unknown"
#: What it needs no words of its own for, which would be kept for the person until then.
USUAL = (UNKNOWN, "signed_out")


def tell(sessions: SessionRegistry, credential: Credential, row: SessionRecord | None) -> None:
    """Nothing of a row whose secret is not proved: its id may be out of a cookie that nobody has signed."""
    if row is not None and (credential.is_present(row) or credential.was_before(row)):
        tell_of(row.user_key, row.id, _reason(sessions, row), row.ended_at)
    else:
        tell_of(None, None, UNKNOWN)


def tell_of(user_key: str | None, session_id: str | None, reason: str, ended_at: int | None = None) -> None:
    """
    :param ended_at: None: now
    """
    if reason not in USUAL and session.get(KEY) == SIGNED_OUT:
        session[WHY] = [reason, int(clock.time()) if ended_at is None else ended_at]
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    send(app, session_refused, {"user_key": user_key, "session_id": session_id, "reason": reason})


def _reason(sessions: SessionRegistry, row: SessionRecord) -> str:
    if row.ended_at is not None:
        return row.end_reason or UNKNOWN
    return "expired" if sessions.is_over(row) else "renewed"
