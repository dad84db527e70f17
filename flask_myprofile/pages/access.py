"""Who may enter a page of the extension, and how each refusal on the way is answered."""

from __future__ import annotations

import functools
from collections.abc import Callable
from copy import copy
from typing import Any
from weakref import WeakKeyDictionary

import flask_login
from flask import Response, abort, current_app, redirect, request, url_for
from flask.globals import request_ctx
from flask_login import signals as login_signals
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from ..auth.bearer import token_authenticated
from ..errors import Forbidden, ReauthRequired, Refused, StoreDown
from ..globals import MAX_BODY, OWN_BLUEPRINTS, current_profile
from ..i18n import gettext
from ..responses import no_store, prefers_json, problem, store_is_down
from ..store.database_errors import is_clash
from . import pending_form
from .feature_preview import refuse_changes
from .pending_form import Purpose
from .refusals import http_problem, lost_race, refused
from .signed_out import send_to_sign_in, sign_in_problem


def guarded(
    view: Callable[..., Any],
    purpose: Purpose | Callable[[], Purpose | None] | None = None,
    *,
    lets_visitors_in: bool = False,
) -> Callable[..., Any]:
    """A view for signed-in browsers only. What it refuses is said in HTML or in JSON, as the request prefers.

    The view gets the user as its first argument; none where it lets visitors in.

    :param purpose: of the forms that it takes, to be said where one waits for a recent sign-in; or what answers it.
    """

    @functools.wraps(view)
    def entered(*args: Any, **kwargs: Any) -> Any:
        try:
            request.max_content_length = MAX_BODY
            refuse_changes()
            return view(*args, **kwargs) if lets_visitors_in else _enter(view, *args, **kwargs)
        except Refused as refusal:
            return refused(refusal)
        except HTTPException as error:
            if error.response is None and prefers_json():
                return http_problem(error)
            raise
        except (StoreDown, SQLAlchemyError) as error:
            if is_clash(error) and request.method == "POST":
                return refused(lost_race())
            return store_is_down(error)
        except UnicodeError:
            _check_host()
            raise

    entered.myprofile_purpose = purpose  # type: ignore[attr-defined]
    return entered


def _check_host() -> None:
    """Werkzeug takes some that it then makes no URL of, such as "xn--": no browser sends them.

    :raises BadRequest: it is one.
    """
    try:
        request.host_url  # noqa: B018
    except UnicodeError:
        abort(http_problem(BadRequest()) if prefers_json() else 400)


def _enter(view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    unauthorized = check_signed_in()
    if unauthorized is not None:
        return unauthorized
    user = flask_login.current_user._get_current_object()
    # one out of a cache of the host's may be of yesterday
    return _if_recent(view, current_profile.users.held(user) or user, *args, **kwargs)


def _if_recent(view: Callable[..., Any], user: Any, *args: Any, **kwargs: Any) -> Any:
    """What the view answers; if it needs a recent sign-in, the browser is asked for it first."""
    try:
        return view(user, *args, **kwargs)
    except ReauthRequired as old:
        if current_profile.sessions.current(user) is None:
            raise Forbidden(gettext("Sign in to continue."), code="sign_in_again") from old
        if prefers_json():
            sentence = gettext("Confirm your password to continue.")
            return problem(403, "reauth_required", sentence, confirm_url=url_for("myprofile.confirm"))
        follows: dict[str, Any] = dict(pending_form.keep(user))
        return redirect(url_for("myprofile.confirm", **follows), 303)


def check_signed_in() -> Any:
    """What a visitor is answered; None for who is signed in."""
    user: Any = flask_login.current_user._get_current_object()
    if not user or not user.is_authenticated or not current_profile.users.is_active(user):
        if not prefers_json():
            return send_to_sign_in()
        login_signals.user_unauthorized.send(current_app._get_current_object())  # type: ignore[attr-defined]
        return sign_in_problem("login_required", gettext("Sign in to continue."))
    if token_authenticated():
        sentence = gettext("An API token cannot be used on these pages.")
        raise Forbidden(
            sentence, code="insufficient_scope", headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        )
    return None


def unrouted(response: Response) -> Response:
    """Flask answers a wrong method before it knows that the page is one of ours, and so it does where nothing is."""
    why, prefix = request.routing_exception, current_profile.config.url_prefix
    if isinstance(why, NotFound) and request.path.startswith(f"{prefix}/") and prefers_json():
        return no_store(problem(404, "not_found"))
    if not isinstance(why, MethodNotAllowed) or not _is_own_address():
        return response
    if prefers_json():
        allow = {"Allow": response.headers.get("Allow", "")}
        response = problem(405, "method_not_allowed", headers=allow)
    return no_store(response)


def _is_own_address() -> bool:
    """Whether one of our pages is at the address of this request. The host's rules are not tried: one that matches may
    redirect, by code of the host's, or be for something else than a page."""
    adapter: Any = copy(request_ctx.url_adapter)
    known = adapter.map
    adapter.map = _own_rules.get(known) or _own_rules.setdefault(known, _rules_of_ours(known))
    return bool(adapter.allowed_methods())


def _rules_of_ours(known: Map) -> Map:
    names = ("endpoint", "methods", "host", "subdomain", "strict_slashes")
    ours = [
        Rule(rule.rule, **{name: getattr(rule, name) for name in names})
        for rule in known.iter_rules()
        if rule.endpoint.partition(".")[0] in OWN_BLUEPRINTS
    ]
    return Map(
        ours,
        converters=known.converters,
        merge_slashes=known.merge_slashes,
        host_matching=known.host_matching,
    )


#: Of each app: to find the states of the few rules takes longer than a page.
_own_rules: WeakKeyDictionary[Map, Map] = WeakKeyDictionary()
