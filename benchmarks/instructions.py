"""How many instructions a request takes, counted by callgrind: unlike time, that repeats.

Under valgrind this module runs itself: it forks one process a variant, each with a heap of its own, and from that,
once it is warm, two more that go the same way, one further than the other. Their difference is the requests alone.
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

from .apps import A1, VARIANTS, Variant, build
from .places import NotAvailable, Place
from .report import say, table

#: The shorter run is what it takes until everything is cached.
_SHORT, _LONG = 20, 120


def show_instructions(place: Place, variants: Sequence[Variant]) -> None:
    """Print the table."""
    try:
        counted = _count(variants, place)
    except NotAvailable as reason:
        say(f"\nInstructions: {reason}")
        return
    rows = []
    for variant in variants:
        if (its := counted.get(variant.key)) is None:
            rows.append([variant.title, "not available"])
            continue
        floor = counted.get(variant.floor.key) if variant.floor else None
        rows.append(
            [variant.title, f"{its:,.0f}", f"{its / counted[A1.key]:.3f}", f"{its / floor:.3f}" if floor else ""]
        )
    heads = ("authenticated GET, instructions", "a request", "÷ A1", "÷ the same app without the extension")
    say(f"\n{place.database}, counted by callgrind\n\n{table(heads, rows)}")


def _count(variants: Iterable[Variant], place: Place) -> Mapping[str, float]:
    """Instructions a request, by the variant's key; without those that cannot be measured here."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotAvailable("valgrind not installed")
    with tempfile.TemporaryDirectory(prefix="mp-callgrind-") as counts:
        callgrind = [valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}/%p"]
        where = json.dumps({**asdict(place), "folder": str(place.folder)})
        done = subprocess.run(  # noqa: S603 (our own module)
            [*callgrind, sys.executable, "-m", __name__, where, *(variant.key for variant in variants)],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"callgrind failed:\n{done.stderr[-4000:]}")
        runs = [line.split() for line in done.stdout.splitlines()]
        return {key: (_total(counts, long) - _total(counts, short)) / (_LONG - _SHORT) for key, short, long in runs}


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
        with subject.clock():
            for _ in range(times):
                subject.visit()

    gc.collect()
    runs = [_in_child(partial(visit, times)) for times in (_SHORT, _LONG)]
    print(variant.key, *runs, flush=True)


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
    parser.add_argument("keys", nargs="+")
    given = parser.parse_args()
    place = Place(**{**given.place, "folder": Path(given.place["folder"])})
    gc.freeze()  # what was imported is the same for all, and not theirs to search
    for variant in VARIANTS:
        if variant.key in given.keys:
            _in_child(partial(_run_variant, variant, place))


if __name__ == "__main__":
    _main()
