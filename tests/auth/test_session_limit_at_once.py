"""MYPROFILE_SESSION_LIMIT holds for sign-ins at the same moment, and each of them is answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.at_once import at_once
from tests.support.devices import live
from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.support.rounds import rounds

ROUNDS = rounds(3)


@in_each_database
@pytest.mark.parametrize("limit", [1, 3])
def test_as_many_are_left_as_a_user_may_have(limit: int, new_host: Callable[..., Host]) -> None:
    """The first round is the first sign-in ever, when there is no row of the user yet."""
    host = new_host(MYPROFILE_SESSION_LIMIT=limit, WTF_CSRF_ENABLED=False)
    form = {"username": "alice", "password": "correct horse battery"}
    for _ in range(ROUNDS):
        browsers = [host.browser() for _ in range(5)]
        answers = at_once(*(partial(browser.client.post, "/login", data=form) for browser in browsers))
        assert [answer.status_code for answer in answers] == [302] * 5
        assert live(host) == limit
        assert [browser.is_in() for browser in browsers].count(True) == limit


@in_each_database
def test_whoever_signs_in_again_ends_what_the_browser_had(new_host: Callable[..., Host]) -> None:
    """Which is what another sign-in would end as well, for the limit."""
    host = new_host(MYPROFILE_SESSION_LIMIT=1, WTF_CSRF_ENABLED=False)
    form = {"username": "alice", "password": "correct horse battery"}
    again, other = host.browser(), host.browser()
    for _ in range(ROUNDS):
        again.client.post("/login", data=form)
        answers = at_once(*(partial(browser.client.post, "/login", data=form) for browser in (again, other)))
        assert [answer.status_code for answer in answers] == [302] * 2
        assert live(host) == 1
