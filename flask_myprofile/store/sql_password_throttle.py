"""Guesses at passwords, in the host's own database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from .database import Database


class SqlPasswordThrottle(Database):
    """See :class:`~.protocols.GuessStore`."""

    def add_guess(self, user_key: str, guess: str, at: int) -> list[int]:
        with self._at_once() as execute:
            execute(insert(self._tables.guess), {"id": guess, "user_key": user_key, "at": at})
        return self._moments(self._tables.guess.c.user_key == user_key)

    def put_guesses_right(self, user_key: str, at: int) -> list[int]:
        table = self._tables.guess
        with self._at_once() as execute:
            # by their ids, as in forget_guesses()
            ids = list(execute(select(table.c.id).where(table.c.user_key == user_key, table.c.at > at)).scalars())
            execute(update(table).where(table.c.id.in_(ids)).values(at=at - 1))
        return self._moments(table.c.user_key == user_key)

    def guesses(self, user_key: str, until: str) -> list[int]:
        return self._moments(*self._guesses(user_key, until))

    def forget_guess(self, user_key: str, guess: str) -> None:
        table = self._tables.guess
        with self._at_once() as execute:
            execute(delete(table).where(table.c.user_key == user_key, table.c.id == guess))

    def forget_guesses(self, user_key: str, until: str) -> None:
        table = self._tables.guess
        with self._at_once() as execute:
            # by their ids: deleting a range locks it in MySQL's databases, and whoever guesses meanwhile
            ids = list(execute(select(table.c.id).where(*self._guesses(user_key, until))).scalars())
            execute(delete(table).where(table.c.id.in_(ids)))

    def _guesses(self, user_key: str, until: str) -> tuple[Any, Any]:
        """By name or, of those that were put right, whose names are not, by the second."""
        table, second = self._tables.guess, int(until[:16], 16) // 10**9
        return table.c.user_key == user_key, or_(table.c.id <= until, table.c.at < second)

    def _moments(self, *which: Any) -> list[int]:
        with self._at_once() as execute:  # not within a transaction that began before others had written theirs
            return list(execute(select(self._tables.guess.c.at).where(*which)).scalars())
