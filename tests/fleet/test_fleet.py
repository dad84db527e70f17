"""Of two processes of one app, each knows what the other has said: a short run. ``python -m tests.fleet`` is longer."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.fleet.__main__ import loaded
from tests.fleet.engines import ENGINES
from tests.fleet.load import WRONG
from tests.fleet.trouble import kill_process, survived


def test_what_one_says_holds_at_the_other(tmp_path: Path) -> None:
    with ENGINES["sqlite"](tmp_path) as running, loaded(running, tmp_path) as (load, rounds):
        rounds.all_kinds(2)
    assert {what: load.counts[what] for what in WRONG} == dict.fromkeys(WRONG, 0)
    assert load.counts["signed in"] >= 30
    assert load.counts["token races"] == 2


def test_what_was_told_holds_where_a_process_is_killed(tmp_path: Path) -> None:
    with ENGINES["sqlite"](tmp_path) as running, loaded(running, tmp_path) as (load, rounds):
        survived(load, partial(kill_process, rounds.nodes[0]))
    assert load.counts["no answer"] > 0
    right = ("500", "acknowledged lost", "revoked got in", "not healed")
    assert {what: load.counts[what] for what in right} == dict.fromkeys(right, 0)
