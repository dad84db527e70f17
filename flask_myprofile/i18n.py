"""Words, dates and languages: by Flask-Babel where the host uses it, in English where not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global, parse_locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.support import LazyProxy, NullTranslations, Translations
from flask import current_app, has_app_context

from .account.timezones import find as find_timezone
from .preferences import current_preferences

try:
    import flask_babel
except ImportError:  # the host works in English only
    flask_babel = None

TRANSLATIONS = Path(__file__).parent / "translations"
ENGLISH = Locale("en")


def in_use() -> bool:
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
    return (flask_babel.get_locale() if in_use() else None) or ENGLISH


def reader_changed() -> None:
    """Forget what is cached for this request, so that the answer to "Save" is in the new language and zone already."""
    if in_use():
        flask_babel.refresh()


def language_tag() -> str:
    """The ``lang`` attribute, as BCP 47 has it."""
    return tag_of(locale())


def tag_of(which: Locale) -> str:
    return str(which).replace("_", "-")


def direction() -> str:
    """``"rtl"`` or ``"ltr"``."""
    return str(locale().text_direction)


def native_name(which: Locale) -> str:
    """The language's name in itself: "Deutsch", "français" with a capital, as a list entry has it."""
    key = "_".join(filter(None, (which.language, which.script, which.territory)))
    name = which.languages.get(key) or which.get_display_name() or str(which)
    # Georgian capitals are another style of the script, not an initial
    return name if which.language == "ka" else name[:1].upper() + name[1:]


def host_languages() -> list[str]:
    """Codes of the languages that the app itself, or else this package, is translated to."""
    if not in_use():
        return []
    own = {tag_of(found) for found in current_app.extensions["babel"].instance.list_translations()}
    if len(own) < 2:
        own |= {
            "en",
            *(tag_of(Locale.parse(p.parent.parent.name)) for p in TRANSLATIONS.glob("*/LC_MESSAGES/myprofile.mo")),
        }
    return sorted(own)


def moment(seconds: int | None) -> datetime | None:
    """Seconds since the epoch, as the store has them, as an aware UTC datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def iso(seconds: int | None) -> str | None:
    """ISO 8601 in UTC, for JSON and ``<time datetime>``."""
    when = moment(seconds)
    return when.isoformat().replace("+00:00", "Z") if when else None


def ago(when: datetime, now: datetime | None = None) -> str:
    """ "3 hours ago"; a date once that is over 30 days; never in the future, whatever the clocks say."""
    passed = (now or datetime.now(timezone.utc)) - when
    if passed.total_seconds() < 10:
        return gettext("just now")
    if passed.days >= 30:
        return day(when)
    return str(format_timedelta(-passed, add_direction=True, locale=locale()))


def day(when: datetime) -> str:
    """ "14 November 2026", in the reader's language and zone."""
    return str(format_date(_local(when), format="long", locale=locale()))


def _local(when: datetime) -> datetime:
    """In the zone that the reader chose, else in that of the app."""
    chosen = find_timezone(current_preferences.timezone or "")
    if chosen is not None:
        return when.astimezone(chosen)
    return flask_babel.to_user_timezone(when) if in_use() else when


def app_timezone() -> str | None:
    """The zone that times are in for who chose none; None where it has no name."""
    name = str(flask_babel.get_timezone()) if in_use() else "UTC"
    return name if find_timezone(name) else None


def listing(items: Iterable[str]) -> str:
    """ "a, b and c", joined as the language joins."""
    return str(format_list(list(items), locale=locale()))
