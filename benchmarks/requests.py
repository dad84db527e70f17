"""What a request costs: its time, and the statements and commands that it sends."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from .apps import Subject, build_all
from .places import Place
from .report import note, say, table
from .variants import A1, OTHERS, PEERS, REQUESTS, THOUSAND, Variant

#: For each variant, the median of each round in microseconds.
Rounds = Mapping[Variant, Sequence[float]]

#: A script counts as one more than the commands in it.
REDIS_HEAD = "Redis commands, those of scripts too"

_COUNTED = 10
_HEADS = (
    "µs",
    "÷ A1 (middle half of the rounds)",
    "÷ the same without",
    "SQL statements",
    "of these writes",
    REDIS_HEAD,
)


def show_requests(place: Place, variants: Sequence[Variant], rounds: int, visits: int) -> None:
    """Print the tables of one database."""
    subjects, missing = build_all(variants, place)
    place.settle()
    sent = {variant: _count_sent(subject, place) for variant, subject in subjects.items()}
    times = _time_rows(place, time_rounds(list(subjects.values()), rounds, visits))
    say(f"\n{place.database}, {rounds} rounds of {visits} requests, medians")
    groups = {
        "authenticated GET of a trivial view": REQUESTS,
        "other requests": OTHERS,
        "features": THOUSAND,
        "other packages": PEERS,
    }
    for name, group in groups.items():
        if rows := [[each.title, *times[each], *sent[each]] for each in group if each in subjects]:
            say("\n" + table((name, *_HEADS), rows))
    for variant, reason in missing.items():
        say(f"\nNot available: {variant.title}: {reason}")
    for subject in subjects.values():
        subject.close()


def _count_sent(subject: Subject, place: Place) -> list[str]:
    """Statements, writes and Redis commands of one request, on average of a few."""
    commands = place.redis_commands()
    with subject.statements() as statements, subject.clock():
        for _ in range(_COUNTED):
            subject.visit()
    writes = [statement for statement in statements if statement.startswith(("INSERT", "UPDATE", "DELETE"))]
    return [f"{count / _COUNTED:g}" for count in (len(statements), len(writes), commands())]


def time_rounds(subjects: Sequence[Subject], rounds: int, visits: int) -> Rounds:
    """In each round every app has its turn, so that what else the machine does meets them all; the order is turned
    around each time, so that none is always the one after the slowest.
    """
    medians: dict[Variant, list[float]] = {subject.variant: [] for subject in subjects}
    for number in range(rounds):
        for subject in subjects if number % 2 else reversed(subjects):
            gc.collect()
            medians[subject.variant].append(_time_visits(subject, visits))
    return medians


def _time_visits(subject: Subject, visits: int) -> float:
    took = []
    with subject.clock():
        subject.visit()  # the first one finds the processor's caches full of another app
        for _ in range(visits):
            start = time.perf_counter_ns()
            subject.visit()
            took.append(time.perf_counter_ns() - start)
    return median(took) / 1000


def _time_rows(place: Place, medians: Rounds) -> dict[Variant, list[str]]:
    rows = {}
    for variant, its in medians.items():
        note(f"time ÷ A1, {place.database}: {variant.title}", *ratios(its, medians[A1]))
        floor = medians.get(variant.floor) if variant.floor else None
        rows[variant] = [f"{median(its):.0f}", ratio(its, medians[A1]), ratio(its, floor) if floor else ""]
    return rows


def ratio(medians: Sequence[float], floor: Sequence[float]) -> str:
    """The median of the rounds' ratios, with the middle half of them."""
    middle, low, high = ratios(medians, floor)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def ratios(medians: Sequence[float], floor: Sequence[float]) -> tuple[float, float, float]:
    """The median of the rounds' ratios, and the ends of the middle half of them."""
    each = [mine / its for mine, its in zip(medians, floor, strict=True)]
    low, _, high = quantiles(each, n=4)
    return median(each), low, high
