"""``python -m tests.fleet``: on each engine, or on those of ``--engine``. About a minute each; it stops by itself."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.fleet.engines import ENGINES, Running
from tests.fleet.load import DEVICES, HOW, WRONG, Load
from tests.fleet.nodes import fleet
from tests.fleet.rounds import Rounds
from tests.fleet.trouble import FROZEN, freeze_process, kill_process, survived
from tests.support import services
from tests.support.host import PASSWORD, Host, make_host

SETTINGS: dict[str, Any] = {"WTF_CSRF_ENABLED": False, "MYPROFILE_SESSION_LIMIT": 100}
PACKAGES = ("Flask", "SQLAlchemy", "psycopg", "PyMySQL", "redis")
BEFALLEN = ("signed in", "signed out", "503", "no answer", "500", "acknowledged lost", "revoked got in", "not healed")
COLUMNS = ("signed in", "signed out", "revoked", "passwords changed", "token races", "prunes", "409", *WRONG)


@contextmanager
def loaded(running: Running, folder: Path, **more: Any) -> Iterator[tuple[Load, Rounds]]:
    """The fleet on that engine, with nothing to do yet."""
    settings = tuple({**each, **SETTINGS, **more} for each in running.nodes)
    url, *_ = [each.pop("SQLALCHEMY_DATABASE_URI") for each in map(dict, settings)]
    given = {name: value for name, value in settings[0].items() if name != "SQLALCHEMY_DATABASE_URI"}
    host = make_host(url, **given)
    _add_users(host)
    host.close(drop=False)
    with fleet((settings[0], settings[1]), folder, threads=DEVICES + 2) as nodes:
        load = Load([node.wires(DEVICES) for node in nodes], "alice")
        try:
            yield load, Rounds(load, nodes)
        finally:
            load.close()


def _add_users(host: Host) -> None:
    with host.app.app_context():
        if host.db.session.execute(host.db.select(host.User).filter_by(username="user0")).scalar() is None:
            for name in (f"user{number}" for number in range(DEVICES)):
                each = host.User(username=name, email=f"{name}@x.test", first_name=name, last_name="Test")
                each.set_password(PASSWORD)
                host.db.session.add(each)
            host.db.session.commit()


def run(running: Running, folder: Path, rounds: int) -> Load:
    """:param rounds: of each kind; with eight devices each where they sign in and out."""
    with loaded(running, folder) as (load, each):
        each.prune()
        each.all_kinds(rounds)
        each.prune()
        passwords = each.passwords
    with loaded(running, folder, MYPROFILE_SESSION_LIMIT=1) as (limited, each):
        each.passwords = passwords
        for _ in range(rounds):
            each.limit()
    load.counts.update(limited.counts)
    return load


def race(running: Running, folder: Path, rounds: int) -> Load:
    """For API tokens, and nothing else."""
    with loaded(running, folder) as (load, each):
        for _ in range(rounds):
            each.regenerate()
    return load


def befall(name: str, running: Running, folder: Path, times: int) -> int:
    """One row of each trouble. How much went wrong: what a fail-over loses is counted, and is no fault of the app.

    :param times: what passes comes so often."""
    wrong = 0
    of_the_app = {"app killed": kill_process, f"app frozen, {FROZEN} s": freeze_process}
    for what in (*of_the_app, *running.troubles):
        with loaded(running, folder, MYPROFILE_SESSION_LIMIT=10_000) as (load, rounds):
            trouble = running.troubles.get(what) or partial(of_the_app[what], rounds.nodes[0])
            healed = [survived(load, trouble) for _ in range(times if what in of_the_app else 1)]
        counts = [str(load.counts[each]) for each in BEFALLEN]
        cells = [name, running.version, what, str(len(healed)), *counts, f"{max(healed):.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
        wrong += load.counts["500"] + load.counts["not healed"]
    return wrong


def row(name: str, running: Running, load: Load, seconds: float) -> str:
    counts = [str(load.counts[each]) for each in (*COLUMNS, "prune failed")]
    times = [f"{_p99(load.times[how]) * 1000:.0f}" for how in HOW]
    return f"| {' | '.join([name, running.version, *counts, *times, f'{seconds:.0f}'])} |"


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * (len(seconds) - 1))] if seconds else 0.0


def _head(troubles: bool) -> str:
    if troubles:
        columns = ["engine", "version", "what befell it", "times", *BEFALLEN, "healed after, s"]
    else:
        columns = ["engine", "version", *COLUMNS, "prune failed", *(f"p99 {how}, ms" for how in HOW), "seconds"]
    return "| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns)


def _measure(name: str, asked: argparse.Namespace) -> int:
    """Print what is found on that engine; how much of it is wrong."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ENGINES[name](Path(folder)) as running:
        if asked.troubles:
            return befall(name, running, Path(folder), asked.rounds)
        load = (race if asked.tokens else run)(running, Path(folder), asked.rounds)
        print(row(name, running, load, time.monotonic() - began), flush=True)
        return sum(load.counts[each] for each in (*WRONG, "prune failed"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("--engine", choices=list(ENGINES), action="append", help="default: all of them")
    parser.add_argument("--rounds", type=int, default=25, help="of each kind, or times that it happens")
    parser.add_argument("--tokens", action="store_true", help="only races for API tokens")
    parser.add_argument("--troubles", action="store_true", help="kill, freeze and swap what there is, instead")
    asked = parser.parse_args()
    names = [f"{each} {version(each)}" for each in PACKAGES]
    print(f"{date.today()}, Python {platform.python_version()}, {', '.join(names)}; {asked.rounds} rounds\n")
    print(_head(asked.troubles), flush=True)
    wrong = 0
    for name in asked.engine or ENGINES:
        try:
            wrong += _measure(name, asked)
        except services.Missing as missing:
            print(f"| {name} | {missing} |", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
