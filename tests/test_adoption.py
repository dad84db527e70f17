"""Whoever signed in before the extension was installed, or without Flask-Login's help, stays signed in and can be
signed out; and an old cookie of whoever was signed out is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flask_login
import pytest
from cachelib import FileSystemCache
from flask import Flask, session
from flask_login import FlaskLoginClient
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy

from tests.devices import ended, live, pass_time, sent_to_login, sign_out
from tests.host import Browser, Host, user_class

SIGNS_IN = ("session", "remember_token")


def moved(browser: Browser, host: Host, *names: str) -> Browser:
    """The browser with these cookies at the same app after a restart."""
    other = host.browser()
    for name in names or SIGNS_IN:
        if (value := browser.cookie(name)) is not None:
            other.set_cookie(name, value)
    return other


@pytest.fixture
def installed(new_host: Callable[..., Host], tmp_path: Path) -> Callable[..., Any]:
    """Two browsers that signed in at the app without the extension (the second by its remember cookie alone), then the
    same app with it: (the host, both browsers, and what makes further copies of the second's cookies)."""

    def install(**options: Any) -> tuple[Host, Browser, Browser, Callable[..., Browser]]:
        url = f"sqlite:///{tmp_path / 'app.sqlite'}"
        before = new_host(url, myprofile=False, **options)
        c1, c2 = before.browser(), before.browser()
        c1.login("alice")
        c2.login("alice", remember=True)
        assert c1.is_in()
        assert c2.is_in()
        host = new_host(url, **options)
        return host, moved(c1, host), moved(c2, host, "remember_token"), lambda *names: moved(c2, host, *names)

    return install


def server_side(tmp_path: Path) -> Callable[[Flask, SQLAlchemy], None]:
    def before(app: Flask, db: SQLAlchemy) -> None:
        app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(str(tmp_path / "sessions")))
        Session(app)

    return before


@pytest.mark.parametrize("kept", ["cookie", "Flask-Session"])
def test_who_was_signed_in_stays_so_and_can_be_signed_out_for_good(
    kept: str, installed: Callable[..., Any], tmp_path: Path
) -> None:
    """B12"""
    options = {"before": server_side(tmp_path)} if kept == "Flask-Session" else {}
    _, c1, c2, copy = installed(**options)
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
    sign_out(c1, c2)
    for browser in (saved, *old, elsewhere, c2):
        assert sent_to_login(browser)
        assert sent_to_login(browser, "/profile/sessions")
    assert c1.is_in(), "who was not signed out"
    assert len(c1.sessions()) == 1
    assert c2.login("alice", remember=True).location == "/page"
    c2.restart()
    assert c2.is_in()


