"""``docs/security/requirements.csv`` says which tests hold which requirement. It is complete, and it is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listed import function_of, rows_of

#: What must hold of passwords, of tokens and of Single Sign-On, and the attacks on them.
PASSWORDS = tuple(f"P{number:02}" for number in range(1, 25))
TOKENS = tuple(f"T{number:02}" for number in range(1, 12))
SSO = tuple(f"X{number:02}" for number in range(1, 11))
ATTACKS = ("K05", "K10", "K12", "K16", "K17", "K18", "K19", "K20", "K21", "K22", "K23", "K29", "K30")
#: Part of these is still to come, and the list says what.
PARTLY = {"P21", "P24", "T04", "X08"}

ROWS = rows_of(Path(__file__).parents[2] / "docs" / "security" / "requirements.csv")


def test_every_requirement_is_listed_once_in_order() -> None:
    assert [row["id"] for row in ROWS] == [*PASSWORDS, *TOKENS, *SSO, *ATTACKS]
    assert all(row["requirement"] for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_each_requirement_has_tests_that_exist(row: dict[str, str]) -> None:
    nodes = row["tests"].split()
    assert nodes
    assert len(nodes) == len(set(nodes))
    for node in nodes:
        _, function = function_of(node)
        assert callable(function)
        assert function.__name__.startswith("test_")


def test_what_is_still_to_come_is_said_and_nothing_else() -> None:
    assert {row["id"] for row in ROWS if row["where"].startswith("not yet: ")} == PARTLY
    assert {row["id"] for row in ROWS if row["where"]} == PARTLY
