"""The language a user chose, for the host's own pages too."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import flask_login
from flask import Flask, has_request_context, request, session

from .cookies import remember_name
from .errors import StoreDown
from .globals import current_profile
from .i18n import parse, tag_of
from .tabs.preferences import offered

_CACHE = "flask_myprofile.preferences"


def preferred_language() -> str | None:
    """The code of the language that the signed-in user chose, for the host's own ``locale_selector``; else None.

    Costs nothing for visitors who are not signed in, and one query a request for those who are.
    """
    if not has_request_context() or not _may_be_signed_in():
        return None
    code = _preferences().get("language")
    return str(parse(code)) if code and parse(code) else None


def best_language() -> str | None:
    """What the extension selects where the host has no ``locale_selector``: the user's choice, else the browser's."""
    chosen = preferred_language()
    if chosen is not None or not has_request_context():
        return chosen
    return request.accept_languages.best_match([tag_of(each) for each in offered()])


def select_language(app: Flask) -> None:
    """Let the choice take effect, in an app with Flask-Babel whose host selects no language itself."""
    babel: Any = app.extensions.get("babel")
    if babel is not None and babel.locale_selector is None:
        babel.locale_selector = _selected


def _selected() -> str | None:
    code = best_language()
    return str(parse(code)) if code else None


def _may_be_signed_in() -> bool:
    return "_user_id" in session or remember_name() in request.cookies


def _preferences() -> dict[str, str]:
    if _CACHE not in request.environ:
        request.environ[_CACHE] = {}  # what reads the language while the user is being loaded gets none
        user = flask_login.current_user
        if user and user.is_authenticated:
            with suppress(StoreDown):
                request.environ[_CACHE] = dict(current_profile.preferences.of(user))
    found: dict[str, str] = request.environ[_CACHE]
    return found
