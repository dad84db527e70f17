"""What becomes of sessions whose user gets another login id, or another password: which of them go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..config import Config
from ..errors import in_log
from ..store.protocols import HistoryStore
from ..store.records import Owner
from ..store.session_store import SessionStore
from ..transactions import after_commit, is_commit_awaited, tried
from .users import Users

_log = logging.getLogger(__name__)


class OwnerChanges:
    """The part of :class:`~.session_registry.SessionRegistry` that keeps sessions their user's."""

    def __init__(
        self,
        store: SessionStore,
        history: HistoryStore,
        users: Users,
        config: Config,
        own_transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._store = store
        self._history = history
        self._users = users
        self._config = config
        self._own_transaction = own_transaction

    @property
    def in_database(self) -> bool:
        """Whether sessions take part in the host's transactions, and a rollback undoes what was done to them."""
        return self._store.transactional

    def hold(self, user_key: str) -> None:
        """Have everybody else who ends sessions of this user wait until the transaction ends. First of all, for whoever
        writes to more than one row of theirs: two who came to these in another order would each wait for the other."""
        if self.in_database:
            self._history.hold_user(user_key)

    def follow_user(self, user_key: str, before: Owner, after: Owner, only: str | None = None) -> None:
        """The user's login id, or the hash of the same password, has become another one: the sessions (or one of them)
        that had those before go on."""
        if before == after:
            return

        def follow() -> None:
            self.hold(user_key)
            self._store.follow_user(user_key, before, after, only)

        if not self.in_database:  # what a failed commit does not undo waits for it
            after_commit(follow)
            return
        follow()
        if only is None and is_commit_awaited():  # a sign-in that is stored until then cannot know of it
            after_commit(lambda: self._try_late(follow))

    def sees_password(self, user: Any, user_key: str) -> bool:
        """Whether each request compares the password of this user with the one that its session began with."""
        follows = self._config.session_follows_password and self._users.is_hash_loaded(user)
        return follows and self._history.brings_user(user_key)

    def hashed_anew(self, user: Any, user_key: str, mark: str) -> str | None:
        """The mark of the password that has been loaded with the user, if it is the same one with another hash."""
        old, new = self._history.last_rehash(user_key) or (None, None)
        is_same = old == mark and new is not None and not self._users.has_other_password(user, user_key, new)
        return new if is_same else None

    def has_password_changed(self, user: Any, marks: Sequence[str]) -> bool:
        """Whether the user has another password than those of these marks. Where it is only another hash of one, the
        sessions that know the one before are told."""
        if not self._users.has_password_changed(user, marks):
            return False
        key = self._users.key(user)
        old, new = self._history.last_rehash(key) or (None, None)
        if new is None or old not in marks or self._users.has_password_changed(user, [new]):
            return True
        self.follow_user(key, Owner("", old), Owner("", new))
        return False

    def _try_late(self, look: Callable[[], None]) -> None:
        if (failure := tried([look], self._own_transaction)) is not None:  # what was asked for is done
            _log.error("MyProfile could not look for sessions that began meanwhile: %s", in_log(failure))
