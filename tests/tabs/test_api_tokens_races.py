"""Several tokens of one user, made, replaced and revoked at once: see tests/races/tokens.py."""

from __future__ import annotations

from collections.abc import Callable

from tests.races.tokens import SETTINGS, race
from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.support.rounds import rounds


@in_each_database
def test_there_are_never_more_than_the_limit_and_nobody_is_shown_a_dead_one(new_host: Callable[..., Host]) -> None:
    counts, faults = race(new_host(**SETTINGS), rounds(20), seed=1)
    assert faults == []
    assert {"make done", "make refused", "regenerate done", "keep done", "revoke done"} <= counts.keys()
