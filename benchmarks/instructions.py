"""How many instructions a request takes, counted by callgrind: unlike time, that is the same on a busy machine.

Under valgrind this module runs itself: it forks a process for each variant, with a heap of its own, and from that two
more that go the same way, one further than the other. Their difference is requests and nothing else. Where objects lie
in memory decides about collisions in Python's caches, which is a percent up or down: so there may be several heaps.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import mean

from .apps import build
from .places import NotAvailable, Place
from .report import note, say, table
from .variants import A1, OTHERS, PEERS, REQUESTS, THOUSAND, VARIANTS, Variant

#: The shorter run is what it takes until everything is cached.
_SHORT, _LONG = 20, 120


def show_instructions(place: Place, variants: Sequence[Variant], heaps: int) -> None:
    """Print the tables."""
    try:
        counted = count(variants, place, heaps)
    except NotAvailable as reason:
        say(f"\nInstructions: {reason}")
        return
    say(f"\n{place.database}, counted by callgrind, mean of {heaps}")
    heads = ("a request", "÷ A1", "÷ the same without", "more than that, ÷ A1")
    groups = {"authenticated GET": REQUESTS, "other requests": OTHERS, "features": THOUSAND, "other packages": PEERS}
    for name, group in groups.items():
        if rows := [_row(variant, counted) for variant in group if variant in variants]:
            say("\n" + table((f"{name}, instructions", *heads), rows))


def _row(variant: Variant, counted: Mapping[str, float]) -> list[str]:
    if (its := counted.get(variant.key)) is None:
        return [variant.title, "not available"]
    a1, floor = counted[A1.key], counted.get(variant.floor.key) if variant.floor else None
    note(f"instructions ÷ A1: {variant.title}", its / a1)
    compared = [f"{its / floor:.3f}", f"{(its - floor) / a1:+.3f}"] if floor else []
    return [variant.title, f"{its:,.0f}", f"{its / a1:.3f}", *compared]


def count(variants: Iterable[Variant], place: Place, heaps: int) -> Mapping[str, float]:
    """Instructions a request, by the variant's key; without those that cannot be measured here."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotAvailable("valgrind not installed")
    with tempfile.TemporaryDirectory(prefix="mp-callgrind-") as counts:
        callgrind = [valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}/%p"]
        where = json.dumps({**asdict(place), "folder": str(place.folder)})
        done = subprocess.run(  # noqa: S603 (our own module)
            [*callgrind, sys.executable, "-m", __name__, where, str(heaps), *(variant.key for variant in variants)],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"callgrind failed:\n{done.stderr[-4000:]}")
        requests: dict[str, list[float]] = {}
        for key, *runs in map(str.split, done.stdout.splitlines()):
            short, long = (_total(counts, process) for process in runs)
            requests.setdefault(key, []).append((long - short) / (_LONG - _SHORT))
        return {key: mean(each) for key, each in requests.items()}


def _total(folder: str, process: str) -> int:
    found = re.search(r"^totals: (\d+)", Path(folder, process).read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"callgrind counted nothing for process {process}")
    return int(found[1])


def _run_variant(variant: Variant, place: Place) -> None:
    """In a process of its own: print the variant's key and the ids of the processes that made its two runs."""
    try:
        subject = build(variant, place)
    except NotAvailable:
        return
    subject.close()  # a connection is not for two processes

    def visit(times: int) -> None:
        subject.skip(times * 3600)  # the second run is later than the first, else it would have nothing to write down
        with subject.clock():
            for _ in range(times):
                subject.visit()

    # a search of the whole heap, which is due every few hundred requests, would be in the count or not by chance
    gc.freeze()
    print(variant.key, *[_in_child(partial(visit, times)) for times in (_SHORT, _LONG)], flush=True)


def _in_child(work: Callable[[], None]) -> int:
    """Do it in a copy of this process, and wait; the copy's id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a run failed, see above")
    return child


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("place", type=json.loads)
    parser.add_argument("heaps", type=int)
    parser.add_argument("keys", nargs="+")
    given = parser.parse_args()
    place = Place(**{**given.place, "folder": Path(given.place["folder"])})
    in_between: list[bytes] = []
    for _ in range(given.heaps):
        in_between += [bytes(number % 400) for number in range(1000)]  # what comes after it lies elsewhere
        for variant in (*VARIANTS, *PEERS):
            if variant.key in given.keys:
                _in_child(partial(_run_variant, variant, place))


if __name__ == "__main__":
    _main()
