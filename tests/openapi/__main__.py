"""``python -m tests.openapi --examples 100``: the walk of the tests, longer and at random."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from schemathesis.core.failures import FailureGroup

from tests.openapi.walker import KINDS, Walker, document_of, operations, walk, walked


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.openapi", description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="right requests of each operation, and wrong ones")
    parser.add_argument("--only", default="", help="operations in whose name this is, such as POST or /profile/api")
    given = parser.parse_args(arguments)
    failed, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, walked(Path(folder)) as app:
        walkers = [Walker(app, kind) for kind in KINDS]
        found = [each for each in operations(app, document_of(app)) if given.only in each.label]
        for number, operation in enumerate(found, 1):
            print(f"{number} of {len(found)}, {time.monotonic() - began:.0f} s: {operation.label}", flush=True)
            try:
                walk(operation, walkers, given.examples, at_random=True)
            except (Exception, FailureGroup) as error:
                failed += 1
                print(f"\n{operation.label}: {type(error).__name__}\n{error}", flush=True)
    requests = sum(walker.requests for walker in walkers)
    print(f"{len(found)} operations, {requests} requests, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
