"""The language and the time zone of whoever reads: by Flask-Babel where the host uses it, by Babel where not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime, tzinfo
from itertools import islice
from typing import Any

from babel import Locale
from flask import current_app, has_request_context, request

from ..adapters import adapter_of
from .languages import ENGLISH, flask_babel, flask_babel_of, has_babel, locale_of, offered_as, tag_of
from .preferences import choices_of_user, current_preferences

#: Languages that a browser may ask for; the rest of a longer list is not read.
_MOST = 10
#: In the request: what has been found out, until a new choice is saved.
_KEPT = "_flask_myprofile_locale"
#: Whom something is written to who is not there.
_addressee: ContextVar[tuple[Locale, tzinfo] | None] = ContextVar("flask_myprofile_addressee", default=None)


@contextmanager
def writing_to(language: Locale, zone: tzinfo) -> Iterator[None]:
    """Within this, the reader is somebody who reads this language and lives in that zone, and no request says so."""
    token = _addressee.set((language, zone))
    try:
        # for the templates of a host, which have Flask-Babel's own words
        with flask_babel.force_locale(language) if has_babel() else nullcontext():
            yield
    finally:
        _addressee.reset(token)


def locale() -> Locale:
    """The reader's locale."""
    if (addressee := _addressee.get()) is not None:
        return addressee[0]
    kept: Any
    try:  # each text of a page asks
        kept = vars(request._get_current_object())  # type: ignore[attr-defined]
    except RuntimeError:  # there is no request
        kept = None
    if kept is not None and (known := kept.get(_KEPT)) is not None:
        return known  # type: ignore[no-any-return]
    if kept is None:
        return _of_command()
    if has_babel():
        return flask_babel.get_locale() or ENGLISH
    if _KEPT not in kept:
        kept[_KEPT] = ENGLISH  # for what is said while it is found out
        kept[_KEPT] = _of_user() or ENGLISH
    found: Locale = kept[_KEPT]
    return found


def _of_command() -> Locale:
    """Of whoever has no request: what Flask-Babel says, where the host's rule needs none."""
    try:
        return (flask_babel.get_locale() if has_babel() else None) or ENGLISH
    except Exception:  # it asks the request, or who is signed in
        return ENGLISH


def _of_user() -> Locale | None:
    """The language that the user chose, or else the first one of those that the browser asks for; of those on offer.
    None for visitors, who have that of the app."""
    choices = choices_of_user()
    return None if choices is None else offered_as(choices.get("language", "")) or asked_language()


def asked_language() -> Locale | None:
    """The first language on offer that the browser asks for."""
    asked = [each for each, quality in islice(request.accept_languages, _MOST) if quality > 0]
    return next((found for code in asked if (found := offered_as(code)) is not None), None)


def automatic_language() -> Locale | None:
    """The language for whoever has chosen none; None where a rule of the host's would have to say what it would be."""
    if current_preferences.language is None:
        return locale()
    babel = flask_babel_of(current_app)
    if babel is None:
        return asked_language() or ENGLISH
    return (asked_language() or locale_of(babel.default_locale)) if babel.locale_selector is _selected else None


def refresh_locale() -> None:
    """Forget what is cached for this request, so that the answer to "Save" is in the new language and zone already."""
    if has_babel():
        flask_babel.refresh()
    elif has_request_context():
        request.__dict__.pop(_KEPT, None)


def language_tag() -> str:
    """The ``lang`` attribute, as BCP 47 has it."""
    return tag_of(locale())


def direction() -> str:
    """``"rtl"`` or ``"ltr"``."""
    return str(locale().text_direction)


def in_app_timezone(when: datetime) -> datetime:
    """The same moment in the zone that Flask-Babel has for this request; as it is without Flask-Babel."""
    if (addressee := _addressee.get()) is not None:
        return when.astimezone(addressee[1])
    return flask_babel.to_user_timezone(when) if has_babel() else when


def app_timezone_name() -> str:
    """The name of that zone."""
    return str(flask_babel.get_timezone()) if has_babel() else "UTC"


def automatic_timezone_name() -> str | None:
    """Its name for whoever has chosen none; None where a rule of the host's would have to say what it would be."""
    if current_preferences.timezone is None:
        return app_timezone_name()
    babel = flask_babel_of(current_app)
    if babel is None:
        return "UTC"
    return str(babel.default_timezone) if babel.timezone_selector is _selected_zone else None


def select_for(app: Any) -> None:
    """Let the choices take effect in an app with Flask-Babel whose host selects no language or time zone itself."""
    babel = flask_babel_of(app)
    if babel is None:
        return
    own = babel.locale_selector
    if own is None:
        babel.locale_selector = _selected
    elif adapter_of(app).selects_language(own):
        babel.locale_selector = lambda: _chosen() or own()
    if babel.timezone_selector is None:
        babel.timezone_selector = _selected_zone


def _selected_zone() -> str | None:
    return current_preferences.timezone


def _chosen() -> str | None:
    found = offered_as((choices_of_user() or {}).get("language", ""))
    return str(found) if found is not None else None


def _selected() -> str | None:
    found = _of_user()
    return str(found) if found is not None else None
