"""What grows with the number of sessions: in all, and of one user."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import flask_login

from .apps import A1, Subject, build
from .places import NotAvailable, Place
from .report import say, table
from .requests import ratio, time_rounds
from .rows import SESSIONS_OF_ONE, Rows

_REPEATED = 5
#: So many people take turns in the comparison of requests: a cache that holds one row only would be of no use.
_BROWSERS = 100


@dataclass
class _Tables:
    """What is printed for one store, row by row."""

    requests: list[list[str]] = field(default_factory=list)
    prune: list[list[str]] = field(default_factory=list)
    #: (operation, sessions of the user) -> milliseconds at each size; and what is sent at the last one.
    operations: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    sent: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def show(self, title: str, sizes: Sequence[int]) -> None:
        say(f"\n{title}, growth\n")
        say(
            table(
                ("sessions in all", "A1, µs", "A1 + extension, µs", "÷ A1 (middle half of the rounds)"), self.requests
            )
        )
        in_all = [f"{size:,} in all" for size in sizes]
        rows = [
            [f"{name} of {sessions:,}", *cells, *self.sent[name, sessions]]
            for (name, sessions), cells in sorted(self.operations.items())
        ]
        say("\n" + table(("medians in ms", *in_all, "SQL statements", "Redis commands"), rows))
        say("\n" + table(("prune: sessions in all", "deleted", "ms", "worst batch, ms", "SQL statements"), self.prune))


def show_growth(place: Place, kind: type[Rows], sizes: Sequence[int], rounds: int) -> None:
    """Print the tables of one store."""
    shown = _Tables()
    try:
        rows: Rows = kind(place)
        for size in sizes:
            _measure(place, rows, size, rounds, shown)
    except NotAvailable as reason:
        say(f"\n{kind.variant.title}, growth: not available: {reason}")
    else:
        shown.show(rows.title, sizes)


def _measure(place: Place, rows: Rows, size: int, rounds: int, shown: _Tables) -> None:
    rows.clear()
    # nobody has 10,000 sessions under the usual limit
    subject = build(rows.variant, place, _BROWSERS, MYPROFILE_SESSION_LIMIT=1_000_000)
    floor = build(A1, place, _BROWSERS)
    rows.fill(subject, size)
    place.settle()
    medians = time_rounds((floor, subject), rounds, _BROWSERS)
    a1, its = medians[floor.variant], medians[subject.variant]
    shown.requests.append([f"{size:,}", f"{median(a1):.0f}", f"{median(its):.0f}", ratio(its, a1)])
    for user, sessions in enumerate(SESSIONS_OF_ONE, 1):
        _time_operations(place, rows, subject, user, sessions, shown)
    _time_prune(subject, size, shown)
    floor.close()
    subject.close()


def _time_operations(place: Place, rows: Rows, subject: Subject, user: int, sessions: int, shown: _Tables) -> None:
    registry = subject.app.extensions["myprofile"].sessions
    operations: dict[str, Callable[[Any, str], object]] = {
        "list the first page, and count": lambda it, other: (registry.list(it), registry.count(it)),
        "end one": registry.end,
        "end others": lambda it, other: registry.end_others(it),
    }
    for name, operation in operations.items():
        took = []
        for _ in range(_REPEATED):
            rows.restore(subject, user)
            with _request_of(subject, user) as signed_in:
                current = registry.current(signed_in)
                other = next(row.id for row in registry.list(signed_in, limit=2) if row.id != current.id)
                commands = place.redis_commands()
                with subject.statements() as statements:
                    start = time.perf_counter()
                    operation(signed_in, other)
                    took.append((time.perf_counter() - start) * 1000)
                shown.sent[name, sessions] = [str(len(statements)), str(commands())]
        shown.operations.setdefault((name, sessions), []).append(f"{median(took):.1f}")


@contextmanager
def _request_of(subject: Subject, user: int) -> Iterator[Any]:
    """A request of that user, whom the guard has let in."""
    environ, name = subject.browsers[user - 1]
    with subject.app.request_context(environ.copy()):
        if not flask_login.current_user.is_authenticated or flask_login.current_user.username.encode() != name:
            raise RuntimeError(f"user {user} is not signed in")
        yield flask_login.current_user._get_current_object()


def _time_prune(subject: Subject, size: int, shown: _Tables) -> None:
    """Each batch is a transaction of its own: what the worst takes is how long others may have to wait."""
    prune = getattr(subject.app.extensions["myprofile"].sessions, "prune", None)
    if prune is None:
        shown.prune.append([f"{size:,}", "not available"])
        return
    moments = [time.perf_counter()]
    with subject.app.app_context(), subject.statements() as statements:
        deleted = prune(progress=lambda rows: moments.append(time.perf_counter()))
    worst = max(after - before for before, after in pairwise(moments))
    milliseconds = [f"{seconds * 1000:,.0f}" for seconds in (moments[-1] - moments[0], worst)]
    shown.prune.append([f"{size:,}", f"{deleted:,}", *milliseconds, str(len(statements))])
