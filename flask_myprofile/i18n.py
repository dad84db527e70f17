"""Words, dates and languages: by Flask-Babel where the host uses it, in English where not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.support import LazyProxy
from flask import current_app, has_app_context

try:
    import flask_babel
except ImportError:  # the host works in English only
    flask_babel = None

TRANSLATIONS = Path(__file__).parent / "translations"
ENGLISH = Locale("en")
_domain = flask_babel.Domain([str(TRANSLATIONS)], "myprofile") if flask_babel else None


def in_use() -> bool:
    """Whether the current app has Flask-Babel set up."""
    return bool(flask_babel) and has_app_context() and "babel" in current_app.extensions


def gettext(text: str, **values: Any) -> str:
    """``text`` in the reader's language, with ``%(name)s`` filled in."""
    if _domain and in_use():
        return str(_domain.gettext(text, **values))
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """The right plural form for ``num``, which is also filled in as ``%(num)s``."""
    if _domain and in_use():
        return str(_domain.ngettext(singular, plural, num, **values))
    return (singular if num == 1 else plural) % {"num": num, **values}


def lazy_gettext(text: str) -> Any:
    """For texts in class bodies: looked up each time it is printed, so one process speaks many languages."""
    return LazyProxy(gettext, text, enable_cache=False)


def locale() -> Locale:
    """The reader's locale."""
    return (flask_babel.get_locale() if in_use() else None) or ENGLISH


def language_changed() -> None:
    """Forget the locale cached for this request, so that the answer to "Save" is in the new language already."""
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


def parse(code: str) -> Locale | None:
    """``"pt-BR"`` or ``"pt_BR"`` as a Locale; None where there is no such language."""
    try:
        return Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


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
    return flask_babel.to_user_timezone(when) if in_use() else when


def listing(items: Iterable[str]) -> str:
    """ "a, b and c", joined as the language joins."""
    return str(format_list(list(items), locale=locale()))
