"""The one door to every page of the extension: who may enter, with what, and how a refusal is answered."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flask_login
from flask import Response, abort, current_app, redirect, request, url_for
from flask_login import signals as login_signals
from flask_wtf.csrf import CSRFError, validate_csrf
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from wtforms import BooleanField, Form, ValidationError

from .account import text
from .bearer import token_authenticated
from .errors import UNREADABLE, Forbidden, Invalid, NotFound, ReauthRequired, Refused, StoreDown
from .globals import OWN_BLUEPRINTS, current_profile, login_page
from .i18n import gettext
from .signals import unit_of_work
from .visit import current_visit
from .wire import RETRY_AFTER, prefers_json, problem, unavailable

#: Nothing on these pages needs more.
MAX_BODY = 64 * 1024
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class StaleForm(Refused):
    """The form's CSRF token is missing, foreign or too old. Answers 400."""

    status = 400
    code = "csrf"


def guarded(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view for signed-in browsers only. What it refuses is said in HTML or in JSON, as the request prefers.

    The view gets the user as its first argument.
    """

    @functools.wraps(view)
    def entered(*args: Any, **kwargs: Any) -> Any:
        try:
            request.max_content_length = MAX_BODY
            unauthorized = _check_signed_in()
            if unauthorized is not None:
                return unauthorized
            return view(flask_login.current_user._get_current_object(), *args, **kwargs)
        except ReauthRequired:
            return _ask_who_is_there()
        except Refused as refusal:
            return refused(refusal)
        except HTTPException as error:
            if error.response is None and prefers_json():
                return _as_problem(error)
            raise
        except (StoreDown, SQLAlchemyError) as error:
            return not_now(error)

    return entered


def _check_signed_in() -> Any:
    user, login_manager = flask_login.current_user, current_app.login_manager  # type: ignore[attr-defined]
    if not user.is_authenticated or not current_profile.users.is_active(user):
        if not prefers_json():
            return login_manager.unauthorized()
        login_signals.user_unauthorized.send(current_app._get_current_object())  # type: ignore[attr-defined]
        return problem(401, "login_required", gettext("Sign in to continue."), login_url=login_page())
    if token_authenticated():
        sentence = gettext("An API token cannot be used on these pages.")
        raise Forbidden(
            sentence, code="insufficient_scope", headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        )
    return None


def _ask_who_is_there() -> Any:
    """A form that was sent is kept for the time after it, without what is secret in it."""
    if prefers_json():
        sentence = gettext("Confirm your password to continue.")
        return problem(403, "reauth_required", sentence, confirm_url=url_for("myprofile.confirm"))
    session_id = current_visit().session_id
    if session_id is not None and not request.is_json:
        secret = {_csrf_field()} | {name for name in request.form if "password" in name}
        fields = [(name, value) for name, value in request.form.items(multi=True) if name not in secret]
        with unit_of_work(current_profile.db.session):
            current_profile.interrupted.keep(session_id, request.endpoint or "", fields)
    return redirect(url_for("myprofile.confirm"), 303)


def check_origin() -> None:
    """For requests that change something: they come from a page of this app, with its CSRF token, in a known format.

    :raises Forbidden: another site sent it. :raises StaleForm: the CSRF token is wrong.
    """
    if request.method not in _UNSAFE or current_visit().carries_on:
        return
    if _is_too_large():
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


def _is_too_large() -> bool:
    """Werkzeug cuts a body that states no length at the limit, and says nothing."""
    if request.content_length is not None or not request.environ.get("wsgi.input_terminated"):
        return (request.content_length or 0) > MAX_BODY
    request.get_data()  # up to the limit; kept for the form and the JSON
    return bool(request.environ["wsgi.input"].read(1))


def _csrf_token() -> str | None:
    for header in current_app.config.get("WTF_CSRF_HEADERS", ("X-CSRFToken", "X-CSRF-Token")):
        if token := request.headers.get(header):
            return str(token)
    return None if request.is_json else request.form.get(_csrf_field())


def _csrf_field() -> str:
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def fill(form_class: type[Form], values: dict[str, Any]) -> Form:
    """The form with what was sent; fields that were not sent keep their ``values``.

    :raises Invalid: the body has unknown fields or wrong types, or none of the form's fields at all.
    """
    form = form_class(formdata=_body(form_class, values), data=values, meta={"csrf": False})
    # a browser sends nothing for a box without a tick, and something, if empty, for every other field
    expected = [field for field in form if not isinstance(field, BooleanField)]
    if expected and not any(field.raw_data for field in form):
        raise Invalid({expected[0].name: gettext("Nothing was sent")})
    return form


def _body(form_class: type[Form], values: dict[str, Any]) -> MultiDict[str, str]:
    if not request.is_json:
        body = MultiDict(request.form)
        _check_characters(dict(body.items(multi=True)))
        return body
    sent = json_object()
    known = form_class(formdata=None, meta={"csrf": False})
    errors = {name: gettext("There is no such field") for name in sent if name not in known}
    for name, value in sent.items():
        is_box = name in known and isinstance(known[name], BooleanField)
        if name in known and not isinstance(value, str | None) and not (is_box and isinstance(value, bool)):
            errors[name] = gettext("This must be a text")
    if errors:
        raise Invalid(errors)
    _check_characters(sent)
    body = MultiDict(
        {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in sent.items()
            if value is not None
        }
    )
    body.update({name: "" for name, value in sent.items() if value is None})
    # a box that a browser leaves out is unticked; one that a program leaves out stays as it is
    body.update(
        {
            f.name: str(bool(values.get(f.name))).lower()
            for f in known
            if isinstance(f, BooleanField) and f.name not in sent
        }
    )
    return body


def json_object() -> dict[str, Any]:
    """The JSON body, which is an object. :raises BadRequest: it is not, or not JSON, or nested beyond reason."""
    try:
        sent = request.get_json()
    except RecursionError as error:
        raise BadRequest("The JSON is nested too deeply") from error
    if not isinstance(sent, dict):
        raise BadRequest("The body must be a JSON object")
    if not all(map(text.storable, sent)):
        raise BadRequest("A name in the JSON has a character that cannot be used")
    return sent


def _check_characters(sent: dict[str, Any]) -> None:
    """NUL and lone surrogates are in no text that a database or a hash takes."""
    wrong = [name for name, value in sent.items() if isinstance(value, str) and not text.storable(value)]
    if wrong:
        raise Invalid(dict.fromkeys(wrong, gettext("This has a character that cannot be used. Type it again")))


def problem_of(refusal: Refused, errors: Mapping[str, Sequence[object]] | None = None) -> Response:
    """A refusal for a program. ``errors``: instead of its own, where a form has found some as well."""
    found = refusal.errors if errors is None else errors
    title = refusal.message or (gettext("Correct what is marked and send it again.") if found else "")
    return problem(refusal.status, refusal.code, title, errors=found, headers=refusal.headers)


def refused(refusal: Refused) -> Response:
    """A refusal outside any tab: JSON, or the host's own error page."""
    if prefers_json():
        return problem_of(refusal)
    if isinstance(refusal, NotFound):
        abort(404)
    description = str(refusal.message) or None
    try:
        abort(refusal.status, description)
    except HTTPException as error:
        if refusal.headers:
            error.get_headers = _with_headers(error.get_headers, refusal.headers)  # type: ignore[method-assign]
        raise


def _with_headers(get_headers: Callable[..., Any], more: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: [*get_headers(*args, **kwargs), *more.items()]


def _as_problem(error: HTTPException) -> Response:
    code = error.name.lower().replace(" ", "_")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if error.code == 503:
        headers.setdefault("Retry-After", str(RETRY_AFTER))
    return problem(error.code or 500, code, error.name, headers=headers)


def not_now(error: Exception) -> Response:
    """The answer where the store is down."""
    # the driver's own words may quote values; a StoreDown's do not
    reason = error if isinstance(error, StoreDown) else type(getattr(error, "orig", None) or error).__name__
    current_app.logger.error(UNREADABLE, reason)
    if prefers_json():
        return unavailable()
    raise ServiceUnavailable(retry_after=RETRY_AFTER) from error


def private(response: Response) -> Response:
    """For every answer of ours but static files: never cached, never framed, never guessed at."""
    if request.endpoint and request.endpoint.endswith(".static"):
        return response
    response.headers["Cache-Control"] = "no-store"
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.vary.update(("Cookie", "Accept"))
    return response


def wrong_method(response: Response) -> Response:
    """Flask answers a wrong method before it knows that the page is one of ours."""
    error = request.routing_exception
    if not isinstance(error, MethodNotAllowed) or not error.valid_methods:
        return response
    adapter: Any = current_app.create_url_adapter(request)
    endpoint, _ = adapter.match(method=next(m for m in error.valid_methods if m != "OPTIONS"))
    if endpoint.partition(".")[0] not in OWN_BLUEPRINTS:
        return response
    if prefers_json():
        allow = {"Allow": response.headers.get("Allow", "")}
        response = problem(405, "method_not_allowed", headers=allow)
    return private(response)
