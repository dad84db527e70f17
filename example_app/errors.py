"""The app's own error pages. Those of My Profile are left to it: it knows what was typed there."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from flask_myprofile import error_page

from . import auth

#: status -> what has happened, and what to do
TEXTS = {
    400: (lazy_gettext("This could not be sent"), lazy_gettext("Open the page again and send it once more.")),
    403: (lazy_gettext("This is not allowed"), lazy_gettext("Your account may not open this page.")),
    404: (lazy_gettext("There is no such page"), lazy_gettext("Check the address, or begin at the start page.")),
    503: (lazy_gettext("Not available at the moment"), lazy_gettext("Try again in a minute.")),
}
OTHERS = (lazy_gettext("That did not work"), lazy_gettext("Try again in a minute, or begin at the start page."))


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, show)


def show(error: HTTPException) -> ResponseReturnValue:
    """In the layout, with the status and headers that it has."""
    if isinstance(error, CSRFError) and request.endpoint == "auth.sign_in":
        return auth.sign_in_once_more()
    if error.response is not None or isinstance(error, SecurityError | BadHost):
        return error  # whoever raised it had more to say; at a host that is not trusted, or none, Flask builds no URLs
    return error_page(error) or _own(error)


def _own(error: HTTPException) -> ResponseReturnValue:
    if request.blueprint == "api":
        return {"error": error.name}, error.code or 500
    title, advice = TEXTS.get(error.code or 500, OTHERS)
    response = cast(Response, error.get_response())
    response.data = render_template("error.html", title=title, advice=advice)
    response.content_type = "text/html; charset=utf-8"
    return response
