"""Dates, times and lists in the reader's language and time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.lists import format_list

from ..account.clock import as_datetime
from ..account.timezones import find as find_timezone
from .preferences import current_preferences
from .reader import app_timezone_name, in_app_timezone, locale
from .translation import gettext

#: In the place of a moment that nobody can say, as in the templates.
UNKNOWN = "—"
_SAID_TWICE = r"\s*\(\d+\)$"


def iso_time(seconds: int | None) -> str | None:
    """ISO 8601 in UTC, for JSON and ``<time datetime>``."""
    when = as_datetime(seconds)
    return when.isoformat().replace("+00:00", "Z") if when else None


def ago_or_unknown(seconds: int) -> str:
    """The same of a moment as the store has it, which need not be one."""
    when = as_datetime(seconds)
    return UNKNOWN if when is None else time_ago(when)


def time_ago(when: datetime, now: datetime | None = None) -> str:
    """ "3 hours ago"; a date once that is over 30 days; never in the future, whatever the clocks say."""
    passed = (now or datetime.now(timezone.utc)) - when
    if passed.total_seconds() < 10:
        return gettext("just now")
    if passed.days >= 30:
        return long_date(when)
    # where the word says how many there are, as in Hebrew, CLDR has the number in parentheses after it
    return re.sub(_SAID_TWICE, "", format_timedelta(-passed, add_direction=True, locale=locale()))


def long_date(when: datetime) -> str:
    """ "14 November 2026", in the reader's language and zone."""
    return str(format_date(_local(when), format="long", locale=locale()))


def short_date(when: datetime) -> str:
    """ "14 Nov", with the year where that is another one, in the reader's language and zone."""
    return _short_date(_local(when))


def _short_date(local: datetime) -> str:
    if local.year == datetime.now(local.tzinfo).year:
        return str(format_skeleton("MMMd", local, locale=locale()))
    return str(format_date(local, format="medium", locale=locale()))


def short_moment(when: datetime) -> str:
    """ "14 Nov, 13:02": the same with the time of day."""
    pattern = str(get_datetime_format("medium", locale=locale())).replace("'", "")
    local = _local(when)
    time = format_time(local, format="short", locale=locale())
    return pattern.replace("{1}", _short_date(local)).replace("{0}", time)


def zone_name(when: datetime) -> str:
    """The zone in which that moment is shown, as clocks there are called then: "CET"."""
    return _local(when).tzname() or "UTC"


def time_of_day(when: datetime) -> str:
    """ "13:02", in the reader's language and zone."""
    return str(format_time(_local(when), format="short", locale=locale()))


def local_date(when: datetime) -> date:
    """The day that it was in the reader's zone."""
    return _local(when).date()


def day(when: datetime) -> str:
    """ "Today", "Yesterday" or "14 November 2026", in the reader's language and zone."""
    passed = (local_date(datetime.now(timezone.utc)) - local_date(when)).days
    return {0: gettext("Today"), 1: gettext("Yesterday")}.get(passed) or long_date(when)


def _local(when: datetime) -> datetime:
    """In the zone that the reader chose, else in that of the app."""
    chosen = find_timezone(current_preferences.timezone or "")
    if chosen is not None:
        return when.astimezone(chosen)
    return in_app_timezone(when)


def reader_zone() -> tzinfo:
    """The zone that the reader chose, else that of the app: one that a time of day can be put into, which those of pytz
    are not."""
    for name in (current_preferences.timezone, app_timezone()):
        with suppress(ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(name or "")
    return timezone.utc


def app_timezone() -> str | None:
    """The zone that times are in for who chose none; None where it has no name."""
    name = app_timezone_name()
    return name if find_timezone(name) else None


def join_list(items: Iterable[str]) -> str:
    """ "a, b and c", joined as the language joins."""
    return str(format_list(list(items), locale=locale()))
