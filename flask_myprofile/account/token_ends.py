"""When API tokens end: what was chosen for each, and no later than the app lets any."""

from __future__ import annotations

from ..config import DAY, Config
from ..store.token_records import CheckedToken, TokenRecord

#: Seconds for which a token that was replaced goes on at most.
MOST_KEPT = 30 * DAY
#: Seconds for which one that has expired is still listed, where there may be several.
EXPIRED_KEPT = 90 * DAY
#: Days before its end at which the user of a token is told.
TOLD = (7, 3, 1)


def ends_at(record: TokenRecord | CheckedToken, config: Config) -> int | None:
    """None: never. A maximum that was lowered is good for those too that were made before."""
    most = config.api_token_max_lifetime
    if most is None:
        return record.expires_at
    latest = record.created_at + most
    return latest if record.expires_at is None else min(record.expires_at, latest)


def is_over(record: TokenRecord | CheckedToken, at: int, config: Config) -> bool:
    """Whether its end has come, so that it does not count among those that its user may have."""
    end = ends_at(record, config)
    return end is not None and end <= at


def chosen_end(made: int, lifetime: int | None, config: Config) -> int | None:
    """When a token ends that is made at that moment.

    :param lifetime: seconds; 0: never; None: as the app has it.
    """
    usual, most = config.api_token_lifetime, config.api_token_max_lifetime
    wanted = (usual or most) if lifetime is None else lifetime or most
    if not wanted:
        return None
    return made + (min(wanted, most) if most else wanted)


def lifetime_of(record: TokenRecord) -> int | None:
    """For how long it was made, as :func:`chosen_end` takes it: what its successor gets as well. Nobody has chosen
    anything for one without a name that does not end."""
    if record.expires_at is None:
        return 0 if record.slot else None
    return record.expires_at - record.created_at


def kept_until(old: TokenRecord, keep: int, at: int, config: Config) -> int | None:
    """Until when a token goes on that is replaced now; None: not at all. Never what its end was, which shows whoever
    would replace it as well that somebody has."""
    end = ends_at(old, config)
    if keep <= 0 or (end is not None and end <= at):
        return None
    until = at + min(keep, MOST_KEPT)
    until = until if end is None else min(until, end)
    return until - 1 if until == old.expires_at else until


def days_left(record: TokenRecord, at: int, config: Config) -> int | None:
    """The number out of :data:`TOLD` that it is time to tell its user of; None: of none. Nobody is told by a token of
    a week that it ends within a week. Of one without a name, whose user was told is known for a day: it is time for as
    long."""
    end = ends_at(record, config)
    if end is None or end <= at:
        return None
    days = min((days for days in TOLD if end - at <= days * DAY < end - record.created_at), default=None)
    is_late = days is not None and not record.slot and end - at <= (days - 1) * DAY
    return None if is_late else days
