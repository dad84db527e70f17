"""Signed-in sessions: how one begins, how it is recognised, and how it ends for good.

A session is known by ``<row id>.<secret>``. The store holds the SHA-256 of the secret only. A remembered device keeps a
device secret from which the session's secret is derived, so that all its tabs come back as the same row.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..config import Config
from ..errors import ReauthRequired
from ..store import EVERYONE, Found, HistoryStore, LiveSince, SessionRecord, SessionStore
from . import adoption
from .credentials import Credential
from .facts import Facts
from .text import printable
from .users import Users

#: The method of a session that began before the extension was installed.
ADOPTED = "unknown"
#: Why a session ended that the same browser goes on from with another one: nobody has signed out.
REPLACED = "replaced"
#: Characters that a user's own name for a session may have.
NAME_LENGTH = 64
#: Rows that one batch of pruning deletes at most, so that no lock is held for long.
PRUNE_BATCH = 1000

_ID = re.compile(r"[0-9a-f]{24}")


class Sessions:
    """The registry. ``list``, ``end``, ``end_others`` and ``end_all`` are for hosts; the guard uses the rest.

    What a host calls outside the extension's own pages takes effect at once, in a transaction of its own.

    :param history: what outlives the sessions; kept in the host's database even where ``store`` is another one.
    :param current: the session of this request.
    :param renew: gives that session a new secret.
    :param ended: told of every end: user key, session ids, reason, key of the administrator who did it or None.
    """

    def __init__(
        self,
        store: SessionStore,
        history: HistoryStore,
        users: Users,
        config: Config,
        *,
        current: Callable[[], SessionRecord | None],
        renew: Callable[[Any, SessionRecord], None],
        ended: Callable[[str, Sequence[str], str, str | None], None],
    ) -> None:
        self._store = store
        self._history = history
        self._users = users
        self._config = config
        self._current = current
        self._renew = renew
        self._ended = ended

    @property
    def in_database(self) -> bool:
        """Whether sessions take part in the host's transactions, and a rollback undoes what was done to them."""
        return self._store.transactional

    # ---- for hosts and tabs

    def current(self, user: Any = None) -> SessionRecord | None:
        """The session of this request; with ``user``, only if it is theirs."""
        record = self._current()
        if record is None or (user is not None and record.user_key != self._users.key(user)):
            return None
        return record

    def is_fresh(self, user: Any) -> bool:
        """Whether the user of this request has signed in, or given the password, within
        ``MYPROFILE_REAUTH_MAX_AGE``. Ask it before what matters in views of your own."""
        record = self.current(user)
        if record is None:
            return False
        # a secret is renewed when who is there has been proved
        return now() - (record.rotated_at or self._proved_at_sign_in(record)) <= self._config.reauth_max_age

    def _proved_at_sign_in(self, record: SessionRecord) -> int:
        if record.method == ADOPTED:  # it is not known when that was
            return 0
        if record.callback is None or not self._config.sso_step_up:
            return record.created_at
        # a provider lets in without asking whoever has been there before; it says when it did ask
        return min(record.created_at, record.auth_time or record.created_at)

    def require_fresh(self, user: Any) -> None:
        """For what matters. :raises ReauthRequired: which the extension's pages answer by asking for the password."""
        # who comes without a session, by a key of the host's own, proves who they are with each request
        if self.current(user) is not None and not self.is_fresh(user):
            raise ReauthRequired

    def list(self, user: Any, limit: int = 50, offset: int = 0) -> Sequence[SessionRecord]:
        """The user's sessions that can still get in, last active first."""
        return self._store.live_sessions(self._users.key(user), self._live_since(), limit, offset)

    def count(self, user: Any) -> int:
        """How many sessions of the user can still get in."""
        return self._store.count_live_sessions(self._users.key(user), self._live_since())

    def end(self, user: Any, session_id: str, reason: str = "signed_out", by: Any = None) -> bool:
        """End one session of this user, for good. True also if it had ended already; False: not theirs or unknown.

        :param by: the administrator who ends it, for :data:`signals.session_ended`.
        """
        if not _is_id(session_id):
            return False
        # the write first: who has read has a connection, and the write needs another one, which the host may not have
        ended = self._end(self._users.key(user), reason, by, only=[session_id])
        return bool(ended) or self._of(user, session_id) is not None

    def end_others(self, user: Any, reason: str = "signed_out") -> int:
        """End all sessions of this user but the one of this request; how many ended."""
        current = self.current(user)
        return len(self._end(self._users.key(user), reason, keep=current.id if current else None))

    def end_all(self, user: Any, reason: str = "signed_out", by: Any = None) -> int:
        """End every session of this user; how many ended. ``by``: see :meth:`end`."""
        return len(self._end(self._users.key(user), reason, by))

    def end_everyone(self, reason: str = "signed_out", by: Any = None) -> int:
        """End every session of every user; how many ended. In short steps: run it again if it was interrupted."""
        # first, so that no cookie without a session of ours gets one behind our back
        self._history.note_sign_out(EVERYONE, now())
        total = 0
        for user_key, ids in self._store.end_everyone(now(), reason):
            self._tell(user_key, ids, reason, by)
            total += len(ids)
        return total

    def rename(self, user: Any, session_id: str, name: str) -> bool:
        """Keep the user's own name for a session (empty: none); False where it is not theirs, or has ended."""
        if self._of(user, session_id) is None:
            return False
        return self._store.name_session(self._users.key(user), session_id, printable(name, NAME_LENGTH).strip() or None)

    def renew(self, user: Any) -> None:
        """Give the session of this request a new secret; copies of the old cookie are worth nothing then."""
        current = self.current(user)
        if current is not None:
            self._renew(user, current)

    def prune(self, progress: Callable[[int], None] = lambda deleted: None) -> int:
        """Delete sessions that can no longer get in: those that have run out, and ``MYPROFILE_SESSION_KEEP_ENDED``
        seconds after their end the others, their addresses with them. In short transactions; safe to run twice at once.

        :param progress: told the number of rows after each batch.
        :returns: how many rows were deleted.
        """
        since, before = self._live_since(), now() - self._config.session_keep_ended
        after, total = None, 0
        while True:
            after, deleted = self._store.prune_sessions(since, before, after, PRUNE_BATCH)
            total += deleted
            progress(deleted)
            if after is None:
                return total

    def _of(self, user: Any, session_id: str) -> SessionRecord | None:
        """The row of that id, live or ended, if it is this user's."""
        if not _is_id(session_id):
            return None
        record = self._store.session(session_id)
        return record if record is not None and record.user_key == self._users.key(user) else None

    def _end(self, user_key: str, reason: str, by: Any = None, **which: Any) -> Sequence[str]:
        ids = self._store.end_sessions(user_key, now(), reason, **which)
        if ids or "only" not in which:  # all of them: old cookies, too, that have no session of ours yet
            self._note_end(user_key, reason)
        if ids:
            self._tell(user_key, ids, reason, by)
        return ids

    def _tell(self, user_key: str, ids: Sequence[str], reason: str, by: Any = None) -> None:
        self._ended(user_key, ids, reason, None if by is None else self._users.key(by))

    def _note_end(self, user_key: str, reason: str) -> None:
        if reason != REPLACED:
            self._history.note_sign_out(user_key, now())

    # ---- for a logout at the identity provider

    def at_provider(self, idp_session: str) -> Sequence[SessionRecord]:
        """The sessions that can still get in and have this ``sid``, at whichever provider."""
        return self._store.sessions_at_provider(idp_session, self._live_since())

    def all_keyed(self, user_key: str) -> Sequence[SessionRecord]:
        """All sessions of that user that can still get in."""
        return self._store.live_sessions(user_key, self._live_since(), 2**31 - 1)

    def end_keyed(self, user_key: str, reason: str, only: Collection[str] | None) -> int:
        """End these sessions of that user, or all; how many ended."""
        return len(self._end(user_key, reason, **({} if only is None else {"only": only})))

    # ---- for the guard

    def find(self, credential: Credential, login_id: str) -> Found | None:
        """The live session that this credential proves and this login id owns, or None.

        :raises StoreDown: it cannot be known now.
        """
        found = self._store.find_live(credential.id, login_id, self._live_since())
        return found if found is not None and hmac.compare_digest(credential.hash, found.secret_hash) else None

    def proven(self, credential: Credential) -> SessionRecord | None:
        """The same with all there is to know of it, where :meth:`find` says None: a request that was under way when the
        secret changed, or one whose login id has changed."""
        record = self._store.session(credential.id)
        return record if record and self._live_since().admits(record) and credential.proves(record, now()) else None

    def load(self, session_id: str) -> SessionRecord | None:
        """The row of that id, live or ended."""
        return self._store.session(session_id)

    def _live_since(self) -> LiveSince:
        moment, config = now(), self._config
        return LiveSince(
            moment - config.session_lifetime if config.session_lifetime else None,
            moment - config.session_idle if config.session_idle else None,
            moment,
        )

    def begin(self, user: Any, credential: Credential, facts: Facts) -> SessionRecord:
        """The record of a new session; :meth:`add` stores it."""
        return facts.record(self._users.key(user), credential, now())

    def add(self, record: SessionRecord, replaces: Iterable[Credential] = ()) -> None:
        """Store a new session; end the one that the same browser held before, and the least used one over the limit."""
        for credential in replaces:
            self.end_proven(credential, REPLACED)
        self._store.add_session(record)
        limit = self._config.session_limit
        over = self._store.live_sessions(record.user_key, self._live_since(), 100, limit - 1, but=record.id)
        if over:
            self._end(record.user_key, "limit", only=[old.id for old in over])
        self._store.drop_ended(record.user_key, limit)
        if record.method != ADOPTED:
            self._history.note_sign_out(record.user_key, 0)

    def end_proven(self, credential: Credential, reason: str) -> None:
        """End the session whose secret is proved: an id alone, from an unsigned cookie, ends nothing."""
        record = self._store.session(credential.id) if reason != REPLACED else None
        ended = self._store.end_sessions(None, now(), reason, only=[credential.id], secret_hash=credential.hash)
        if ended and record is not None:
            self._note_end(record.user_key, reason)
            self._tell(record.user_key, ended, reason)

    def end_known(self, session_id: str, reason: str) -> None:
        """End the session of this request."""
        record = self._store.session(session_id)
        if record is not None:
            self._end(record.user_key, reason, only=[session_id])

    def due(self, last_seen_at: int) -> bool:
        """Whether it is time to write down the last activity again."""
        return now() - last_seen_at >= self._config.session_touch

    def touch(self, session_id: str, ip: str, user_agent: str) -> None:
        self._store.touch_session(session_id, now(), ip, user_agent)

    def rotate(self, record: SessionRecord, credential: Credential, login_id: str) -> bool:
        """Give a live session a new secret; False where it ended meanwhile."""
        return self._store.rotate_session(record, credential.hash, now(), login_id)

    def is_over(self, record: SessionRecord) -> bool:
        """Whether the session has ended or run out."""
        return not self._live_since().admits(record)

    def may_adopt(self, user: Any, remembered: bool, signed_at: int | None) -> bool:
        """Whether a signed-in browser without a session of ours may get one: see :mod:`.adoption`."""
        if not self._config.session_adopt:
            return False
        key, since = self._users.key(user), self._live_since()
        return adoption.is_trusted(self._history, key, since, remembered=remembered, signed_at=signed_at)


def _is_id(text: object) -> bool:
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def now() -> int:
    """Seconds since the epoch, UTC."""
    return int(time.time())
