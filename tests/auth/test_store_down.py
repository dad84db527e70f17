"""The tables are missing or do not answer: public pages do not notice, nobody is let in unchecked, and nobody is
signed out by it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from flask import render_template_string
from flask_login import current_user

from tests.support.devices import live, sent_to_login, sign_out
from tests.support.host import JSON, Browser, Host
from tests.support.kept import DATABASES, Kept, everywhere, first_everywhere, in_each_database
from tests.support.trouble import BROKEN, COMMAND, IN_SHORT, OURS, WHY, in_short, in_trouble, renamed, sessions_gone
from tests.tabs.test_api_token import made

WITH_USER = "{{ current_user.is_authenticated }}<nav>{{ myprofile_user_menu() }}</nav>"


@pytest.fixture(autouse=True)
def _in_the_end_all_is_well() -> Iterator[None]:
    yield
    mock.patch.stopall()


def with_error_pages(static: Path) -> Callable[..., None]:
    """The host's own page for faults, whose layout shows the user menu; a view that raises; a static file; and public
    pages that greet whoever is signed in."""

    def after(host: Host) -> None:
        app = host.app
        app.config["PROPAGATE_EXCEPTIONS"] = False
        (static / "app.css").write_text("a {}")
        app.static_folder = str(static)
        app.add_url_rule("/static/<path:filename>", "static", app.send_static_file)
        app.register_error_handler(500, lambda error: (render_template_string("sorry: 500 " + WITH_USER), 500))

        @app.get("/boom")
        def boom() -> str:
            raise RuntimeError("a fault of the host's")

        @app.get("/front")
        def front() -> str:
            return render_template_string("welcome " + WITH_USER)

        @app.get("/greet")
        def greet() -> str:
            return f"Hello {getattr(current_user, 'username', 'stranger')}"

    return after


def signed_in(host: Host) -> tuple[Browser, Browser]:
    """One with a session, and one whose browser was closed, with a remember cookie."""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    c2.restart()
    return c1, c2


@in_trouble
def test_nobody_is_let_in_unchecked_and_nobody_is_signed_out(
    how: str, new_host: Callable[..., Host], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """B02: fail closed with a clean 503, and it heals by itself."""
    host = new_host(after=with_error_pages(tmp_path))
    c1, c2 = signed_in(host)
    stranger = host.browser()
    cookies = [browser.copy("session", "remember_token", "myprofile_device") for browser in (c1, c2)]
    undo = BROKEN[how](host)
    for browser in (c1, c2):
        for url in ("/page", "/api", "/profile/", "/profile/sessions", "/profile/password", "/profile/admin/features"):
            caplog.clear()
            answer = browser.get(url)
            assert answer.status_code == 503, url
            assert answer.headers["Retry-After"], url
            assert "Location" not in answer.headers
            lines = [r for r in caplog.records if r.levelno >= logging.ERROR]
            assert len(lines) == 1
            assert WHY[how] in lines[0].getMessage()
            assert lines[0].exc_info is None
        assert browser.post("/profile/personal-information", {"first_name": "x"}).status_code == 503
        script = browser.get("/profile/sessions", headers=JSON)
        assert (script.status_code, script.json["code"]) == (503, "unavailable")
        assert script.headers["Retry-After"]
        caplog.clear()
        assert browser.get("/boom").status_code == 500
        assert browser.get("/boom").text.startswith("sorry: 500 False")
    assert sent_to_login(stranger), "a visitor is a visitor"
    undo()
    for browser in (c1, c2, *cookies):
        assert browser.is_in()
    assert live(host) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@first_everywhere("how", ["every statement fails", "all tables missing"], places=DATABASES)
def test_a_program_with_a_token_is_told_to_come_again(
    how: str, method: str, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """Its token may be good: neither 401, nor a fault of the host's, and the host's error page may ask who is there."""

    def sorry(error: Any) -> Any:
        return render_template_string("sorry: 503 " + WITH_USER), 503, {"Retry-After": error.retry_after}

    host = new_host(after=lambda host: host.app.register_error_handler(503, sorry))
    token = made(signed_in(host)[0])

    def ask(**accept: str) -> Any:
        return host.browser().client.open("/api", method=method, headers={"Authorization": f"Bearer {token}", **accept})

    undo = BROKEN[how](host)
    caplog.clear()
    answer, script = ask(), ask(**JSON)
    assert (answer.status_code, answer.text.partition("<")[0]) == (503, "sorry: 503 False")
    assert (script.status_code, script.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == script.headers["Retry-After"]
    for line in caplog.records:
        assert WHY[how] in line.getMessage()
    undo()
    assert ask().status_code == 200


@pytest.mark.parametrize(("kept_in", "how"), [*IN_SHORT, ("sqlite", "feature table missing")], indirect=["kept_in"])
def test_public_pages_do_not_notice(
    how: str, new_host: Callable[..., Host], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """B02"""
    host = new_host(after=with_error_pages(tmp_path))
    for browser in (*signed_in(host), host.browser()):
        urls = ("/static/app.css", "/profile/static/myprofile.css", "/pub", "/login")
        before = {url: seen(browser, url) for url in urls}
        undo = {**BROKEN, "feature table missing": renamed("feature")}[how](host)
        caplog.clear()
        for url in urls:
            assert seen(browser, url) == before[url]
        assert not caplog.records
        for url in ("/front", "/greet"):
            assert browser.get(url).status_code == 200, "pages that ask who is there, and let anybody in"
        undo()


def seen(browser: Browser, url: str) -> tuple[int, bytes]:
    with browser.get(url) as answer:  # else its file stays open
        return answer.status_code, answer.data


@everywhere
def test_without_the_table_of_toggles_the_hosts_pages_go_on(
    new_host: Callable[..., Host], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """B02 (b): nobody's session is in doubt; My Profile alone has nothing to say, and why is in the log."""
    host = new_host(after=with_error_pages(tmp_path))
    c1, c2 = signed_in(host)
    undo = renamed("feature")(host)
    for browser in (c1, c2):
        assert browser.get("/page").text == "Hello alice"
        assert browser.get("/greet").text == "Hello alice"
        front = browser.get("/front")
        assert front.status_code == 200
        assert front.text.startswith("welcome True")
        assert 'href="/profile/"' not in front.text
        caplog.clear()
        answer = browser.get("/profile/sessions")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert [r for r in caplog.records if COMMAND in r.getMessage()]
        assert browser.json("/profile/sessions").json["code"] == "unavailable"
        error_page = browser.get("/boom")
        assert error_page.status_code == 500
        assert error_page.text.startswith("sorry: 500 True")
    undo()
    assert c1.get("/profile/sessions").status_code == 200


