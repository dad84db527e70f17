"""Translated text: by Flask-Babel where the host uses it, in English where not."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global, parse_locale
from babel.support import LazyProxy, NullTranslations, Translations
from flask import current_app, has_app_context

try:
    import flask_babel
except ImportError:  # the host works in English only
    flask_babel = None

TRANSLATIONS = Path(__file__).parent.parent / "translations"
ENGLISH = Locale("en")


def has_babel() -> bool:
    """Whether the current app has Flask-Babel set up."""
    return bool(flask_babel) and has_app_context() and "babel" in current_app.extensions


def gettext(text: str, **values: Any) -> str:
    """``text`` in the reader's language, with ``%(name)s`` filled in."""
    said = str(_catalogue(locale()).ugettext(text))
    return said % values if values else said


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """The right plural form for ``num``, which is also filled in as ``%(num)s``."""
    return str(_catalogue(locale()).ungettext(singular, plural, num)) % {"num": num, **values}


@cache
def _catalogue(which: Locale) -> NullTranslations:
    """In Taiwan, "zh_TW", one reads "zh_Hant", and "pt_BR" is better than no Portuguese."""
    likely = parse_locale(get_global("likely_subtags").get(which.language, which.language))
    subtags = (which.script, *likely[1:3])
    names = [str(which), *(f"{which.language}_{subtag}" for subtag in subtags if subtag)]
    return Translations.load(TRANSLATIONS, names, "myprofile")


def lazy_gettext(text: str) -> Any:
    """For texts in class bodies: looked up each time it is printed, so one process speaks many languages."""
    return LazyProxy(gettext, text, enable_cache=False)


def locale() -> Locale:
    """The reader's locale."""
    return (flask_babel.get_locale() if has_babel() else None) or ENGLISH


def refresh_locale() -> None:
    """Forget what is cached for this request, so that the answer to "Save" is in the new language and zone already."""
    if has_babel():
        flask_babel.refresh()


def language_tag() -> str:
    """The ``lang`` attribute, as BCP 47 has it."""
    return tag_of(locale())


def tag_of(which: Locale) -> str:
    return str(which).replace("_", "-")


def direction() -> str:
    """``"rtl"`` or ``"ltr"``."""
    return str(locale().text_direction)


def in_app_timezone(when: datetime) -> datetime:
    """The same moment in the zone that Flask-Babel has for this request; as it is without Flask-Babel."""
    return flask_babel.to_user_timezone(when) if has_babel() else when


def app_timezone_name() -> str:
    """The name of that zone."""
    return str(flask_babel.get_timezone()) if has_babel() else "UTC"
