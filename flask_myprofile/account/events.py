"""The kinds of events: what may happen to an account that its user is shown, and what is said of each.

A kind is called ``<topic>.<what>``. Details are names, numbers and short words for programs: never a value that
somebody has typed, and nothing secret.
"""

from __future__ import annotations

import itertools
import json
import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, NamedTuple

from ..setting_checks import EVENT
from ..store.records import EventRecord, tag_of
from . import clock

#: Who did it: the user; an administrator; an identity provider; an operator; the app, or whoever it let in.
USER, ADMIN, PROVIDER, COMMAND_LINE, HOST = "user", "admin", "provider", "command_line", "host"
#: Characters of the details of an event of the host's, as JSON.
LONGEST = 2_000
#: Ids of sessions, or names of fields, that are kept of one event.
MOST_NAMED = 20

#: What the details are that words are made of; another version may have written something else.
_SHAPES: Mapping[str, type] = {
    **dict.fromkeys(("device", "former", "provider", "reason", "token", "user"), str),
    **dict.fromkeys(("sessions", "fields"), list),
    **dict.fromkeys(("before", "after"), dict),
    "count": int,
}

_number = itertools.count(secrets.randbelow(65_536))


class Kind(NamedTuple):
    """:param details: the names that its details may have.
    :param essential: what happened is undone where the event cannot be written.
    """

    name: str
    details: frozenset[str] = frozenset()
    essential: bool = False

    @property
    def topic(self) -> str:
        return self.name.partition(".")[0]


def _kind(name: str, *details: str, essential: bool = False) -> Kind:
    return KINDS.setdefault(name, Kind(name, frozenset(details), essential))


#: All kinds of the extension's own, by name.
KINDS: dict[str, Kind] = {}

#: ``device``: ``"new"`` or ``"known"``, where users are told of new ones.
SIGNED_IN = _kind("session.signed_in", "method", "provider", "device")
SIGNED_OUT = _kind("session.signed_out")
#: ``reason``: as of :data:`~flask_myprofile.signals.session_ended`. ``sessions``: ids, :data:`MOST_NAMED` at most.
SESSIONS_ENDED = _kind("session.ended", "reason", "count", "sessions")
CONFIRMED = _kind("session.confirmed")
PASSWORD_CHANGED = _kind("password.changed", essential=True)
#: Wrong guesses at the current password, as many as are heard.
PASSWORD_REFUSED = _kind("password.refused")
#: ``token``: what the user calls it, where there may be several.
TOKEN_MADE = _kind("token.made", "token", essential=True)
TOKEN_REGENERATED = _kind("token.regenerated", "token", essential=True)
#: ``fields``: what was changed; ``former``: its name before, if that was.
TOKEN_CHANGED = _kind("token.changed", "token", "fields", "former", essential=True)
TOKEN_REVEALED = _kind("token.revealed", "token", essential=True)
TOKEN_REVOKED = _kind("token.revoked", "token", essential=True)
TOKEN_USED_ELSEWHERE = _kind("token.used_elsewhere", "token")
FIELDS_CHANGED = _kind("profile.fields_changed", "fields")
EMAIL_CHANGE_ASKED = _kind("profile.email_change_asked", essential=True)
EMAIL_CHANGE_CONFIRMED = _kind("profile.email_change_confirmed", essential=True)
EMAIL_CHANGE_UNDONE = _kind("profile.email_change_undone", essential=True)
EMAIL_CHANGE_CANCELLED = _kind("profile.email_change_cancelled")
#: ``before`` and ``after``: feature -> on or off, of those that were moved.
FEATURES_CHANGED = _kind("features.changed", "before", "after")
#: All that is kept of them was saved as a file.
DATA_DOWNLOADED = _kind("account.data_downloaded", essential=True)
#: An administrator has begun to preview the features of the user, until then at most, and has ended it before.
#: ``user``: of whom, in the administrator's own activity.
FEATURES_PREVIEWED = _kind("features.previewed", "user", "until", essential=True)
FEATURES_PREVIEW_ENDED = _kind("features.preview_ended", "user")
#: All that let them in has ended.
OFFBOARDED = _kind("account.offboarded")
#: Of whom nothing else is kept any more.
FORGOTTEN = _kind("account.forgotten")


class Origin(NamedTuple):
    """Where something comes from: who is there, and the browser. ``user_key``: whoever is signed in there."""

    actor: str = HOST
    user_key: str | None = None
    session_id: str | None = None
    ip: str = ""
    user_agent: str = ""
    name: str | None = None


def id_at(user_key: str, moment: float) -> str:
    """What the ids of that user's events of that moment and later come after: they begin with whose they are, and then
    when it was, so that a database finds and orders a page of them by its primary key."""
    return f"{tag_of(user_key)}{max(int(moment * 1_000_000_000), 0):016x}"


def id_after_all(user_key: str) -> str:
    """What the ids of all events of that user come before."""
    return f"{tag_of(user_key)}g"


def network_of(address: str) -> str:
    """What an address has in common with those that its owner may have tomorrow: a machine has one of IPv4, and any of
    its network with IPv6."""
    return str(ip_network((address, 64), strict=False)) if ":" in address else address


def new_event(user_key: str, kind: str, details: Mapping[str, Any] | None, origin: Origin) -> EventRecord:
    moment = clock.time()
    return EventRecord(
        id=f"{id_at(user_key, moment)}{next(_number) % 65_536:04x}",
        user_key=user_key,
        topic=kind.partition(".")[0],
        kind=kind,
        at=int(moment),
        actor=origin.actor,
        actor_key=origin.user_key if origin.user_key != user_key else None,
        actor_name=origin.name[:255] if origin.name else None,
        session_id=origin.session_id,
        ip=origin.ip,
        user_agent=origin.user_agent,
        details=json.dumps(details, ensure_ascii=False, separators=(",", ":"), default=str) if details else None,
    )


def is_from_there(record: EventRecord) -> bool:
    """Whether the browser and the address are the user's, or of somebody whom nobody knows; not an administrator's."""
    return record.actor == USER or (record.actor == HOST and record.actor_key is None)


def details_of(record: EventRecord) -> dict[str, Any]:
    """What is said of it besides; nothing where this cannot be read, as another program may have written it."""
    try:
        found = json.loads(record.details or "{}")
        json.dumps(found, ensure_ascii=False).encode()  # no page can be sent that has half of a character in it
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def known_details(record: EventRecord) -> dict[str, Any]:
    """Those that are as words can be made of them."""
    found = details_of(record)
    known: dict[str, Any] = {name: found[name] for name in found if isinstance(found[name], _SHAPES.get(name, object))}
    for name in {"sessions", "fields"} & known.keys():
        known[name] = [each for each in known[name] if isinstance(each, str)]
    return known


def check_own(kind: str, details: Mapping[str, Any] | None, declared: Mapping[str, Any]) -> None:
    """Whether a host may record that.

    :raises ValueError: it has not declared the kind, or says too much.
    """
    if not re.fullmatch(EVENT, kind) or kind not in declared:
        raise ValueError(f"MYPROFILE_ACTIVITY_KINDS has no {kind!r}: put it there, with the words for it")
    if len(json.dumps(details or {}, default=str)) > LONGEST:
        raise ValueError(f"The details of {kind!r} are longer than {LONGEST} characters: say what happened, no values")
