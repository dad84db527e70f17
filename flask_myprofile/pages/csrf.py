"""Whether a request that changes something comes from a page of this app, in a format that is known here."""

from __future__ import annotations

from flask import current_app, request
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from wtforms import ValidationError

from ..auth.request_state import request_state
from ..errors import Forbidden, Refused
from ..i18n import gettext
from ..responses import prefers_json

#: Nothing on these pages needs more.
MAX_BODY = 64 * 1024
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class StaleForm(Refused):
    """The form's CSRF token is missing, foreign or too old. Answers 400."""

    status = 400
    code = "csrf"


def check_origin() -> None:
    """For requests that change something: they come from a page of this app, with its CSRF token, in a known format.

    :raises Forbidden: another site sent it. :raises StaleForm: the CSRF token is wrong.
    """
    if request.method not in _UNSAFE or request_state().resumes_form:
        return
    if _is_body_too_large():
        raise RequestEntityTooLarge
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden(gettext("This request came from another site."), code="cross_site")
    if (request.content_length or request.mimetype) and request.mimetype not in _FORMS and not request.is_json:
        raise UnsupportedMediaType
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return
    try:
        validate_csrf(_csrf_token())
    except ValidationError as error:
        if CSRFError in current_app.error_handler_spec[None][400] and not prefers_json():
            raise CSRFError(str(error)) from error  # the host has its own words for this
        raise StaleForm(gettext("This page was open too long. Save again.")) from error


def _is_body_too_large() -> bool:
    """Werkzeug cuts a body that states no length at the limit, and says nothing."""
    if request.content_length is not None or not request.environ.get("wsgi.input_terminated"):
        return (request.content_length or 0) > MAX_BODY
    request.get_data()  # up to the limit; kept for the form and the JSON
    return bool(request.environ["wsgi.input"].read(1))


def _csrf_token() -> str | None:
    for header in current_app.config.get("WTF_CSRF_HEADERS", ("X-CSRFToken", "X-CSRF-Token")):
        if token := request.headers.get(header):
            return str(token)
    return None if request.is_json else request.form.get(csrf_field())


def csrf_field() -> str:
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))
