"""What may be said of an API token: on the user's own page, on the administrator's, and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..account.clock import now
from ..account.token_ends import ends_at
from ..account.token_slots import lasting, replaced
from ..config import DAY
from ..globals import current_profile
from ..i18n import ago_or_unknown, as_datetime, gettext, iso_time
from ..openapi.schemas import COUNT, FLAG, MOMENT, OPTIONAL_TEXT, TEXT, Schema, optional, record, rows
from ..store.token_records import TokenRecord
from .token_scopes import words_for

#: Seconds before a token expires from which on the pages say so.
SOON = 14 * DAY
_TIMES = ("created_at", "last_used_at", "expires_at")
_TEXTS = ("hint", "last_used_ip", "last_used_agent")
#: What :func:`as_json` says.
SCHEMA = record(**dict.fromkeys(_TEXTS, OPTIONAL_TEXT), **dict.fromkeys(_TIMES, MOMENT), version=TEXT)
_LISTED = record(
    **{"id": TEXT, "name": TEXT, "scopes": optional(rows(TEXT)), "replaced": FLAG},
    **dict.fromkeys(_TEXTS, OPTIONAL_TEXT),
    **dict.fromkeys(_TIMES, MOMENT),
)
#: The same of whoever may have several.
LIST_SCHEMA: Schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "tokens": rows(_LISTED), "limit": COUNT}}


def are_a_list(records: Sequence[TokenRecord]) -> bool:
    """Whether they are shown as one: also where several are left from before, when there might be."""
    return current_profile.config.names_tokens or any(record.slot for record in records)


def as_json(record: TokenRecord | None) -> dict[str, Any]:
    """All of it is null where there is no token."""
    record = _with_end(record) if record else None
    times = {name: iso_time(getattr(record, name)) if record else None for name in _TIMES}
    texts = {name: getattr(record, name) if record else None for name in _TEXTS}
    return {**texts, **times, "version": current_profile.tokens.version(record)}


def all_as_json(records: Sequence[TokenRecord]) -> list[dict[str, Any]]:
    """Each with what tells it from the others; its id is its version."""
    ending, kept = replaced(records), [as_json(record) for record in records]
    return [
        {
            "id": facts.pop("version"),
            "name": record.name,
            "scopes": record.scopes.split() if record.scopes is not None else None,
            "networks": record.networks.split() if record.networks is not None else None,
            "replaced": record.digest in ending,
            **facts,
        }
        for record, facts in zip(records, kept, strict=True)
    ]


def as_shown(record: TokenRecord) -> dict[str, Any]:
    """The same for the templates."""
    record = _with_end(record)
    times = {name: as_datetime(getattr(record, name)) for name in _TIMES}
    soon = 0 < (record.expires_at or 0) - now() <= SOON
    texts = {name: getattr(record, name) for name in _TEXTS}
    # known also of moments that no date can be
    said = {"was_used": record.last_used_at is not None, "ends": record.expires_at is not None, "expires_soon": soon}
    return {**times, **texts, **said}


def all_as_shown(records: Sequence[TokenRecord]) -> list[dict[str, Any]]:
    """The newest first, each after the one that has replaced it; those at the end that have expired."""
    ending = replaced(records)
    rows = [
        {
            **as_shown(record),
            "id": current_profile.tokens.version(record),
            "name": name_of(record),
            "state": "replaced" if record.digest in ending else state_of(record),
            "scopes": words_for(record.scopes),
            "networks": (record.networks or "").replace(" ", ", "),
            "can_copy": record.ciphertext is not None,
            "can_change": record.slot > 0 and current_profile.config.names_tokens,
        }
        for record in records
    ]
    rows.reverse()
    return sorted(rows, key=lambda row: row["state"] == "expired")


def _with_end(record: TokenRecord) -> TokenRecord:
    """When it ends, which may be sooner than was chosen."""
    return record._replace(expires_at=ends_at(record, current_profile.config))


def name_of(record: TokenRecord) -> str:
    return record.name or gettext("API Token")


def called(record: TokenRecord) -> str:
    """Which one it is, where there are several."""
    return gettext("The token “%(name)s”, %(hint)s.", name=name_of(record), hint=record.hint)


def state_of(record: TokenRecord | None) -> str:
    if record is None:
        return "empty"
    return "expired" if current_profile.tokens.is_expired(record) else "exists"


def state_of_all(records: Sequence[TokenRecord]) -> str:
    """Whether there is one that works."""
    states = {state_of(record) for record in lasting(records)}
    return "exists" if "exists" in states else "expired" if states else "empty"


def last_use(record: TokenRecord) -> str:
    if record.last_used_at is None:
        return gettext("The current token has never been used.")
    return gettext(
        "The current token was last used %(when)s, from %(ip)s by %(agent)s.",
        when=ago_or_unknown(record.last_used_at),
        ip=record.last_used_ip or gettext("an unknown address"),
        agent=record.last_used_agent or gettext("an unknown program"),
    )


def last_of(records: Sequence[TokenRecord]) -> TokenRecord | None:
    """The one that was used last, or else made last."""
    return max(records, key=lambda each: (each.last_used_at or 0, each.created_at), default=None)
