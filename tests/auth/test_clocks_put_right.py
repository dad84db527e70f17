"""P8: a clock that was ahead, and has been put right. What it wrote down is of the future then, for hours or for weeks:
nobody is locked out by it, nobody is let in by it, and nothing lives longer than it may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import redirect, session

from flask_myprofile import current_profile
from flask_myprofile.account import legacy_sessions
from flask_myprofile.account.single_logout import REMEMBERED
from flask_myprofile.store.records import ROTATION_GRACE, SKEW, LiveSince
from tests.support.devices import change_password, live, pass_time, secret_of, sent_to_login
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import everywhere, in_each_database

MINUTE, HOUR, DAY = 60, 3600, 86_400
WRONG = {"current_password": "wrong", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
CONFIRM = "/profile/confirm"


@contextmanager
def clock_ahead(monkeypatch: pytest.MonkeyPatch, seconds: int) -> Iterator[None]:
    """Within this, everybody's clock is wrong."""
    with monkeypatch.context() as patch:
        nanoseconds = time.time_ns
        pass_time(patch, seconds)
        patch.setattr("time.time_ns", lambda: nanoseconds() + seconds * 10**9)
        yield


def signed_in(host: Host) -> Browser:
    alice = host.browser()
    alice.login("alice")
    alice.csrf()  # in the session now: no answer has to sign it anew
    return alice


def guess(browser: Browser) -> Any:
    return browser.post_json("/profile/password", WRONG)


# ---- guesses


