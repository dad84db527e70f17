"""What somebody had sent when they were asked to confirm who they are: kept, so that nothing typed is lost.

A form that waits has a name, which the page that asks carries: a confirmation carries out the form that it was asked
for, and no other. And it is sealed for the browser that has sent it, by a secret that this browser alone holds: whoever
shares the session, by a copied cookie, can leave a form there, but nobody else's confirmation opens it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeGuard

from ..store.protocols import PendingFormStore
from ..store.records import PendingFormRecord, SessionRecord
from .clock import now
from .credentials import SECRET, digest_of, new_secret
from .encryption import Undecryptable, cipher

#: Seconds for which one waits.
KEPT = 900
#: Seconds by which the clocks of two machines may differ.
_SKEW = 60
#: How many wait in one session at most: the oldest makes room.
_MOST = 10
#: Bytes that are kept at most, so that a TEXT column of MySQL takes them encrypted; more is typed again.
_LONGEST = 40_000


class SentForm(NamedTuple):
    """A form as it was sent: where to, and its fields in their order. ``left_out``: those which had something in them
    that is never kept."""

    path: str
    query: str
    fields: Sequence[tuple[str, str]]
    left_out: Sequence[str]


class PendingForms:
    """The forms that wait.

    :param keys: the app's secret keys, newest first; the first one encrypts, all decrypt.
    """

    def __init__(self, store: PendingFormStore, keys: Callable[[], Sequence[bytes]]) -> None:
        self._store = store
        self._keys = keys

    def keep(self, session: SessionRecord, form: SentForm, browser: str | None) -> tuple[str, str] | None:
        """The name of the form, and the secret that the browser has to hold; None: it is too long to be kept.

        :param browser: the secret that it holds already; good for as long as a form of this session waits.
        """
        text = json.dumps(form, ensure_ascii=False).encode()
        if len(text) > _LONGEST:
            return None
        first = not self._make_room(session)
        name, browser = new_secret(), browser if _is_secret(browser) and not first else new_secret()
        sealed = cipher(self._keys(), _purpose(name, browser)).encrypt(text).decode()
        self._store.add_pending_form(PendingFormRecord(digest_of(name), session.id, session.user_key, sealed, now()))
        return name, browser

    def find(self, session: SessionRecord, name: str | None, browser: str | None) -> SentForm | None:
        """The form of that name, if it waits in this session, for this browser."""
        if not _is_secret(name) or not _is_secret(browser):
            return None
        record = self._store.pending_form(digest_of(name))
        if record is None or (record.session_id, record.user_key) != (session.id, session.user_key):
            return None
        try:
            text = cipher(self._keys(), _purpose(name, browser)).decrypt(record.ciphertext.encode())
        except Undecryptable:
            return None
        return SentForm(*json.loads(text)) if _waits(record) else None

    def take(self, session: SessionRecord, name: str | None, browser: str | None) -> SentForm | None:
        """The same, once: it waits no longer."""
        form = self.find(session, name, browser)
        taken = form is not None and name is not None and self._store.drop_pending_forms([digest_of(name)])
        return form if taken else None

    def any_waits(self, session: SessionRecord) -> bool:
        return any(map(_waits, self._store.pending_forms(session_id=session.id)))

    # ---- what nobody is to carry out any more

    def drop_of_user(self, user_key: str, sessions: Collection[str] | None = None) -> None:
        """Those of all sessions of that user, or of these."""
        rows = self._store.pending_forms(user_key=user_key)
        self._drop([row for row in rows if sessions is None or row.session_id in sessions])

    def drop_of_session(self, session_id: str) -> None:
        self._drop(self._store.pending_forms(session_id=session_id))

    def drop_all(self) -> None:
        self._store.drop_all_pending_forms()

    def prune(self) -> None:
        """Delete what nobody came back for."""
        self._store.drop_all_pending_forms(but_between=(now() - KEPT, now() + _SKEW))

    def _make_room(self, session: SessionRecord) -> int:
        """Delete what the user never came back for, and what is too much; how many others wait in this session."""
        rows = self._store.pending_forms(user_key=session.user_key)
        here = [row for row in rows if row.session_id == session.id and _waits(row)]
        self._drop([*(row for row in rows if not _waits(row)), *here[_MOST - 1 :]])
        return len(here)

    def _drop(self, rows: Collection[PendingFormRecord]) -> None:
        if rows:
            self._store.drop_pending_forms([row.id for row in rows])


def _waits(record: PendingFormRecord) -> bool:
    """Not one that is old, nor one of a clock that was ahead and has been put right."""
    return -_SKEW <= now() - record.at <= KEPT


def _purpose(name: str, browser: str) -> str:
    """Encrypted by a key that is made of both: neither the database nor the secret key opens it."""
    return f"pending-form/{name}/{browser}"


def _is_secret(text: str | None) -> TypeGuard[str]:
    """Whether it is written like one of ours."""
    return text is not None and re.fullmatch(SECRET, text) is not None
