"""The time, as the rules and the stores count it."""

from __future__ import annotations

import time


def now() -> int:
    """Seconds since the epoch, UTC."""
    return int(time.time())
