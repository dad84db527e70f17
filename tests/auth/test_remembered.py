"""A device that is remembered: one session over every restart of its browser, with an end that the server knows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import flask_login
import pytest
from flask import redirect, session

from tests.support.devices import age, ended, live, pass_time, sent_to_login, set_cookies, sign_out
from tests.support.host import Browser, Host
from tests.support.kept import HOWEVER, everywhere, first_everywhere, however_kept

REMEMBERED = ("remember_token", "myprofile_device")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
)


@however_kept
def test_a_remembered_device_stays_one_session_over_a_restart(host: Host) -> None:
    """B11: on the list while its browser is closed, in again without a password, and signed out like any other."""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice", remember=True)
    c2.login("alice")
    device = c1.session_id()
    c1.restart()
    closed = {row["id"]: row for row in c2.sessions()}
    assert len(closed) == 2
    assert closed[device]["remembered"] is True
    assert not closed[device]["current"]
    age(host, 300, device)
    for _ in range(3):
        assert c1.is_in()
    rows = {row["id"]: row for row in c2.sessions()}
    assert len(rows) == 2, "still one row for that device"
    assert rows[device]["last_seen_at"] >= closed[device]["last_seen_at"], "and it was seen again"
    assert c1.session_id() == device
    sign_out(c2, device)
    copy = c1.copy(*REMEMBERED)
    assert sent_to_login(c1)
    assert sent_to_login(copy)


@however_kept
def test_all_tabs_of_a_browser_come_back_as_one_session(host: Host) -> None:
    """B63: a browser that is opened again asks for all its tabs at once."""
    alice = host.browser()
    alice.login("alice", remember=True)
    device = alice.session_id()
    tabs = [alice.copy(*REMEMBERED) for _ in range(10)]
    age(host, 300)
    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(lambda tab: tab.get("/page").status_code, tabs))
        public = list(pool.map(lambda tab: tab.get("/pub").status_code, tabs))
    assert pages == public == [200] * 10
    assert {tab.session_id() for tab in tabs} == {device}, "any tab's cookie may be the one that the browser keeps"
    assert live(host) == 1
    assert not ended(host)


@first_everywhere(
    "cookies",
    [
        {"myprofile_device": "0" * 24 + "." + "A" * 43},
        {},
        {"session": "garbage"},
        {"remember_token": "1|garbage", "myprofile_device": "garbage"},
        {"session": "é", "remember_token": "é|é", "myprofile_device": "é"},
    ],
)
def test_a_stranger_leaves_no_session_behind(cookies: dict[str, str], host: Host) -> None:
    """B63: anonymous requests and garbage."""
    stranger = host.browser()
    for name, value in cookies.items():
        stranger.set_cookie(name, value)
    assert stranger.get("/pub").status_code == 200
    assert sent_to_login(stranger)
    assert stranger.json("/profile/sessions").status_code == 401
    assert host.rows.all() == []


@everywhere
def test_the_remember_cookie_of_one_person_with_the_device_cookie_of_another_is_nobody(host: Host) -> None:
    alice, bob, thief = host.browser(), host.browser(), host.browser()
    alice.login("alice", remember=True)
    bob.login("bob", remember=True)
    for taken, own in ((alice, bob), (bob, alice)):
        thief = host.browser()
        thief.set_cookie("remember_token", str(taken.cookie("remember_token")))
        thief.set_cookie("myprofile_device", str(own.cookie("myprofile_device")))
        assert sent_to_login(thief)
        assert thief.cookie("remember_token") is None
    alone = alice.copy("remember_token")
    assert sent_to_login(alone), "the same text on all of her devices, and worth nothing without one of them"
    assert live(host, "alice") == live(host, "bob") == 1, "nobody was signed out by that"
    alice.restart()
    assert alice.is_in()


@everywhere
def test_the_remember_cookie_of_another_signs_nobody_in_where_the_loader_does_not_find_who_is_there(
    new_host: Callable[..., Host],
) -> None:
    """Flask-Login reads that cookie whenever the loader finds nobody for the session."""
    hidden: set[int] = set()
    host = new_host(load=lambda db, user, key: None if int(key) in hidden else db.session.get(user, int(key)))
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob", remember=True)
    hidden.add(host.user("alice").id)
    alice.set_cookie("remember_token", str(bob.cookie("remember_token")))
    assert sent_to_login(alice)
    hidden.clear()
    assert alice.get("/page").text == "Hello alice"


@everywhere
def test_a_made_up_device_cookie_signs_nobody_out(host: Host) -> None:
    """It is not signed: whoever guesses or sees a session's id cannot end that session."""
    alice, vandal = host.browser(), host.browser()
    alice.login("alice", remember=True)
    vandal.login("bob", remember=True)
    made_up = f"{alice.session_id()}.{'A' * 43}"
    for vandalise in (
        lambda: vandal.get("/page"),
        lambda: vandal.post("/logout"),
        lambda: vandal.login("bob", remember=True),
    ):
        vandal.restart()
        vandal.set_cookie("remember_token", str(alice.cookie("remember_token")))
        vandal.set_cookie("myprofile_device", made_up)
        vandalise()
        assert live(host, "alice") == 1
    alice.restart()
    assert alice.is_in()


