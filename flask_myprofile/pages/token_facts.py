"""What may be said of an API token: on the user's own page, on the administrator's, and in JSON."""

from __future__ import annotations

from typing import Any

from ..account.clock import now
from ..config import DAY
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, time_ago
from ..store.records import TokenRecord

#: Seconds before a token expires from which on the pages say so.
SOON = 14 * DAY
_TIMES = ("created_at", "last_used_at", "expires_at")
_TEXTS = ("hint", "last_used_ip", "last_used_agent")


def as_json(record: TokenRecord | None) -> dict[str, Any]:
    """All of it is null where there is no token."""
    times = {name: iso_time(getattr(record, name)) if record else None for name in _TIMES}
    texts = {name: getattr(record, name) if record else None for name in _TEXTS}
    return {**texts, **times, "version": current_profile.tokens.version(record)}


def as_shown(record: TokenRecord) -> dict[str, Any]:
    """The same for the templates."""
    times = {name: as_datetime(getattr(record, name)) for name in _TIMES}
    soon = 0 < (record.expires_at or 0) - now() <= SOON
    return {**times, **{name: getattr(record, name) for name in _TEXTS}, "expires_soon": soon}


def state_of(record: TokenRecord | None) -> str:
    if record is None:
        return "empty"
    return "expired" if current_profile.tokens.is_expired(record) else "exists"


def last_use(record: TokenRecord) -> str:
    when = as_datetime(record.last_used_at)
    if when is None:
        return gettext("The current token has never been used.")
    return gettext(
        "The current token was last used %(when)s, from %(ip)s by %(agent)s.",
        when=time_ago(when),
        ip=record.last_used_ip or gettext("an unknown address"),
        agent=record.last_used_agent or gettext("an unknown program"),
    )
