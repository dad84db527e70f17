"""A session that ended is over: with every cookie it ever had, for good, and for that one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import redirect, session
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from flask_myprofile import current_profile
from tests.support.devices import age, change_password, ended, live, secret_of, sent_to_login, set_cookies, sign_out
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Host
from tests.support.kept import HOWEVER, everywhere, first_everywhere, however_kept

SIGN_OUTS = (("remember_token",), ("session",), ("remember_token", "myprofile_device"), ())


@everywhere
@pytest.mark.parametrize("cookies", SIGN_OUTS, ids=["remember", "session", "remember and device", "all"])
def test_a_signed_out_device_does_not_come_back_by_any_of_its_cookies(cookies: tuple[str, ...], host: Host) -> None:
    """B01, K14, K15"""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    for_pages, for_scripts = c2.copy(*cookies), c2.copy(*cookies)
    assert sign_out(c1, c2).status_code == 303
    before = host.rows.all()
    for _ in range(2):
        assert sent_to_login(for_pages)
        assert sent_to_login(for_pages, "/profile/")
    assert for_scripts.get("/api", headers=JSON).status_code == 401
    assert for_scripts.json("/profile/sessions").status_code == 401
    assert host.rows.all() == before, "nothing came of it"
    assert [row["current"] for row in c1.sessions()] == [True]


@everywhere
def test_signing_out_one_session_leaves_the_others_alone(host: Host) -> None:
    """B49, S09"""
    c1, c2, c3 = host.browser(), host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    c3.login("alice", remember=True)
    ids = [browser.session_id() for browser in (c1, c2, c3)]
    sign_out(c1, c2)
    assert ended(host) == [ids[1]]
    c3.restart()
    assert sent_to_login(c2)
    assert c1.is_in()
    assert c3.is_in(), "through its remember cookie"
    c1.post("/logout")
    assert ended(host) == sorted(ids[:2])
    c3.restart()
    assert c3.is_in()
    assert sent_to_login(c1)


@everywhere
def test_signing_out_all_others_twice_leaves_this_one(host: Host) -> None:
    """B86, S10"""
    c1, c2, c3 = host.browser(), host.browser(), host.browser()
    for browser in (c1, c2, c3):
        browser.login("alice", remember=browser is c3)
    for _ in range(2):
        assert c1.post("/profile/sessions/sign-out-others").location == "/profile/sessions"
        assert c1.get("/profile/sessions").status_code == 200
        assert live(host) == 1
    assert sent_to_login(c2)
    assert sent_to_login(c3)


@however_kept
def test_signing_out_this_very_session_is_a_logout(host: Host) -> None:
    """B86: its own row."""
    alice = host.browser()
    alice.login("alice", remember=True)
    answer = sign_out(alice, alice)
    assert answer.status_code == 303
    for name in ("remember_token", "myprofile_device"):
        assert alice.cookie(name) is None, f"{name} is gone"
    with alice.client.session_transaction() as left:
        assert "You have been signed out." in [text for _, text in left["_flashes"]]
        assert "_user_id" not in left
    assert sent_to_login(alice, "/profile/sessions"), "reload does not show the page"
    assert live(host) == 0


@however_kept
def test_who_was_signed_out_signs_in_again_at_the_first_try(new_host: Callable[..., Host]) -> None:
    """B50: nothing of the old session is left in the way, also where the login page sends signed-in people away."""

    def send_away(host: Host) -> None:
        @host.app.get("/welcome")
        def welcome() -> Any:
            return redirect("/page") if flask_login.current_user.is_authenticated else "please sign in"

    host = new_host(after=send_away)
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    old = c2.session_id()
    sign_out(c1, c2)
    assert c2.get("/welcome").text == "please sign in", "before any other page"
    assert sent_to_login(c2)
    for _ in range(2):
        assert c2.get("/login").status_code == 200
        assert c2.get("/welcome").text == "please sign in"
    assert c2.login("alice").location == "/page"
    assert c2.get("/page", follow_redirects=True).text == "Hello alice"
    assert len(c2.get("/page", follow_redirects=True).history) == 0
    assert c2.session_id() != old
    assert live(host) == 2
    assert ended(host) == [old]


@everywhere
def test_a_changed_password_signs_out_all_others_and_their_remember_cookies(host: Host) -> None:
    """B05, S12: who changed it stays signed in, with a new secret; a copy of the old one dies."""
    c1, c2, c3 = host.browser(), host.browser(), host.browser()
    for browser in (c1, c2, c3):
        browser.login("alice", remember=browser is not c3)
    saved, before, old = c2.copy("remember_token", "myprofile_device"), secret_of(host, c1), c1.copy()
    old_device = c1.copy("remember_token", "myprofile_device")
    assert change_password(c1).status_code == 303
    assert c1.is_in()
    assert secret_of(host, c1) != before
    for browser in (c2, c3, saved):
        assert sent_to_login(browser)
    host.rows.age(rotated_at=31)
    assert sent_to_login(old), "after the half minute that requests under way are given"
    assert sent_to_login(old_device)
    assert c1.is_in()
    c1.restart()
    assert c1.is_in(), "still remembered"
    assert host.user("alice").check_password(NEW_PASSWORD)


@everywhere
@pytest.mark.parametrize("where", ["the user's own method", "the commit"])
def test_a_password_that_could_not_be_saved_signs_nobody_out(where: str, new_host: Callable[..., Host]) -> None:
    """B05, second run."""
    host = new_host()
    browsers = [host.browser() for _ in range(3)]
    for browser in browsers:
        browser.login("alice", remember=True)
    copies = [browser.copy("remember_token", "myprofile_device") for browser in browsers]
    if where == "the commit":
        statements = host.count_statements()

        def refuse(session: Any) -> None:
            if any("password_hash=" in statement for statement in statements):
                raise OperationalError("COMMIT", {}, Exception("disk full"))

        event.listen(host.db.session, "before_commit", refuse)
        answer = change_password(browsers[0])
        event.remove(host.db.session, "before_commit", refuse)
        assert any("password_hash=" in statement for statement in statements), "nearly"
        assert answer.headers["Retry-After"]
    else:
        host.User.set_password = broken
        answer = change_password(browsers[0])
        assert "This application has made a mistake. Nothing was changed." in answer.text
    assert answer.status_code == (503 if where == "the commit" else 500)
    assert host.user("alice").check_password(PASSWORD)
    if where == "the commit" and host.app.config.get("MYPROFILE_SESSION_STORE"):
        # what has ended in Redis is not undone by the database: the others are out, and this browser is not
        assert (live(host), browsers[0].is_in()) == (1, True)
        return
    assert live(host) == 3
    assert all(browser.is_in() for browser in (*browsers, *copies))


def broken(user: Any, text: str) -> None:
    raise RuntimeError("the directory does not answer")


@first_everywhere("how", ["session.clear()", "logout_user() and session.clear()"], places=HOWEVER)
def test_a_logout_that_empties_the_session_is_a_logout(how: str, new_host: Callable[..., Host]) -> None:
    """B20: the remember cookie goes as well, though Flask-Login's own mark for that is wiped."""

    def logouts(host: Host) -> None:
        @host.app.post("/leave")
        def leave() -> Any:
            name = flask_login.current_user.username
            if how.startswith("logout_user"):
                flask_login.logout_user()
            session.clear()
            return redirect(f"/login?from={name}")

    host = new_host(after=logouts)
    c1, copy = host.browser(), host.browser()
    c1.login("alice", remember=True)
    copy = c1.copy()
    answer = c1.post("/leave")
    assert set_cookies(answer, "remember_token")
    assert c1.cookie("remember_token") is None
    assert sent_to_login(c1)
    assert sent_to_login(copy)
    assert live(host) == 0


