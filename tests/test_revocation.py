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
from tests.devices import age, ended, live, secret_of, sent_to_login, set_cookies, sign_out
from tests.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host

SIGN_OUTS = (("remember_token",), ("session",), ("remember_token", "myprofile_device"), ())


@pytest.mark.parametrize("cookies", SIGN_OUTS, ids=["remember", "session", "remember and device", "all"])
def test_a_signed_out_device_does_not_come_back_by_any_of_its_cookies(cookies: tuple[str, ...], host: Host) -> None:
    """B01, K14, K15"""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    for_pages, for_scripts = c2.copy(*cookies), c2.copy(*cookies)
    assert sign_out(c1, c2).status_code == 303
    before = host.sql("SELECT * FROM myprofile_session ORDER BY id")
    for _ in range(2):
        assert sent_to_login(for_pages)
        assert sent_to_login(for_pages, "/profile/")
    assert for_scripts.get("/api", headers=JSON).status_code == 401
    assert for_scripts.json("/profile/sessions").status_code == 401
    assert host.sql("SELECT * FROM myprofile_session ORDER BY id") == before, "nothing came of it"
    assert [row["current"] for row in c1.sessions()] == [True]


def by_the_host(host: Host, end: Callable[[Any], object]) -> None:
    with host.app.app_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
        end(user)
        host.db.session.commit()


def change_password(browser: Browser) -> Any:
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return browser.post("/profile/password", sent)


#: What ends the session of ``victim``; ``other`` is signed in as the same user.
ENDINGS: dict[str, Callable[[Host, Browser, Browser], object]] = {
    "its own sign-out": lambda host, victim, other: victim.post("/profile/sign-out"),
    "the host's logout": lambda host, victim, other: victim.post("/logout"),
    "signing out this very session": lambda host, victim, other: sign_out(victim, victim),
    "signed out elsewhere": lambda host, victim, other: sign_out(other, victim),
    "signed out elsewhere, by a script": lambda host, victim, other: other.post_json(
        "/profile/sessions/sign-out", {"id": victim.session_id()}
    ),
    "all others signed out": lambda host, victim, other: other.post("/profile/sessions/sign-out-others"),
    "the host's code ends one": lambda host, victim, other: by_the_host(
        host, lambda user: current_profile.sessions.end(user, current_profile.sessions.list(user)[0].id)
    ),
    "the host's code ends all": lambda host, victim, other: by_the_host(
        host,
        lambda user: current_profile.sessions.end_all(user),  # noqa: PLW0108 (there is no app yet)
    ),
    "password changed elsewhere": lambda host, victim, other: change_password(other),
    "user disabled": lambda host, victim, other: by_the_host(host, lambda user: setattr(user, "active", False)),
    "user deleted": lambda host, victim, other: by_the_host(host, host.db.session.delete),
    "row deleted": lambda host, victim, other: host.sql(
        "DELETE FROM myprofile_session WHERE id = :id", id=victim.session_id()
    ),
    "signed in again": lambda host, victim, other: victim.login("alice", remember=True),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_whatever_ends_a_session_ends_every_copy_of_its_cookies(ending: str, remember: bool, host: Host) -> None:
    """S01, S02, S14, B39"""
    other, victim = host.browser(), host.browser()
    other.login("alice")
    age(host, 5)  # so that the victim's is first on the list
    victim.login("alice", remember=remember)
    assert victim.is_in()
    kept = ((), ("session",), *((("remember_token",), ("remember_token", "myprofile_device")) if remember else ()))
    copies = [victim.copy(*names) for names in kept]
    for_scripts = victim.copy()
    ENDINGS[ending](host, victim, other)
    for copy in copies:
        assert sent_to_login(copy), "a saved cookie"
        assert sent_to_login(copy, "/profile/sessions")
    assert for_scripts.json("/profile/sessions").status_code == 401
    if ending == "signed in again":
        assert victim.is_in()
        return
    assert sent_to_login(victim)
    if ending == "user disabled":
        by_the_host(host, lambda user: setattr(user, "active", True))
        assert all(sent_to_login(browser) for browser in (victim, *copies)), "and stays so"


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


def test_signing_out_this_very_session_is_a_logout(host: Host) -> None:
    """B86: its own row."""
    alice = host.browser()
    alice.login("alice", remember=True)
    answer = sign_out(alice, alice)
    assert answer.status_code == 303
    for name in ("remember_token", "myprofile_device"):
        assert alice.cookie(name) is None, f"{name} is gone"
    with alice.client.session_transaction() as left:
        assert ("message", "You have been signed out.") in left["_flashes"]
        assert "_user_id" not in left
    assert sent_to_login(alice, "/profile/sessions"), "reload does not show the page"
    assert live(host) == 0


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


def test_a_changed_password_signs_out_all_others_and_their_remember_cookies(host: Host) -> None:
    """B05: who changed it stays signed in, with a new secret; a copy of the old one dies."""
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
    host.sql("UPDATE myprofile_session SET rotated_at = rotated_at - 31")
    assert sent_to_login(old), "after the half minute that requests under way are given"
    assert sent_to_login(old_device)
    assert c1.is_in()
    c1.restart()
    assert c1.is_in(), "still remembered"
    assert host.user("alice").check_password(NEW_PASSWORD)


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
            if any("UPDATE myprofile_session SET ended_at" in statement for statement in statements):
                raise OperationalError("COMMIT", {}, Exception("disk full"))

        event.listen(host.db.session, "before_commit", refuse)
        answer = change_password(browsers[0])
        event.remove(host.db.session, "before_commit", refuse)
        assert any("UPDATE myprofile_session SET ended_at" in statement for statement in statements), "nearly"
        assert answer.headers["Retry-After"]
    else:
        host.User.set_password = broken
        answer = change_password(browsers[0])
        assert "could not be saved" in answer.text
    assert answer.status_code == 503
    assert host.user("alice").check_password(PASSWORD)
    assert live(host) == 3
    assert all(browser.is_in() for browser in (*browsers, *copies))


def broken(user: Any, text: str) -> None:
    raise RuntimeError("the directory does not answer")


@pytest.mark.parametrize("how", ["logout_user() and session.clear()", "session.clear()"])
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
    host.sql("UPDATE myprofile_session SET rotated_at = rotated_at - 31")
    assert sent_to_login(old)
    assert alice.is_in()
    alice.restart()
    assert alice.is_in(), "its remember cookie followed"
    assert alice.session_id() == row


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
