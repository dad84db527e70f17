"""Sessions move to another store, and whoever is signed in stays so: what a browser has is good for any of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..store.records import LiveSince, Put, SessionRecord
from ..store.session_store import SessionStore

#: Users whose sessions are read and written at once.
_BATCH = 500


def mirror(source: SessionStore, target: SessionStore, since: LiveSince, ended_before: int) -> Put:
    """Let ``target`` have what ``source`` has, some users at once, and nothing else: what has ended since has ended,
    and nothing comes back that was left from an earlier time. Once more, it writes what has changed since.

    :param since: what has run out by then is left behind, and what has ended before ``ended_before``.
    :returns: how many sessions were written, deleted and refused.
    """

    def is_over(record: SessionRecord) -> bool:
        return since.has_run_out(record) if record.ended_at is None else record.ended_at < ended_before

    def put(user_keys: Iterator[str]) -> Iterator[Put]:
        while some := list(islice(user_keys, _BATCH)):
            kept = source.kept_of(some)
            yield target.put_sessions({key: [each for each in kept[key] if not is_over(each)] for key in kept})

    written = deleted = refused = 0
    for each in put(source.owners()):
        written, deleted, refused = written + each.written, deleted + each.deleted, refused + each.refused
    for each in put(target.owners()):  # of some of them, there is nothing in the source any more
        written, deleted = written + each.written, deleted + each.deleted
    return Put(written, deleted, refused)
