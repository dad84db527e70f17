"""``python -m tests.model --minutes 60 --store sqlite --seed 1``: the machine, for long, outside CI."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.bench import benches
from tests.model.machine import Machine
from tests.model.rules_confirming import ConfirmRules
from tests.support import services

#: Examples of one seed, and steps of one example.
EXAMPLES, STEPS = 20, 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--store", choices=["sqlite", "postgres", "redis"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1, help="the first; each run of examples has the next")
    asked = parser.parse_args()
    logging.disable()  # what is refused is said in the log, a thousand times
    until, number = time.monotonic() + 60 * asked.minutes, asked.seed
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        url = {"postgres": services.postgres, "redis": services.redis}
        bench = benches(asked.store, folder, lambda name: str(running.enter_context(url[name]())))
        Machine.bench = running.enter_context(bench)
        while time.monotonic() < until:
            if not agree(number):
                return 1
            number += 1
            print(f"{asked.store}: seeds {asked.seed} to {number - 1}: {_said()}", flush=True)
    for what, times in sorted(Machine.counts.items()):
        print(f"{times:9} {what}")
    return 0


def agree(number: int) -> bool:
    """Whether the app and the model do, in all examples of a seed; else the shortest one where they do not is said."""
    long = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    try:
        run_state_machine_as_test(seed(number)(ConfirmRules), settings=long)
    except Exception as error:
        said = traceback.format_exception_only(error)
        print(f"seed {number}, after {_said()}:", *said, *traceback.format_tb(error.__traceback__)[-2:], sep="\n")
        return False
    return True


def _said() -> str:
    return f"{Machine.counts['examples']} examples, {Machine.counts['steps']} steps"


sys.exit(main())
