"""The language a user chose, for the host's own pages too."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import flask_login
from flask import has_request_context, request, session

from .cookies import remember_name
from .errors import StoreDown
from .globals import current_profile
from .i18n import language_changed, parse
from .visit import current_visit


def preferred_language() -> str | None:
    """The code of the language that the signed-in user chose, for the host's own ``locale_selector``; else None.

    It comes with the query that checks the session, and costs none of its own.
    """
    if not has_request_context() or not ("_user_id" in session or remember_name() in request.cookies):
        return None
    chosen = parse(_chosen() or "")
    return str(chosen) if chosen else None


def _chosen() -> str | None:
    visit = current_visit()
    if visit.choosing_language:
        return None  # the host's user_loader says something while it loads the user whose language is wanted
    visit.choosing_language = True
    try:
        user = flask_login.current_user
        if not user or not user.is_authenticated:
            return None
        if visit.language is None:
            visit.language = ""
            with suppress(StoreDown):  # a session that began in this request: nothing has been read of it yet
                visit.language = current_profile.preferences.of(user).get("language", "")
        return visit.language
    finally:
        visit.choosing_language = False


def choose(user: Any, code: str | None) -> None:
    """Store the user's choice; the answer to this very request is in the new language already."""
    current_profile.preferences.save(user, {"language": code})
    current_visit().language = code or ""
    language_changed()


def select_for(app: Any) -> None:
    """Let the choice take effect in an app with Flask-Babel whose host selects no language itself."""
    babel = app.extensions.get("babel")
    if babel is not None and babel.locale_selector is None:
        babel.locale_selector = preferred_language
