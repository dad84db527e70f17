"""All that the extension keeps of a person, as JSON: for whoever asks what that is, and for themselves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from flask import current_app

from ..account.avatars import AVATAR
from ..account.clock import now
from ..account.events import details_of, is_from_there
from ..account.host_code import read_to_show
from ..account.pictures import kind_of
from ..globals import current_profile
from ..i18n import iso_time
from ..signals import data_exported
from ..store.notice_records import EmailChange
from ..store.records import EventRecord, SessionRecord
from . import token_facts

#: Events that are read at a time.
_BATCH = 500
_OF_SESSION = ("id", "name", "ip", "user_agent", "method", "provider", "issuer", "subject", "acr", "end_reason")
_MOMENTS_OF_SESSION = ("created_at", "last_seen_at", "ended_at", "remember_until", "auth_time")
_OF_EVENT = ("id", "kind", "actor")


def export(user: Any) -> dict[str, Any]:
    """See :meth:`flask_myprofile.Profile.export`."""
    profile, key = current_profile, current_profile.users.key(user)
    tokens = profile.tokens.list(user)
    token = tokens[0] if len(tokens) == 1 else None
    found: dict[str, Any] = {
        "user": {
            "key": key,
            "name": profile.users.display_name(user),
            "email": profile.users.shown(user, "email") or None,
            **_picture(user),
        },
        "exported_at": iso_time(now()),
        "sessions": [_session(each) for each in _sessions(profile.stores[-1], key)],
        "api_token": token_facts.as_json(token) if token is not None else None,
        **({"api_tokens": token_facts.all_as_json(tokens)} if token_facts.are_a_list(tokens) else {}),
        "preferences": dict(profile.preferences.of(user)),
        "identities": identities_of(user),
        "activity": [_event(each) for each in _events(user)],
        "email_changes": [_email_change(each) for each in profile.email_changes.kept(user)],
        "pending_forms": len(profile.stores[0].pending_forms(user_key=key)),
        "known_devices": profile.stores[0].count_known_devices(key),
        **_as_administrator(profile.stores[0].author_names(key)),
        "app": {},
    }
    data_exported.send(current_app._get_current_object(), user_key=key, user=user, data=found["app"])  # type: ignore[attr-defined]
    # what a host keeps has moments and numbers of its own
    plain: dict[str, Any] = current_app.json.loads(current_app.json.dumps(found))
    return plain


def _picture(user: Any) -> dict[str, Any]:
    """Where the app keeps pictures: its bytes, or its URL."""
    if not current_profile.avatars.has_place(user):
        return {}
    found = read_to_show("the picture", lambda: current_profile.avatars.get(user))
    if not isinstance(found, bytes):
        return {AVATAR: found}
    return {AVATAR: {"type": kind_of(found), "base64": b64encode(found).decode()}}


def _as_administrator(names: Sequence[str]) -> dict[str, Any]:
    return {"named_in_features": list(names)} if names else {}


def identities_of(user: Any) -> list[dict[str, Any]]:
    """Whom providers say that they are."""
    return [
        {**{name: getattr(each, name) for name in ("provider", "issuer", "subject")}, "at": iso_time(each.noted_at)}
        for each in current_profile.identities.of(current_profile.users.key(user))
    ]


def _sessions(store: Any, key: str) -> list[SessionRecord]:
    """Live or ended, last active first."""
    return sorted(store.kept_of([key])[key], key=lambda row: (-row.last_seen_at, row.id))


def _session(row: SessionRecord) -> dict[str, Any]:
    """Nothing that signs in, or names somebody to a provider's logout."""
    moments = {name: iso_time(getattr(row, name)) for name in _MOMENTS_OF_SESSION}
    return {name: getattr(row, name) for name in _OF_SESSION} | moments


def _event(row: EventRecord) -> dict[str, Any]:
    """What is known of a browser is theirs where they have done it; an administrator's is not."""
    theirs = is_from_there(row)
    return {
        **{name: getattr(row, name) for name in _OF_EVENT},
        "at": iso_time(row.at),
        "by": row.actor_name,
        "session": row.session_id if theirs else None,
        "ip": row.ip if theirs else None,
        "user_agent": row.user_agent if theirs else None,
        "details": details_of(row),
    }


def _events(user: Any) -> Iterator[EventRecord]:
    before = ""
    while rows := current_profile.activity.list(user, before=before, limit=_BATCH):
        yield from rows
        before = rows[-1].id


def _email_change(change: EmailChange) -> dict[str, Any]:
    moments = {name: iso_time(getattr(change, name)) for name in ("asked_at", "sent_at", "confirmed_at")}
    return {name: getattr(change, name) for name in ("state", "old_address", "new_address")} | moments
