"""What a browser hears whose session has ended, where the host asks for a sign-in."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, flash, session
from flask_login import signals as login_signals
from werkzeug.exceptions import ServiceUnavailable

from ..auth.request_state import request_state
from ..auth.session_cookie import KEY, SIGNED_OUT, TOLD
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
    mark = session.get(KEY)
    if mark not in (SIGNED_OUT, TOLD):
        return
    sentence = gettext("You have been signed out of this session.")
    # a script cannot read a sign-in page, however often it asks; a host with a handler of its own knows what to answer
    if prefers_json() and not app.login_manager.unauthorized_callback:  # type: ignore[attr-defined]
        if state.refused:
            abort(problem(401, "signed_out", sentence, login_url=login_page()))
        abort(problem(401, "login_required", gettext("Sign in to continue."), login_url=login_page()))
    if mark == SIGNED_OUT:
        session[KEY] = TOLD
        flash(sentence)
