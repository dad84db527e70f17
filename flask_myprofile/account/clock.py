"""The time, as the rules and the stores count it."""

from __future__ import annotations

import time as system

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
