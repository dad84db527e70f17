"""Deleting what is over in short transactions, so that nobody else waits long for one of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..store.records import Pruned

#: Rows that one batch deletes at most and at least, and with how many it begins.
MOST, FEWEST, FIRST = 1000, 25, 100
#: The seconds that one is meant to take: after a longer one they are halved, after a much shorter one doubled. A
#: quarter of what others should wait at most, since the next one may take longer than the last.
MEANT = 0.025


def prune_in_batches(
    batch: Callable[[str | None, int], Pruned], progress: Callable[[int], None] = lambda deleted: None
) -> int:
    """Delete batch after batch, as large as the database is quick at that moment.

    :param batch: told after which id, and how many rows at most.
    :param progress: told the number of rows after each.
    :returns: how many rows were deleted.
    """
    after, total, limit = None, 0, FIRST
    while True:
        begun = time.monotonic()
        after, deleted = batch(after, limit)
        total += deleted
        progress(deleted)
        if after is None:
            return total
        limit = next_limit(limit, time.monotonic() - begun)


def next_limit(limit: int, took: float) -> int:
    """How many rows the next batch may have."""
    if took > MEANT:
        return max(limit // 2, FEWEST)
    return min(limit * 2, MOST) if took < MEANT / 3 else limit
