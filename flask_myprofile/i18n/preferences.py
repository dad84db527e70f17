"""What the signed-in user chose for how the app looks to them, for the host's own pages too."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import flask_login
from flask import has_request_context, request, session

from ..account import timezones
from ..account.preferences import THEMES
from ..auth.remember_me import remember_name
from ..auth.request_state import request_state
from ..errors import StoreDown
from ..globals import current_profile
from .languages import offered_as


class CurrentPreferences:
    """What the signed-in user has chosen, on any page of the app: :data:`current_preferences`.

    None stands for no choice, and is what visitors have, and programs that sign in with a token.
    In an app with Flask-Babel all three come with the query that checks the session; in others, a page that asks for
    any of them costs one query.
    """

    @property
    def language(self) -> str | None:
        """The code of a language as Babel writes it, such as ``pt_BR``: for a ``locale_selector``.

        None also for one that is not offered any more."""
        chosen = _chosen("language")
        found = offered_as(chosen) if chosen else None
        return str(found) if found else None

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
    """The language that the signed-in user chose, for the host's own ``locale_selector``.

    It comes with the query that checks the session, and costs none of its own.

    :returns: its code as Babel writes it, such as ``pt_BR``; None where there is no choice.
    """
    return current_preferences.language


def _chosen(name: str) -> str:
    return (choices_of_user() or {}).get(name, "")


def choices_of_user() -> Mapping[str, str] | None:
    """What whoever is signed in has chosen; None where nobody is."""
    if not has_request_context() or not ("_user_id" in session or remember_name() in request.cookies):
        return None
    state = request_state()
    if state.asking_preferences:
        return None  # the host's user_loader says something while it loads the user whose language is wanted
    state.asking_preferences = True
    try:
        user = flask_login.current_user._get_current_object()
        if not user or not user.is_authenticated:
            return None
        if state.preferences is None:
            state.preferences = {}
            with suppress(StoreDown):  # a session that began in this request: nothing has been read of it yet
                state.preferences = current_profile.preferences.of(user)
        return state.preferences
    finally:
        state.asking_preferences = False


def choose_preferences(user: Any, values: Mapping[str, str | None]) -> None:
    """Store choices, None to take one back; the answer to this very request follows them already."""
    before = current_profile.preferences.of(user)
    changed = {name: value for name, value in values.items() if value != before.get(name)}
    current_profile.preferences.save(user, changed)
    request_state().preferences = {name: value for name, value in {**before, **changed}.items() if value is not None}
