"""Races outside CI.

``python -m tests.races --all``: every pair, in both orders, stopped at every point, on every store.
``python -m tests.races --rounds 200 --workers 2``: every pair in two workers, so often, without being stopped.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.races.actions import ACTIONS
from tests.races.points import watched
from tests.races.race import Race, races, run, stopping
from tests.races.stage import Stage, stage
from tests.races.table import APART, WHERE, has_tabs, pairs
from tests.races.workers import sending_to_workers
from tests.support import services

STORES = ("sqlite", "postgres", "mariadb", "redis")


class Report:
    """What came of all races, pair by pair."""

    def __init__(self, store: str) -> None:
        self._store = store
        self.counts: Counter[str] = Counter()

    def race(self, set_up: Stage, race: Race, send: object) -> None:
        self.counts["races"] += 1
        try:
            self.counts["met"] += run(set_up, race, send)  # type: ignore[arg-type]
        except Exception as error:
            self.counts["not as stated"] += 1
            print(f"{self._store}: {error!r}"[:1500], flush=True)

    def say(self) -> None:
        print(f"{self._store}: {dict(self.counts)}", flush=True)


def on_purpose(store: str, set_up: Stage) -> Report:
    report = Report(store)
    with watched(set_up.engine):
        for first in ACTIONS:
            for second in ACTIONS:
                for race in races(first, second):
                    report.race(set_up, race, stopping(set_up, race.point))
    return report


def by_chance(store: str, set_up: Stage, rounds: int, seed: int, log: Path) -> Report:
    report = Report(store)
    with sending_to_workers(set_up, log, seed) as send:
        for race in _unstopped():
            for number in range(rounds):
                turned = race._replace(first=race.second, second=race.first)
                report.race(set_up, turned if number % 2 else race, send)
            print(f"{store}: {rounds} rounds of {race}: {dict(report.counts)}", flush=True)
    return report


def _unstopped() -> Iterator[Race]:
    for first, second in pairs():
        yield from (Race(first, second, where) for where in WHERE if where == APART or has_tabs(first, second))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--all", action="store_true", help="stop them on purpose")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each pair that are left alone")
    parser.add_argument("--workers", type=int, choices=[2], default=2)
    parser.add_argument("--store", choices=STORES, action="append", help="default: all of them")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    for store in asked.store or STORES:
        with ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
            start = {"postgres": services.postgres, "mariadb": services.mariadb, "redis": services.redis}
            set_up = stage(store, folder, lambda name: str(running.enter_context(start[name]())))  # noqa: B023
            made = running.enter_context(set_up)
            reports = [on_purpose(store, made)] if asked.all else []
            if asked.rounds:
                reports.append(by_chance(store, made, asked.rounds, asked.seed, folder / "workers.log"))
            for report in reports:
                report.say()
                wrong += report.counts["not as stated"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
