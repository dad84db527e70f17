"""Whether what is too old is ever deleted."""

from __future__ import annotations

from collections.abc import Iterator

from ..account.clock import now
from ..config import DAY
from ..globals import current_profile
from .findings import Finding, note, ok

#: Pruning runs once an hour, or once a day; what waits for longer waits in vain.
_LATE = 3 * DAY


def pruning() -> Iterator[Finding]:
    config, before = current_profile.config, now() - _LATE
    store = current_profile.stores[0]
    with current_profile.own_transaction():
        found = store.overdue(
            ended=before - config.session_keep_ended if len(current_profile.stores) == 1 else None,
            events=before - (config.activity_keep or 0),
            links=before,
            changes=before - config.feature_history_keep,
        )
    if not found:
        yield ok("Nothing waits for days to be pruned.")
        return
    yield note(
        f"What is too old is kept for days longer: {', '.join(found)}. It has addresses and names of people.",
        "Run `flask myprofile sessions prune` once an hour, by cron or a systemd timer.",
    )
