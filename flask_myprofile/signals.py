"""Signals that a host may listen to. Each is sent after the change is committed, with the app as sender.

Every signal carries ``user_key`` (the stable id of the user as text, see :meth:`Users.key`) and never a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from blinker import NamedSignal, Namespace
from flask import current_app, has_request_context, request

_signals = Namespace()

#: A session began. Extra: ``session_id``, ``method`` (``"password"``, ``"sso"`` …).
session_started = _signals.signal("myprofile-session-started")
#: Sessions ended. Extra: ``session_ids`` (list), ``reason``, ``by`` (the key of the administrator who did it, or None).
session_ended = _signals.signal("myprofile-session-ended")
#: The user changed the password on the Password tab.
password_changed = _signals.signal("myprofile-password-changed")
#: An API token was made (``action="regenerated"``) or ended (``action="revoked"``).
token_changed = _signals.signal("myprofile-token-changed")
#: An admin changed toggles. Extra: ``changes`` (feature name -> bool).
features_changed = _signals.signal("myprofile-features-changed")

_QUEUE = "flask_myprofile.after_commit"


def announce(signal: NamedSignal, **data: Any) -> None:
    """Send ``signal``: after the commit in the extension's own views (and not at all if that fails), else at once."""
    after_commit(partial(signal.send, current_app._get_current_object(), **data))  # type: ignore[attr-defined]


def after_commit(call: Callable[[], Any]) -> None:
    queue = request.environ.get(_QUEUE) if has_request_context() else None
    if queue is None:
        call()
    else:
        queue.append(call)


@contextmanager
def unit_of_work(session: Any) -> Iterator[None]:
    """Commits the host's ``db.session`` at the end of a view of ours, or rolls back; then does what waited for that."""
    queue: list[Callable[[], Any]] = []
    request.environ[_QUEUE] = queue
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del request.environ[_QUEUE]
    for call in queue:
        call()
