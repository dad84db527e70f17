"""Signals that a host may listen to. Each is sent after the change is committed, with the app as sender; but for
``session_refused`` and ``data_exported``, which change nothing. What a listener raises is logged, and changes nothing.

Every signal carries ``user_key`` (the stable id of the user as text, see :meth:`Users.key`) and never a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from blinker import NamedSignal, Namespace
from flask import Flask, current_app

from .transactions import after_commit

_signals = Namespace()

#: A session began. Extra: ``session_id``, ``method`` (``"password"``, ``"sso"`` …), ``new_device`` (whether it is of a
#: browser that this user, who has signed in from others, has never signed in from; False where nobody is told of that).
session_started = _signals.signal("myprofile-session-started")
#: Sessions ended. Extra: ``session_ids`` (list), ``reason``, ``by`` (the key of the administrator who did it, or None).
session_ended = _signals.signal("myprofile-session-ended")
#: This request came with a session that is over: what you keep of its user in Flask's ``session`` is yours to drop.
#: Extra: ``session_id``, ``reason`` (as of ``session_ended``; ``"expired"``, ``"renewed"`` or ``"unknown"``).
#: ``user_key`` and ``session_id`` are None where it cannot be told whose it was.
session_refused = _signals.signal("myprofile-session-refused")
#: The user has a new password, by the Password tab or by ``passwords.store()``.
password_changed = _signals.signal("myprofile-password-changed")
#: An API token was made (``action="regenerated"``), ended (``action="revoked"``), or has another name, other scopes or
#: other networks (``action="changed"``). Extra, where an administrator did it: ``by``, their key.
token_changed = _signals.signal("myprofile-token-changed")
#: An admin changed toggles. Extra: ``changes`` (feature name -> bool) and, where features are on for others than
#: before, ``audiences`` (feature name -> for whom, None: everyone). ``user_key`` is None where an operator did it.
features_changed = _signals.signal("myprofile-features-changed")
#: Something was recorded in a user's activity, or would be if that were kept. Extra: ``kind``, and ``event`` (as
#: ``current_profile.activity.list()`` has it).
activity_recorded = _signals.signal("myprofile-activity-recorded")

#: Somebody's data are being exported: what you keep of them goes into ``data``, a dict, under names of your own. Extra:
#: ``user``, ``data``. Nothing has changed, and what a listener raises ends the export: half of it would be wrong.
data_exported = _signals.signal("myprofile-data-exported")

#: Kinds of events, as account/events.py has them, and what is said of the token.
_TOKEN_ACTIONS = {
    "token.made": "regenerated",
    "token.regenerated": "regenerated",
    "token.changed": "changed",
    "token.revoked": "revoked",
}


def announce(signal: NamedSignal, **data: Any) -> None:
    """Send ``signal`` once what it tells of is committed, and not at all if that fails."""
    after_commit(partial(tell, current_app._get_current_object(), signal, data))  # type: ignore[attr-defined]


def announce_event(event: Any) -> None:
    """What was recorded in a user's activity (an :class:`~.records.EventRecord`), and by a signal of its own as well a
    new password, and what has become of an API token: whichever door it came by, that is where it is noted."""
    announce(activity_recorded, user_key=event.user_key, kind=event.kind, event=event)
    if event.kind == "password.changed":  # as account/events.py has it
        announce(password_changed, user_key=event.user_key)
    elif event.kind in _TOKEN_ACTIONS:
        by = {"by": event.actor_key or event.user_key} if event.actor == "admin" else {}
        announce(token_changed, user_key=event.user_key, action=_TOKEN_ACTIONS[event.kind], **by)


def tell(app: Flask, signal: NamedSignal, data: Mapping[str, Any]) -> None:
    """Each listener by itself: what they are told has happened, and nothing that one of them raises undoes it."""
    for listener in signal.receivers_for(app):
        try:
            listener(app, **data)
        except Exception:
            app.logger.exception("MyProfile: a listener of %s failed", signal.name)
