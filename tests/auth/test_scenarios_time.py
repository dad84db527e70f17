"""Moments are the same wherever and whenever the process runs, and what is over is forgotten in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

import pytest

from flask_myprofile import current_profile
from tests.support.devices import live, pass_time, sent_to_login, sign_out
from tests.support.host import Host
from tests.support.kept import everywhere, first_everywhere

HOUR, DAY = 3600, 86_400


@pytest.fixture
def _in_that_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process runs there."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def just_now(moment: str | None) -> bool:
    assert moment is not None
    at = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    assert at.utcoffset() == timedelta(0)
    return abs((datetime.now(timezone.utc) - at).total_seconds()) < 60


@pytest.mark.usefixtures("_in_that_zone")
@first_everywhere("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_all_moments_are_utc_wherever_the_process_runs(zone: str, new_host: Callable[..., Host]) -> None:
    """B35: list, idle end, pruning, a token's last use and throttling, with an offset in JSON."""
    host = new_host(MYPROFILE_SESSION_IDLE=1800)
    alice, idle, program = host.browser(), host.browser(), host.browser()
    alice.login("alice")
    idle.login("alice")
    for row in alice.sessions():
        assert just_now(row["created_at"])
        assert just_now(row["last_seen_at"])
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    assert program.get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert just_now(alice.json("/profile/api-token").json["created_at"])
    assert just_now(alice.json("/profile/api-token").json["last_used_at"])
    wrong = {"current_password": "wrong", "new_password": "x" * 20, "confirm_password": "x" * 20}
    answers = [alice.post("/profile/password", wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    host.rows.age(idle.session_id(), last_seen_at=1700)
    assert idle.is_in()
    gone = idle.session_id()
    host.rows.age(gone, last_seen_at=1900)
    assert sent_to_login(idle)
    with host.app.app_context():
        assert current_profile.sessions.prune() == 1
    assert [row.id for row in host.rows.all()] == [alice.session_id()]


#: The nights in which clocks in New York and Berlin are put forward and back.
CHANGES = [datetime(2026, 3, 8, 6, 30), datetime(2026, 11, 1, 5, 30), datetime(2026, 3, 29, 0, 30)]


@pytest.mark.parametrize("night", CHANGES, ids=str)
@pytest.mark.parametrize("place", ["America/New_York", "Europe/Berlin"])
def test_an_hour_is_an_hour_in_the_night_when_clocks_change(
    night: datetime, place: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B35"""
    monkeypatch.setenv("TZ", place)
    time.tzset()
    try:
        host = new_host(MYPROFILE_SESSION_IDLE=HOUR)
        began = night.replace(tzinfo=timezone.utc).timestamp()
        monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: int(began))
        alice, copy = host.browser(), host.browser()
        alice.login("alice")
        copy = alice.copy()
        monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: int(began) + HOUR - 1)
        assert copy.json("/profile/sessions").json["total"] == 1
        row = alice.sessions()[0]
        assert row["created_at"].startswith(night.isoformat())
        monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: int(began) + 2 * HOUR)
        assert sent_to_login(alice)
    finally:
        monkeypatch.undo()
        time.tzset()


@everywhere
def test_an_ended_session_is_forgotten_in_time_with_its_address(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S21: thirty days, unless the host says otherwise; whoever is signed in or remembered is not touched."""
    host = new_host(
        MYPROFILE_SESSION_KEEP_ENDED=30 * DAY, MYPROFILE_SESSION_LIFETIME=None, MYPROFILE_ACTIVITY_KEEP=None
    )
    alice, old, newer = host.browser(), host.browser(), host.browser()
    for browser in (alice, old, newer):
        browser.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{1 + (alice, old, newer).index(browser)}"
        browser.login("alice", remember=browser is alice)
    kept = [alice.session_id(), newer.session_id()]
    sign_out(alice, old)
    host.rows.age(ended_at=31 * DAY)
    sign_out(alice, newer)
    host.rows.age(newer_id := kept[1], ended_at=29 * DAY)
    with host.app.app_context():
        told: list[int] = []
        assert current_profile.sessions.prune(told.append) == 1
        assert sum(told) == 1
        assert current_profile.sessions.prune() == 0, "and may be run again"
    assert {row.id for row in host.rows.all()} == {*kept}
    assert "198.51.100.2" not in host.rows.text()
    assert newer_id in host.rows.text()
    pass_time(monkeypatch, 10 * DAY)
    with host.app.app_context():
        assert current_profile.sessions.prune() == 1
    assert alice.is_in()
    assert live(host) == 1


@everywhere
def test_what_is_pruned_does_not_come_back(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """S21, B12: no row tells any more that the session has ended, and its cookies are refused all the same."""
    host = new_host(MYPROFILE_SESSION_KEEP_ENDED=DAY)
    alice, gone = host.browser(), host.browser()
    alice.login("alice", remember=True)
    gone.login("alice", remember=True)
    copies = [gone.copy(), gone.copy("session"), gone.copy("remember_token"), gone.copy("remember_token", "session")]
    sign_out(alice, gone)
    host.rows.age(ended_at=2 * DAY)
    with host.app.app_context():
        assert current_profile.sessions.prune() == 1
    for browser in (gone, *copies):
        for _ in range(2):
            assert sent_to_login(browser)
    assert live(host) == 1
    assert alice.is_in()
