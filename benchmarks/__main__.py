"""``python -m benchmarks``: prints the tables."""

from __future__ import annotations

import argparse

from .apps import A1, KNOWN, UNKNOWN, VARIANTS
from .growth import show_growth
from .instructions import show_instructions
from .places import Place, places
from .report import head, say
from .requests import show_requests
from .rows import RedisRows, Rows, SqlRows

PARTS = ("instructions", "requests", "growth")
#: Sessions in the table, all told.
SIZES = (1_000, 100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What My Profile costs.")
    parser.add_argument("--quick", action="store_true", help="about 90 seconds instead of 15 minutes")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--rounds", type=int, help="rounds of the comparison of requests (2 or more)")
    given = parser.parse_args()
    if given.rounds is not None and given.rounds < 2:
        parser.error("--rounds: one round has no middle half")
    parts = (given.only,) if given.only else PARTS
    say(head())
    with places() as found:
        if "instructions" in parts:
            show_instructions(found[0], (A1, KNOWN, UNKNOWN) if given.quick else VARIANTS)
        if "requests" in parts:
            for place in found:
                show_requests(place, given.rounds or (12 if given.quick else 60), 30 if given.quick else 60)
        if "growth" in parts:
            stores: list[tuple[Place, type[Rows]]] = [*((place, SqlRows) for place in found), (found[0], RedisRows)]
            for place, kind in stores:
                show_growth(place, kind, SIZES[:2] if given.quick else SIZES, 6 if given.quick else 30)


if __name__ == "__main__":
    main()
