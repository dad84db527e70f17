"""The time, as the rules and the stores count it."""

from __future__ import annotations

import time as system
from contextlib import suppress
from datetime import date, datetime, timezone

from ..store.records import SKEW


def time() -> float:
    """By the clock of the machine, as it is when it is asked: tests put another in its place, here or there."""
    return system.time()


def now() -> int:
    """Seconds since the epoch, UTC."""
    return int(time())


def is_recent(moment: int, seconds: int) -> bool:
    """Whether it was that long ago at most. A moment in the future is not: the clock that wrote it down was ahead."""
    return -SKEW <= now() - moment <= seconds


def is_due(last: int, interval: int) -> bool:
    """Whether it is time again for what was done last at that moment, which may be from the future as well."""
    return not -SKEW <= now() - last < interval


def as_datetime(seconds: int | None) -> datetime | None:
    """Seconds since the epoch, as the store has them, as an aware UTC datetime. None also where no date is that:
    another program may have written milliseconds. In the first and the last year, some zones have no date either."""
    if seconds is None:
        return None
    with suppress(OverflowError, ValueError, OSError, TypeError):
        when = datetime.fromtimestamp(seconds, timezone.utc)
        return when if date.min.year < when.year < date.max.year else None
    return None
