"""Moments as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from flask_babel import force_locale

from flask_myprofile.i18n import short_date, short_moment, time_ago
from tests.support.host import Host

NOON = datetime(2026, 11, 28, 12, 2, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("hours", "said"), [(2, "לפני שעתיים"), (24, "לפני יום אחד"), (48, "לפני יומיים"), (3, "לפני 3 שעות")]
)
def test_what_a_hebrew_word_counts_is_not_counted_again(hours: int, said: str, host: Host) -> None:
    """CLDR has "לפני שעתיים (2)"."""
    with host.app.test_request_context(), force_locale("he"):
        assert time_ago(NOON, NOON + timedelta(hours=hours)) == said


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "Nov 28, 2012", "Nov 28, 2012, 12:02\u202fPM"),
        ("de", "28.11.2012", "28.11.2012, 12:02"),
        ("ja", "2012/11/28", "2012/11/28 12:02"),
    ],
)
def test_another_year_is_said(language: str, day: str, moment: str, host: Host) -> None:
    when = NOON.replace(year=2012)
    with host.app.test_request_context(), force_locale(language):
        assert (short_date(when), short_moment(when)) == (day, moment)


def test_this_year_is_not(host: Host) -> None:
    when = NOON.replace(year=datetime.now(timezone.utc).year)
    with host.app.test_request_context(), force_locale("de"):
        assert (short_date(when), short_moment(when)) == ("28. Nov.", "28. Nov., 12:02")
