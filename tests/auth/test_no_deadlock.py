"""Two who end sessions of one user wait one for the other, never each for the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.store.sqlalchemy import SqlStore
from tests.races.points import BLOCKED, Running
from tests.support.devices import sent_to_login
from tests.support.host import JSON, PASSWORD, Host
from tests.support.kept import in_these

HELD = "FROM myprofile_history.* FOR UPDATE"
ENDED = "^UPDATE myprofile_session|FROM myprofile_session.* FOR UPDATE"


@in_these("postgres", "mariadb")
def test_signing_out_and_signing_out_all_others_are_both_done_at_once(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
        browser.csrf()
    usual, ending = SqlStore.note_sign_out, []

    def note_sign_out(*args: Any) -> None:
        """The session has ended, and is not committed yet."""
        if not ending:
            ending.append(Running(lambda: alice.post("/profile/sessions/sign-out-others").status_code))
            ending[0].is_done(BLOCKED)
        usual(*args)

    monkeypatch.setattr(SqlStore, "note_sign_out", note_sign_out)
    assert other.post("/profile/sign-out").status_code == 303
    assert ending[0].answer() == 303
    assert alice.is_in()
    assert sent_to_login(other)


@in_these("postgres", "mariadb")
@pytest.mark.parametrize("url", ["/profile/password", "/profile/sessions/sign-out-others", "/profile/sign-out"])
def test_whoever_ends_sessions_has_the_user_before_any_of_the_sessions(url: str, new_host: Callable[..., Host]) -> None:
    """As every sign-in has: in which order somebody else comes to the sessions does not matter then."""
    host = new_host(WTF_CSRF_ENABLED=False)
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
    sent = {"current_password": PASSWORD, "new_password": "a quiet walk in the rain"}
    statements = host.count_statements()
    assert alice.client.post(url, json=sent if url == "/profile/password" else {}, headers=JSON).status_code == 200
    held, ended = (
        [number for number, each in enumerate(statements) if re.search(what, each, re.S)]
        for what in (
            "FROM myprofile_history.* FOR UPDATE",
            "^UPDATE myprofile_session|FROM myprofile_session.* FOR UPDATE",
        )
    )
    assert held, statements
    assert held[0] < ended[0], statements
