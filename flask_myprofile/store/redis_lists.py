"""The sessions of a user as they are listed and counted, out of all that Redis has of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .records import Listed, Owner, SessionRecord


def in_order(records: Sequence[SessionRecord]) -> Sequence[SessionRecord]:
    """Last active first."""
    return sorted(records, key=lambda record: (-record.last_seen_at, -record.created_at, record.id))


def listed(
    records: Sequence[SessionRecord],
    owner: Owner,
    limit: int,
    offset: int = 0,
    *,
    but: str | None = None,
    unused_since: int = 0,
    login_ids: Collection[str] | None = None,
) -> Listed:
    """See :meth:`~.session_store.SessionStore.list_live`; ``records`` are those that can still get in."""
    known = None if login_ids is None else {owner.login_id, *login_ids}
    theirs = [
        record
        for record in records
        if record.id != but and owner.has_password_of(record) and (known is None or record.login_id in known)
    ]
    unused = sum(record.last_seen_at < unused_since for record in theirs)
    others = sum(record.login_id != owner.login_id for record in theirs)
    return Listed(in_order(theirs)[offset : offset + limit], len(theirs), unused, others)
