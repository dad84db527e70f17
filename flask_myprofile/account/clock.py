"""The time, as the rules and the stores count it."""

from __future__ import annotations

from time import time


def now() -> int:
    """Seconds since the epoch, UTC."""
    return int(time())
