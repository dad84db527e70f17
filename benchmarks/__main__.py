"""``python -m benchmarks``: prints the tables."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .growth import show_growth
from .imports import show_imports
from .instructions import show_instructions
from .places import Place, places
from .report import compare, head, keep, say
from .requests import show_requests
from .rows import RedisRows, Rows, SqlRows
from .variants import A1, BEARER, KNOWN, MENU, PEERS, REQUESTS, SIGNED_IN, TIMED, UNKNOWN, VARIANTS, Variant

PARTS = ("instructions", "requests", "growth", "imports")
#: Where the time of a request is measured; of the others, how what is asked seldom grows.
TIMED_IN = ("SQLite", "PostgreSQL")


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    :param counted: whose instructions are; :param timed: whose requests are.
    :param sizes: sessions in the table, all told; ``counts_growth``: also instructions at the first and last of them.
    """

    counted: Sequence[Variant] = VARIANTS
    timed: Sequence[Variant] = TIMED
    heaps: int = 3
    rounds: int = 60
    visits: int = 60
    sizes: Sequence[int] = (1_000, 100_000, 1_000_000)
    growth_rounds: int = 30
    counts_growth: bool = True
    repeats: int = 5
    imports: int = 21


_SHORT = tuple(each for it in (SIGNED_IN, BEARER, MENU) for each in (it.floor, it) if each)
QUICK = Effort(
    (A1, KNOWN, UNKNOWN, *_SHORT),
    (*REQUESTS, *_SHORT),
    heaps=1,
    rounds=12,
    visits=30,
    sizes=(1_000, 20_000),
    growth_rounds=6,
    counts_growth=False,
    repeats=3,
    imports=7,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What My Profile costs.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller tables")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--rounds", type=int, help="rounds of the comparison of requests (2 or more)")
    parser.add_argument("--peers", action="store_true", help="beside Flask-Security and Flask-Session, where they are")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write down what was measured")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with what --keep has written down")
    given = parser.parse_args()
    before = json.loads(given.against.read_text()) if given.against else None
    effort = QUICK if given.quick else Effort()
    if given.rounds is not None:
        if given.rounds < 2:
            parser.error("--rounds: one round has no middle half")
        effort = replace(effort, rounds=given.rounds)
    say(head())
    with places() as found:
        measure(found, (given.only,) if given.only else PARTS, effort, PEERS if given.peers else ())
    if given.keep:
        keep(given.keep)
    if before is not None:
        say("\n" + compare(before))


def measure(found: Sequence[Place], parts: Sequence[str], effort: Effort, peers: Sequence[Variant]) -> None:
    if "instructions" in parts:
        show_instructions(found[0], (*effort.counted, *peers), effort.heaps)
    if "requests" in parts:
        for place in found:
            if place.database in TIMED_IN:
                show_requests(place, (*effort.timed, *peers), effort.rounds, effort.visits)
    if "growth" in parts:
        stores: list[tuple[Place, type[Rows]]] = [*((place, SqlRows) for place in found), (found[0], RedisRows)]
        for place, kind in stores:
            counts = effort.counts_growth and kind is SqlRows
            show_growth(place, kind, effort.sizes, effort.growth_rounds, effort.repeats, counts=counts)
    if "imports" in parts:
        show_imports(effort.imports)


if __name__ == "__main__":
    main()
