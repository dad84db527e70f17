"""P6: what belongs to a user does not outlive them in the browser's session: a page of theirs writes nothing into the
account of whoever signs in next, and a token that was planted before a sign-in is worth nothing after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import redirect, render_template_string, request, session
from flask_wtf import FlaskForm
from wtforms import StringField

from tests.support.devices import sent_to_login, sign_out
from tests.support.host import PASSWORD, Browser, Host, token_in
from tests.support.kept import however_kept
from tests.support.walks import CHANGING, busy, everything, right_for, send, walked_host

SAVED = {"first_name": "Changed", "last_name": "Changed", "phone": "1"}


class NoteForm(FlaskForm):
    text = StringField()


NOTE = "<form>{{ form.csrf_token }}</form>{{ current_user.is_authenticated }}"


def with_views(host: Host) -> None:
    def sign_in(name: str) -> None:
        flask_login.login_user(host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar_one())

    @host.app.route("/note", methods=["GET", "POST"])
    def note() -> Any:
        """A public page with a form, made before anything asks who is there (Flask-Babel would, for the language)."""
        form = NoteForm()
        return "noted" if form.validate_on_submit() else render_template_string(NOTE, form=form)

    @host.app.post("/welcome")
    def welcome() -> str:
        """Signs in by a form, and greets with another one in the same answer."""
        assert NoteForm().csrf_token.current_token
        sign_in(request.form["username"])
        return render_template_string(NOTE, form=NoteForm(formdata=None))

    @host.app.post("/leave")
    def leave() -> str:
        flask_login.logout_user()
        return render_template_string(NOTE, form=NoteForm(formdata=None))

    @host.app.post("/become/<name>")
    def become(name: str) -> Any:
        """Writes the session itself."""
        flask_login.current_user.is_authenticated  # noqa: B018
        session["_user_id"] = str(host.user(name).id)
        return redirect("/page")

    @host.app.post("/forget")
    @flask_login.login_required
    def forget() -> str:
        del session["_user_id"]
        return "gone"


def save(browser: Browser, token: str, as_json: bool = False) -> int:
    return int(send(browser, "/profile/personal-information", SAVED, as_json, token).status_code)


def kept(browser: Browser) -> dict[str, Any]:
    with browser.client.session_transaction() as found:
        return dict(found)


def ours(browser: Browser) -> set[str]:
    return {name for name in kept(browser) if name.startswith("_myprofile") or name == "csrf_token"}


def signed_in(host: Host, name: str = "alice", **how: Any) -> Browser:
    browser = host.browser()
    browser.login(name, **how)
    return browser


# ---- pages of the user before


@pytest.mark.parametrize("url", CHANGING)
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_page_of_the_user_before_changes_nothing_of_the_newcomer(
    url: str, as_json: bool, new_host: Callable[..., Host]
) -> None:
    host = walked_host(new_host, url)
    browser = busy(host)
    token = browser.csrf()
    browser.login("admin")
    sent, before = right_for(url, busy(host)), everything(host)
    answer = send(browser, url, sent, as_json, token)
    assert answer.status_code == 400
    assert not as_json or answer.json["code"] == "csrf"
    assert everything(host) == before


@however_kept
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
@pytest.mark.parametrize("how", ["signs in", "signs out and in", "is signed out and somebody signs in"])
def test_a_page_of_the_user_before_is_worth_nothing_however_they_left(how: str, as_json: bool, host: Host) -> None:
    browser, other = signed_in(host), signed_in(host)
    page = browser.get("/profile/personal-information").text
    if how == "signs out and in":
        browser.post("/logout")
    if how == "is signed out and somebody signs in":
        sign_out(other, browser)
        assert sent_to_login(browser)
    browser.login("bob")
    assert save(browser, token_in(page), as_json) == 400
    assert host.user("bob").first_name == "Bob"
    assert browser.client.post("/api", headers={"X-CSRFToken": token_in(page)}).status_code == 400, "nor at the host's"
    assert save(browser, browser.csrf(), as_json) in (200, 303)


@however_kept
def test_who_signs_in_again_has_another_token_too(host: Host) -> None:
    """A sign-in is a sign-in, whoever was there: what was typed is shown again, with who they are now."""
    browser = signed_in(host)
    token = browser.csrf()
    browser.login("alice")
    answer = send(browser, "/profile/personal-information", SAVED, False, token)
    assert answer.status_code == 400
    assert "This page was opened before you signed in as Alice Test." in answer.text
    assert 'value="Changed"' in answer.text
    assert save(browser, token_in(answer.text)) == 303


@however_kept
def test_a_token_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(host: Host) -> None:
    attacker, alice = host.browser(), host.browser()
    token = attacker.csrf()
    alice.set_cookie("session", str(attacker.cookie("session")))
    assert alice.login("alice").status_code == 302
    assert save(alice, token) == 400
    assert host.user("alice").first_name == "Alice"


@however_kept
def test_a_token_that_was_planted_before_a_device_came_back_is_worth_nothing_after_it(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(after=with_views, babel=False)
    attacker = host.browser()
    token = attacker.csrf()
    for first in ("/page", "/note"):
        alice = signed_in(host, remember=True)
        alice.restart()
        alice.set_cookie("session", str(attacker.cookie("session")))
        assert alice.get(first).status_code == 200
        assert alice.is_in()
        assert save(alice, token) == 400, first
        assert save(alice, alice.csrf()) == 303


@however_kept
def test_somebody_else_whom_the_host_puts_into_the_session_has_another_token(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_views)
    browser = signed_in(host)
    token = browser.csrf()
    assert browser.post("/become/bob").location == "/page"
    assert save(browser, token) == 400
    assert host.user("bob").first_name == "Bob"
    assert browser.get("/page").text == "Hello bob"
    assert save(browser, browser.csrf()) == 303


# ---- what else is ours


@however_kept
@pytest.mark.parametrize("end", ["the host's logout", "ours", "signed out elsewhere", "taken out by the host"])
def test_nothing_of_ours_is_left_in_the_session(end: str, new_host: Callable[..., Host]) -> None:
    """Not what a page wanted to say next, nor the question that a provider was sent with."""
    host = new_host(after=with_views)
    browser, other = signed_in(host), signed_in(host)
    assert browser.post("/profile/personal-information", SAVED).status_code == 303
    with browser.client.session_transaction() as found:
        found["_myprofile_step_up"] = ["state", 1, "id"]
    assert ours(browser) == {"_myprofile", "_myprofile_message", "_myprofile_step_up", "csrf_token"}
    if end == "the host's logout":
        browser.post("/logout")
    elif end == "ours":
        browser.post("/profile/sign-out")
    elif end == "taken out by the host":
        browser.post("/forget")
    else:
        sign_out(other, browser)
        assert sent_to_login(browser)
    # that the session has ended is known until somebody signs in, so that a program hears it each time
    assert ours(browser) == ({"_myprofile"} if end == "signed out elsewhere" else set())
    browser.login("bob")
    assert "has been saved" not in browser.get("/profile/personal-information").text


@however_kept
def test_what_a_page_wanted_to_say_is_not_said_to_the_next_user(host: Host) -> None:
    browser = signed_in(host)
    assert browser.post("/profile/personal-information", SAVED).status_code == 303
    browser.login("bob")
    assert ours(browser) == {"_myprofile"}
    assert "has been saved" not in browser.get("/profile/personal-information").text


def test_the_token_may_have_another_name(new_host: Callable[..., Host]) -> None:
    host = new_host(WTF_CSRF_FIELD_NAME="xsrf")
    browser = host.browser()
    data = {"username": "alice", "password": PASSWORD, "xsrf": browser.csrf()}
    assert browser.client.post("/login", data=data).status_code == 302
    token = browser.csrf()
    browser.client.post("/login", data={**data, "username": "bob", "xsrf": token})
    for sent, status in ((token, 400), (browser.csrf(), 303)):
        assert browser.client.post("/profile/personal-information", data={**SAVED, "xsrf": sent}).status_code == status


# ---- the host's own forms go on


@however_kept
def test_a_form_in_the_very_answer_that_signs_in_or_out_can_be_sent(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_views)
    browser = host.browser()
    for url, there in (("/welcome", "True"), ("/leave", "False")):
        page = browser.post(url, {"username": "alice"}).text
        assert page.endswith(there)
        sent = {"text": "x", "csrf_token": token_in(page)}
        assert browser.client.post("/note", data=sent).text == "noted"


@however_kept
@pytest.mark.parametrize("who", ["signed out elsewhere", "come back after a restart"])
def test_a_form_that_was_made_before_anybody_asked_who_is_there_can_be_sent(
    who: str, new_host: Callable[..., Host]
) -> None:
    """In the very answer in which a session is refused or restored."""
    host = new_host(after=with_views, babel=False)
    browser, other = signed_in(host, remember=True), signed_in(host)
    if who == "signed out elsewhere":
        sign_out(other, browser)
    else:
        browser.restart()
    page = browser.get("/note").text
    assert page.endswith("False" if who == "signed out elsewhere" else "True")
    assert browser.client.post("/note", data={"text": "x", "csrf_token": token_in(page)}).text == "noted"
    browser.login("bob")
    assert save(browser, token_in(page)) == 400, "but not beyond the next sign-in"


@however_kept
def test_a_page_of_this_session_is_good_for_as_long_as_the_session(host: Host) -> None:
    """Reading, saving and waiting change no token."""
    browser = signed_in(host)
    token = browser.csrf()
    host.app.config["WTF_CSRF_TIME_LIMIT"] = -1
    for _ in range(2):
        assert save(browser, token) == 303
        assert browser.get("/profile/personal-information").status_code == 200
    assert re.search(r'name="csrf_token"', browser.get("/profile/personal-information").text)
