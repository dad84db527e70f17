"""Who may enter a page of the extension, and how each refusal on the way is answered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flask_login
from flask import Response, current_app, redirect, request, url_for
from flask_login import signals as login_signals
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..auth.bearer import token_authenticated
from ..auth.request_state import request_state
from ..errors import Forbidden, ReauthRequired, Refused, StoreDown
from ..globals import OWN_BLUEPRINTS, current_profile, login_page
from ..i18n import gettext
from ..responses import no_store, prefers_json, problem, store_is_down
from ..transactions import unit_of_work
from .csrf import MAX_BODY, csrf_field
from .refusals import http_problem, refused


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
            return _ask_for_recent_sign_in()
        except Refused as refusal:
            return refused(refusal)
        except HTTPException as error:
            if error.response is None and prefers_json():
                return http_problem(error)
            raise
        except (StoreDown, SQLAlchemyError) as error:
            return store_is_down(error)

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


def _ask_for_recent_sign_in() -> Any:
    """A form that was sent is kept for the time after it, without what is secret in it."""
    if prefers_json():
        sentence = gettext("Confirm your password to continue.")
        return problem(403, "reauth_required", sentence, confirm_url=url_for("myprofile.confirm"))
    session_id = request_state().session_id
    if session_id is not None and not request.is_json:
        secret = {csrf_field()} | {name for name in request.form if "password" in name}
        fields = [(name, value) for name, value in request.form.items(multi=True) if name not in secret]
        with unit_of_work(current_profile.db.session):
            current_profile.pending_forms.keep(session_id, request.endpoint or "", fields)
    return redirect(url_for("myprofile.confirm"), 303)


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
    return no_store(response)
