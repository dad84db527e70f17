"""Two things at once have one outcome, whichever comes first and wherever they meet; the documentation says which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.races import documented, points
from tests.races.actions import ACTIONS
from tests.races.points import watched
from tests.races.race import races, run, stopping
from tests.races.stage import Stage, stage

#: Where the first one is stopped: at each point on one of the two databases, and on the other stores at all of them.
POINTS = {"sqlite": points.POINTS[1::2], "postgres": points.POINTS[::2]}
#: Of the pairs on the other stores, each so many-th one.
SAMPLE = 7
_PAIRS = [(first, second) for first in ACTIONS for second in ACTIONS]
_CASES = [
    *(("sqlite", *pair) for pair in _PAIRS),
    *(("postgres", *pair) for pair in _PAIRS),
    *(("mariadb", *pair) for pair in _PAIRS[::SAMPLE]),
    *(("redis", *pair) for pair in _PAIRS[1::SAMPLE]),
]


@pytest.fixture(scope="module")
def set_up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    def url(service: str) -> Any:
        return request.getfixturevalue(f"{service}_url")

    with stage(request.param, tmp_path_factory.mktemp("races"), url) as made, watched(made.engine):
        yield made


@pytest.mark.parametrize(("set_up", "first", "second"), _CASES, indirect=["set_up"])
def test_two_at_once_have_the_outcome_that_is_stated(set_up: Stage, first: str, second: str) -> None:
    stopped_at = POINTS.get(set_up.store, points.POINTS)
    met = [run(set_up, race, stopping(set_up, race.point)) for race in races(first, second, stopped_at)]
    assert any(met), "the first one never comes by where it is to be stopped"


def test_the_documentation_says_what_comes_of_each_pair() -> None:
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("\n## Two things at once\n")[2].partition("\n## ")[0]
    assert documented.table() in section, f"docs/security.md, Two things at once:\n{documented.table()}"