@pytest.mark.parametrize("page", ["/csrf", "/note", "/pub"])
def test_an_old_cookie_is_not_made_new_by_a_page_that_never_asks_who_it_is(
    page: str, new_host: Callable[..., Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    url = f"sqlite:///{tmp_path / 'app.sqlite'}"
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


def test_an_adopted_cookie_dies_with_its_session_however_that_ended(installed: Callable[..., Any]) -> None:
    """B89: signing in anew replaces the session; a copy of the old cookie must not go on, unseen."""
    host, c1, _, _ = installed()
    copy = c1.copy("session")
    assert c1.is_in()
    c1.login("alice")
    for _ in range(2):
        assert sent_to_login(copy)
    assert live(host) == 1


def test_an_adopted_session_that_is_over_by_itself_is_not_adopted_again(installed: Callable[..., Any]) -> None:
    """S03, S13: the row stays where it was, and nothing on the list would show that somebody is in."""
    host, c1, c2, copy = installed()
    again = [c1.copy("session"), copy("remember_token")]
    assert c1.is_in()
    assert c2.is_in()
    year = 367 * 86_400
    host.sql(f"UPDATE myprofile_session SET created_at = created_at - {year}, remember_until = remember_until - {year}")
    for browser in (c1, c2, *again):
        assert sent_to_login(browser)
    assert host.sql("SELECT count(*) FROM myprofile_session") == [(2,)]


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


def test_a_host_may_ask_everybody_to_sign_in_again(installed: Callable[..., Any]) -> None:
    host, c1, c2, _ = installed(MYPROFILE_SESSION_ADOPT=False)
    for browser in (c1, c2):
        for _ in range(2):
            assert sent_to_login(browser), "one clean redirect, no loop"
        assert browser.login("alice").location == "/page"
        assert browser.is_in()
    assert live(host) == 2
    assert not ended(host)


def test_who_is_disabled_is_not_adopted(installed: Callable[..., Any]) -> None:
    host, c1, c2, _ = installed()
    host.sql('UPDATE "user" SET active = 0')
    assert sent_to_login(c1)
    assert sent_to_login(c2)
    assert c1.json("/profile/sessions").status_code == 401


def test_the_test_client_of_flask_login_is_a_signed_in_browser(host: Host) -> None:
    """B13: it writes the user's id into the session, and no signal is sent."""
    host.app.test_client_class = FlaskLoginClient
    for _ in range(2):  # a host's suite makes a new client in each test
        alice = host.browser(user=host.user("alice"))
        assert alice.get("/page").text == "Hello alice"
        assert alice.get("/profile/").location == "/profile/personal-information"
        assert alice.get("/profile/sessions").status_code == 200
        saved = alice.post("/profile/personal-information", {"first_name": "Alicia", "last_name": "Test"})
        assert saved.status_code == 303
        assert [row["current"] for row in alice.sessions()].count(True) == 1
    assert host.user("alice").first_name == "Alicia"


def test_the_very_first_request_of_such_a_client_may_be_the_list(host: Host) -> None:
    """B13"""
    host.app.test_client_class = FlaskLoginClient
    alice, again = (host.browser(user=host.user("alice"), fresh_login=fresh) for fresh in (True, False))
    for number, browser in enumerate((alice, again), 1):
        first = browser.json("/profile/sessions").json
        assert [row["current"] for row in first["sessions"]].count(True) == 1
        assert first["total"] == number
        assert sorted(row["id"] for row in browser.sessions()) == sorted(row["id"] for row in first["sessions"])


def test_a_session_that_the_host_writes_by_itself_becomes_a_session(new_host: Callable[..., Host]) -> None:
    """An admin who acts for a user, by setting Flask-Login's own key: it is that user's session from then on."""

    def impersonating(host: Host) -> None:
        @host.app.post("/become")
        @flask_login.login_required
        def become() -> str:
            session["_user_id"] = "1"
            return "done"

    host = new_host(after=impersonating)
    admin, alice = host.browser(), host.browser()
    admin.login("admin")
    alice.login("alice")
    admin.post("/become")
    assert admin.get("/page").text == "Hello alice"
    assert [row["current"] for row in admin.sessions()].count(True) == 1
    assert live(host, "admin") == 0, "nobody has the cookie of that one any more"
    sign_out(alice, next(row["id"] for row in alice.sessions() if not row["current"]))
    assert sent_to_login(admin)
    assert alice.is_in()


def test_who_comes_by_a_key_of_the_hosts_has_no_session(new_host: Callable[..., Host]) -> None:
    """The host's own request_loader: nothing is stored, and the pages work without a session of this browser."""

    def keys(host: Host) -> None:
        @host.app.login_manager.request_loader  # type: ignore[attr-defined]
        def load(incoming: Any) -> Any:
            name = incoming.headers.get("X-Key")
            return name and host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar()

    host = new_host(after=keys)
    alice, program = host.browser(), host.browser()
    alice.login("alice")
    program.client.environ_base["HTTP_X_KEY"] = "alice"
    for _ in range(2):
        assert program.get("/page").text == "Hello alice"
        assert program.get("/profile/sessions").status_code == 200
        assert [row["current"] for row in program.sessions()] == [False]
    assert live(host) == 1
    assert program.post("/profile/sessions/sign-out-others").status_code == 303
    assert sent_to_login(alice)
    assert program.is_in()


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
    host.sql('UPDATE "user" SET active = false WHERE id = 3')
    alice = host.browser()
    alice.login("alice", remember=True)
    for _ in range(2):
        assert alice.get("/page").text == "Hello alice"
        assert len(alice.sessions()) == 1
        alice.restart()
    host.sql('UPDATE "user" SET active = true WHERE id = 3')
    host.sql('UPDATE "user" SET active = false WHERE id = 1')
    assert sent_to_login(alice)
