"""Two things at once have one outcome, whichever comes first and wherever they meet; the documentation says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.races import documented
from tests.races.points import watched
from tests.races.race import Race, races, run, stopping
from tests.races.stage import stage
from tests.races.table import both_ways
from tests.support.kept import STORES


def sample() -> list[Race]:
    """One race of each pair, each at another point and place: ``python -m tests.races --all`` tries them all."""
    ways = [list(races(*pair)) for pair in both_ways()]
    return [each[number % len(each)] for number, each in enumerate(ways)]


@pytest.mark.parametrize("store", STORES)
def test_two_at_once_have_the_outcome_that_is_stated(
    store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def url(service: str) -> Any:
        return request.getfixturevalue(f"{service}_url")

    number = STORES.index(store)
    chosen = sample() if number == 0 else sample()[number::9]
    with stage(store, tmp_path, url) as set_up, watched(set_up.engine):
        for race in chosen:
            run(set_up, race, stopping(set_up, race.point))


def test_the_documentation_says_what_comes_of_each_pair() -> None:
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("\n## Two things at once\n")[2].partition("\n## ")[0]
    assert documented.table() in section, f"docs/security.md, Two things at once:\n{documented.table()}"
