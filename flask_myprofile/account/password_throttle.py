"""Guessing the current password: how many wrong ones a user may enter, whatever the door, browser and worker.

Guesses are counted in the host's database, wherever sessions are kept: it is there for every app and every worker, it
survives a restart, and a count that two stores could disagree on is none.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from ..errors import MyProfileError
from ..store.protocols import GuessStore
from .activity import Activity
from .clock import now
from .events import PASSWORD_REFUSED
from .users import Users

LIMIT = 5
WINDOW = 15 * 60
#: So many wrong ones without a right one between them: whoever it is does not know the password.
IN_A_ROW = 20


class TooManyGuesses(MyProfileError):
    """Too many wrong passwords.

    :param retry_after: seconds until the next guess is heard.
    :param end_session: the session that guesses has to end: it was the twentieth wrong one in a row, or a later one.
    """

    def __init__(self, retry_after: int, *, end_session: bool = False) -> None:
        super().__init__(f"{IN_A_ROW} wrong passwords" if end_session else f"{LIMIT} in {WINDOW} seconds")
        self.retry_after = retry_after
        self.end_session = end_session


class PasswordThrottle:
    """Counts a guess before it is looked at, so that fifty at once are no more than five one after the other.

    Only who is signed in as the user can use it up, and signing in is not touched: nobody can lock another out.
    """

    def __init__(self, store: GuessStore, users: Users, activity: Activity) -> None:
        self._store = store
        self._activity = activity
        self._users = users

    def begin(self, user: Any) -> str:
        """Count a guess; its name, for :meth:`was_right` or :meth:`was_wrong`.

        :raises TooManyGuesses: it is one too many, and not looked at.
        """
        key, guess, moment = self._users.key(user), f"{time.time_ns():016x}{secrets.token_hex(4)}", now()
        moments = self._store.add_guess(key, guess, moment)
        if max(moments, default=moment) > moment:  # the clock was ahead: nobody waits until it has caught up
            moments = self._store.put_guesses_right(key, moment)
        recent = _recent(moments, moment)
        if len(recent) > LIMIT:
            self._store.forget_guess(key, guess)
            raise TooManyGuesses(_wait(recent, moment))
        return guess

    def was_right(self, user: Any, guess: str) -> None:
        """It was the password: the count begins anew. Guesses begun later are on their way, and count."""
        self._store.forget_guesses(self._users.key(user), guess)

    def take_back(self, user: Any, guess: str) -> None:
        """Nobody could tell whether it was the password."""
        self._store.forget_guess(self._users.key(user), guess)

    def was_wrong(self, user: Any, guess: str) -> None:
        """It was not the password, and stays counted until a right one.

        :raises TooManyGuesses: with ``end_session``, from the twentieth in a row on. Whoever signs in again has a
            session to lose by the next one.
        """
        wrong = self._store.guesses(self._users.key(user), guess)
        if len(_recent(wrong, now())) == LIMIT:  # whatever follows is not looked at
            self._activity.note(PASSWORD_REFUSED, user, at_once=True)
        if len(wrong) >= IN_A_ROW:
            raise TooManyGuesses(_wait(_recent(wrong, now()), now()), end_session=True)


def _recent(moments: Sequence[int], moment: int) -> list[int]:
    return [at for at in moments if at >= moment - WINDOW]


def _wait(recent: Sequence[int], moment: int) -> int:
    """Seconds until one of so many recent guesses no longer counts; as good as none if there are fewer."""
    return max(1, min(recent) + WINDOW - moment) if len(recent) >= LIMIT else 1
