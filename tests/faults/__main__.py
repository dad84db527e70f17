"""``python -m tests.faults --operations 2000``: so many operations are interrupted, over all stores, outside CI."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.field import STORES, field


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--operations", type=int, default=2000, help="that are interrupted, in all")
    parser.add_argument("--store", choices=STORES, action="append", help="default: all of them, by equal parts")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    stores, wrong = asked.store or STORES, 0
    for store in stores:
        with tempfile.TemporaryDirectory() as folder, field(store, Path(folder), asked.seed) as struck:
            while struck.counts["interrupted"] < asked.operations / len(stores):
                struck.interrupt()
                if struck.counts["operations"] % 100 == 0:
                    print(f"{store}: {dict(struck.counts)}", flush=True)
            for what in (f"{name}: {number}" for name, number in sorted(struck.counts.items())):
                print(f"{store}: {what}")
            for what in struck.wrong:
                print(f"{store}: {what}")
            wrong += len(struck.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
