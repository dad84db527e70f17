"""What a browser hears whose session has ended, where the host asks for a sign-in."""

from __future__ import annotations

from typing import Any, cast

import flask_login
from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    redirect,
    request,
    session,
    url_for,
)
from flask_login import signals as login_signals
from werkzeug.exceptions import ServiceUnavailable, Unauthorized
from werkzeug.routing import BuildError

from ..auth.request_state import request_state
from ..auth.session_cookie import KEY, SIGNED_OUT, TOLD, WHY
from ..globals import SIGN_OUT, login_page
from ..i18n import as_datetime, gettext, lazy_gettext, long_date
from ..responses import RETRY_AFTER, prefers_json, problem, unavailable

_FLASHES = "_flashes"
#: By the reason that the session has ended for. Of any other, nobody but its user has ended it.
_SENTENCES = {
    "admin": lazy_gettext("An administrator has signed you out."),
    "password_changed": lazy_gettext("Your password was changed on %(date)s, so you have been signed out."),
    "provider": lazy_gettext("You have signed out at your organization, and so you have here."),
    "limit": lazy_gettext("You have signed in elsewhere since, so this session has ended."),
    "expired": lazy_gettext("You have been signed in for long, or away for long. Sign in again."),
    "disabled": lazy_gettext("Your account has been disabled. Ask your administrator."),
}


def connect(app: Flask) -> None:
    """Answer before Flask-Login's own redirect or 401."""
    login_signals.user_unauthorized.connect(_on_unauthorized, sender=app)


def say_elsewhere(text: Any) -> None:
    """On the next page, which is the host's: in the category that its layout shows what has to do with signing in."""
    flash(str(text), current_app.login_manager.login_message_category)  # type: ignore[attr-defined]


def sign_in_problem(code: str, sentence: str) -> Response:
    """What a program is answered where nobody is signed in."""
    return problem(401, code, sentence, login_url=login_page())


def send_to_sign_in() -> Any:
    """What a visitor's browser is answered."""
    login_manager = current_app.login_manager  # type: ignore[attr-defined]
    try:
        if request.endpoint == SIGN_OUT and not login_manager.unauthorized_callback and (page := login_page()):
            return _signed_out_already(page)
        return login_manager.unauthorized()
    except BuildError:
        current_app.logger.error(
            "MyProfile cannot send anybody to the sign-in page: login_view = %r is no endpoint of this app",
            login_manager.login_view,
        )
        raise Unauthorized from None


def _signed_out_already(page: str) -> Response:
    """What was asked for is so, and no page to go on to."""
    told_why = session.get(KEY) == SIGNED_OUT
    login_signals.user_unauthorized.send(current_app._get_current_object())  # type: ignore[attr-defined]
    if not told_why:
        say_elsewhere(gettext("You have been signed out."))
    return cast(Response, redirect(flask_login.login_url(page, next_url=url_for("myprofile.index"))))


def _on_unauthorized(app: Flask, **extra: Any) -> None:
    state = request_state()
    if state.store_down:
        raise ServiceUnavailable(retry_after=RETRY_AFTER, response=unavailable() if prefers_json() else None)
    mark = session.get(KEY)
    if mark not in (SIGNED_OUT, TOLD):
        return
    sentence, has_handler = _sentence(), app.login_manager.unauthorized_callback  # type: ignore[attr-defined]
    # a script cannot read a sign-in page, however often it asks; a host with a handler of its own knows what to answer
    if prefers_json() and not has_handler:
        if state.refused:
            abort(sign_in_problem("signed_out", sentence))
        abort(sign_in_problem("login_required", gettext("Sign in to continue.")))
    if mark == SIGNED_OUT:
        session[KEY] = TOLD
        say_elsewhere(sentence)
    if not has_handler and any(text == sentence for _, text in session.get(_FLASHES, ())):
        _instead_of_login_message()


def _sentence() -> str:
    reason, ended_at = session.get(WHY) or ("", 0)
    said, ended = _SENTENCES.get(reason), as_datetime(ended_at)
    if said is None or ended is None:
        return gettext("You have been signed out of this session.")
    return str(said) % {"date": long_date(ended)}


def _instead_of_login_message() -> None:
    """Flask-Login goes on to ask for a sign-in, which whoever reads ours knows."""
    known = len(session[_FLASHES])

    @after_this_request
    def leave_out(response: Response) -> Response:
        said = session.get(_FLASHES, [])
        if len(said) > known:
            session[_FLASHES] = [*said[:known], *said[known + 1 :]]
        return response
