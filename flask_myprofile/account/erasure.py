"""When an account is closed: nothing that was its user's is left, for nobody and for whoever gets the key next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from itertools import islice
from typing import Any, Protocol

from ..store.protocols import UserStore
from ..transactions import after_commit, run
from .activity import Activity
from .clock import now
from .tokens_of_sessions import revoke_with_sessions
from .users import Users

#: Why the sessions of an account ended that is closed.
REASON = "forgotten"
#: Users whose rows are looked at in one step of pruning.
_BATCH = 500

#: Whose account is being closed: nothing is left to do afterwards.
_closing: ContextVar[str | None] = ContextVar("flask_myprofile_closing", default=None)


class _Store(UserStore, Protocol):
    """The store in the host's own database."""

    def delete_token(self, user_key: str) -> bool: ...

    def erase_sessions(self, user_key: str) -> list[str]: ...

    def rename_with(self, connection: Any, before: tuple[str, str | None], now: tuple[str, str | None]) -> None: ...

    def erase_with(self, connection: Any, user_key: str, at: int, *, was_there: bool) -> bool: ...


class Erasure:
    """Erases all that is kept of a user.

    :param elsewhere: where sessions are kept; None: with everything else.
    :param own_transaction: around what is written beside the host's transaction.
    :param ended: told of the sessions that end by it: see :class:`~.session_registry.SessionRegistry`.
    :param revoked: told whose API token does.
    """

    def __init__(
        self,
        store: _Store,
        elsewhere: Any,
        users: Users,
        activity: Activity,
        own_transaction: Callable[[], AbstractContextManager[None]],
        ended: Callable[[str, Sequence[str], str, str | None], None],
        revoked: Callable[[str], None],
    ) -> None:
        self._store = store
        self._elsewhere = elsewhere
        self._users = users
        self._activity = activity
        self._own_transaction = own_transaction
        self._ended = ended
        self._revoked = revoked

    def forget(self, user: Any, by: Any = None) -> None:
        """All at once: on a page of ours as part of what that does, else in a transaction of its own. ``user`` may be a
        key. ``by``: the administrator who asks for it."""
        key = user if isinstance(user, str) else self._users.key(user)
        self._activity.in_one(lambda: self._forget(key, by))

    def delete(self, user: Any) -> None:
        """The same with the account itself, by :meth:`Users.delete`, which may refuse: sessions that are kept elsewhere
        end after that, because nothing brings them back. ``user``: as ``db.session`` holds them."""
        key = self._users.key(user)

        def close() -> None:
            mark = _closing.set(key)
            try:
                self._users.delete(user)
                self._users.flush()
            finally:
                _closing.reset(mark)

        self._activity.in_one(lambda: self._forget(key, None, close))

    def _forget(self, key: str, by: Any, close: Callable[[], None] = lambda: None) -> None:
        ids = list(self._store.erase_sessions(key))
        had_token = revoke_with_sessions(lambda: self._store.delete_token(key), self._own_transaction)
        close()
        self._store.erase_user(key, now())
        ids += self._elsewhere.erase_sessions(key) if self._elsewhere is not None else []
        self._activity.note_forgotten(key, by)
        if ids:
            after_commit(lambda: self._ended(key, ids, REASON, None if by is None else self._users.key(by)))
        if had_token:
            after_commit(lambda: self._revoked(key))

    def forget_if_gone(self, key: str) -> bool:
        """The same where no user has the key. Whether there was none."""
        gone = bool(self._store.missing_users([key]))
        if gone:  # whatever becomes of this request
            run(lambda: self._forget(key, None), self._own_transaction)
        return gone

    def follow(self, connection: Any, key: str, *, is_new: bool) -> bool:
        """The host has just deleted the user of that key, or made it, in a transaction that goes on. Whether nothing is
        left to do once that is committed."""
        if is_new and self._elsewhere is not None:
            self._elsewhere.erase_sessions(key)  # nobody has had the key, so nobody misses them
        done = self._store.erase_with(connection, key, now(), was_there=not is_new)
        return done and (is_new or self._elsewhere is None or _closing.get() == key)

    def rename(self, connection: Any, user: Any, key: str) -> None:
        """The host has just given the user, who had another one, this key, in a transaction that goes on. What is kept
        elsewhere ends: there, the old key is nobody's."""
        before, stored = self._users.key(user), self._users.stored_hash(user)
        marks = [(each, self._users.mark_of_key(each, stored)) for each in (before, key)]
        self._store.rename_with(connection, marks[0], marks[1])

    def prune(self) -> int:
        """Whoever was deleted behind the extension's back. How many users those were."""
        return sum(self.forget_if_gone(key) for keys in self._batches() for key in self._store.missing_users(keys))

    def _batches(self) -> Iterator[Sequence[str]]:
        after = ""
        while keys := self._store.user_keys(after, _BATCH):
            yield keys
            after = keys[-1]
        owners = iter(self._elsewhere.owners() if self._elsewhere is not None else ())
        while keys := list(islice(owners, _BATCH)):
            yield keys
