"""Activity: what has happened to an account, by whom and from where, written down with what happened.

One transaction has both wherever the database has both. Sessions that are kept in Redis end there first: what an answer
acknowledges is written by then, and where the event could not be, the session has ended all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from ..config import DAY, Config
from ..errors import EventLost
from ..store.protocols import EventStore
from ..store.records import EventRecord, gone
from ..transactions import hold_until_committed
from . import clock
from .clock import is_recent
from .events import (
    ADMIN,
    FORGOTTEN,
    HOST,
    KINDS,
    SIGNED_IN,
    TOKEN_USED_ELSEWHERE,
    USER,
    Kind,
    Origin,
    check_own,
    id_after_all,
    id_at,
    network_of,
    new_event,
)
from .pruning import prune_in_batches
from .users import Users

_log = logging.getLogger(__name__)

#: New addresses of API tokens that are recorded in a day, and events that are looked at for that.
MOST_ADDRESSES, _LOOKED_AT = 10, 500

T = TypeVar("T")

_muted: ContextVar[bool] = ContextVar("flask_myprofile_activity_muted", default=False)


@contextmanager
def without_events() -> Iterator[None]:
    """Within this, none is written: a sign-in that has failed by its event succeeds without it."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


class Activity:
    """:param origin: who is there, and from where.
    :param tell: told of each event that is recorded, kept or not.
    """

    def __init__(
        self,
        store: EventStore,
        users: Users,
        config: Config,
        *,
        origin: Callable[[], Origin],
        tell: Callable[[EventRecord], None],
    ) -> None:
        self._store = store
        self._users = users
        self._config = config
        self._origin = origin
        self._tell = tell

    # ---- for hosts

    @property
    def is_kept(self) -> bool:
        """Whether events are kept at all (``MYPROFILE_ACTIVITY_KEEP``)."""
        return bool(self._config.activity_keep)

    def record(
        self,
        kind: str,
        user: Any,
        details: Mapping[str, Any] | None = None,
        *,
        by: Any = None,
        with_session: bool = False,
    ) -> None:
        """Record an event of the app's own in the activity of this user (or of this key).

        :param kind: one of ``MYPROFILE_ACTIVITY_KINDS``.
        :param user: to whom it has happened.
        :param details: a small dict of what JSON can say; it is kept as it is, so nothing secret.
        :param by: the administrator who did it (default: whoever is signed in).
        :param with_session: as part of the transaction of ``db.session``, which you commit: both or neither. Default:
            at once, in a transaction of its own; on a tab of yours, with what its action does.
        :raises ValueError: the kind is not declared, or the details are too long.
        :raises StoreDown: it cannot be written.
        """
        check_own(kind, details, self._config.activity_kinds)
        event = new_event(self._key(user), kind, details, self._whence(self._key(user), by))
        self._write(event, self._store.add_event_along if with_session else self._store.add_event)

    def list(self, user: Any, *, topic: str | None = None, before: str = "", limit: int = 50) -> Sequence[EventRecord]:
        """What has happened to this user (or to whom this key was), the newest first.

        :param user: the user or, of one who is deleted already, the key.
        :param topic: only what is of that topic, such as ``"password"``.
        :param before: the id of an event: only older ones.
        :param limit: how many at most.
        :returns: a sequence of :class:`~.records.EventRecord`; nothing older than ``MYPROFILE_ACTIVITY_KEEP`` seconds.
        """
        key = self._key(user)
        return self._store.events(key, topic, self._oldest(key), before or id_after_all(key), limit)

    def page(
        self, user: Any, rows: int, *, topic: str | None = None, before: str = ""
    ) -> tuple[Sequence[EventRecord], str | None]:
        """So many events, and the id before which the next ones are; None where there are no more."""
        found = self.list(user, topic=topic, before=before, limit=rows + 1)
        return found[:rows], found[rows - 1].id if len(found) > rows else None

    def last(self, user: Any, kind: str) -> EventRecord | None:
        """The newest event of a kind.

        :param user: as for :meth:`list`.
        :param kind: such as ``"password.changed"``.
        :returns: a :class:`~.records.EventRecord`; None where there is none.
        """
        key = self._key(user)
        return self._store.last_event(key, kind, self._oldest(key))

    def prune(self, progress: Callable[[int], None] = lambda deleted: None) -> int:
        """Delete what is older than ``MYPROFILE_ACTIVITY_KEEP`` seconds, in short transactions.

        :param progress: told the number of events after each batch.
        :returns: how many events were deleted.
        """
        before = clock.now() - (self._config.activity_keep or -1)
        return prune_in_batches(lambda after, limit: self._store.prune_events(before, limit), progress)

    # ---- for the extension's own

    def note(
        self,
        kind: Kind,
        user: Any,
        details: Mapping[str, Any] | None = None,
        *,
        by: Any = None,
        actor: str | None = None,
        with_session: bool = False,
        at_once: bool = False,
        origin: Origin | None = None,
    ) -> None:
        """Record it in the transaction of what happened: see :class:`Kind`.

        :param by: the administrator who did it.
        :param actor: who did, where that is known and nobody's doing who is signed in.
        :param with_session: in the transaction of ``db.session``, whoever's view it is.
        :param at_once: whatever becomes of this request.
        :param origin: where it comes from, where that is not this request.
        """
        known = {name: value for name, value in (details or {}).items() if value is not None}
        if not known.keys() <= kind.details or KINDS.get(kind.name) is not kind:
            raise ValueError(f"{kind.name} has no such details: {', '.join(known)}")
        key = self._key(user)
        event = new_event(key, kind.name, known, origin or self._whence(key, by, actor))
        if with_session:
            self._write(event, self._store.add_event_along)
        elif at_once:
            with hold_until_committed():
                self._write(event, self._store.add_event_at_once, may_fail=True)
        elif kind.essential or kind is SIGNED_IN:  # which costs one statement, and no savepoint
            self._write(event, self._store.add_event)
        else:
            self._write(event, self._store.try_event, may_fail=True)

    def note_forgotten(self, key: str, by: Any) -> None:
        """That all is erased that was kept of whoever had this key: by whom, and nothing of them."""
        where = self._whence(key, by)
        self.note(
            FORGOTTEN, gone(key), origin=Origin(where.actor, None if by is None else where.user_key, name=where.name)
        )

    def note_address(self, key: str, ip: str, user_agent: str, name: str = "") -> None:
        """A token of theirs (of this name) was used from there, and last from elsewhere or never: news if none was."""
        if self.is_kept and self._is_new_address(key, ip):
            known = {"token": name or None}
            self.note(TOKEN_USED_ELSEWHERE, key, known, origin=Origin(USER, key, None, ip, user_agent))

    def _is_new_address(self, key: str, ip: str) -> bool:
        """A program that moves all the time is none: :data:`MOST_ADDRESSES` a day are enough."""
        events = self.list(key, topic=TOKEN_USED_ELSEWHERE.topic, limit=_LOOKED_AT)
        before = [event for event in events if event.kind == TOKEN_USED_ELSEWHERE.name]
        today = [event for event in before if is_recent(event.at, DAY)]
        return len(today) < MOST_ADDRESSES and network_of(ip) not in {network_of(event.ip) for event in before}

    def note_if(self, work: Callable[[], T], kind: Kind, user: Any, **known: Any) -> T:
        """What ``work`` answers; where that is true, the event is recorded, in one transaction: both or neither."""

        def both() -> T:
            done = work()
            if done:
                self.note(kind, user, **known)
            return done

        return self._store.in_one(both)

    def here(self) -> Origin:
        """Where this comes from."""
        return self._origin()

    def in_one(self, work: Callable[[], T]) -> T:
        """``work``, and what it notes, in one transaction: both or neither."""
        return self._store.in_one(work)

    def _write(self, event: EventRecord, write: Callable[[EventRecord], None], *, may_fail: bool = False) -> None:
        try:
            if self.is_kept and not _muted.get():
                write(event)
        except EventLost as error:
            if not may_fail:
                raise
            _log.error("MyProfile could not write down that %s: %s", event.kind, error)
        if write == self._store.add_event_along:
            self._store.once_along(lambda: self._tell(event))
        else:
            self._tell(event)

    def _whence(self, key: str, by: Any, actor: str | None = None) -> Origin:
        """Whoever is signed in may be somebody else, whom the app has let do it."""
        origin = self._origin()
        if actor is not None:
            return origin._replace(actor=actor, user_key=None)
        if by is not None:
            return origin._replace(actor=ADMIN, user_key=self._users.key(by), name=self._users.display_name(by))
        return origin._replace(actor=HOST) if origin.actor == USER and origin.user_key != key else origin

    def _oldest(self, key: str) -> str:
        keep = self._config.activity_keep
        return id_at(key, clock.time() - keep) if keep else id_after_all(key)

    def _key(self, user: Any) -> str:
        return user if isinstance(user, str) else self._users.key(user)
