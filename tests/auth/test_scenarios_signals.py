"""Code of the host that listens: to Flask-Login's signals, where it may ask who is signed in, and to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flask_login
import pytest
from flask_login import current_user

from flask_myprofile import current_profile, signals
from tests.support.devices import change_password, live, sign_out
from tests.support.host import Host
from tests.support.kept import everywhere


@pytest.mark.parametrize("signal", ["user_loaded_from_request", "user_loaded_from_cookie", "user_logged_in"])
def test_a_receiver_of_the_hosts_may_ask_who_is_signed_in(signal: str, new_host: Callable[..., Host]) -> None:
    """B54: no endless loading of the user, by token, by remember-me cookie or at the sign-in."""
    host = new_host()
    seen: list[tuple[str, str]] = []

    def receive(app: Any, user: Any, **extra: Any) -> None:
        seen.append((user.username, current_user.username))

    alice, program = host.browser(), host.browser()
    with getattr(flask_login.signals, signal).connected_to(receive, sender=host.app):
        alice.login("alice", remember=True)
        token = alice.post_json("/profile/api-token/regenerate").json["token"]
        for _ in range(2):
            answer = program.get("/api", headers={"Authorization": f"Bearer {token}"})
            assert (answer.status_code, answer.json) == (200, {"user": "alice"})
        alice.restart()
        for _ in range(2):
            assert alice.is_in()
    assert set(seen) == {("alice", "alice")}


@pytest.fixture
def told(host: Host) -> Iterator[list[dict[str, Any]]]:
    """What the host hears of sessions that end."""
    heard: list[dict[str, Any]] = []

    def hear(app: Any, **data: Any) -> None:
        heard.append(data)

    with signals.session_ended.connected_to(hear, sender=host.app):
        yield heard


@everywhere
def test_whoever_listens_is_told_of_every_end_and_who_made_it(host: Host, told: list[dict[str, Any]]) -> None:
    """S15: which sessions of whom, why, and by which administrator, if by one; once each."""
    one, two, three = (host.browser() for _ in range(3))
    for browser in (one, two, three):
        browser.login("alice")
    ids = [browser.session_id() for browser in (one, two, three)]
    sign_out(one, two)
    three.post("/logout")
    assert told.pop(0) == {"user_key": "1", "session_ids": [ids[1]], "reason": "signed_out", "by": None}
    assert told.pop(0) == {"user_key": "1", "session_ids": [ids[2]], "reason": "logout", "by": None}
    two.login("alice")
    theirs = two.session_id()
    assert change_password(one).status_code == 303
    assert [(end["session_ids"], end["by"]) for end in told] == [([theirs], None)]
    told.clear()
    with host.app.app_context():
        alice, admin = (current_profile.users.load(key) for key in ("1", "3"))
        assert current_profile.sessions.end_all(alice, "left the company", by=admin) == 1
        assert current_profile.sessions.end_all(alice, "left the company", by=admin) == 0
    assert told == [{"user_key": "1", "session_ids": [ids[0]], "reason": "left the company", "by": "3"}]


@everywhere
def test_nobody_is_told_that_somebody_signed_out_who_has_just_signed_in_again(
    host: Host, told: list[dict[str, Any]]
) -> None:
    """B89: the session is another one; the person never left."""
    alice = host.browser()
    for _ in range(3):
        alice.login("alice")
    assert told == []
    assert live(host) == 1


def test_a_receiver_that_ends_a_session_itself_meets_a_registry_in_order(host: Host) -> None:
    """One session at a time: whoever signs in is signed out everywhere else, by the host's own rule."""

    def only_one(app: Any, user_key: str, session_id: str, **more: Any) -> None:
        sessions, user = current_profile.sessions, current_profile.users.load(user_key)
        for row in sessions.list(user):
            assert row.id == session_id or sessions.end(user, row.id, "only one")

    first, second = host.browser(), host.browser()
    with signals.session_started.connected_to(only_one, sender=host.app):
        first.login("alice")
        assert first.is_in()
        second.login("alice")
    assert second.is_in()
    assert not first.is_in()
    assert [row.end_reason for row in host.rows.all() if row.ended_at is not None] == ["only one"]
