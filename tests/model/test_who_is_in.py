"""The app does what the model says, whatever people do in whichever order: as much of it as there is time for here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.bench import benches
from tests.model.machine import Machine
from tests.model.rules_confirming import ConfirmRules

ROOT = Path(__file__).parents[2]
#: The same steps each time. Outside the tests, ``python -m tests.model`` takes others, and for longer.
BOUNDED = settings(
    max_examples=25,
    stateful_step_count=30,
    phases=[Phase.generate, Phase.shrink],
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def test_the_app_does_what_the_model_says(tmp_path: Path) -> None:
    with benches("sqlite", tmp_path, str) as Machine.bench:
        run_state_machine_as_test(ConfirmRules, settings=BOUNDED)


def test_the_command_that_takes_longer_can_be_started() -> None:
    subprocess.run([sys.executable, "-m", "tests.model", "--minutes", "0"], cwd=ROOT, check=True)
