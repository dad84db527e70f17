"""An error on one of our pages, in the layout: what has happened, what to do, and what was typed. Only where the host
has no handler for it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import flask_login
from flask import Blueprint, current_app, request
from werkzeug.exceptions import HTTPException

from .. import pages
from ..auth.bearer import token_authenticated
from ..globals import OWN_BLUEPRINTS, SIGN_OUT, current_profile
from ..i18n import lazy_gettext
from ..responses import prefers_json
from .pending_form import Purpose, purpose_of_view
from .refusals import http_problem


class Words(NamedTuple):
    """The title, what has happened where nobody has said it, and what to do."""

    title: Any
    happened: Any
    advice: Any


_SEND_AGAIN = lazy_gettext("Nothing was changed. Open the page again before you send it once more.")
_NOTHING = lazy_gettext("Nothing was changed.")
_ASK = lazy_gettext("Nothing was changed. Ask your administrator if you need it.")
_WORDS = {
    400: Words(lazy_gettext("This could not be sent"), lazy_gettext("What was sent cannot be used."), _SEND_AGAIN),
    403: Words(
        lazy_gettext("This is not allowed"),
        lazy_gettext("Your account may not do this."),
        _ASK,
    ),
    404: Words(
        lazy_gettext("This is not here"),
        lazy_gettext("There is no such page, or it has been turned off."),
        _ASK,
    ),
    409: Words(
        lazy_gettext("This has changed meanwhile"),
        lazy_gettext("Somebody has changed this while you were at it."),
        _SEND_AGAIN,
    ),
    413: Words(
        lazy_gettext("This is too large"),
        lazy_gettext("More was sent than this page takes."),
        lazy_gettext("Nothing was changed. Send less of it."),
    ),
    415: Words(
        lazy_gettext("This could not be sent"),
        lazy_gettext("It was sent in a format that this page does not know."),
        _SEND_AGAIN,
    ),
    429: Words(
        lazy_gettext("Too many attempts"),
        lazy_gettext("This was tried too often."),
        lazy_gettext("Nothing was changed. Wait a few minutes before you try again."),
    ),
    503: Words(
        lazy_gettext("Not available at the moment"),
        lazy_gettext("Your data cannot be reached at the moment."),
        lazy_gettext("Try again in a minute, and look then whether what you sent was saved."),
    ),
}


def connect(blueprint: Blueprint) -> None:
    """Stand in for the handler that the host has not registered. Flask asks one of the host's for a status first, and
    this one before those for all errors, which it asks itself."""
    blueprint.register_error_handler(HTTPException, answer)


def answer(error: HTTPException) -> Any:
    """What a program is answered; and a browser, by the host's handler for all errors if there is one."""
    if error.response is None and (error.code or 0) >= 400 and prefers_json():
        return http_problem(error)
    for kind in type(error).__mro__:
        handler = current_app.error_handler_spec[None][None].get(kind)
        if handler is not None:
            return current_app.ensure_sync(handler)(error)
    return error_page(error) or error


def error_page(error: HTTPException) -> Any:
    """The page of My Profile for an error on one of its pages, with what was typed there. For a handler of yours, which
    is asked before My Profile shows its own.

    :param error: what the handler was given.
    :returns: an answer for the view; None on other pages, and for programs.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    words = _WORDS.get(error.code or 0)
    is_ours = request.blueprint in OWN_BLUEPRINTS and hasattr(view, "myprofile_purpose")
    if words is None or error.response is not None or not is_ours or prefers_json() or token_authenticated():
        return None
    for in_own_layout in (False, True):
        try:
            return _draw(error, words, in_own_layout)
        except Exception:  # the layout of the host, or the user in it, may need what is down
            current_app.logger.exception("MyProfile: the page for the error %s could not be drawn", error.code)
    return None


def _draw(error: HTTPException, words: Words, in_own_layout: bool) -> Any:
    user = flask_login.current_user._get_current_object()
    purpose = purpose_of_view(request.url_rule)
    # what a limit of requests says is its rule: "5 per 1 minute"
    is_said = error.description != type(error).description and error.code != 429
    happened = error.description if is_said else words.happened
    shown, status = pages.layout.render(
        "myprofile/error.html",
        title=words.title,
        error=happened,
        status=error.code or 500,
        for_visitor=in_own_layout or error.code == 503,
        in_own_layout=in_own_layout,
        advice=_advice(words, user),
        typed=pages.typed_again.typed_again(purpose, user),
        back_url=_page(purpose) if error.code not in (403, 404) else None,
        signs_out=request.endpoint == SIGN_OUT,
        for_admin=request.blueprint == "myprofile_admin" and current_profile.is_admin(user),
    )
    more = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return shown, status, more


def _advice(words: Words, user: Any) -> Any:
    """Nobody is sent to themselves: administrators, also in a preview, have nobody to ask."""
    has_nobody = words.advice is _ASK and user.is_authenticated and current_profile.is_admin(user)
    return _NOTHING if has_nobody else words.advice


def _page(purpose: Purpose | None) -> str | None:
    """Where the form is that was sent, or the page itself that was asked for."""
    if request.method != "POST":
        return request.full_path.rstrip("?") if request.method == "GET" else None
    with suppress(HTTPException):  # what is too large is not read
        return purpose.page(request.form) if purpose is not None else None
    return None
