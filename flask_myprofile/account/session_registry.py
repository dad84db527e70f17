"""The registry of signed-in sessions: how one begins, how it is recognised, and how it ends for good.

A session is known by ``<row id>.<secret>``. The store holds the SHA-256 of the secret only. A remembered device keeps a
device secret from which the session's secret is derived, so that all its tabs come back as the same row.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..config import Config
from ..errors import StoreDown
from ..store.notice_records import KnownDevice
from ..store.protocols import HistoryStore
from ..store.records import ADOPTED, Found, LiveSince, SessionRecord
from ..store.session_store import SessionStore
from ..transactions import after_commit
from . import legacy_sessions, session_events
from .activity import Activity
from .clock import is_due, is_recent, now
from .credentials import Credential
from .owner_changes import OwnerChanges
from .pending_forms import PendingForms
from .sign_in_data import SignInData
from .users import Users

#: Seconds that a request may be under way, such as an upload, whose answer must not take a new cookie away.
LATE = 300
#: Why a session ended that the same browser goes on from with another one: nobody has signed out.
REPLACED = "replaced"
#: A limit that is none.
EVERY = 2**31 - 1
#: Why one ended that the user had not used for the longest time.
LIMIT = "limit"


class SessionRegistry(OwnerChanges):
    """What every request and every sign-in asks. Hosts and tabs use :class:`~.sessions.Sessions`.

    :param history: what outlives the sessions; kept in the host's database even where ``store`` is another one.
    :param pending_forms: what waits in a session is gone with it.
    :param own_transaction: around what is written and read beside the host's transaction.
    :param ended: told of every end: user key, session ids, reason, key of the administrator who did it or None.
    """

    def __init__(
        self,
        store: SessionStore,
        history: HistoryStore,
        pending_forms: PendingForms,
        users: Users,
        config: Config,
        activity: Activity,
        own_transaction: Callable[[], AbstractContextManager[None]],
        ended: Callable[[str, Sequence[str], str, str | None], None],
    ) -> None:
        super().__init__(store, history, users, config, own_transaction)
        self._pending_forms = pending_forms
        self._activity = activity
        self._ended = ended

    # ---- at every request

    def find(self, credential: Credential, login_id: str) -> Found | None:
        """The live session that this credential proves and this login id owns, or None.

        :raises StoreDown: it cannot be known now.
        """
        found = self._store.find_live(credential.id, login_id, self.live_since(), credential.user_key)
        return found if found is not None and hmac.compare_digest(credential.hash, found.secret_hash) else None

    def is_proven(self, record: SessionRecord, credential: Credential) -> bool:
        """The same of a record, where :meth:`find` says None: of a request that was under way when the secret changed,
        or one whose login id has changed."""
        return self.live_since().admits(record) and credential.proves(record, now())

    def has_gone_on(self, record: SessionRecord, credential: Credential) -> bool:
        """Whether the browser may have gone on since it sent this credential, which gets in no more: until a few
        minutes ago it was that of the session, which then got another secret, or which another one has replaced."""
        if record.ended_at is not None:
            replaced = record.end_reason == REPLACED and is_recent(record.ended_at, LATE)
            return replaced and credential.is_present(record)
        renewed = record.rotated_at is not None and is_recent(record.rotated_at, LATE)
        return renewed and credential.was_before(record)

    def load(self, session_id: str) -> SessionRecord | None:
        """The row of that id, live or ended."""
        return self._store.session(session_id)

    def is_over(self, record: SessionRecord) -> bool:
        """Whether the session has ended or run out."""
        return not self.live_since().admits(record)

    def live_since(self) -> LiveSince:
        moment, lifetime, idle = now(), self._config.session_lifetime, self._config.session_idle
        return LiveSince(moment - lifetime if lifetime else None, moment - idle if idle else None, moment)

    def is_touch_due(self, last_seen_at: int) -> bool:
        """Whether it is time to write down the last activity again."""
        touch, idle = self._config.session_touch, self._config.session_idle
        return is_due(last_seen_at, touch if idle is None else min(touch, idle // 20))

    def touch(self, session_id: str, ip: str, user_agent: str) -> None:
        self._store.touch_session(session_id, now(), ip, user_agent)

    # ---- beginning and ending

    def begin(self, user_key: str, credential: Credential, data: SignInData) -> SessionRecord:
        """The record of a new session; :meth:`add` stores it."""
        return data.record(user_key, credential, now())

    def add(
        self, record: SessionRecord, replaces: Iterable[Credential] = (), device: KnownDevice | None = None
    ) -> bool:
        """Store a new session; end the one that the same browser held before, and the least used one over the limit.

        Returns whether the user has never signed in from that device before, and has from others."""
        limit, is_news = self._config.session_limit, False
        is_added = record.method != ADOPTED and self._store.add_far_from(limit, record, device)
        if not is_added:
            # first: what is done in another store is not undone where this fails
            is_news = record.method != ADOPTED and self._history.note_sign_in(record.user_key, device)
            self._add(record)  # before the ends: where it cannot be, the old one goes on
        for credential in replaces:
            self.end_proven(credential, REPLACED)
        if not is_added and self._store.may_be_over(record.user_key, limit):
            self._end_over(record, limit)
        if record.method != ADOPTED:
            session_events.note_sign_in(self._activity, record, None if device is None else is_news)
        return is_news

    def _end_over(self, record: SessionRecord, limit: int) -> None:
        over = self._store.end_over_limit(record, limit, self.live_since(), LIMIT)
        if over:
            self._note_end(record.user_key, LIMIT)
            self._pending_forms.drop_of_user(record.user_key, over)
            self.tell(record.user_key, over, LIMIT)
        self._store.drop_ended(record.user_key, limit - limit // 10)  # so that the next ones need not do so

    def _add(self, record: SessionRecord) -> None:
        if self._store.add_session(record):
            return
        there = self._store.session(record.id)  # a parallel request of the same browser was faster
        if there is None or record.secret_hash not in (there.secret_hash, there.previous_hash):
            raise StoreDown("a new session was refused")

    def rotate(self, record: SessionRecord, credential: Credential, login_id: str) -> bool:
        """Give a live session a new secret; False where it ended, or got another one, meanwhile."""
        return self._store.rotate_session(record, credential.hash, now(), login_id)

    def rotated(self, record: SessionRecord, credential: Credential, login_id: str) -> SessionRecord:
        """What becomes of a record by :meth:`rotate`."""
        return record._replace(
            secret_hash=credential.hash, previous_hash=record.secret_hash, rotated_at=now(), login_id=login_id
        )

    def end(self, user_key: str, reason: str, by: Any = None, **which: Any) -> Sequence[str]:
        """End live sessions of one user, all or those of ``which`` (see :meth:`SessionStore.end_sessions`); their ids.

        :param by: the administrator who ends them.
        """
        if self.in_database:
            return self._activity.in_one(lambda: self._end(user_key, reason, by, which))
        return self._end(user_key, reason, by, which)

    def _end(self, user_key: str, reason: str, by: Any, which: Mapping[str, Any]) -> Sequence[str]:
        self.hold(user_key)
        ids = self._store.end_sessions(user_key, now(), reason, **which)
        everything = "only" not in which
        if ids or everything:  # old cookies, too, that have no session of ours yet
            self._note_end(user_key, reason)
        if everything:
            after_commit(lambda: self._end_late(user_key, reason, by, which))
        if ids:
            self._pending_forms.drop_of_user(user_key, ids)
            self.tell(user_key, ids, reason, by)
        return ids

    def drop_pending_forms(self) -> None:
        """Once everyone's sessions have ended."""
        self._pending_forms.drop_all()

    def _end_late(self, user_key: str, reason: str, by: Any, which: Mapping[str, Any]) -> None:
        """What began while the end and its reason were not committed yet, and so could not know of it. What begins
        later looks for itself."""

        def end() -> None:
            self.hold(user_key)
            ids = self._store.end_sessions(user_key, now(), reason, late=True, **which)
            if ids:
                self._pending_forms.drop_of_user(user_key, ids)
                self.tell(user_key, ids, reason, by)

        self._try_late(end)

    def tell(self, user_key: str, ids: Sequence[str], reason: str, by: Any = None) -> None:
        self._ended(user_key, ids, reason, None if by is None else self._users.key(by))
        session_events.note_end(self._activity, user_key, ids, reason, by)

    def _note_end(self, user_key: str, reason: str) -> None:
        if reason != REPLACED:
            self._history.note_sign_out(user_key, now())

    def end_proven(self, credential: Credential, reason: str) -> None:
        """End the session whose secret is proved: an id alone, from an unsigned cookie, ends nothing."""
        record = self._store.session(credential.id) if reason != REPLACED else None
        if record is not None:
            self.hold(record.user_key)
        ended = self._store.end_sessions(None, now(), reason, only=[credential.id], secret_hash=credential.hash)
        if ended:
            self._pending_forms.drop_of_session(credential.id)
        if ended and record is not None:
            self._note_end(record.user_key, reason)
            self.tell(record.user_key, ended, reason)

    def end_known(self, session_id: str, reason: str) -> None:
        """End the session of this request."""
        record = self._store.session(session_id)
        if record is not None:
            self.end(record.user_key, reason, only=[session_id])

    # ---- for a logout at the identity provider

    def at_provider(self, idp_session: str) -> Sequence[SessionRecord]:
        """The sessions that can still get in and have this ``sid``, at whichever provider."""
        return self._store.sessions_at_provider(idp_session, self.live_since())

    def of_user_key(self, user_key: str) -> Sequence[SessionRecord]:
        """All sessions of that user that can still get in."""
        return self._store.live_sessions(user_key, self.live_since(), EVERY)

    def end_of_user_key(self, user_key: str, reason: str, only: Collection[str] | None) -> int:
        """End these sessions of that user, or all; how many ended."""
        return len(self.end(user_key, reason, **({} if only is None else {"only": only})))

    def may_adopt(self, user: Any, remembered: bool, signed_at: int | None) -> bool:
        """Whether a signed-in browser without a session of ours may get one: see :mod:`.legacy_sessions`."""
        if not self._config.session_adopt:
            return False
        key, since = self._users.key(user), self.live_since()
        return legacy_sessions.is_trusted(self._history, key, since, remembered=remembered, signed_at=signed_at)

    def put_sign_outs_right(self, user: Any) -> None:
        """A sign-out that a clock which was ahead has dated keeps sessions from being adopted, but not for ever."""
        self._history.put_sign_outs_right(self._users.key(user), now())
