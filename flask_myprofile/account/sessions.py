"""The sessions of a user, for hosts and tabs: where they are signed in, and signing out any of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from ..config import DAY, Config
from ..errors import ReauthRequired
from ..store.protocols import HistoryStore
from ..store.records import ADOPTED, EVERYONE, Listed, Owner, Put, SessionRecord
from ..store.session_store import SessionStore
from .clock import is_recent, now
from .credentials import is_session_id
from .pruning import prune_in_batches
from .session_move import mirror
from .session_registry import EVERY, SessionRegistry
from .text import printable
from .users import Users

#: Characters that a user's own name for a session may have.
NAME_LENGTH = 64
#: Sessions on one page, and in one answer of JSON.
PAGE = 50
#: Seconds since its last activity after which a session counts as unused.
UNUSED = 30 * DAY


class Sessions:
    """The sessions of users. What a host calls outside the extension's own pages takes effect at once, in a transaction
    of its own; where that cannot be written, :class:`~flask_myprofile.StoreDown` is raised and nothing has changed."""

    def __init__(
        self,
        registry: SessionRegistry,
        store: SessionStore,
        history: HistoryStore,
        users: Users,
        config: Config,
        *,
        login_id_of: Callable[[Any], str],
        current: Callable[[], SessionRecord | None],
        current_method: Callable[[Any, Callable[[Any], str]], str | None],
        is_superseded: Callable[[], bool],
        renew: Callable[[Any, SessionRecord], bool],
        keep: Callable[[], None],
    ) -> None:
        """:param history: what outlives the sessions; kept in the host's database even where ``store`` is another one.
        :param login_id_of: what Flask-Login keeps of a user in its cookies.
        :param current: the session of this request.
        :param current_method: how it began, if it is that of this user, whose key the function says.
        :param is_superseded: whether that session's secret is another one by now than this request came with.
        :param renew: gives that session a new secret.
        :param keep: told that it stays, while the user's others end.
        """
        self._registry = registry
        self._store = store
        self._history = history
        self._users = users
        self._config = config
        self._login_id_of = login_id_of
        self._current = current
        self._current_method = current_method
        self._is_superseded = is_superseded
        self._renew = renew
        self._keep = keep

    def current(self, user: Any = None) -> SessionRecord | None:
        """The session of this request.

        :param user: only if it is this user's (default: whosever it is).
        :returns: a :class:`~.records.SessionRecord`; None for visitors and API tokens.
        """
        record = self._current()
        is_theirs = record is not None and (user is None or record.user_key == self._users.key(user))
        return record if is_theirs else None

    def method(self, user: Any) -> str | None:
        """How the session of this request began: for less than :meth:`current`, which asks for all of it.

        :param user: only if it is this user's.
        :returns: what ``method`` of its record is, such as ``"password"``; None for visitors and API tokens.
        """
        return self._current_method(user, self._users.key)

    def is_fresh(self, user: Any) -> bool:
        """Whether the user of this request has signed in, or given the password, within
        ``MYPROFILE_REAUTH_MAX_AGE``. Ask it before what matters in views of your own.

        :param user: the signed-in user.
        :returns: False also where the session of this request is not theirs.
        """
        record = self.current(user)
        if record is None or self._is_superseded():
            return False
        # a secret is renewed when who is there has been proved
        return is_recent(record.rotated_at or self._proved_at_sign_in(record), self._config.reauth_max_age)

    def _proved_at_sign_in(self, record: SessionRecord) -> int:
        if record.method == ADOPTED:  # it is not known when that was
            return 0
        if record.callback is None or not self._config.sso_step_up:
            return record.created_at
        # a provider lets in without asking whoever has been there before; it says when it did ask
        if record.auth_time is None:
            return 0
        # how long before it was, by the provider's own clock: ours may show another time
        return record.created_at - max(0, (record.asserted_at or record.created_at) - record.auth_time)

    def require_fresh(self, user: Any) -> None:
        """For what matters: see :meth:`is_fresh`.

        :param user: the signed-in user.
        :raises ReauthRequired: the extension's pages ask for the password then, or answer 403 where there is no
            session: a key of the host's own is a copy that leaks.
        """
        signs_in_itself = self.current(user) is None and self._config.request_loader_signs_in
        if not signs_in_itself and not self.is_fresh(user):
            raise ReauthRequired

    def list(self, user: Any, limit: int = 50, offset: int = 0, *, but: str | None = None) -> Sequence[SessionRecord]:
        """The user's sessions that can still get in, last active first.

        :param user: whose they are.
        :param limit: how many at most.
        :param offset: how many of the first to leave out.
        :param but: the ``id`` of one that is left out as well, such as that of this request.
        :returns: a sequence of :class:`~.records.SessionRecord`.
        """
        return self.page(user, limit, offset, but=but).rows

    def count(self, user: Any) -> int:
        """How many sessions of the user can still get in.

        :param user: whose.
        :returns: the number.
        """
        return self.page(user, 0).total

    def page(self, user: Any, limit: int, offset: int = 0, *, but: str | None = None) -> Listed:
        """The same as :meth:`list`, with how many there are in all, by one query.

        :param user: whose they are.
        :param limit: how many at most; 0 only counts.
        :param offset: how many of the first to leave out.
        :param but: the ``id`` of one that is neither listed nor counted.
        :returns: ``rows``, ``total``, and how many of these are ``unused``: nobody has used them for a month.
        """
        key, since, owner = self._users.key(user), self._registry.live_since(), self._compared(user)
        ask = partial(self._store.list_live, key, since, owner, limit, offset, but=but, unused_since=now() - UNUSED)
        found = ask()
        if not found.others:
            return found
        # a host may give each session another login id: its user_loader knows whose that is
        ids = (each for each in self._store.login_ids_of(key, since) if each != owner.login_id)
        return ask(login_ids=[each for each in ids if self._users.is_login_id_of(each, key)])

    def owner(self, user: Any) -> Owner:
        """What the rows of the user's sessions say of them."""
        return Owner(self._login_id_of(user), self._users.password_mark(user))

    def _compared(self, user: Any) -> Owner:
        """The same as far as it decides."""
        owner = self.owner(user)
        return owner if self._config.session_follows_password else owner._replace(password_mark=None)

    def follow(self, user: Any, before: Owner) -> None:
        """A page of ours has changed the user's login id, or the hash of the password, and nobody is to be signed out
        by that: whoever was signed in as ``before``, see :meth:`owner`, still is."""
        self._registry.follow_user(self._users.key(user), before, self.owner(user))

    def end(self, user: Any, session_id: str, reason: str = "signed_out", by: Any = None) -> bool:
        """End one session of this user, for good: the next request with its cookies, or copies of them, is refused.

        :param user: whose session it is.
        :param session_id: its ``id``.
        :param reason: for the signal ``session_ended``; a word of your own has at most 32 characters.
        :param by: the key of the administrator who ends it, for the same signal.
        :returns: True, also if it had ended already; False where it is not theirs, or unknown.
        :raises StoreDown: it could not be written, and nothing has ended.
        """
        if not is_session_id(session_id):
            return False
        # the write first: who has read has a connection, and the write needs another one, which the host may not have
        ended = self._registry.end(self._users.key(user), reason, by, only=[session_id])
        return bool(ended) or self.find(user, session_id) is not None

    def end_others(self, user: Any, reason: str = "signed_out") -> int:
        """End all sessions of this user but the one of this request, as after a new password.

        :param user: whose sessions.
        :param reason: see :meth:`end`.
        :returns: how many ended.
        """
        current = self.current(user)
        if current is not None:
            self._keep()
        return len(self._registry.end(self._users.key(user), reason, keep=current.id if current else None))

    def is_unused(self, record: SessionRecord) -> bool:
        """Whether nobody has used it for a month. The session of this request is in use, whatever its row says."""
        current = self._current()
        return record.last_seen_at < now() - UNUSED and (current is None or record.id != current.id)

    def end_unused(self, user: Any, reason: str = "signed_out") -> int:
        """End the sessions of this user that nobody has used for a month; how many ended. For the page that lists them:
        it reads before it writes, which elsewhere takes a second connection."""
        unused = [record.id for record in self.list(user, EVERY) if self.is_unused(record)]
        return len(self._registry.end(self._users.key(user), reason, only=unused)) if unused else 0

    def runs_out_at(self, record: SessionRecord) -> int | None:
        """When a session runs out if nobody uses it any more.

        :param record: a session, as :meth:`list` has them.
        :returns: seconds since the epoch; None: never.
        """
        return self._registry.live_since().runs_out_at(record)

    def end_all(self, user: Any, reason: str = "signed_out", by: Any = None) -> int:
        """End every session of this user: the account is closed, or its password was reset. API tokens go on working.

        :param user: whose sessions.
        :param reason: see :meth:`end`.
        :param by: see :meth:`end`.
        :returns: how many ended.
        """
        return len(self._registry.end(self._users.key(user), reason, by))

    def end_everyone(self, reason: str = "signed_out", by: Any = None) -> int:
        """End every session of every user. In short steps: run it again if it was interrupted.

        :param reason: see :meth:`end`.
        :param by: see :meth:`end`.
        :returns: how many ended.
        :raises StoreDown: a step could not be written; those before it are done.
        """
        # first, so that no cookie without a session of ours gets one behind our back
        self._history.note_sign_out(EVERYONE, now())

        def note(user_key: str, ids: Sequence[str]) -> None:
            self._registry.tell(user_key, ids, reason, by)

        total = sum(len(ids) for _, ids in self._store.end_everyone(now(), reason, note))
        self._registry.drop_pending_forms()
        return total

    def rename(self, user: Any, session_id: str, name: str) -> bool:
        """Keep the user's own name for a session.

        :param user: whose session it is.
        :param session_id: its ``id``.
        :param name: up to 64 characters, longer ones are cut; empty: none.
        :returns: False where it is not theirs, or has ended.
        """
        if self.find(user, session_id) is None:
            return False
        return self._store.name_session(self._users.key(user), session_id, printable(name, NAME_LENGTH).strip() or None)

    def renew(self, user: Any) -> bool:
        """Give the session of this request a new secret; copies of the old cookie are worth nothing then.

        :param user: the signed-in user.
        :returns: False where the session has ended meanwhile, or the browser came with a secret that is old already.
        """
        current = self.current(user)
        return current is not None and self._renew(user, current)

    def prune(self, progress: Callable[[int], None] = lambda deleted: None) -> int:
        """Delete sessions that can no longer get in: those that have run out, and ``MYPROFILE_SESSION_KEEP_ENDED``
        seconds after their end the others, their addresses with them. In short transactions; safe to run twice at once.

        :param progress: told the number of rows after each batch.
        :returns: how many rows were deleted.
        """
        since, before = self._registry.live_since(), now() - self._config.session_keep_ended
        return prune_in_batches(lambda *batch: self._store.prune_sessions(since, before, *batch), progress)

    def move_to(self, target: SessionStore) -> Put:
        """Let another store have all sessions that this app's store has, and no others: see :mod:`.session_move`."""
        return mirror(self._store, target, self._registry.live_since(), now() - self._config.session_keep_ended)

    def find(self, user: Any, session_id: str) -> SessionRecord | None:
        """The session of that id, live or ended, if it is this user's.

        :param user: whose it has to be.
        :param session_id: its ``id``; any text may be asked for.
        :returns: a :class:`~.records.SessionRecord`, or None.
        """
        record = self._store.session(session_id) if is_session_id(session_id) else None
        return record if record is not None and record.user_key == self._users.key(user) else None

    def find_all(self, user: Any, ids: Collection[str]) -> Sequence[SessionRecord]:
        """Those of these ids, live or ended, that are this user's, in no order."""
        known = [each for each in ids if is_session_id(each)]
        return self._store.sessions_of(self._users.key(user), known) if known else []

    def load(self, session_id: str) -> SessionRecord | None:
        """The row of that id, live or ended, whosever it is."""
        return self._store.session(session_id)
