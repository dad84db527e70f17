"""P2: for half a minute after a session got a new secret, requests that were under way still come with the one before.

They read on. But a proof belongs to the secret that it was given for: they are never recent, and they write nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import jsonify, session
from werkzeug.security import generate_password_hash

from flask_myprofile import current_profile
from tests.auth.test_user_models import never_says_no
from tests.sso.test_step_up import Stale
from tests.support.devices import age, change_password, live, secret_of, sent_to_login, set_cookies
from tests.support.host import JSON, PASSWORD, Browser, Host, token_in
from tests.support.kept import everywhere
from tests.support.walks import CHANGING, READABLE, busy, everything, right_for, send, walked_host

CONFIRM = "/profile/confirm"
SAID = "Your sign-in was renewed while this was being sent, so nothing was changed. Send it again."


def confirm(browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


def renewed(browser: Browser) -> Browser:
    """Another browser with the secret that this one had until now, and has proved itself with."""
    browser.csrf()
    before = browser.copy("session")
    confirm(browser)
    return before


def with_views(host: Host) -> None:
    @host.app.get("/fresh")
    @flask_login.login_required
    def fresh() -> Any:
        return jsonify(fresh=current_profile.sessions.is_fresh(flask_login.current_user))

    @host.app.post("/renew")
    @flask_login.login_required
    def renew() -> Any:
        flask_login.confirm_login()
        user = flask_login.current_user
        return jsonify(renewed=current_profile.sessions.renew(user), fresh=current_profile.sessions.is_fresh(user))

    @host.app.get("/note")
    @flask_login.login_required
    def note() -> str:
        session["noted"] = True
        return "noted"


# ---- it writes nothing


@pytest.mark.parametrize("url", CHANGING)
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_it_changes_nothing_anywhere(url: str, as_json: bool, new_host: Callable[..., Host]) -> None:
    """Though it is the right form, the right token and a moment after the owner has given the password."""
    host = walked_host(new_host, url)
    here = busy(host)
    old = renewed(here)
    sent, token, before = right_for(url, here), old.csrf(), everything(host)
    answer = send(old, url, sent, as_json, token)
    assert answer.status_code == 409
    if as_json:
        assert (answer.json["code"], answer.json["title"]) == ("sign_in_renewed", SAID)
    else:
        assert SAID in answer.text
    assert not set_cookies(answer, "session"), "the browser has another one by now"
    assert everything(host) == before
    assert here.is_in()
    assert send(here, url, right_for(url, here), as_json, here.csrf()).status_code in (200, 303)


@everywhere
def test_a_page_that_was_saved_while_the_password_changed_elsewhere_loses_nothing(host: Host) -> None:
    """Two tabs: the answer to the save keeps what was typed, and it is taken when it is sent again."""
    alice = host.browser()
    alice.login("alice")
    sent = {"first_name": "Alicia", "last_name": "Tested", "phone": "12345"}
    alice.csrf()
    saving = alice.copy("session")
    assert change_password(alice).status_code == 303
    page = saving.post("/profile/personal-information", sent)
    assert page.status_code == 409
    assert host.user("alice").first_name == "Alice"
    for _ in range(2):
        assert all(f'value="{value}"' in page.text for value in sent.values())
        page = alice.client.post("/profile/personal-information", data={**sent, "csrf_token": token_in(page.text)})
        if page.status_code == 303:
            break
        assert page.status_code == 400, "the form has the token of before"
    assert host.user("alice").first_name == "Alicia"


# ---- it proves nothing


@everywhere
def test_it_is_not_recent_whatever_the_session_has_proved_since(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_views)
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    assert alice.get("/fresh").json == {"fresh": True}
    assert old.get("/fresh").json == {"fresh": False}
    assert old.is_in(), "it reads on"
    assert len(old.sessions()) == 1


@everywhere
def test_it_is_not_given_the_new_secret_by_renewing_it(new_host: Callable[..., Host]) -> None:
    """Not by a view of the host's that confirms, nor by asking for it."""
    host = new_host(after=with_views)
    alice = host.browser()
    alice.login("alice", remember=True)
    old = renewed(alice)
    secret, (row,) = secret_of(host, alice), host.rows.all()
    answer = old.post("/renew")
    assert answer.json == {"renewed": False, "fresh": False}
    assert answer.headers.getlist("Set-Cookie") == []
    assert host.rows.all() == [row]
    assert secret_of(host, alice) == secret
    host.rows.age(rotated_at=31)
    assert sent_to_login(old)
    assert alice.is_in()


