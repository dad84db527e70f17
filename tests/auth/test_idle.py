"""Whoever is active all the time is not idle, however seldom activity is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.devices import pass_time
from tests.support.host import Host
from tests.support.kept import everywhere


@everywhere
@pytest.mark.parametrize(
    ("idle", "touch", "step"), [(60, 60, 50), (300, 300, 200), (900, 600, 500), (120, 60, 65), (900, 60, 850)]
)
def test_activity_within_the_limit_keeps_a_session(
    idle: int, touch: int, step: int, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(MYPROFILE_SESSION_IDLE=idle, MYPROFILE_SESSION_TOUCH=touch)
    alice = host.browser()
    alice.login("alice")
    pass_time(monkeypatch, touch - 1)
    for _ in range(4):
        assert alice.is_in()
        pass_time(monkeypatch, step)
    assert alice.is_in()
    pass_time(monkeypatch, idle + 1)
    assert not alice.is_in()
