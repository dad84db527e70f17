"""``scenarios.csv`` says which tests hold which scenario, and where each runs. It is complete, and it is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.kept import FLASK_SESSION, STORES
from tests.support.listed import function_of, rows_of

#: Faults that others have had, as to sessions, life cycle, robustness, transactions, packaging, networks,
#: languages, Single Sign-On, forms and what people see.
FAULTS = (
    *("B01", "B02", "B03", "B06", "B07", "B08", "B11", "B12", "B13", "B14", "B15", "B19", "B20", "B24", "B25", "B31"),
    *("B34", "B35", "B37", "B38", "B39", "B40", "B41", "B42", "B44", "B45", "B46", "B48", "B49", "B50", "B52", "B53"),
    *("B54", "B55", "B60", "B61", "B62", "B63", "B64", "B66", "B67", "B68", "B69", "B73", "B75", "B76", "B77", "B79"),
    *("B80", "B85", "B86", "B87", "B88", "B89", "B90", "B91"),
)
#: What must hold of sessions.
REQUIREMENTS = tuple(f"S{number:02}" for number in range(1, 22))
#: Parts of the extension that are still to come; the column "elsewhere" says which.
LATER = {"S18"}

ROWS = rows_of(Path(__file__).with_name("scenarios.csv"))


def places_of(module: Any, function: Any) -> set[str] | None:
    """Where the test runs, if it says so with a mark."""
    of_module = getattr(module, "pytestmark", [])
    marks = [*(of_module if isinstance(of_module, list) else [of_module]), *getattr(function, "pytestmark", [])]
    for mark in (getattr(mark, "mark", mark) for mark in marks):
        names = mark.args[0] if mark.name == "parametrize" else ()
        if names == "kept_in":
            return set(mark.args[1])
        if "kept_in" in names:
            return {values[names.index("kept_in")] for values in mark.args[1]}
    return None


@pytest.mark.parametrize("scenario", [*FAULTS, *REQUIREMENTS])
def test_each_scenario_has_a_test_that_names_it(scenario: str) -> None:
    rows = [row for row in ROWS if row["scenario"] == scenario]
    assert rows
    if scenario in LATER:
        assert [(row["test"], bool(row["elsewhere"])) for row in rows] == [("", True)]
        return
    for row in rows:
        module, function = function_of(row["test"])
        where, said = set(row["where"].split()), places_of(module, function)
        assert where <= {*STORES, *FLASK_SESSION}
        assert where == (said or where)
        assert where


def test_the_list_has_nothing_twice_and_nothing_else() -> None:
    listed = [(row["scenario"], row["test"]) for row in ROWS]
    assert len(listed) == len(set(listed))
    assert {scenario for scenario, _ in listed} == {*FAULTS, *REQUIREMENTS}


def test_what_matters_most_holds_in_every_store() -> None:
    """Ending, remembering, listing and adopting sessions: not in the host's own database alone."""
    for scenario in ("B01", "B11", "B12", "B39", "B40", "B49", "B50", "B55", "B67", "S01", "S02", "S03", "S10", "S12"):
        where = {place for row in ROWS if row["scenario"] == scenario for place in row["where"].split()}
        assert where >= {*STORES}, scenario
