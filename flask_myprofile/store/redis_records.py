"""How the record of a session is kept in Redis: an object in JSON, without what is None."""

from __future__ import annotations

import json
from operator import itemgetter
from types import NoneType
from typing import Any

from .records import SessionRecord

#: Until when Redis keeps it, by its own clock. No business of anybody else.
KEPT_UNTIL = "kept_until"
#: What is not kept of a session that has ended.
FORGOTTEN = ("ip", "user_agent", "name", "id_token", "password_mark", "former_login_ids")
_ABSENT: dict[str, Any] = {**dict.fromkeys(SessionRecord._fields[1:]), "ip": "", "user_agent": ""}
#: Texts and moments that each has, and moments that it may have.
_always = itemgetter("user_key", "login_id", "secret_hash", "method", "created_at", "last_seen_at")
_KINDS = (str, str, str, str, int, int)
_perhaps = itemgetter("ended_at", "remember_until", "rotated_at")
_MAY_BE = {int, NoneType}


def packed(record: SessionRecord) -> dict[str, Any]:
    """For JSON."""
    return {name: value for name, value in record._asdict().items() if value is not None and name != "id"}


def forgetful(record: SessionRecord) -> SessionRecord:
    """As it is kept once it has ended."""
    return record._replace(**{name: _ABSENT[name] for name in FORGOTTEN}) if record.ended_at is not None else record


def unpacked(session_id: str, stored: bytes | None) -> SessionRecord | None:
    """None where there is nothing, or nothing that we have written: no such session. What a later version says of it
    besides is left out."""
    if stored is None:
        return None
    try:
        found: dict[str, Any] = {**_ABSENT, **json.loads(stored.decode(errors="surrogatepass"))}
        found.pop(KEPT_UNTIL)
        return SessionRecord(session_id, **{name: found[name] for name in _ABSENT}) if _is_ours(found) else None
    except (KeyError, TypeError, ValueError):
        return None


def _is_ours(found: dict[str, Any]) -> bool:
    return tuple(map(type, _always(found))) == _KINDS and {*map(type, _perhaps(found))} <= _MAY_BE
