"""Signing out: by the sign-out that the host has, so that whatever it ends besides the session is ended as well."""

from __future__ import annotations

from typing import Any

import flask_login
from flask import Response, after_this_request, current_app, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from ..adapters import adapter_of
from ..errors import SetupError
from ..globals import after_sign_out, current_profile
from ..i18n import gettext
from ..sso.end_session import end_session_url
from ..tab import Done


def sign_out() -> Done:
    """Sign this request's user out. What to say, and where to go on to."""
    sentence = gettext("You have been signed out.")  # while it is known whose language to say it in
    at_provider, rule = end_session_url(), host_rule(current_app)
    said = len(session.get("_flashes", ()))
    host = _by_host(rule) if rule is not None else None
    user = flask_login.current_user
    if user and user.is_authenticated:  # the host has no view, or one that asks first
        flask_login.logout_user()
    elsewhere = at_provider or (None if rule else current_profile.config.sign_out)
    data = {"message": sentence, **({"end_session_url": elsewhere} if elsewhere else {})}
    message = "" if len(session.get("_flashes", ())) > said else sentence
    return Done(message, data=data, redirect=elsewhere or (host and host.location) or after_sign_out())


def host_rule(app: Any) -> Rule | None:
    """The rule of the host's sign-out, if it has said which or an extension that it uses has one.

    :raises SetupError: it has named what is no endpoint of this app, or one whose address has variables.
    """
    given = app.extensions["myprofile"].config.sign_out
    plain = [rule for rule in app.url_map.iter_rules() if rule.arguments <= set(rule.defaults or ())]
    if given is None:
        given = adapter_of(app).sign_out
        return next((rule for rule in plain if rule.endpoint == given), None)
    found = next((rule for rule in plain if given in (rule.endpoint, rule.rule)), None)
    if found is None and not given.startswith(("/", "https://", "http://")):
        raise SetupError(
            f"MYPROFILE_SIGN_OUT = {given!r} is no endpoint of this app that has one URL: name another, or write a URL"
        )
    return found


def _by_host(rule: Rule) -> Response:
    """What the host's view answers, called in this request: while the session that it is to end is still there, and by
    a POST whose CSRF token was right, whatever methods its own address takes."""
    came = request.url_rule, request.view_args
    request.url_rule, request.view_args = rule, dict(rule.defaults or {})  # for its url_for(".index")
    view: Any = current_app.view_functions[rule.endpoint]
    try:
        answer = current_app.make_response(current_app.ensure_sync(view)(**request.view_args))
    except HTTPException as error:
        answer = current_app.make_response(error.get_response())
    finally:
        request.url_rule, request.view_args = came
    cookies = answer.headers.getlist("Set-Cookie")

    @after_this_request
    def pass_on(response: Response) -> Response:
        for cookie in cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    return answer
