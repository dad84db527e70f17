"""How an event reads: in the activity of a user, and in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import isroutine
from itertools import groupby
from typing import Any, NamedTuple

from flask import current_app, url_for

from ..account import events
from ..account.events import details_of, is_from_there, known_details
from ..globals import current_profile
from ..i18n import as_datetime, gettext, iso_time, join_list, lazy_gettext, local_date, ngettext
from ..openapi.schemas import ANYTHING, MOMENT, OPTIONAL_TEXT, TEXT, record
from ..store.records import EventRecord, SessionRecord
from . import not_me
from .session_rows import device_by, name_of, places_of

_ID = re.compile(r"[0-9a-f]{32}")
#: What :func:`as_json` says of each.
SCHEMA = record(
    **{"id": TEXT, "kind": TEXT, "topic": TEXT, "at": MOMENT, "actor": TEXT},
    **dict.fromkeys(("by", "session", "device", "ip", "place"), OPTIONAL_TEXT),
    details=ANYTHING,
)
#: What has happened -> icon, and words.
_KINDS: Mapping[str, tuple[str, Any]] = {
    "session.signed_in": ("monitor-smartphone", lazy_gettext("Signed in")),
    "session.signed_out": ("log-out", lazy_gettext("Signed out")),
    "session.ended": ("log-out", lazy_gettext("Sessions were signed out")),
    "session.confirmed": ("fingerprint-pattern", lazy_gettext("Confirmed who it is")),
    "password.changed": ("lock", lazy_gettext("Password changed")),
    "password.refused": ("shield-alert", lazy_gettext("The current password was entered wrong too many times")),
    "token.made": ("key-round", lazy_gettext("API token made")),
    "token.regenerated": ("key-round", lazy_gettext("API token regenerated")),
    "token.changed": ("pencil", lazy_gettext("API token changed")),
    "token.revealed": ("eye", lazy_gettext("API token shown")),
    "token.revoked": ("key-round", lazy_gettext("API token revoked")),
    "token.used_elsewhere": ("terminal", lazy_gettext("API token used from a new address")),
    "profile.fields_changed": ("pencil", lazy_gettext("Personal information changed")),
    "profile.email_change_asked": ("mail", lazy_gettext("Change of the email address requested")),
    "profile.email_change_confirmed": ("mail", lazy_gettext("Email address changed")),
    "profile.email_change_undone": ("mail", lazy_gettext("Change of the email address undone")),
    "profile.email_change_cancelled": ("mail", lazy_gettext("Change of the email address cancelled")),
    "features.changed": ("toggle-right", lazy_gettext("Features changed")),
    "features.previewed": ("eye", lazy_gettext("Preview of features began")),
    "features.preview_ended": ("eye-off", lazy_gettext("Preview of features ended")),
    "account.data_downloaded": ("download", lazy_gettext("Data of the account downloaded")),
    "account.offboarded": ("circle-x", lazy_gettext("Access to the account was ended")),
    "account.forgotten": ("trash-2", lazy_gettext("Account erased")),
}
#: Why sessions have ended, where that was nobody's wish.
_REASONS: Mapping[str, Any] = {
    "password_changed": lazy_gettext("Because the password was changed"),
    "not_me": lazy_gettext("This wasn’t me"),
    "limit": lazy_gettext("Because there were more sessions than an account may have"),
    "provider": lazy_gettext("Because of a sign-out at your organization"),
    "disabled": lazy_gettext("Because the account was disabled"),
    "outdated": lazy_gettext("Because what you sign in with was changed"),
    "protection": lazy_gettext("Because the cookie came from another browser"),
}
#: What somebody in another session than theirs may have done: "This wasn't me" helps.
_SUSPECT = frozenset(
    kind.name
    for kind in (
        *(events.SIGNED_IN, events.CONFIRMED, events.PASSWORD_CHANGED, events.PASSWORD_REFUSED),
        *(events.TOKEN_MADE, events.TOKEN_REGENERATED, events.TOKEN_REVEALED, events.TOKEN_CHANGED),
        events.FIELDS_CHANGED,
        *(events.EMAIL_CHANGE_ASKED, events.EMAIL_CHANGE_CONFIRMED, events.DATA_DOWNLOADED),
    )
)
_PREVIEWS = (events.FEATURES_PREVIEWED.name, events.FEATURES_PREVIEW_ENDED.name)


class Around(NamedTuple):
    """What a page of events is read with: asked once for all of them."""

    sessions: Mapping[str, SessionRecord]
    current: SessionRecord | None
    places: Mapping[str, str]
    shows_address: bool
    #: Whether what helps is offered: to the owner alone. ``not_me``: "This wasn't me" as well.
    helps: bool
    not_me: bool


def is_event_id(text: str) -> bool:
    """Whether it is written like one."""
    return _ID.fullmatch(text) is not None


def around(user: Any, records: Sequence[EventRecord], *, by_owner: bool = True) -> Around:
    """One statement, whatever the number of events. ``by_owner``: whether their user reads them."""
    current, shown = current_profile.sessions.current(user), current_profile.features.own("sessions.address")
    ids = {named for record in records for named in (record.session_id, *_ended(record)[:1]) if named}
    known = current_profile.sessions.find_all(user, ids - ({current.id} if current else set()))
    theirs = [record for record in records if is_from_there(record)]
    return Around(
        {row.id: row for row in (*known, *([current] if current else ()))},
        current,
        places_of(theirs) if shown else {},
        shown,
        by_owner,
        by_owner and not_me.is_offered(user),
    )


def as_json(record: EventRecord, seen: Around) -> dict[str, Any]:
    there = is_from_there(record)
    return {
        "id": record.id,
        "kind": record.kind,
        "topic": record.topic,
        "at": iso_time(record.at),
        "actor": record.actor,
        "by": record.actor_name,
        "session": record.session_id if there else None,
        "device": device_by(record.user_agent)[0] if there and record.user_agent else None,
        "ip": (record.ip or None) if there and seen.shows_address else None,
        "place": seen.places.get(record.ip) if there else None,
        "details": details_of(record),
    }


def as_row(record: EventRecord, seen: Around) -> dict[str, Any]:
    """The same for the template."""
    session = seen.sessions.get(record.session_id or "")
    current = seen.current is not None and record.session_id == seen.current.id
    there = is_from_there(record)
    return {
        "id": record.id,
        "icon": _icon(record),
        "title": title_of(record, seen),
        "notes": list(_notes(record)),
        "at": as_datetime(record.at),
        "device": _device(record, session) if there else "",
        "place": seen.places.get(record.ip) if there else None,
        "ip": record.ip if there and seen.shows_address else "",
        "current": current and there,
        "not_me_url": None if session is None or current or not seen.not_me else _not_me_url(record, session),
        "token_url": _token_url(record) if seen.helps else None,
    }


def by_days(records: Sequence[EventRecord], seen: Around) -> list[dict[str, Any]]:
    """The same of many, each day with its own."""
    all_rows = (as_row(each, seen) for each in records)
    days = [list(of_day) for _, of_day in groupby(all_rows, lambda row: row["at"] and local_date(row["at"]))]
    return [
        {"day": rows[0]["at"], "rows": rows, "can_say_not_me": any(row["not_me_url"] for row in rows)} for rows in days
    ]


def _icon(record: EventRecord) -> str:
    is_sign_in = record.kind == events.SIGNED_IN.name and record.user_agent
    return device_by(record.user_agent)[1] if is_sign_in else _KINDS.get(record.kind, ("circle", ""))[0]


def _device(record: EventRecord, session: SessionRecord | None) -> str:
    if session is not None and session.name:
        return name_of(session)
    return device_by(record.user_agent)[0] if record.user_agent else ""


def _not_me_url(record: EventRecord, session: SessionRecord) -> str | None:
    return not_me.url_of_path(session.id) if record.kind in _SUSPECT and is_from_there(record) else None


def _token_url(record: EventRecord) -> str | None:
    if record.kind != events.TOKEN_USED_ELSEWHERE.name or not current_profile.features["api_token"]:
        return None
    return url_for("myprofile.api_token" if current_profile.config.names_tokens else "myprofile.api_token_revoke")


# ---- in words


def title_of(record: EventRecord, seen: Around | None = None) -> str:
    own = current_profile.config.activity_kinds.get(record.kind)
    if own is not None:
        return _own_words(record, own)
    if record.kind == events.SIGNED_IN.name and known_details(record).get("device") == "new":
        return gettext("Signed in on a new device")
    if record.kind == events.SESSIONS_ENDED.name:
        return _ended_words(record, seen)
    return str(_KINDS[record.kind][1]) if record.kind in _KINDS else record.kind


def _own_words(record: EventRecord, words: Any) -> str:
    if not isroutine(words):  # a lazy text is callable as well
        return str(words)
    try:
        return str(words(details_of(record)))
    except Exception:  # of what was recorded by an older version of the app, for one
        current_app.logger.exception("MYPROFILE_ACTIVITY_KINDS: the words for %s failed", record.kind)
        return record.kind


def _ended_words(record: EventRecord, seen: Around | None) -> str:
    ids, count = _ended(record), known_details(record).get("count", 1)
    session = seen.sessions.get(ids[0]) if seen is not None and count == 1 and ids else None
    if session is not None and (session.name or session.user_agent):
        return gettext("Signed out of %(name)s", name=name_of(session))
    return ngettext("%(num)s session was signed out", "%(num)s sessions were signed out", count)


def _ended(record: EventRecord) -> Sequence[str]:
    """The ids of sessions that have ended by it."""
    return known_details(record).get("sessions", ()) if record.kind == events.SESSIONS_ENDED.name else ()


def _notes(record: EventRecord) -> Iterable[str]:
    details = known_details(record)
    if record.kind == events.SESSIONS_ENDED.name and details.get("reason") in _REASONS:
        yield str(_REASONS[details["reason"]])
    if details.get("provider"):
        yield gettext("Single Sign On · %(provider)s", provider=details["provider"])
    if details.get("token"):
        yield details["token"]
    if record.kind == events.TOKEN_CHANGED.name:
        yield from _changed_of_token(details)
    if record.kind == events.FIELDS_CHANGED.name:
        labels = labels_of(["personal_information"])
        names = [str(labels.get(f"personal_information.{name}", name)) for name in details.get("fields", ())]
        yield join_list(names)
    if record.kind == events.FEATURES_CHANGED.name:
        yield from _switched(details.get("before", {}), details.get("after", {}))
    if record.kind in _PREVIEWS and details.get("user"):
        yield gettext("Key %(key)s", key=details["user"])
    if by := by_whom(record):
        yield by


def _changed_of_token(details: Mapping[str, Any]) -> Iterable[str]:
    if details.get("former"):
        yield gettext("It was called “%(name)s” before.", name=details["former"])
    labels = {"scopes": gettext("What it may do"), "networks": gettext("Networks that it may be used from")}
    if others := [labels[name] for name in details.get("fields", ()) if name in labels]:
        yield join_list(others)


def _switched(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    """Each is True or False, or says for whom as well."""
    moved: dict[Any, list[str]] = {}
    for name in after:
        (was_on, was_for), (is_on, is_for) = (_in_two(each.get(name)) for each in (before, after))
        for what in ({is_on} if is_on != was_on else set()) | ({"whom"} if is_for != was_for else set()):
            moved.setdefault(what, []).append(name)
    labels = labels_of(current_profile.tabs)
    said = ((False, gettext("Turned off:")), (True, gettext("Turned on:")), ("whom", gettext("On for others:")))
    for what, words in said:
        if what in moved:
            yield f"{words} {join_list(str(labels.get(name, name)) for name in moved[what])}"


def _in_two(rule: Any) -> tuple[Any, Any]:
    on, whom = (rule.get("on"), rule.get("for")) if isinstance(rule, Mapping) else (rule, None)
    return on if isinstance(on, bool) else None, whom


def labels_of(tabs: Iterable[str]) -> dict[str, Any]:
    """Feature -> what it is called, of these tabs."""
    found: dict[str, Any] = {}
    for tab in (current_profile.tabs[name] for name in tabs):
        prefix = "" if tab.open_parts else f"{tab.label} › "
        found[tab.name] = tab.label
        found |= {f"{tab.name}.{part.name}": f"{prefix}{part.label}" for part in tab.all_parts()}
    return found


def by_whom(record: EventRecord) -> str:
    """ "By …", where it was not the user."""
    words: Mapping[str, Callable[[], str]] = {
        events.ADMIN: lambda: gettext("By %(name)s, an administrator", name=record.actor_name or record.actor_key),
        events.PROVIDER: lambda: gettext("By your organization"),
        events.COMMAND_LINE: lambda: gettext("By an operator of this application"),
        events.HOST: lambda: gettext("By the application"),
    }
    return words[record.actor]() if record.actor in words else ""