@in_each_database
def test_guesses_of_a_clock_that_was_ahead_keep_nobody_waiting_for_longer_than_the_window(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in(host)
    with clock_ahead(monkeypatch, 20 * DAY):
        assert [guess(alice).status_code for _ in range(6)] == [422] * 5 + [429]
    refused = guess(alice)
    assert refused.status_code == 429, "they count from now on"
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    pass_time(monkeypatch, 901)
    assert change_password(alice).status_code == 303
    assert host.sql("SELECT count(*) FROM myprofile_guess") == [(0,)], "and the right one forgets them"


@in_each_database
def test_guesses_of_a_clock_that_was_ahead_are_among_the_twenty_in_a_row(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in(host)
    with clock_ahead(monkeypatch, 20 * DAY):
        for _ in range(19):
            host.sql("UPDATE myprofile_guess SET at = at - 901")
            assert guess(alice).status_code == 422
    assert guess(alice).status_code == 429
    pass_time(monkeypatch, 901)
    assert guess(alice).json["code"] == "signed_out"


# ---- secrets and proofs


@everywhere
@pytest.mark.parametrize("ahead", [ROTATION_GRACE + 5, HOUR, 20 * DAY])
def test_the_secret_before_does_not_live_until_the_clock_has_caught_up(ahead: int, host: Host) -> None:
    alice = signed_in(host)
    old = alice.copy("session")
    assert change_password(alice).status_code == 303
    host.rows.age(rotated_at=-ahead)
    assert sent_to_login(old)
    assert alice.is_in()


@everywhere
def test_a_proof_of_the_future_is_none(host: Host) -> None:
    alice, other = signed_in(host), signed_in(host)
    assert alice.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303
    host.rows.age(rotated_at=-(SKEW + 5))
    assert alice.post_json("/profile/sessions/sign-out-others").json["code"] == "reauth_required"
    assert alice.post("/profile/sessions/sign-out-others").location.startswith(CONFIRM)
    assert other.is_in()
    assert alice.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303, "and confirming puts it right"
    assert alice.post("/profile/sessions/sign-out-others").location == "/profile/sessions"


@everywhere
def test_machines_whose_clocks_differ_by_some_seconds_agree(host: Host) -> None:
    """The one that is behind does not ask again, touch at each request, or refuse what has just begun elsewhere."""
    alice = signed_in(host)
    old = alice.copy("session")
    assert change_password(alice).status_code == 303
    host.rows.age(created_at=-5, last_seen_at=-5, rotated_at=-5)
    assert old.is_in()
    assert alice.post("/profile/sessions/sign-out-others").location == "/profile/sessions"
    (row,) = host.rows.all()
    assert row.last_seen_at > time.time() + 1


# ---- how long sessions live


@everywhere
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_a_session_that_has_not_begun_yet_does_not_get_in_before(
    remember: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would live for longer than it may from now. Its row stays: the clock may be the one that is wrong now."""
    alice, other = host.browser(), signed_in(host)
    alice.login("alice", remember=remember)
    early, late = alice.copy(), alice.copy()
    host.rows.age(alice.session_id(), created_at=-2 * HOUR)
    assert sent_to_login(early)
    assert len(other.sessions()) == 1
    with host.app.app_context():
        assert current_profile.sessions.prune() == 0
    assert live(host) == 2
    pass_time(monkeypatch, 2 * HOUR)
    assert late.is_in()


@everywhere
def test_last_activity_of_the_future_is_put_right_by_the_next_one(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would be written down until the clock has caught up, and the session would not be idle before."""
    host = new_host(MYPROFILE_SESSION_IDLE=HOUR)
    alice = signed_in(host)
    host.rows.age(last_seen_at=-20 * DAY)
    assert alice.is_in()
    (row,) = host.rows.all()
    assert abs(row.last_seen_at - time.time()) < MINUTE
    pass_time(monkeypatch, HOUR + MINUTE)
    assert sent_to_login(alice)


@in_each_database
def test_the_last_use_of_a_token_is_written_down_whatever_the_clock_said_before(host: Host) -> None:
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    host.sql("UPDATE myprofile_token SET last_used_at = :future", future=int(time.time()) + 20 * DAY)
    assert host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    ((used,),) = host.sql("SELECT last_used_at FROM myprofile_token")
    assert abs(used - time.time()) < MINUTE


@in_each_database
def test_a_token_that_ends_is_good_for_no_longer_than_it_says(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(MYPROFILE_API_TOKEN_LIFETIME=30 * DAY)
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]

    def status() -> int:
        return int(host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code)

    assert status() == 200
    for by, works in ((50, 200), (20 * DAY, 401)):
        host.sql("UPDATE myprofile_token SET created_at = created_at + :by, expires_at = expires_at + :by", by=by)
        assert status() == works
    with monkeypatch.context() as patch:
        pass_time(patch, 20 * DAY)
        assert status() == 200, "it may be now that the clock is wrong"
    host.sql("UPDATE myprofile_token SET expires_at = NULL")
    assert status() == 200, "one without an end is not good for longer by it"


# ---- sessions from before the installation


class History:
    def __init__(self, signed_out_at: int | None) -> None:
        self.signed_out_at = lambda user_key: signed_out_at


def test_a_cookie_that_was_signed_in_the_future_may_be_older_than_a_sign_out() -> None:
    now = int(time.time())
    since = LiveSince(now - DAY, None, now)

    def trusted(signed_at: int, signed_out_at: int = 0) -> bool:
        history: Any = History(signed_out_at)
        return legacy_sessions.is_trusted(history, "1", since, remembered=False, signed_at=signed_at)

    assert trusted(now - HOUR)
    assert trusted(now - HOUR, now - 2 * HOUR)
    assert trusted(now + SKEW)
    assert not trusted(now + SKEW + 1)
    assert not trusted(now + DAY, now - HOUR)
    assert not trusted(now - 2 * HOUR, now - HOUR)


def by_hand(host: Host) -> None:
    @host.app.post("/by-hand")
    def sign_in() -> Any:
        session["_user_id"] = str(host.user("alice").id)
        return redirect("/page")


@everywhere
@pytest.mark.parametrize("whose", ["1", ""], ids=["the user", "everyone"])
def test_a_sign_out_of_the_future_keeps_nobody_out_for_ever(
    whose: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the host writes the session itself, each sign-in is adopted, if it was after the last sign-out."""
    host = new_host(after=by_hand)
    signed_in(host).post("/profile/sign-out")
    host.sql("DELETE FROM myprofile_history WHERE user_key = :whose", whose=whose)
    future = int(time.time()) + 20 * DAY
    host.sql("INSERT INTO myprofile_history (user_key, signed_out_at) VALUES (:whose, :at)", whose=whose, at=future)
    alice, old = host.browser(), host.browser()
    for browser in (alice, old):
        browser.post("/by-hand")
    assert sent_to_login(alice), "it may be from before that sign-out"
    pass_time(monkeypatch, 2)
    alice.post("/by-hand")
    assert alice.is_in(), "and this one is not"
    assert sent_to_login(old)


@everywhere
def test_the_next_sign_out_is_noted_also_where_the_last_one_is_of_the_future(host: Host) -> None:
    alice = signed_in(host)
    host.sql("UPDATE myprofile_history SET signed_out_at = :at", at=int(time.time()) + 20 * DAY)
    alice.post("/profile/sign-out")
    ((noted,),) = host.sql("SELECT signed_out_at FROM myprofile_history")
    assert abs(noted - time.time()) < MINUTE


# ---- logout tokens


@in_each_database
def test_pruning_while_the_clock_is_ahead_by_hours_forgets_no_logout_token_that_could_come_again(host: Host) -> None:
    now = int(time.time())
    for name, expires_at in (("a", now - HOUR), ("b", now - REMEMBERED - MINUTE)):
        row = {"id": name, "issued_at": expires_at, "expires_at": expires_at, "carried_out": True}
        host.sql(f"INSERT INTO myprofile_logout_token ({', '.join(row)}) VALUES (:{', :'.join(row)})", **row)
    host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"])
    assert host.sql("SELECT id FROM myprofile_logout_token") == [("a",)]


def test_who_guesses_the_secret_before_ends_nothing_either(host: Host) -> None:
    """It is worth nothing after the half minute: not for a sign-in in the same browser, which ends what that held."""
    alice = signed_in(host)
    old = alice.copy("session")
    before = secret_of(host, alice)
    assert change_password(alice).status_code == 303
    assert secret_of(host, alice) != before
    host.rows.age(rotated_at=ROTATION_GRACE + 5)
    assert old.post("/login", {"username": "bob", "password": PASSWORD}).location == "/page"
    assert alice.is_in()
