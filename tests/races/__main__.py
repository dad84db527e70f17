"""Races outside CI.

``python -m tests.races --all``: every pair, in both orders, stopped at every point, on every store.
``python -m tests.races --rounds 200 --workers 2``: every pair in two workers, so often, without being stopped.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from tests.races.actions import ACTIONS
from tests.races.points import watched
from tests.races.race import Race, Send, races, run, stopping
from tests.races.stage import Stage, stage
from tests.races.table import APART, WHERE, has_tabs, pairs
from tests.races.workers import ConnectionLost, sending_to_workers
from tests.support import services

STORES = ("sqlite", "postgres", "mariadb", "redis")
SERVICES = {"postgres": services.postgres, "mariadb": services.mariadb, "redis": services.redis}


class Report:
    """What came of all races on one store."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._began = time.monotonic()
        self._races = self.differences = 0

    def run(self, set_up: Stage, race: Race, send: Send) -> None:
        self._races += 1
        try:
            try:
                run(set_up, race, send)
            except ConnectionLost:
                run(set_up, race, send)
        except Exception as error:
            self.differences += 1
            print(f"{self._store}: {error!r}"[:1500], flush=True)

    def say(self, after: str) -> None:
        seconds = time.monotonic() - self._began
        found = f"{self._races} races, {self.differences} differences, {seconds:.0f} seconds"
        print(f"{self._store}: {after}: {found}", flush=True)


def on_purpose(set_up: Stage, only: Sequence[str]) -> Report:
    report = Report(set_up.store)
    with watched(set_up.engine):
        for pair in product(ACTIONS, repeat=2):
            for race in races(*pair):
                if str(race).startswith(tuple(only)):
                    report.run(set_up, race, stopping(set_up, race.point))
    report.say("stopped on purpose")
    return report


def by_chance(set_up: Stage, rounds: int, seed: int, log: Path, only: Sequence[str]) -> Report:
    report = Report(set_up.store)
    with sending_to_workers(set_up, log, seed) as send:
        for race in (each for each in _unstopped() if str(each).startswith(tuple(only))):
            for number in range(rounds):
                turned = race._replace(first=race.second, second=race.first)
                report.run(set_up, turned if number % 2 else race, send)
            report.say(f"{rounds} rounds, up to {race}")
    return report


def _unstopped() -> Iterator[Race]:
    for first, second in pairs():
        yield from (Race(first, second, where) for where in WHERE if where == APART or has_tabs(first, second))


def differences(store: str, asked: argparse.Namespace) -> int:
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        only = asked.only or [""]
        made = stage(store, folder, lambda name: str(running.enter_context(SERVICES[name]())))
        set_up = running.enter_context(made)
        reports = [on_purpose(set_up, only)] if asked.all else []
        if asked.rounds:
            reports.append(by_chance(set_up, asked.rounds, asked.seed, folder / "workers.log", only))
        return sum(report.differences for report in reports)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--all", action="store_true", help="stop them on purpose")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each pair that are left alone")
    parser.add_argument("--workers", type=int, choices=[2], default=2)
    parser.add_argument("--store", choices=STORES, action="append", help="default: all of them")
    parser.add_argument("--seed", type=int, default=1)
    begin = "pairs that begin so, such as 'change | confirm'; may be given several times"
    parser.add_argument("--only", action="append", help=begin)
    asked = parser.parse_args()
    return 1 if sum(differences(store, asked) for store in asked.store or STORES) else 0


if __name__ == "__main__":
    sys.exit(main())
