"""What an answer acknowledges holds; where the store takes no writes, it is 503 and the browser keeps what it had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import flask_login
import pytest
from flask import flash, redirect, session

from flask_myprofile import current_profile
from flask_myprofile.errors import StoreDown
from tests.support.devices import inside, live, secret_of, sent_to_login, set_cookies
from tests.support.host import PASSWORD, Browser, Host, token_in
from tests.support.kept import in_each_database, in_these
from tests.support.redis_server import RedisServer, broken, server_fixture
from tests.support.refusing import IMPATIENT, full, locked, read_only

server = server_fixture()
NewHost = Callable[..., Host]
Breakage = Callable[[Host], AbstractContextManager[None]]


def doors(host: Host) -> None:
    app = host.app

    @app.post("/leave")
    def leave() -> Any:
        assert flask_login.current_user.is_authenticated
        session.clear()
        return redirect("/login")

    @app.post("/leave-unasked")
    def leave_unasked() -> Any:
        session.clear()
        flash("You have been signed out.")
        return redirect("/login")

    @app.post("/logout-and-clear")
    def logout_and_clear() -> Any:
        flask_login.logout_user()
        session.clear()
        return redirect("/login")

    @app.post("/logout-and-work")
    def logout_and_work() -> Any:
        flask_login.logout_user()
        work_apart(host)
        return redirect("/login")

    @app.post("/logout-apart")
    def logout_apart() -> Any:
        with app.app_context():
            flask_login.logout_user()
        host.db.session.get(host.User, 2).set_password(PASSWORD)
        return redirect("/login")

    @app.post("/login-and-work")
    def login_and_work() -> Any:
        flask_login.login_user(host.user("alice"))
        work_apart(host)
        return redirect("/page")

    @app.post("/confirm")
    @flask_login.login_required
    def confirm() -> str:
        flask_login.confirm_login()
        return "confirmed"

    @app.errorhandler(503)
    def busy(error: Any) -> Any:
        return f"busy, {flask_login.current_user.is_authenticated}", 503, {"Retry-After": "30"}


def work_apart(host: Host) -> None:
    """In an app context of its own, as code does that is written for a task queue as well."""
    with host.app.app_context():
        host.db.session.get(host.User, 2).set_password(PASSWORD)


#: How somebody signs out.
OUT: dict[str, Callable[[Browser], Any]] = {
    "the menu": lambda b: b.post("/profile/sign-out"),
    "the menu, as JSON": lambda b: b.post_json("/profile/sign-out"),
    "the Sessions tab": lambda b: b.post("/profile/sessions/sign-out", {"id": b.session_id()}),
    "the Sessions tab, as JSON": lambda b: b.post_json("/profile/sessions/sign-out", {"id": b.session_id()}),
    "logout_user()": lambda b: b.post("/logout"),
    "logout_user(), and work in another context": lambda b: b.post("/logout-and-work"),
    "logout_user() in another context, and work": lambda b: b.post("/logout-apart"),
    "session.clear()": lambda b: b.post("/leave"),
    "session.clear() unasked": lambda b: b.post("/leave-unasked"),
    "both": lambda b: b.post("/logout-and-clear"),
}


def check_refused(answer: Any) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    for cookie in ("remember_token", "myprofile_device"):
        assert not set_cookies(answer, cookie), "the browser keeps what it had"
    assert "location" not in answer.headers


def check_not_signed_out(host: Host, how: Breakage, out: Callable[[Browser], Any], remember: bool) -> None:
    alice = host.browser()
    alice.login("alice", remember=remember)
    copy, before = alice.copy(), secret_of(host, alice)
    with how(host):
        answer = out(alice)
        check_refused(answer)
        if answer.is_json:
            assert answer.json["code"] == "unavailable"
        else:
            assert answer.text == "busy, True", "the host's own page, for somebody who is still there"
        assert alice.is_in()
        assert secret_of(host, alice) == before
    assert live(host) == 1
    assert out(alice).status_code in (200, 302, 303)
    assert live(host) == 0
    assert sent_to_login(alice)
    assert sent_to_login(copy)


@in_each_database
@pytest.mark.parametrize("how", OUT)
def test_a_sign_out_that_is_not_stored_is_not_said(how: str, new_host: NewHost) -> None:
    check_not_signed_out(new_host(after=doors), read_only, OUT[how], remember=how == "logout_user()")


@pytest.mark.parametrize("how", OUT)
def test_a_sign_out_while_sqlite_is_locked_is_not_said(how: str, new_host: NewHost) -> None:
    check_not_signed_out(new_host(after=doors, **IMPATIENT), locked, OUT[how], remember=False)


@contextmanager
def undone_with_the_event(host: Host) -> Iterator[None]:
    """What SQLite may do where the disk is full: it undoes all that has been written in the transaction, and goes on
    with the next statement as if nothing had been there."""
    host.sql(
        "CREATE TRIGGER no_room BEFORE INSERT ON myprofile_event WHEN NEW.kind = 'session.signed_out' "
        "BEGIN SELECT RAISE(ROLLBACK, 'no room'); END"
    )
    try:
        yield
    finally:
        host.sql("DROP TRIGGER no_room")


@pytest.mark.parametrize("how", OUT)
def test_a_sign_out_that_sqlite_undoes_with_its_event_is_not_said(how: str, new_host: NewHost) -> None:
    check_not_signed_out(new_host(after=doors), undone_with_the_event, OUT[how], remember=False)


@pytest.mark.parametrize("how", ["the menu", "the Sessions tab, as JSON", "logout_user()", "session.clear()"])
@pytest.mark.parametrize("trouble", ["is_a_replica", "has_no_disk"])
def test_a_sign_out_that_redis_refuses_is_not_said(
    trouble: str, how: str, new_host: NewHost, server: RedisServer
) -> None:
    server.tell("FLUSHALL")
    host = new_host(after=doors, MYPROFILE_SESSION_STORE=server.url)
    check_not_signed_out(host, lambda host: broken(server, trouble), OUT[how], remember=True)


def check_not_signed_in(host: Host, how: Breakage, remember: bool) -> None:
    alice = host.browser()
    with how(host):
        for _ in range(2):
            answer = alice.login("alice", remember=remember)
            check_refused(answer)
            assert answer.text == "busy, False"
            assert sent_to_login(alice), "no loop: nobody hears that they have been signed out"
            assert "signed out" not in str(inside(host, alice))
    assert live(host) == 0
    assert alice.login("alice", remember=remember).location == "/page"
    assert alice.is_in()
    assert live(host) == 1


@in_each_database
@pytest.mark.parametrize("remember", [False, True])
def test_a_sign_in_that_is_not_stored_is_not_said(remember: bool, new_host: NewHost) -> None:
    check_not_signed_in(new_host(after=doors), read_only, remember)


def test_a_sign_in_is_not_said_either_where_the_host_works_in_another_context_after_it(new_host: NewHost) -> None:
    host = new_host(after=doors)
    alice = host.browser()
    with read_only(host):
        check_refused(alice.post("/login-and-work"))
        assert sent_to_login(alice)
    assert alice.post("/login-and-work").location == "/page"
    assert alice.is_in()
    assert live(host) == 1


def test_a_sign_in_while_sqlite_is_locked_is_not_said(new_host: NewHost) -> None:
    check_not_signed_in(new_host(after=doors, **IMPATIENT), locked, remember=True)


@pytest.mark.parametrize("trouble", ["is_a_replica", "has_no_disk", "is_full"])
def test_a_sign_in_that_redis_refuses_is_not_said(trouble: str, new_host: NewHost, server: RedisServer) -> None:
    server.tell("FLUSHALL")
    host = new_host(after=doors, MYPROFILE_SESSION_STORE=server.url)
    check_not_signed_in(host, lambda host: broken(server, trouble), remember=True)


def test_whoever_signs_in_anew_and_cannot_is_signed_in_as_before(new_host: NewHost, server: RedisServer) -> None:
    """Redis is full: it takes nothing new, and would end what the browser held."""
    server.tell("FLUSHALL")
    host = new_host(after=doors, MYPROFILE_SESSION_STORE=server.url)
    alice = host.browser()
    alice.login("alice")
    with broken(server, "is_full"):
        check_refused(alice.login("bob"))
        assert alice.get("/page").text == "Hello alice"
    assert alice.get("/page").text == "Hello alice"


@pytest.mark.parametrize("remember", [False, True])
def test_where_the_disk_is_full_whoever_is_told_that_they_are_in_is_in(remember: bool, new_host: NewHost) -> None:
    host = new_host(after=doors)
    alice, answers = host.browser(), []
    with full(host):
        for number in range(400):
            browser = host.browser()
            browser.client.environ_base["HTTP_USER_AGENT"] = "x" * 500
            answers.append(browser.login("alice", remember=remember).status_code)
            assert browser.is_in() is (answers[-1] == 302), number
            if answers[-1] != 302:
                break
    assert answers[-1] == 503
    assert alice.login("alice").status_code == 302


@in_each_database
def test_a_confirmation_that_is_not_stored_leaves_the_secret_as_it_was(new_host: NewHost) -> None:
    host = new_host(after=doors)
    alice = host.browser()
    alice.login("alice", remember=True)
    before = secret_of(host, alice)
    with read_only(host):
        check_refused(alice.post("/confirm"))
        assert alice.is_in()
    assert secret_of(host, alice) == before
    assert alice.post("/confirm").text == "confirmed"
    assert secret_of(host, alice) != before
    assert alice.is_in()


def test_of_two_confirmations_at_once_the_one_that_came_too_late_takes_nothing_away(new_host: NewHost) -> None:
    """Its cookie would be worth nothing, and might be the last to arrive."""

    def confirming(host: Host) -> None:
        doors(host)

        @host.app.post("/confirm-slowly")
        @flask_login.login_required
        def slowly() -> str:
            flask_login.confirm_login()
            other.post("/confirm")  # the same browser, from another tab
            return "confirmed"

    host = new_host(after=confirming, csrf=False)
    alice = host.browser()
    alice.login("alice")
    other = alice.copy()
    check_refused(alice.post("/confirm-slowly"))
    assert other.is_in()
    host.rows.age(rotated_at=31)
    assert other.is_in()


def test_a_browser_from_before_the_installation_keeps_its_cookie_where_its_row_is_not_stored(
    new_host: NewHost, kept: Any
) -> None:
    url = kept.new_database()
    old = new_host(url, myprofile=False).browser()
    old.login("alice")
    host = new_host(url, after=doors)
    alice = host.browser()
    alice.set_cookie("session", str(old.cookie("session")))
    with read_only(host):
        check_refused(alice.get("/page"))
    assert alice.is_in()
    assert alice.is_in()
    assert live(host) == 1


@in_each_database
def test_what_a_host_ends_itself_is_done_or_raises(new_host: NewHost) -> None:
    def ending(host: Host) -> None:
        @host.app.post("/end-all")
        @flask_login.login_required
        def end_all() -> str:
            user, sessions = flask_login.current_user, current_profile.sessions
            for end in (sessions.end_all, sessions.end_others, lambda user: sessions.end(user, sessions.current().id)):
                with pytest.raises(StoreDown):
                    end(user)
            with pytest.raises(StoreDown):
                sessions.end_everyone()
            return "not done"

    host = new_host(after=ending)
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("alice")
    with read_only(host):
        assert alice.post("/end-all").text == "not done"
        done = host.app.test_cli_runner().invoke(
            args=["myprofile", "sessions", "end", "--user", "alice", "--all", "--yes"]
        )
        assert done.exit_code == 1, done.output
        assert alice.is_in()
    assert bob.is_in()


@in_these("sqlite", "postgres", "mariadb", "redis")
def test_last_activity_that_is_not_stored_is_no_reason_to_refuse_a_page(new_host: NewHost) -> None:
    host = new_host(after=doors)
    alice = host.browser()
    alice.login("alice")
    host.rows.age(last_seen_at=300)
    with read_only(host):
        assert alice.is_in()


@pytest.mark.parametrize("how", ["logout_user()", "session.clear()", "session.clear() unasked", "sign in"])
def test_while_nobody_can_say_who_is_there_nobody_is_told_that_they_came_or_went(
    how: str, new_host: NewHost, server: RedisServer
) -> None:
    """Such a request has no session of its own, and what is written into it would be lost."""
    server.tell("FLUSHALL")
    host = new_host(after=doors, csrf=False, MYPROFILE_SESSION_STORE=server.url + "?socket_timeout=0.2")

    def again() -> str:
        assert not flask_login.current_user.is_authenticated
        flask_login.login_user(host.db.session.get(host.User, 1))
        return "you are in"

    host.app.add_url_rule("/again", view_func=again, methods=["POST"])
    ways: dict[str, Any] = {
        "logout_user()": lambda: alice.client.post("/logout"),
        "session.clear()": lambda: alice.client.post("/leave-if-in"),
        "session.clear() unasked": lambda: alice.client.post("/leave-unasked"),
        "sign in": lambda: alice.client.post("/again"),
    }

    def leave_if_in() -> Any:
        if not flask_login.current_user.is_authenticated:
            session.clear()
        return redirect("/login")

    host.app.add_url_rule("/leave-if-in", view_func=leave_if_in, methods=["POST"])
    alice = host.browser()
    alice.login("alice", remember=True)
    with broken(server, "has_lost_its_primary"):
        check_refused(ways[how]())
    assert alice.is_in()


def test_a_page_that_was_open_before_can_be_sent_again(new_host: NewHost) -> None:
    """The refusal has not changed the CSRF token either."""
    host = new_host(after=doors)
    alice = host.browser()
    alice.login("alice")
    token = token_in(alice.get("/profile/password").text)
    with read_only(host):
        check_refused(alice.client.post("/profile/sign-out", data={"csrf_token": token}))
    assert alice.client.post("/profile/sign-out", data={"csrf_token": token}).status_code == 303
    assert sent_to_login(alice)
