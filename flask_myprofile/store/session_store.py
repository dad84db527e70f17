"""What a store of sessions must be able to do, whichever technology it is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from ..config import Config
from ..errors import SetupError
from .notice_records import KnownDevice
from .records import Found, Listed, LiveSince, Owner, Pruned, Put, SessionRecord


class SessionStore(Protocol):
    """What a technology must do to keep sessions. Nothing but ``add_session`` may bring a row to life.

    ``transactional``: whether a rollback of the host's transaction undoes what one of our pages has done to them.
    """

    transactional: bool

    def find_live(self, session_id: str, login_id: str, since: LiveSince, user_key: str | None = None) -> Found | None:
        """The live session of that id and login id, fit to be asked for at each request. A store in the user's own
        database is told whose it is said to be (default: the login id), and finds no other's."""
        ...

    def session(self, session_id: str) -> SessionRecord | None:
        """The whole row, whether live or ended."""
        ...

    def sessions_of(self, user_key: str, ids: Collection[str]) -> Sequence[SessionRecord]:
        """The whole rows of one user, live or ended, that have one of these ids."""
        ...

    def add_session(self, record: SessionRecord) -> bool:
        """Store a new session; False where its id is taken: a parallel request of the same browser was faster."""
        ...

    def add_far_from(self, limit: int, record: SessionRecord, device: KnownDevice | None = None) -> bool:
        """The same in one step, where it is known that the user has signed in before, and sees that they have far
        fewer sessions than ``limit`` and not too many that have ended, and that the ``device`` is known and need not be
        written down again. False: nothing is stored."""
        ...

    def touch_session(self, session_id: str, at: int, ip: str, user_agent: str) -> None:
        """Write down the last activity of a session that has not ended, unless a later one is known, which is not from
        the future. Left out rather than waited for."""
        ...

    def rotate_session(self, record: SessionRecord, secret_hash: str, at: int, login_id: str) -> bool:
        """Replace the secret that ``record`` has, and keep what it says in :data:`~.records.RENEWED`; False where it
        ended or got another secret meanwhile."""
        ...

    def follow_user(self, user_key: str, before: Owner, now: Owner, only: str | None = None) -> None:
        """The user's live sessions (or only one) that have the login id, or the password, of before get those of now;
        what their browsers hold stays good. With the transaction that changes the user, where that can be."""
        ...

    def erase_sessions(self, user_key: str) -> list[str]:
        """Delete all rows of that user; the ids of those that had not ended."""
        ...

    def name_session(self, user_key: str, session_id: str, name: str | None) -> bool:
        """Keep the user's own name for one of their live sessions; False where it is none."""
        ...

    def end_sessions(
        self,
        user_key: str | None,
        at: int,
        reason: str,
        *,
        only: Collection[str] | None = None,
        keep: str | None = None,
        secret_hash: str | None = None,
        late: bool = False,
    ) -> list[str]:
        """End live sessions of one user, or of whoever proves a secret, all at once; the ids that ended.

        The secret before the present one proves the session for :data:`~.records.ROTATION_GRACE` seconds.

        :param late: hardly any can be there now: it is best to look for one before there is a write."""
        ...

    def may_be_over(self, user_key: str, limit: int) -> bool:
        """Whether the user has more sessions than that, or more that have ended, so that some have to go. Asked at each
        sign-in: it may say so where there are none."""
        ...

    def end_over_limit(self, record: SessionRecord, limit: int, since: LiveSince, reason: str) -> Sequence[str]:
        """End the least used of the user's sessions that can get in until ``limit`` are left, but not that of
        ``record``, which has just begun; the ids that ended. Of several at once each sees what the other has ended."""
        ...

    def end_everyone(
        self, at: int, reason: str, note: Callable[[str, Sequence[str]], None] = lambda user_key, ids: None
    ) -> Iterator[tuple[str, Sequence[str]]]:
        """End every live session there is, in short steps that keep nobody waiting: a user's key, and which of their
        sessions have just ended, a user possibly more than once.

        :param note: told the same within the transaction in which they end, if there is one, and at each try."""
        ...

    def live_sessions(
        self, user_key: str, since: LiveSince, limit: int, offset: int = 0, but: str | None = None
    ) -> Sequence[SessionRecord]:
        """The user's sessions that can still get in, last active first."""
        ...

    def list_live(
        self,
        user_key: str,
        since: LiveSince,
        owner: Owner,
        limit: int,
        offset: int = 0,
        *,
        but: str | None = None,
        unused_since: int = 0,
        login_ids: Collection[str] | None = None,
    ) -> Listed:
        """The same of those whose password is the owner's, and what there are in all: of 10,000 each is looked at once.
        With ``limit`` 0 they are only counted.

        :param but: neither listed nor counted.
        :param unused_since: those that were seen last before then count as unused.
        :param login_ids: only of the owner's login id and these (default: of any).
        """
        ...

    def login_ids_of(self, user_key: str, since: LiveSince) -> Collection[str]:
        """The login ids that the user's sessions have which can still get in."""
        ...

    def sessions_at_provider(self, idp_session: str, since: LiveSince) -> Sequence[SessionRecord]:
        """The sessions, whosever, that can still get in and have that ``sid``, at whichever provider."""
        ...

    def drop_ended(self, user_key: str, keep: int) -> None:
        """Delete the user's ended rows but the newest ``keep``: signing in and out in a loop fills no table."""
        ...

    def prune_sessions(self, since: LiveSince, ended_before: int, after: str | None, limit: int) -> Pruned:
        """One batch of deleting, in the order of ids, what can never get in again: ended before then, or run out."""
        ...

    # ---- for moving to another store

    def owners(self) -> Iterator[str]:
        """The keys of all users of whom something is kept, some of them more than once."""
        ...

    def kept_of(self, user_keys: Collection[str]) -> Mapping[str, Sequence[SessionRecord]]:
        """All that is kept of each of these users, whether live or ended."""
        ...

    def put_sessions(self, sessions: Mapping[str, Sequence[SessionRecord]]) -> Put:
        """Keep these of each of these users, and no others."""
        ...


def session_store_at(url: str, store: Any, config: Config) -> SessionStore:
    """Where sessions are kept: with everything else, or in Redis.

    :param url: as ``MYPROFILE_SESSION_STORE`` has it.
    :param store: the one in the host's database.
    :raises SetupError: redis-py is not there, or cannot make sense of the URL.
    """
    if url == "sqlalchemy":
        return cast(SessionStore, store)
    try:
        from .redis import RedisSessions  # an optional dependency
    except ImportError as error:
        raise SetupError('MYPROFILE_SESSION_STORE needs redis-py: pip install "Flask-MyProfile[redis]"') from error
    return RedisSessions.at(
        url,
        prefix=config.table_prefix,
        find_user=lambda user_key: store.find_user(user_key),  # noqa: PLW0108 (made later)
        lifetime=config.session_lifetime,
        idle=config.session_idle,
        keep_ended=config.session_keep_ended,
    )