def test_what_was_confirmed_at_the_provider_is_not_confirmed_for_it(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """The session got another secret while the browser was at the provider, in another tab or to somebody else."""
    stale = Stale(new_host, monkeypatch)
    asked = stale.go_there()
    session_id = stale.alice.session_id()
    with stale.host.app.app_context():
        store: Any = current_profile.sessions._store
        record = store.session(session_id)
        assert store.rotate_session(record, "e" * 64, int(time.time()), record.login_id)
        before = store.session(session_id)
    answer = stale.come_back(asked)
    assert (answer.status_code, set_cookies(answer, "session")) == (403, [])
    with stale.host.app.app_context():
        assert store.session(session_id) == before
    assert stale.other.is_in()


# ---- nor is it judged less than with the present one


@everywhere
def test_who_was_disabled_meanwhile_reads_nothing_more_with_it(new_host: Callable[..., Host]) -> None:
    """Where Flask-Login would let them: ``is_authenticated`` of that class is True for whoever was found."""
    host = new_host(model=never_says_no)
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    host.change("alice", active=False)
    assert sent_to_login(old)
    assert sent_to_login(alice)


@everywhere
def test_nobody_reads_with_it_once_the_password_is_another_one(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    host.change("alice", password_hash=generate_password_hash("another one"))
    assert sent_to_login(old)
    assert sent_to_login(alice)


# ---- nor is it kept alive


@everywhere
def test_its_visits_are_no_activity(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    age(host, 600)
    (row,) = host.rows.all()
    assert old.is_in()
    assert host.rows.all() == [row]
    assert alice.is_in()
    assert host.rows.all() != [row]


def test_a_late_answer_does_not_bring_the_old_cookie_back(new_host: Callable[..., Host]) -> None:
    """Also where each answer renews the cookie: the browser would be signed out by it half a minute later."""

    def permanent(host: Host) -> None:
        with_views(host)

        @host.app.before_request
        def make_permanent() -> None:
            session.permanent = True

    host = new_host(after=permanent)
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    for url in ("/page", "/note", "/profile/personal-information"):
        answer = old.get(url)
        assert answer.status_code == 200
        assert answer.headers.getlist("Set-Cookie") == []
        assert "Cookie" in answer.vary
        assert set_cookies(alice.get(url), "session")


@pytest.mark.parametrize("url", READABLE)
def test_reading_goes_on(url: str, new_host: Callable[..., Host]) -> None:
    here = busy(walked_host(new_host, url))
    old = renewed(here)
    for headers in ({}, JSON):
        assert old.get(url, headers=headers).status_code == here.get(url, headers=headers).status_code < 400


@everywhere
def test_the_hosts_logout_ends_the_session_by_it_too(host: Host) -> None:
    """To end what one may read gives nothing away, and whoever is told so is signed out."""
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    assert old.post("/logout").location == "/login"
    assert live(host) == 0
    assert sent_to_login(alice)
    assert old.cookie("session") is None or sent_to_login(old)


@everywhere
def test_who_signs_in_with_it_in_the_browser_has_a_session_of_their_own(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    old = renewed(alice)
    old.login("bob")
    assert old.get("/page").text == "Hello bob"
    assert old.post("/profile/preferences", {"language": "de"}).status_code == 303