@however_kept
def test_confirming_the_login_gives_the_session_a_new_secret(new_host: Callable[..., Host]) -> None:
    """S07: the same row goes on; a copy of the cookie from before does not."""

    def confirming(host: Host) -> None:
        @host.app.post("/confirm")
        @flask_login.login_required
        def confirm() -> str:
            flask_login.confirm_login()
            return "confirmed"

    host = new_host(after=confirming)
    alice = host.browser()
    alice.login("alice", remember=True)
    row, before, old = alice.session_id(), secret_of(host, alice), alice.copy()
    assert alice.post("/confirm").text == "confirmed"
    assert secret_of(host, alice) != before
    host.rows.age(rotated_at=31)
    assert sent_to_login(old)
    assert alice.is_in()
    alice.restart()
    assert alice.is_in(), "its remember cookie followed"
    assert alice.session_id() == row


@everywhere
def test_last_activity_does_not_revive_what_ended_meanwhile(new_host: Callable[..., Host]) -> None:
    """Signed out while a request of that session was under way."""

    def slow(host: Host) -> None:
        @host.app.get("/slow")
        @flask_login.login_required
        def slow() -> str:
            user = flask_login.current_user._get_current_object()
            assert current_profile.sessions.end_all(user) == 1
            return "done"

    host = new_host(after=slow)
    alice = host.browser()
    alice.login("alice")
    age(host, 120)
    assert alice.get("/slow").text == "done"
    assert live(host) == 0
    assert sent_to_login(alice)
