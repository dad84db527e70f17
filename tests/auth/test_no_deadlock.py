"""Two who end sessions of one user wait one for the other, never each for the other."""

from __future__ import annotations

from typing import Any

import pytest

from flask_myprofile.store.sqlalchemy import SqlStore
from tests.races.points import BLOCKED, Running
from tests.support.devices import sent_to_login
from tests.support.host import Host
from tests.support.kept import in_these


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
