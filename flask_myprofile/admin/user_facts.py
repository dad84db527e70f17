"""What is kept of a user besides sessions and API token, as an administrator sees it and in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import i18n
from ..account import timezones
from ..account.email_changes import CONFIRM_WITHIN
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time
from ..pages import event_rows
from ..pages.email_change import is_verified
from ..store.notice_records import EmailChange
from ..store.records import EventRecord, IdentityRecord

#: Events that stand on the user's page.
_FIRST = 10


def as_shown(user: Any) -> dict[str, Any]:
    """For the template."""
    events, following = events_of(user, _FIRST)
    change = _email_change(user)
    return {
        "days": event_rows.by_days(events, event_rows.around(user, events, by_owner=False)),
        "has_more_events": following is not None,
        "keeps_events": current_profile.activity.is_kept,
        "preferences": _in_words(current_profile.preferences.of(user)),
        "identities": [
            {"name": each.provider or each.issuer, "subject": each.subject, "at": as_datetime(each.noted_at)}
            for each in _identities(user)
        ],
        "email_change": change
        and {"address": change.new_address, "until": as_datetime(change.sent_at + CONFIRM_WITHIN)},
    }


def as_json(user: Any) -> dict[str, Any]:
    events, change = events_of(user, _FIRST)[0], _email_change(user)
    seen = event_rows.around(user, events, by_owner=False)
    return {
        "events": [event_rows.as_json(each, seen) for each in events],
        "preferences": dict(current_profile.preferences.of(user)),
        "identities": [
            {**{name: getattr(each, name) for name in ("provider", "issuer", "subject")}, "at": iso_time(each.noted_at)}
            for each in _identities(user)
        ],
        "email_change": change
        and {"address": change.new_address, "expires_at": iso_time(change.sent_at + CONFIRM_WITHIN)},
    }


def events_of(user: Any, rows: int, before: str = "") -> tuple[Sequence[EventRecord], str | None]:
    """So many events, and the id before which the next ones are."""
    found = current_profile.activity.list(user, before=before, limit=rows + 1)
    return found[:rows], found[rows - 1].id if len(found) > rows else None


def _identities(user: Any) -> Sequence[IdentityRecord]:
    return current_profile.identities.of(current_profile.users.key(user))


def _email_change(user: Any) -> EmailChange | None:
    return current_profile.email_changes.pending(user) if is_verified() else None


# ---- preferences


def _in_words(chosen: Mapping[str, str]) -> list[tuple[Any, str]]:
    labels = {part.name: part.label for part in current_profile.tabs["preferences"].parts}
    return [(labels.get(name, name), _WORDS.get(name, str)(value)) for name, value in sorted(chosen.items())]


def _language(code: str) -> str:
    found = i18n.offered_as(code)
    return i18n.native_name(found) if found is not None else code


_WORDS: Mapping[str, Callable[[str], str]] = {
    "language": _language,
    "timezone": lambda name: timezones.city(name, i18n.locale()),
    "theme": lambda name: {"light": gettext("Light"), "dark": gettext("Dark")}.get(name, name),
    "new_device": lambda value: gettext("Do not tell me") if value == "off" else value,
}
