"""Guessing the current password: how many wrong ones a user may enter, whatever the door, browser and worker."""

from __future__ import annotations

import secrets
from typing import Any

from ..errors import MyProfileError
from ..store import GuessStore
from .sessions import now
from .users import Users

LIMIT = 5
WINDOW = 15 * 60


class TooManyGuesses(MyProfileError):
    """:param retry_after: seconds until the next guess is heard."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"{LIMIT} wrong passwords in {WINDOW} seconds")
        self.retry_after = retry_after


class Guesses:
    """Counts a guess before it is looked at, so that fifty at once are no more than five one after the other.

    Only who is signed in as the user can use it up, and signing in is not touched: nobody can lock another out.
    """

    def __init__(self, store: GuessStore, users: Users) -> None:
        self._store = store
        self._users = users

    def begin(self, user: Any) -> str:
        """Count a guess; its name, for :meth:`was_right`. :raises TooManyGuesses: it is one too many."""
        key, guess, moment = self._users.key(user), secrets.token_hex(12), now()
        moments = self._store.add_guess(key, guess, moment, moment - WINDOW)
        if len(moments) > LIMIT:
            self._store.forget_guess(key, guess)
            raise TooManyGuesses(max(1, min(moments) + WINDOW - moment))
        return guess

    def was_right(self, user: Any, guess: str) -> None:
        """Take a guess back: it was the password."""
        self._store.forget_guess(self._users.key(user), guess)
