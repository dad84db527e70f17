"""What a browser hears whose session has ended, where the host asks for a sign-in."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, flash, session
from flask_login import signals as login_signals
from werkzeug.exceptions import ServiceUnavailable

from ..auth.request_state import request_state
from ..auth.session_cookie import KEY, SIGNED_OUT
from ..globals import login_page
from ..i18n import gettext
from ..responses import RETRY_AFTER, prefers_json, problem, unavailable


def connect(app: Flask) -> None:
    """Answer before Flask-Login's own redirect or 401."""
    login_signals.user_unauthorized.connect(_on_unauthorized, sender=app)


def _on_unauthorized(app: Flask, **extra: Any) -> None:
    state = request_state()
    if state.store_down:
        raise ServiceUnavailable(retry_after=RETRY_AFTER, response=unavailable() if prefers_json() else None)
    if session.get(KEY) != SIGNED_OUT:
        return
    sentence = gettext("You have been signed out of this session.")
    # a script cannot read a sign-in page; a host with a handler of its own knows what to answer
    if state.refused and prefers_json() and not app.login_manager.unauthorized_callback:  # type: ignore[attr-defined]
        abort(problem(401, "signed_out", sentence, login_url=login_page()))
    session.pop(KEY)
    flash(sentence)
