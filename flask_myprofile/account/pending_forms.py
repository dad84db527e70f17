"""What somebody had sent when they were asked to confirm who they are: kept, so that nothing typed is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from ..store.protocols import PendingFormStore
from .clock import now

#: Seconds for which it waits.
KEPT = 900
#: Characters that are kept at most; more is typed again.
_LONGEST = 15_000


class Interrupted(NamedTuple):
    """A form that was sent: to which endpoint, and its fields in their order."""

    endpoint: str
    fields: list[tuple[str, str]]


class PendingForms:
    """At most one a session, the last one."""

    def __init__(self, store: PendingFormStore) -> None:
        self._store = store

    def keep(self, session_id: str, endpoint: str, fields: Iterable[tuple[str, str]]) -> None:
        """Keep what was sent. Passwords are the caller's to leave out."""
        text = json.dumps(list(fields))
        if len(text) <= _LONGEST:
            self._store.keep_pending_form(session_id, endpoint, text, now())

    def take(self, session_id: str) -> Interrupted | None:
        """What was kept for this session, once."""
        found = self._store.take_pending_form(session_id)
        if found is None or now() - found.at > KEPT:
            return None
        return Interrupted(found.endpoint, [(name, value) for name, value in json.loads(found.fields)])

    def prune(self) -> None:
        """Delete what nobody came back for."""
        self._store.drop_pending_forms(now() - KEPT)
