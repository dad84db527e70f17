"""K5: requests take long, and their answers arrive in any order. None of them brings an old session back to a browser
that has a newer one, nor takes that one away."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import flask_login
import pytest
from flask import flash, request, session
from flask_wtf.csrf import generate_csrf

from tests.support.devices import change_password, pass_time, sent_to_login, set_cookies
from tests.support.host import NEW_PASSWORD, Browser, Host, token_in
from tests.support.kept import in_these

#: MariaDB shows a transaction what was there when it began.
looked_at_anew = in_these("sqlite", "postgres", "redis", "flask-session-files", "flask-session-redis")
KEEPING = pytest.mark.parametrize("keeps", ["flashes", "permanent"])


class Slow:
    """A host with a view that takes as long as something else does."""

    def __init__(self, new_host: Callable[..., Host], keeps: str, **settings: Any) -> None:
        self.meanwhile: Callable[[], Any] = lambda: None
        self.keeps = keeps
        self.host = new_host(after=self._views, **settings)

    def _views(self, host: Host) -> None:
        @host.app.before_request
        def make_permanent() -> None:
            session.permanent = self.keeps == "permanent"

        @host.app.get("/slow")
        @flask_login.login_required
        def slow() -> str:
            host.db.session.rollback()  # it holds no transaction while it waits
            beside = Thread(target=self.meanwhile)  # another request, in a context of its own
            beside.start()
            beside.join(30)
            if self.keeps == "flashes":
                flash("done")
            return "slow"


def deliver(answer: Any, browser: Browser) -> None:
    """The answer to a request of another tab arrives there."""
    for cookie in answer.headers.getlist("Set-Cookie"):
        name, _, value = cookie.split(";")[0].partition("=")
        browser.set_cookie(name, value) if value else browser.drop_cookie(name)


@looked_at_anew
@KEEPING
def test_a_request_that_outlasts_a_password_change_does_not_bring_the_old_secret_back(
    keeps: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(new_host, keeps)
    here = slow.host.browser()
    here.login("alice")
    tab = here.copy("session")

    def change() -> None:
        assert change_password(here).status_code == 303
        pass_time(monkeypatch, 45)

    slow.meanwhile = change
    answer = tab.get("/slow")
    assert (answer.text, set_cookies(answer, "session")) == ("slow", [])
    deliver(answer, here)
    pass_time(monkeypatch, 60)
    assert here.is_in()


@looked_at_anew
@KEEPING
@pytest.mark.parametrize("remember", [False, True])
def test_a_request_that_outlasts_a_sign_out_and_a_new_sign_in_does_not_undo_them(
    remember: bool, keeps: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(new_host, keeps)
    here = slow.host.browser()
    here.login("alice", remember=remember)
    tab = here.copy()

    def sign_in_again() -> None:
        here.post("/profile/sign-out")
        here.login("bob", remember=remember)
        pass_time(monkeypatch, 45)

    slow.meanwhile = sign_in_again
    answer = tab.get("/slow")
    deliver(answer, here)
    assert here.get("/page").text == "Hello bob"


@in_these("sqlite", "redis", "flask-session-files")
@KEEPING
@pytest.mark.parametrize("then", ["changed the password", "signed in again"])
def test_an_upload_that_arrives_late_does_not_sign_out_the_browser_that_went_on(
    then: str, keeps: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is signed in for it, and the browser keeps what it has, to remember it too."""
    host = Slow(new_host, keeps).host
    here = host.browser()
    here.login("alice", remember=True)
    before = here.copy()
    if then == "changed the password":
        assert change_password(here).status_code == 303
    else:
        here.login("alice", remember=True)
    pass_time(monkeypatch, 45)
    answer = before.get("/page")
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (302, [])
    deliver(answer, here)
    assert here.is_in()
    here.restart()
    assert here.is_in()


@in_these("flask-session-files", "flask-session-redis")
@KEEPING
def test_with_a_session_on_the_server_the_old_id_gets_in_no_more_and_takes_nothing_away(
    keeps: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a remember-me cookie the id is all that the browser has sent."""
    slow = Slow(new_host, keeps)
    here = slow.host.browser()
    here.login("alice")
    before = here.copy()
    assert change_password(here).status_code == 303
    for seconds in (0, 5, 45):
        pass_time(monkeypatch, seconds)
        answer = before.get("/slow")
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (302, [])
    assert here.is_in()
    pass_time(monkeypatch, 600)
    assert sent_to_login(before)
    before.csrf()
    assert before.login("alice", NEW_PASSWORD).status_code == 302
    assert before.is_in()


def test_a_browser_that_lost_the_answer_with_its_new_secret_can_sign_in(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cookie is of no use any more; the sign-in page is not too late for anything."""
    host = new_host()
    here = host.browser()
    here.login("alice")
    lost = here.copy()
    change_password(here)
    pass_time(monkeypatch, 45)
    assert lost.get("/page").status_code == 302
    lost.login("alice", NEW_PASSWORD)
    assert lost.is_in()


def test_a_form_that_such_a_browser_is_given_can_be_sent(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def after(host: Host) -> None:
        @host.app.route("/contact", methods=["GET", "POST"])
        def contact() -> str:
            form = f'<input name="csrf_token" value="{generate_csrf()}">'
            return "sent" if request.method == "POST" else f"{flask_login.current_user.is_authenticated} {form}"

    host = new_host(after=after)
    here = host.browser()
    here.login("alice")
    lost = here.copy()
    change_password(here)
    pass_time(monkeypatch, 45)
    page = lost.get("/contact").text
    assert page.startswith("False")
    assert lost.client.post("/contact", data={"csrf_token": token_in(page)}).text == "sent"


def test_hours_later_the_browser_is_told_that_it_was_signed_out(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host()
    here = host.browser()
    here.login("alice", remember=True)
    before = here.copy()
    change_password(here)
    pass_time(monkeypatch, 600)
    answer = before.get("/page")
    assert answer.status_code == 302
    assert set_cookies(answer, "session")
    assert set_cookies(answer, "remember_token")
