"""What is recorded of sessions: how one began, and how several ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..store.records import SessionRecord
from .activity import Activity
from .events import MOST_NAMED, PROVIDER, SESSIONS_ENDED, SIGNED_IN, SIGNED_OUT, USER, Origin

#: Why sessions ended that their user has signed out of, here, at the identity provider or by a link in a mail.
LOGOUT, AT_PROVIDER, NOT_ME = "logout", "provider", "not_me"


def note_sign_in(activity: Activity, record: SessionRecord, is_news: bool | None) -> None:
    """:param is_news: whether the user has signed in from others, and from that device never; None: it is not asked."""
    there = Origin(USER, record.user_key, record.id, record.ip, record.user_agent)
    device = None if is_news is None else "new" if is_news else "known"
    how = {"method": record.method, "provider": record.provider, "device": device}
    activity.note(SIGNED_IN, record.user_key, how, origin=there)


def note_end(activity: Activity, user_key: str, ids: Sequence[str], reason: str, by: Any) -> None:
    """In the transaction in which they end.

    :param by: the administrator who ended them.
    """
    if reason == LOGOUT and len(ids) == 1:
        here = activity.here()._replace(actor=USER, user_key=user_key, session_id=ids[0])
        activity.note(SIGNED_OUT, user_key, origin=here)
        return
    # whoever comes by a link in a mail need not be signed in
    actor = {AT_PROVIDER: PROVIDER, NOT_ME: USER}.get(reason)
    what = {"reason": reason, "count": len(ids), "sessions": list(ids[:MOST_NAMED])}
    activity.note(SESSIONS_ENDED, user_key, what, by=by, actor=actor)
