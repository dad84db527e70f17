"""Whether a request that changes something comes from a page of this app, in a format that is known here."""

from __future__ import annotations

import hmac
from contextlib import nullcontext
from typing import Any, NoReturn

import flask_login
from flask import abort, current_app, request, session
from flask_wtf.csrf import CSRFError
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from ..account import clock
from ..auth.answer_cookies import LONG
from ..auth.request_state import RequestState, current_record, request_state
from ..auth.session_cookie import csrf_field
from ..errors import Conflict, Forbidden, Refused
from ..globals import MAX_BODY, current_profile, secret_keys
from ..i18n import gettext
from ..responses import prefers_json
from .feature_preview import refuse_form_of_preview
from .signed_out import send_to_sign_in, sign_in_problem

__all__ = ["StaleForm", "check_origin", "csrf_field"]

_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
#: How browsers send forms.
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
#: What Flask-WTF signs its tokens with, besides the key.
_SALT = "wtf-csrf-token"


class StaleForm(Refused):
    """The form's CSRF token is missing, or of another session. Answers 400."""

    status = 400
    code = "csrf"


def check_origin(*, signs_out: bool = False) -> None:
    """For requests that change something: they come from a page of this app, with its CSRF token, in a known format,
    and with the secret that the session has now.

    :param signs_out: it does nothing but end this browser's session. A page from before somebody else signed in here
        may do so, too, where the browser says that the page is of this very site: who presses Sign out wants nobody to
        be left signed in.
    :raises Forbidden: another site sent it. :raises StaleForm: the CSRF token is wrong. :raises Conflict: the secret is
        the one before. :raises HTTPException: the session has ended since; with the answer that a visitor gets.
    """
    if request.method not in _UNSAFE:
        return
    state = request_state()
    if state.resumed is None:
        _check_sender(signs_out)
    request.get_data(parse_form_data=True)  # all of it, however slowly it comes: who sent it is looked at after that
    _look_again(state, signs_out)
    if state.superseded:
        raise _renewed_meanwhile()
    state.origin_checked = True


def renew_session(user: Any) -> None:
    """Give the session of this request a new secret: who is there has been proved. One that has ended stays so.

    :raises Conflict: another request of the browser has done so since this one was let in. Its secret is the one that
        the browser has, or whoever copied the cookie; so what this request was to do is not done.
    """
    if current_profile.sessions.renew(user):
        return
    session_id = request_state().session_id
    now = current_profile.sessions.load(session_id) if session_id is not None else None
    if now is not None and now.ended_at is None:
        raise _renewed_meanwhile()


def _renewed_meanwhile() -> Conflict:
    sentence = gettext("Your sign-in was renewed while this was being sent, so nothing was changed. Send it again.")
    return Conflict(sentence, code="sign_in_renewed")


def _look_again(state: RequestState, signs_out: bool) -> None:
    """At the session as it is by now: not as it was when somebody asked for it before, nor as MariaDB shows it to a
    transaction that began before that. That it has ended is what who signs out wants."""
    was_slow = not state.begins and clock.time() - state.let_in_at > LONG
    if was_slow:
        state.record = None
    with current_profile.own_transaction() if was_slow else nullcontext():
        record = current_record()
    if record is None or signs_out:
        return
    if record.ended_at is not None or (was_slow and _is_closed()):
        state.superseded = True  # the browser may have gone on: nothing of this answer takes the place of that
        _send_away()


def _is_closed() -> bool:
    """Whether the account is, by now."""
    users = current_profile.users
    with users.as_stored(flask_login.current_user._get_current_object()) as user:
        return user is None or not users.is_active(user)


def _send_away() -> NoReturn:
    if prefers_json():
        sentence = gettext("You have been signed out of this session.")
        abort(sign_in_problem("signed_out", sentence))
    abort(current_app.make_response(send_to_sign_in()))


def _check_sender(signs_out: bool) -> None:
    if _is_body_too_large():
        raise RequestEntityTooLarge
    came_from = request.headers.get("Sec-Fetch-Site")
    if came_from == "cross-site":
        raise Forbidden(gettext("This request came from another site."), code="cross_site")
    if (request.content_length or request.mimetype) and request.mimetype not in FORMS and not request.is_json:
        raise UnsupportedMediaType
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return
    token = _csrf_token()
    if _is_of_this_session(token) or (signs_out and came_from == "same-origin"):
        return
    refuse_form_of_preview(token)
    if CSRFError in current_app.error_handler_spec[None][400] and not prefers_json():
        # the host has its own words for this
        raise CSRFError("The CSRF token is of another session." if token else "The CSRF token is missing.")
    name = current_profile.users.display_name(flask_login.current_user)
    sentence = gettext("This page was opened before you signed in as %(name)s. Check it and send it again.", name=name)
    raise StaleForm(sentence)


def _is_body_too_large() -> bool:
    """Werkzeug cuts a body that states no length at the limit, and says nothing."""
    if request.content_length is not None or not request.environ.get("wsgi.input_terminated"):
        return (request.content_length or 0) > (request.max_content_length or MAX_BODY)
    request.get_data()  # up to the limit; kept for the form and the JSON
    return bool(request.environ["wsgi.input"].read(1))


def _csrf_token() -> str | None:
    for header in current_app.config.get("WTF_CSRF_HEADERS", ("X-CSRFToken", "X-CSRF-Token")):
        if token := request.headers.get(header):
            return str(token)
    return None if request.is_json else request.form.get(csrf_field())


def _is_of_this_session(token: str | None) -> bool:
    """However old it is, and whatever the clock says: only a sign-in, a sign-out or a new secret make it stale."""
    known, config = session.get(csrf_field()), current_app.config
    if not token or not isinstance(known, str):
        return False
    keys = [config["WTF_CSRF_SECRET_KEY"]] if "WTF_CSRF_SECRET_KEY" in config else secret_keys()[::-1]
    try:
        sent = URLSafeTimedSerializer(keys, salt=_SALT).loads(token)
    except BadData:
        return False
    return isinstance(sent, str) and hmac.compare_digest(known.encode(), sent.encode())
