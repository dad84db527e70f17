"""A moment on a page: exactly for ``<time>``, and as a person says it."""

from __future__ import annotations

from datetime import datetime, timezone

from .. import i18n
from ..i18n import current_preferences


class Moment:
    """Each way of saying it is made when a template asks for it: a long list has many moments."""

    def __init__(self, when: datetime) -> None:
        self._when = when

    @property
    def iso(self) -> str:
        return i18n.iso_time(int(self._when.timestamp())) or ""

    @property
    def text(self) -> str:
        """ "2 hours ago"."""
        return i18n.time_ago(self._when)

    @property
    def date(self) -> str:
        """ "28 November 2026"."""
        return i18n.long_date(self._when)

    @property
    def full(self) -> str:
        """ "2 hours ago · 28 Nov, 13:02": of what is long ago the latter alone, and of what was just now the former."""
        passed = datetime.now(timezone.utc) - self._when
        if passed.total_seconds() < 60:
            return self.text
        return self.exact if passed.days >= 30 else f"{self.text} · {self.exact}"

    @property
    def day(self) -> str:
        """ "28 Nov"."""
        return i18n.short_date(self._when)

    @property
    def exact(self) -> str:
        """ "28 Nov, 13:02"."""
        return i18n.short_moment(self._when)

    @property
    def clock(self) -> str:
        """ "13:02"."""
        return i18n.time_of_day(self._when)

    @property
    def heading(self) -> str:
        """ "Yesterday", "28 November 2026"."""
        return i18n.day(self._when)

    @property
    def zone(self) -> str:
        return current_preferences.timezone or ""


def moment_of(when: datetime | None) -> Moment | None:
    return None if when is None else Moment(when)
