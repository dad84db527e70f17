"""Two who end sessions of one user wait one for the other, never each for the other."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

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


@in_these("postgres", "mariadb")
def test_who_signs_in_again_does_not_keep_from_others_what_they_need_to_end_that_session(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one in the same browser who changes the password meanwhile would have to wait for them, and they for him."""
    tab = host.browser()
    tab.login("alice")
    tab.csrf()
    other_tab = host.browser()
    other_tab.set_cookie("session", str(tab.cookie("session")))
    usual, usual_end, ends = SqlStore.note_sign_out, SqlStore.end_sessions, Event()
    signing_in: list[Any] = []
    free: list[Any] = []

    def end_sessions(*args: Any, **which: Any) -> Any:
        if signing_in:
            ends.set()
        return usual_end(*args, **which)

    def note_sign_out(*args: Any) -> None:
        """The session is held here, and the other tab asks for it."""
        if not signing_in:
            signing_in.append(Running(lambda: other_tab.login("alice").status_code))
            assert ends.wait(30)
            with host.db.engine.connect() as beside:
                free.extend(beside.execute(text("SELECT user_key FROM myprofile_history FOR UPDATE NOWAIT")))
        usual(*args)

    monkeypatch.setattr(SqlStore, "end_sessions", end_sessions)
    monkeypatch.setattr(SqlStore, "note_sign_out", note_sign_out)
    assert tab.post("/profile/sign-out").status_code == 303
    assert len(free) == 1, "an error there would only have it tried again"
    assert signing_in[0].answer() == 302
    assert other_tab.is_in()
