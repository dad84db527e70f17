"""Whoever signed in before the extension was installed, or without Flask-Login's help, stays signed in and can be
signed out; and an old cookie of whoever was signed out is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import session
from flask_sqlalchemy import SQLAlchemy

from tests.devices import asked_who, ended, live, pass_time, sent_to_login, sign_out
from tests.host import PASSWORD, Browser, Host, user_class
from tests.kept import Kept, everywhere, first_everywhere, however_kept

SIGNS_IN = ("session", "remember_token")


def moved(browser: Browser, host: Host, *names: str) -> Browser:
    """The browser with these cookies at the same app after a restart."""
    other = host.browser()
    for name in names or SIGNS_IN:
        if (value := browser.cookie(name)) is not None:
            other.set_cookie(name, value)
    return other


@pytest.fixture
def installed(new_host: Callable[..., Host], kept: Kept) -> Callable[..., Any]:
    """Two browsers that signed in at the app without the extension (the second by its remember cookie alone), then the
    same app with it: (the host, both browsers, and what makes further copies of the second's cookies)."""

    def install(**options: Any) -> tuple[Host, Browser, Browser, Callable[..., Browser]]:
        url = kept.new_database()
        before = new_host(url, myprofile=False, **options)
        c1, c2 = before.browser(), before.browser()
        c1.login("alice")
        c2.login("alice", remember=True)
        assert c1.is_in()
        assert c2.is_in()
        host = new_host(url, **options)
        return host, moved(c1, host), moved(c2, host, "remember_token"), lambda *names: moved(c2, host, *names)

    return install


@however_kept
def test_who_was_signed_in_stays_so_and_can_be_signed_out_for_good(installed: Callable[..., Any]) -> None:
    """B12"""
    _, c1, c2, copy = installed()
    old = [copy("remember_token"), copy("session"), copy()]
    for _ in range(3):
        assert c1.is_in()
        assert c2.is_in()
    rows = c1.sessions()
    assert len(rows) == 2
    assert {row["method"] for row in rows} == {"unknown"}
    assert c2.cookie("myprofile_device"), "a device like any other from now on"
    c2.restart()
    assert c2.is_in()
    assert len(c1.sessions()) == 2, "one row each"
    saved, elsewhere = c2.copy(), copy("remember_token")
    elsewhere.client.environ_base.update(REMOTE_ADDR="198.51.100.1", HTTP_USER_AGENT="another browser")
    answer = sign_out(c1, c2)
    if answer.location != "/profile/sessions":  # a server-side session does not tell when it signed in
        c1.post("/profile/confirm", {"current_password": PASSWORD, **asked_who(answer)})
    for browser in (saved, *old, elsewhere, c2):
        assert sent_to_login(browser)
        assert sent_to_login(browser, "/profile/sessions")
    assert c1.is_in(), "who was not signed out"
    assert len(c1.sessions()) == 1
    assert c2.login("alice", remember=True).location == "/page"
    c2.restart()
    assert c2.is_in()


@first_everywhere("page", ["/csrf", "/note", "/pub"])
def test_an_old_cookie_is_not_made_new_by_a_page_that_never_asks_who_it_is(
    page: str, new_host: Callable[..., Host], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B12: Flask signs the session anew whenever it changes (or at every request); that says nothing of when the
    person signed in."""

    def notes(host: Host) -> None:
        @host.app.get("/note")
        def note() -> str:
            session["seen"] = session.get("seen", 0) + 1
            return "seen"

        @host.app.before_request
        def permanent() -> None:
            session.permanent = True

    url = kept.new_database()
    before = new_host(url, myprofile=False, after=notes)
    c1, c2 = before.browser(), before.browser()
    c1.login("alice")
    c2.login("alice")
    host = new_host(url, after=notes)
    c1, c2, thief = moved(c1, host), moved(c2, host), moved(c2, host)
    pass_time(monkeypatch, 100)
    assert c1.is_in()
    sign_out(c1, c2)
    untouched = moved(thief, host)
    pass_time(monkeypatch, 100)
    assert sent_to_login(untouched)
    for _ in range(2):
        assert thief.get(page).status_code == 200
    assert sent_to_login(thief)
    assert live(host) == 1


@everywhere
def test_an_adopted_cookie_dies_with_its_session_however_that_ended(installed: Callable[..., Any]) -> None:
    """B89: signing in anew replaces the session; a copy of the old cookie must not go on, unseen."""
    host, c1, _, _ = installed()
    copy = c1.copy("session")
    assert c1.is_in()
    c1.login("alice")
    for _ in range(2):
        assert sent_to_login(copy)
    assert live(host) == 1


@everywhere
def test_an_adopted_session_that_is_over_by_itself_is_not_adopted_again(installed: Callable[..., Any]) -> None:
    """S03, S13: the row stays where it was, and nothing on the list would show that somebody is in."""
    host, c1, c2, copy = installed()
    again = [c1.copy("session"), copy("remember_token")]
    assert c1.is_in()
    assert c2.is_in()
    year = 367 * 86_400
    host.rows.age(created_at=year, remember_until=year)
    for browser in (c1, c2, *again):
        assert sent_to_login(browser)
    assert len(host.rows.all()) == 2


@everywhere
def test_a_cookie_from_before_is_not_adopted_when_it_is_older_than_sessions_get(
    installed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S13: no row tells its age any more, or ever did; its signature does."""
    host, c1, _, copy = installed(MYPROFILE_SESSION_LIFETIME=86_400, MYPROFILE_SESSION_IDLE=None)
    young = c1.copy("session")
    pass_time(monkeypatch, 86_400 - 60)
    assert young.is_in()
    pass_time(monkeypatch, 86_400 + 60)
    for browser in (c1, copy("session")):
        assert sent_to_login(browser)
    assert len(host.rows.all()) == 1


@everywhere
def test_tabs_that_arrive_at_once_are_adopted_as_one_session(installed: Callable[..., Any]) -> None:
    """B63"""
    host, _, _, copy = installed()
    for names in (("session",), ("remember_token",)):
        tabs = [copy(*names) for _ in range(10)]
        before = live(host)
        with ThreadPoolExecutor(10) as pool:
            assert list(pool.map(lambda tab: tab.get("/page").status_code, tabs)) == [200] * 10
        assert live(host) == before + 1
        assert all(tab.is_in() for tab in tabs)


@everywhere
def test_a_remember_cookie_from_before_counts_until_its_user_signs_in_anew(installed: Callable[..., Any]) -> None:
    """It is the same text on every device and for ever: from then on it may be anybody's copy."""
    host, c1, c2, copy = installed()
    assert c1.is_in()
    assert c2.is_in()
    host.browser().login("alice")
    assert sent_to_login(copy("remember_token"))
    assert c2.is_in(), "who came before is a device of hers"
    c2.restart()
    assert c2.is_in()


@everywhere
def test_a_host_may_ask_everybody_to_sign_in_again(installed: Callable[..., Any]) -> None:
    host, c1, c2, _ = installed(MYPROFILE_SESSION_ADOPT=False)
    for browser in (c1, c2):
        for _ in range(2):
            assert sent_to_login(browser), "one clean redirect, no loop"
        assert browser.login("alice").location == "/page"
        assert browser.is_in()
    assert live(host) == 2
    assert not ended(host)


@everywhere
def test_who_is_disabled_is_not_adopted(installed: Callable[..., Any]) -> None:
    host, c1, c2, _ = installed()
    host.change("alice", active=False)
    assert sent_to_login(c1)
    assert sent_to_login(c2)
    assert c1.json("/profile/sessions").status_code == 401


@everywhere
def test_a_login_id_that_looks_like_the_key_of_somebody_else_is_not_taken_for_it(new_host: Callable[..., Host]) -> None:
    """B15: ``get_id()`` is a personnel number; Alice's is the primary key of a user who is disabled."""
    numbers = {1: "3", 2: "1", 3: "2"}

    def model(db: SQLAlchemy) -> type[Any]:
        user = user_class(db)
        user.get_id = lambda self: numbers[self.id]
        return user

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        return db.session.get(user, next(key for key, number in numbers.items() if number == login_id))

    host = new_host(model=model, load=load)
    host.change("admin", active=False)
    alice = host.browser()
    alice.login("alice", remember=True)
    for _ in range(2):
        assert alice.get("/page").text == "Hello alice"
        assert len(alice.sessions()) == 1
        alice.restart()
    host.change("admin", active=True)
    host.change("alice", active=False)
    assert sent_to_login(alice)
