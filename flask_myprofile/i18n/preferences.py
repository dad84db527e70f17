"""What the signed-in user chose for how the app looks to them, for the host's own pages too."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import flask_login
from babel import Locale, UnknownLocaleError
from flask import has_request_context, request, session

from ..account import timezones
from ..account.preferences import THEMES
from ..auth.remember_me import remember_name
from ..auth.request_state import request_state
from ..errors import StoreDown
from ..globals import current_profile


class CurrentPreferences:
    """What the signed-in user has chosen, on any page of the app: :data:`current_preferences`.

    None stands for no choice, and is what visitors have, and programs that sign in with a token.
    In an app with Flask-Babel all three come with the query that checks the session; in others, a page that asks for
    any of them costs one query.
    """

    @property
    def language(self) -> str | None:
        """The code of a language as Babel writes it, such as ``pt_BR``: for a ``locale_selector``."""
        chosen = locale_of(_chosen("language"))
        return str(chosen) if chosen else None

    @property
    def timezone(self) -> str | None:
        """The IANA name of a time zone, such as ``Europe/Berlin``: for a ``timezone_selector``."""
        chosen = _chosen("timezone")
        return chosen if timezones.find(chosen) else None

    @property
    def theme(self) -> str | None:
        """``light`` or ``dark``; None: as the device has it."""
        chosen = _chosen("theme")
        return chosen if chosen in THEMES else None


#: The preferences of whoever is signed in, as ``current_user`` is the user. Templates have it as well.
current_preferences = CurrentPreferences()


def preferred_language() -> str | None:
    """The code of the language that the signed-in user chose, for the host's own ``locale_selector``; else None.

    It comes with the query that checks the session, and costs none of its own.
    """
    return current_preferences.language


def locale_of(code: str) -> Locale | None:
    """``"pt-BR"`` or ``"pt_BR"`` as a Locale; None where there is no such language."""
    try:
        return Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def _chosen(name: str) -> str:
    if not has_request_context() or not ("_user_id" in session or remember_name() in request.cookies):
        return ""
    state = request_state()
    if state.asking_preferences:
        return ""  # the host's user_loader says something while it loads the user whose language is wanted
    state.asking_preferences = True
    try:
        user = flask_login.current_user
        if not user or not user.is_authenticated:
            return ""
        if state.preferences is None:
            state.preferences = {}
            with suppress(StoreDown):  # a session that began in this request: nothing has been read of it yet
                state.preferences = current_profile.preferences.of(user)
        return state.preferences.get(name, "")
    finally:
        state.asking_preferences = False


def choose_preferences(user: Any, values: Mapping[str, str | None]) -> None:
    """Store choices, None to take one back; the answer to this very request follows them already."""
    before = current_profile.preferences.of(user)
    changed = {name: value for name, value in values.items() if value != before.get(name)}
    current_profile.preferences.save(user, changed)
    request_state().preferences = {name: value for name, value in {**before, **changed}.items() if value is not None}


def select_for(app: Any) -> None:
    """Let the choices take effect in an app with Flask-Babel whose host selects no language or time zone itself."""
    babel = app.extensions.get("babel")
    if babel is None:
        return
    if babel.locale_selector is None:
        babel.locale_selector = preferred_language
    if babel.timezone_selector is None:
        babel.timezone_selector = lambda: current_preferences.timezone