@first_everywhere("days, still_in", [(366, False), (364, True), (400, False)])
def test_being_remembered_ends_on_the_server_as_well(
    days: int, still_in: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S03: Flask-Login's cookie itself would sign in for ever."""
    alice = host.browser()
    alice.login("alice", remember=True)
    copy = alice.copy(*REMEMBERED)
    pass_time(monkeypatch, days * 86_400)
    assert copy.is_in() is still_in


@everywhere
def test_a_shorter_time_given_at_the_sign_in_is_kept(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def for_a_day(host: Host) -> None:
        @host.app.post("/quick")
        def quick() -> Any:
            flask_login.login_user(host.db.session.get(host.User, 1), remember=True, duration=timedelta(days=1))
            return redirect("/page")

    host = new_host(after=for_a_day)
    alice = host.browser()
    header = set_cookies(alice.post("/quick"), "myprofile_device")[0]
    expires = parsedate_to_datetime(header.split("Expires=")[1].split(";")[0])
    assert [row.remember_until for row in host.rows.all()] == [int(expires.timestamp())]
    copies = [alice.copy(*REMEMBERED) for _ in range(2)]
    pass_time(monkeypatch, 23 * 3600)
    assert copies[0].is_in()
    pass_time(monkeypatch, 2 * 3600)
    assert not copies[1].is_in()


def test_a_cookie_that_is_refreshed_with_each_request_makes_no_session_last_longer(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``docs/tabs/sessions.md`` says: its end is counted from the sign-in."""
    host = new_host(REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True, REMEMBER_COOKIE_DURATION=timedelta(days=3))
    alice = host.browser()
    alice.login("alice")
    for day in range(1, 5):
        with monkeypatch.context() as patch:
            pass_time(patch, day * 86400 - 3600)
            assert alice.is_in() == (day < 4)
            alice.restart()
    assert alice.login("alice").location == "/page" and alice.is_in()


@however_kept
def test_a_second_sign_in_on_a_remembered_device_replaces_its_session(host: Host) -> None:
    """B89: also where the browser was closed in between, and the sign-in page never asked who is there."""
    alice = host.browser()
    alice.login("alice", remember=True)
    first = alice.copy(*REMEMBERED)
    alice.restart()
    alice.login("alice", remember=True)
    assert live(host) == 1
    assert sent_to_login(first)
    alice.restart()
    assert alice.is_in()


@however_kept
def test_whoever_signs_in_on_somebodys_remembered_device_is_who_stays(host: Host) -> None:
    """Alice closed the browser, Bob signs in without being remembered: the next restart must not bring Alice back."""
    shared = host.browser()
    shared.login("alice", remember=True)
    shared.restart()
    shared.login("bob")
    assert shared.get("/page").text == "Hello bob"
    assert live(host, "alice") == 0


def agent(browser: Browser, text: str) -> Browser:
    browser.client.environ_base["HTTP_USER_AGENT"] = text
    return browser


@however_kept
def test_session_protection_that_strikes_ends_the_session(new_host: Callable[..., Host]) -> None:
    """B62: no ghost on the list, no second row after signing in again, and the new name of the device."""
    host = new_host(SESSION_PROTECTION="strong")
    c1, c2 = agent(host.browser(), FIREFOX), agent(host.browser(), FIREFOX)
    c1.login("alice")
    c2.login("alice")
    old = c1.session_id()
    agent(c1, SAFARI)
    assert sent_to_login(c1)
    assert [row["id"] for row in c2.sessions()] == [c2.session_id()]
    assert ended(host) == [old]
    assert c1.login("alice").location == "/page"
    assert c1.is_in()
    rows = {row["id"]: row["name"] for row in c2.sessions()}
    assert len(rows) == 2
    assert rows[c1.session_id()] == "Safari on Mac or iPad"


@however_kept
def test_strong_protection_treats_a_remembered_device_as_it_does_without_us(new_host: Callable[..., Host]) -> None:
    """B62"""
    answers = []
    for myprofile in (False, True):
        host = new_host(SESSION_PROTECTION="strong", myprofile=myprofile)
        alice = agent(host.browser(), FIREFOX)
        alice.login("alice", remember=True)
        assert alice.is_in()
        alice.restart()
        answers.append([alice.get("/page").status_code for _ in range(3)])
    assert answers[0] == answers[1]


@first_everywhere("kind", [{"SESSION_PROTECTION": "strong", "after": "permanent"}, {}], places=HOWEVER)
def test_another_program_or_network_only_makes_the_session_less_fresh(
    kind: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    """B62: what Flask-Login does in "basic" mode, and in "strong" mode with permanent sessions."""

    def permanent(host: Host) -> None:
        @host.app.before_request
        def keep() -> None:
            session.permanent = True

    host = new_host(**{**kind, **({"after": permanent} if "after" in kind else {})})
    alice = agent(host.browser(), FIREFOX)
    alice.login("alice", remember=True)
    row = alice.session_id()
    agent(alice, SAFARI)
    for _ in range(2):
        assert alice.is_in()
    with alice.client.session_transaction() as kept:
        assert kept["_fresh"] is False
    assert alice.session_id() == row
    assert live(host) == 1
