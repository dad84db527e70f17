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
from ..pages.personal_data import identities_of
from ..store.notice_records import EmailChange
from ..store.records import IdentityRecord

#: Events that stand on the user's page.
_FIRST = 10


def as_shown(user: Any) -> dict[str, Any]:
    """For the template."""
    events, following = current_profile.activity.page(user, _FIRST)
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
    events, change = current_profile.activity.page(user, _FIRST)[0], _email_change(user)
    seen = event_rows.around(user, events, by_owner=False)
    return {
        "events": [event_rows.as_json(each, seen) for each in events],
        "preferences": dict(current_profile.preferences.of(user)),
        "identities": identities_of(user),
        "email_change": change
        and {"address": change.new_address, "expires_at": iso_time(change.sent_at + CONFIRM_WITHIN)},
    }


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