@in_each_database
def test_the_upgrade_without_a_migration_signs_nobody_out(
    new_host: Callable[..., Host], kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    """B02, B12: the new version runs before its tables are made, by the command that the log names."""
    url = kept.new_database()
    before = new_host(url, myprofile=False)
    old = before.browser()
    old.login("alice", remember=True)
    host = new_host(url)
    for table in OURS:
        host.sql(f"DROP TABLE myprofile_{table}")
    with_session, with_remember = host.browser(), host.browser()
    with_session.set_cookie("session", str(old.cookie("session")))
    with_remember.set_cookie("remember_token", str(old.cookie("remember_token")))
    for browser in (with_session, with_remember):
        assert browser.get("/page").status_code == 503
    assert COMMAND in caplog.text
    newcomer = host.browser()
    answer = newcomer.login("bob")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30"), "nobody is told that they are in"
    assert sent_to_login(newcomer)
    result = host.app.test_cli_runner().invoke(args=["myprofile", "create-tables"])
    assert result.exit_code == 0, result.output
    for browser in (with_session, with_remember):
        assert browser.is_in()
        assert browser.is_in()
    assert live(host) == 2
    assert newcomer.login("bob").location == "/page"
    assert newcomer.is_in()


@in_short
def test_a_host_may_let_signed_in_people_pass_meanwhile(
    how: str, new_host: Callable[..., Host], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """STORE_DOWN = "allow": what cannot be checked passes, and is checked again as soon as that is possible."""
    host = new_host(after=with_error_pages(tmp_path), MYPROFILE_STORE_DOWN="allow")
    c1, c2 = signed_in(host)
    stranger = host.browser()
    undo = BROKEN[how](host)
    for browser in (c1, c2):
        for _ in range(2):
            assert browser.get("/page").text == "Hello alice"
        assert WHY[how] in caplog.text
        assert browser.get("/profile/sessions").status_code == 503, "this page has nothing to show"
        assert browser.get("/boom").text.startswith("sorry: 500 True")
    assert sent_to_login(stranger)
    undo()
    assert c1.is_in()
    assert c2.is_in()
    assert live(host) == 2


@first_everywhere("cookies", [("remember_token", "myprofile_device"), ("session",), ("remember_token",)])
def test_what_passed_meanwhile_is_out_again_afterwards(
    cookies: tuple[str, ...], new_host: Callable[..., Host], tmp_path: Path
) -> None:
    """STORE_DOWN = "allow" is no way to bring a signed-out session back for good."""
    host = new_host(after=with_error_pages(tmp_path), MYPROFILE_STORE_DOWN="allow")
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    copy = c2.copy(*cookies)
    sign_out(c1, c2)
    host.rows.age(ended_at=100)
    undo = sessions_gone(host)
    for _ in range(2):
        copy.get("/page")
        copy.get("/csrf")
    undo()
    assert sent_to_login(copy)
    assert live(host) == 1


@everywhere
def test_a_remember_cookie_without_its_device_does_not_pass_meanwhile(new_host: Callable[..., Host]) -> None:
    """STORE_DOWN = "allow" is for signed-in people; that cookie alone is the same on every device, and for ever."""
    host = new_host(MYPROFILE_STORE_DOWN="allow")
    alice = host.browser()
    alice.login("alice", remember=True)
    thief = alice.copy("remember_token")
    undo = sessions_gone(host)
    thief.get("/page")
    undo()
    assert sent_to_login(thief)
    assert live(host) == 1


@everywhere
def test_the_hosts_work_survives_a_check_that_could_not_be_made(new_host: Callable[..., Host]) -> None:
    """STORE_DOWN = "allow": the host has changed something before it asks who is there."""

    def working(host: Host) -> None:
        @host.app.post("/work")
        def work() -> str:
            bob = host.db.session.execute(host.db.select(host.User).filter_by(username="bob")).scalar_one()
            bob.phone = "555"
            host.db.session.flush()
            name = current_user.username
            host.db.session.commit()
            return str(name)

    host = new_host(after=working, MYPROFILE_STORE_DOWN="allow")
    alice = host.browser()
    alice.login("alice")
    undo = sessions_gone(host)
    assert alice.post("/work").text == "alice"
    undo()
    assert host.user("bob").phone == "555"
