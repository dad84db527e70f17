"""``python -m tests.faults --operations 2000``: interrupts so many, over all stores, outside CI."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.bench import STORES, Bench, bench


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--operations", type=int, default=2000, help="that are interrupted, in all")
    parser.add_argument("--store", choices=STORES, action="append", help="default: all of them, by equal parts")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    stores, wrong = asked.store or STORES, 0
    for store in stores:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, bench(store, Path(folder), asked.seed) as made:
            while made.interrupted < asked.operations / len(stores):
                made.interrupt()
            made.check("all of them", thorough=True)
            tell(store, made, time.monotonic() - began)
            wrong += len(made.wrong)
    return 1 if wrong else 0


def tell(store: str, made: Bench, seconds: float) -> None:
    faults: dict[str, Counter[str]] = {}
    for (fault, _, interrupted, outcome), number in made.results.items():
        faults.setdefault(fault, Counter())[outcome if interrupted else "not interrupted"] += number
    print(f"{store}: {made.interrupted} of {made.results.total()} operations interrupted, {seconds:.0f} s")
    for fault, outcomes in sorted(faults.items()):
        number = outcomes.total() - outcomes.pop("not interrupted", 0)
        print(f"  {number:5} {fault}: " + ", ".join(f"{times} {what}" for what, times in sorted(outcomes.items())))
    names: Counter[str] = Counter()
    for result, number in made.results.items():
        names[result.operation] += number * result.interrupted
    print("  interrupted: " + ", ".join(f"{times} {name}" for name, times in sorted(names.items())))
    print(f"  cookies from a clock that was ahead, refused by the right one: {made.ledger.refused_from_ahead}")
    print(f"  contradictions: {len(made.wrong)}", *made.wrong, sep="\n    ", flush=True)


if __name__ == "__main__":
    sys.exit(main())
