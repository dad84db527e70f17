"""What grows with the number of sessions: in all, and of one user."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any

import flask_login

from flask_myprofile.tabs.sessions import ROWS

from .apps import Subject, build
from .instructions import count
from .places import NotAvailable, Place
from .report import note, say, table
from .requests import REDIS_HEAD, ratio, ratios, time_rounds
from .rows import SESSIONS_OF, Rows
from .variants import A1, KNOWN, SESSIONS_TAB, SIGN_IN, SIGNED_IN

#: So many people take turns in the comparison of requests: a cache that holds one row only would be of no use.
_BROWSERS = 100
#: Nobody has 10,000 sessions under the usual limit.
_SETTINGS = {"MYPROFILE_SESSION_LIMIT": 1_000_000}
#: Threads that ask for pages while old rows are deleted.
_LOADERS = 2


def show_growth(
    place: Place, kind: type[Rows], sizes: Sequence[int], rounds: int, repeats: int, *, counts: bool
) -> None:
    """Print the tables of one kind of store.

    :param rounds: of the comparison of requests; :param repeats: of each operation on one user's sessions.
    :param counts: instructions too, at the first and the last size: on SQLite, which runs in this process.
    """
    try:
        growth = _Growth(place, kind(place), rounds, repeats)
        for size in sizes:
            growth.measure(size, counts and place.database == "SQLite" and size in (sizes[0], sizes[-1]))
    except NotAvailable as reason:
        say(f"\n{kind.variant.title}, growth: not available: {reason}")
    else:
        growth.show(sizes)


class _Growth:
    """Fills one store more and more, and keeps what is to be printed, row by row."""

    def __init__(self, place: Place, rows: Rows, rounds: int, repeats: int) -> None:
        self._place, self._rows, self._rounds, self._repeats = place, rows, rounds, repeats
        known = rows.variant
        self._variants = {
            "a request": known,
            "signing in": replace(known, key=f"{known.key}-sign-in", asks=SIGN_IN),
            "the Sessions tab": replace(known, key=f"{known.key}-sessions", asks=SESSIONS_TAB.asks),
        }
        #: what is measured -> size -> ÷ A1.
        self._requests: dict[str, dict[int, str]] = {}
        self._prune: list[list[str]] = []
        #: (operation, sessions of the user) -> milliseconds at each size; and what is sent at the last one.
        self._operations: dict[tuple[str, int], list[str]] = {}
        self._sent: dict[tuple[str, int], list[str]] = {}

    def measure(self, size: int, counts: bool) -> None:
        self._rows.clear()
        subject = build(self._rows.variant, self._place, _BROWSERS, **_SETTINGS)
        self._rows.fill(subject, size)
        self._place.settle()
        self._compare_requests(subject, size)
        if counts:
            self._count_instructions(size)
        for user, sessions in SESSIONS_OF.items():
            self._time_operations(subject, user, sessions, size)
        self._time_prune(subject, size)
        if self._rows.grow_old(subject):
            others = build(self._rows.variant, self._place, _BROWSERS, **_SETTINGS)
            with _load(others):
                self._time_prune(subject, size, ", beside a load")
            others.close()
        subject.close()

    def _compare_requests(self, subject: Subject, size: int) -> None:
        _, signs_in, lists = self._variants.values()
        a1, *others = (
            build(A1, self._place, _BROWSERS),
            build(signs_in, self._place, _BROWSERS, **_SETTINGS),
            build(lists, self._place, **_SETTINGS),  # one browser, since one user has all of them
        )
        medians = time_rounds((a1, subject, *others), self._rounds, _BROWSERS)
        for name, variant in self._variants.items():
            its = medians[variant], medians[A1]
            self._requests.setdefault(f"{name}, time", {})[size] = ratio(*its)
            note(f"time ÷ A1, {self._rows.title}, {size:,} in all: {name}", *ratios(*its))
        for each in (a1, *others):
            each.close()

    def _count_instructions(self, size: int) -> None:
        try:
            counted = count((A1, KNOWN, SIGNED_IN, SESSIONS_TAB), self._place, 1)
        except NotAvailable:
            return
        for name, variant in zip(self._variants, (KNOWN, SIGNED_IN, SESSIONS_TAB), strict=True):
            its = counted[variant.key] / counted[A1.key]
            self._requests.setdefault(f"{name}, instructions", {})[size] = f"{its:.3f}"
            note(f"instructions ÷ A1, {size:,} in all: {name}", its)

    def _time_operations(self, subject: Subject, user: int, sessions: int, size: int) -> None:
        registry = subject.app.extensions["myprofile"].sessions
        operations: dict[str, Callable[[Any, str], object]] = {
            "first page": lambda it, other: registry.page(it, ROWS, but=registry.current(it).id),
            "end one": registry.end,
            "end others": lambda it, other: registry.end_others(it),
        }
        for name, operation in operations.items():
            took = [self._time_operation(subject, user, operation) for _ in range(self._repeats)]
            milliseconds, of_sql, sent = zip(*took, strict=True)
            shown = f"{median(milliseconds):.1f} ({median(of_sql):.1f})"
            self._operations.setdefault((name, sessions), []).append(shown)
            for what, its in ("ms", milliseconds), ("ms of SQL", of_sql):
                note(f"{what}, {self._rows.title}, {size:,} in all: {name} of {sessions:,}", *_middle(its))
            self._sent[name, sessions] = sent[-1]

    def _time_operation(
        self, subject: Subject, user: int, operation: Callable[[Any, str], object]
    ) -> tuple[float, float, list[str]]:
        """Milliseconds, those of them that SQL took, and how many statements and Redis commands it took."""
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
            return took, statements.seconds * 1000, [str(len(statements)), str(commands())]

    def _time_prune(self, subject: Subject, size: int, beside: str = "") -> None:
        """Each batch is a transaction of its own: what the worst takes is how long others may have to wait."""
        with subject.app.app_context(), subject.statements() as statements, _without_collection():
            prune, moments = subject.app.extensions["myprofile"].sessions.prune, [time.perf_counter()]
            deleted = prune(progress=lambda rows: moments.append(time.perf_counter()))
        batches = sorted(after - before for before, after in pairwise(moments))
        worst, usual = batches[-1] * 1000, median(batches) * 1000
        note(f"ms, {self._rows.title}, {size:,} in all: worst batch of prune{beside}", worst)
        late = sum(seconds > 0.1 for seconds in batches)
        shown = [f"{(moments[-1] - moments[0]) * 1000:,.0f}", f"{len(batches):,}", f"{usual:.0f}", f"{worst:.0f}"]
        self._prune.append([f"{size:,}{beside}", f"{deleted:,}", *shown, str(late), str(len(statements))])

    def show(self, sizes: Sequence[int]) -> None:
        say(f"\n{self._rows.title}, growth\n")
        in_all = [f"{size:,} in all" for size in sizes]
        compared = [[name, *(its.get(size, "") for size in sizes)] for name, its in self._requests.items()]
        say(table(["÷ A1 (middle half of the rounds)", *in_all], compared))
        rows = [
            [f"{name} of {sessions:,}", *cells, *self._sent[name, sessions]]
            for (name, sessions), cells in sorted(self._operations.items())
        ]
        say("\n" + table(["medians in ms (of these SQL)", *in_all, "SQL statements", REDIS_HEAD], rows))
        heads = ["batches", "usual batch, ms", "worst batch, ms", "over 100 ms", "SQL statements"]
        say("\n" + table(["prune: sessions in all", "deleted", "ms", *heads], self._prune))


def _middle(milliseconds: Sequence[float]) -> tuple[float, float, float]:
    return median(milliseconds), min(milliseconds), max(milliseconds)


@contextmanager
def _without_collection() -> Iterator[None]:
    """A search of the whole heap, which this process has from all that was measured before, would be in one batch."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _load(subject: Subject) -> Iterator[None]:
    """People who go on asking for pages, until this ends."""
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            subject.visit()

    threads = [threading.Thread(target=visit) for _ in range(_LOADERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def _request_of(subject: Subject, user: int) -> Iterator[Any]:
    """A request of that user, whom the guard has let in."""
    environ, name = subject.browsers[user - 1]
    with subject.app.request_context(environ.copy()):
        if not flask_login.current_user.is_authenticated or flask_login.current_user.username.encode() != name:
            raise RuntimeError(f"user {user} is not signed in")
        yield flask_login.current_user._get_current_object()
