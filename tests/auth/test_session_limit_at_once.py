"""MYPROFILE_SESSION_LIMIT holds for sign-ins at the same moment, and each of them is answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.at_once import at_once
from tests.support.devices import live
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import in_each_database
from tests.support.rounds import rounds

ROUNDS = rounds(3)
FORM = {"username": "alice", "password": PASSWORD}


@in_each_database
@pytest.mark.parametrize("limit", [1, 3])
def test_as_many_are_left_as_a_user_may_have(limit: int, new_host: Callable[..., Host]) -> None:
    """The first round is the first sign-in ever, when there is no row of the user yet."""
    host = new_host(MYPROFILE_SESSION_LIMIT=limit, WTF_CSRF_ENABLED=False)
    every: list[Browser] = []
    for _ in range(ROUNDS):
        browsers = [host.browser() for _ in range(5)]
        every += browsers
        answers = at_once(*(partial(browser.client.post, "/login", data=FORM) for browser in browsers))
        assert [answer.status_code for answer in answers] == [302] * 5
        assert live(host) == limit
        assert [browser.is_in() for browser in every].count(True) == limit, "of one second, any may be the oldest"


@in_each_database
def test_whoever_signs_in_again_ends_what_the_browser_had(new_host: Callable[..., Host]) -> None:
    """Which is what another sign-in would end as well, for the limit."""
    host = new_host(MYPROFILE_SESSION_LIMIT=1, WTF_CSRF_ENABLED=False)
    again, other = host.browser(), host.browser()
    for _ in range(ROUNDS):
        again.client.post("/login", data=FORM)
        answers = at_once(*(partial(browser.client.post, "/login", data=FORM) for browser in (again, other)))
        assert [answer.status_code for answer in answers] == [302] * 2
        assert live(host) == 1


@in_each_database
def test_signing_out_of_what_a_sign_in_ends_at_the_same_moment(new_host: Callable[..., Host]) -> None:
    """One has the row of the session and the other that of the user, and each may want both."""
    host = new_host(MYPROFILE_SESSION_LIMIT=1, WTF_CSRF_ENABLED=False)
    for _ in range(ROUNDS):
        old, new = host.browser(), host.browser()
        assert old.client.post("/login", data=FORM).status_code == 302
        calls = (partial(old.client.post, "/logout"), partial(new.client.post, "/login", data=FORM))
        assert [answer.status_code for answer in at_once(*calls)] == [302] * 2
        assert not old.is_in()
        assert new.is_in()
        assert live(host) == 1
