"""What grows with the number of sessions: in all, and of one user."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median
from typing import Any

import flask_login

from .apps import Subject, build
from .places import NotAvailable, Place
from .report import note, say, table
from .requests import REDIS_HEAD, ratio, time_rounds
from .rows import SESSIONS_OF_ONE, Rows
from .variants import A1

#: So many people take turns in the comparison of requests: a cache that holds one row only would be of no use.
_BROWSERS = 100


def show_growth(place: Place, kind: type[Rows], sizes: Sequence[int], *, rounds: int, repeats: int) -> None:
    """Print the tables of one kind of store.

    :param rounds: of the comparison of requests; :param repeats: of each operation on one user's sessions.
    """
    try:
        growth = _Growth(place, kind(place), rounds, repeats)
        for size in sizes:
            growth.measure(size)
    except NotAvailable as reason:
        say(f"\n{kind.variant.title}, growth: not available: {reason}")
    else:
        growth.show(sizes)


class _Growth:
    """Fills one store more and more, and keeps what is to be printed, row by row."""

    def __init__(self, place: Place, rows: Rows, rounds: int, repeats: int) -> None:
        self._place, self._rows, self._rounds, self._repeats = place, rows, rounds, repeats
        self._requests: list[list[str]] = []
        self._prune: list[list[str]] = []
        #: (operation, sessions of the user) -> milliseconds at each size; and what is sent at the last one.
        self._operations: dict[tuple[str, int], list[str]] = {}
        self._sent: dict[tuple[str, int], list[str]] = {}

    def measure(self, size: int) -> None:
        self._rows.clear()
        # nobody has 10,000 sessions under the usual limit
        subject = build(self._rows.variant, self._place, _BROWSERS, MYPROFILE_SESSION_LIMIT=1_000_000)
        floor = build(A1, self._place, _BROWSERS)
        self._rows.fill(subject, size)
        self._place.settle()
        self._compare_requests(floor, subject, size)
        for user, sessions in enumerate(SESSIONS_OF_ONE, 1):
            self._time_operations(subject, user, sessions, size)
        self._time_prune(subject, size)
        floor.close()
        subject.close()

    def _compare_requests(self, floor: Subject, subject: Subject, size: int) -> None:
        medians = time_rounds((floor, subject), self._rounds, _BROWSERS)
        a1, its = medians[floor.variant], medians[subject.variant]
        self._requests.append([f"{size:,}", f"{median(a1):.0f}", f"{median(its):.0f}", ratio(its, a1)])

    def _time_operations(self, subject: Subject, user: int, sessions: int, size: int) -> None:
        registry = subject.app.extensions["myprofile"].sessions
        operations: dict[str, Callable[[Any, str], object]] = {
            "list the first page, and count": lambda it, other: (registry.list(it), registry.count(it)),
            "end one": registry.end,
            "end others": lambda it, other: registry.end_others(it),
        }
        for name, operation in operations.items():
            took = [self._time_operation(subject, user, operation) for _ in range(self._repeats)]
            milliseconds, sent = zip(*took, strict=True)
            self._operations.setdefault((name, sessions), []).append(f"{median(milliseconds):.1f}")
            note(f"ms, {self._rows.title}, {size:,} in all: {name} of {sessions:,}", *_middle(milliseconds))
            self._sent[name, sessions] = sent[-1]

    def _time_operation(
        self, subject: Subject, user: int, operation: Callable[[Any, str], object]
    ) -> tuple[float, list[str]]:
        """Milliseconds, and how many statements and Redis commands it took."""
        registry = subject.app.extensions["myprofile"].sessions
        self._rows.restore(subject, user)
        with _request_of(subject, user) as signed_in:
            current = registry.current(signed_in)
            other = next(row.id for row in registry.list(signed_in, limit=2) if row.id != current.id)
            commands = self._place.redis_commands()
            with subject.statements() as statements:
                start = time.perf_counter()
                operation(signed_in, other)
                took = (time.perf_counter() - start) * 1000
            return took, [str(len(statements)), str(commands())]

    def _time_prune(self, subject: Subject, size: int) -> None:
        """Each batch is a transaction of its own: what the worst takes is how long others may have to wait."""
        moments = [time.perf_counter()]
        with subject.app.app_context(), subject.statements() as statements:
            prune = subject.app.extensions["myprofile"].sessions.prune
            deleted = prune(progress=lambda rows: moments.append(time.perf_counter()))
        worst = max(after - before for before, after in pairwise(moments))
        note(f"ms, {self._rows.title}, {size:,} in all: worst batch of prune", worst * 1000)
        milliseconds = [f"{seconds * 1000:,.0f}" for seconds in (moments[-1] - moments[0], worst)]
        self._prune.append([f"{size:,}", f"{deleted:,}", *milliseconds, str(len(statements))])

    def show(self, sizes: Sequence[int]) -> None:
        say(f"\n{self._rows.title}, growth\n")
        heads = ["sessions in all", "A1, µs", "A1 + extension, µs", "÷ A1 (middle half of the rounds)"]
        say(table(heads, self._requests))
        rows = [
            [f"{name} of {sessions:,}", *cells, *self._sent[name, sessions]]
            for (name, sessions), cells in sorted(self._operations.items())
        ]
        heads = ["medians in ms", *(f"{size:,} in all" for size in sizes), "SQL statements", REDIS_HEAD]
        say("\n" + table(heads, rows))
        heads = ["prune: sessions in all", "deleted", "ms", "worst batch, ms", "SQL statements"]
        say("\n" + table(heads, self._prune))


def _middle(milliseconds: Sequence[float]) -> tuple[float, float, float]:
    return median(milliseconds), min(milliseconds), max(milliseconds)


@contextmanager
def _request_of(subject: Subject, user: int) -> Iterator[Any]:
    """A request of that user, whom the guard has let in."""
    environ, name = subject.browsers[user - 1]
    with subject.app.request_context(environ.copy()):
        if not flask_login.current_user.is_authenticated or flask_login.current_user.username.encode() != name:
            raise RuntimeError(f"user {user} is not signed in")
        yield flask_login.current_user._get_current_object()
