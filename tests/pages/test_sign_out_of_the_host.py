"""``MYPROFILE_SIGN_OUT``: whoever signs out here has signed out by the host's own sign-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import Blueprint, abort, flash, make_response, redirect, request, session, url_for

from flask_myprofile.errors import SetupError
from tests.support.devices import pass_time
from tests.support.host import JSON, Browser, Host


def add_accounts(host: Host) -> None:
    """A blueprint of the host's: its sign-out takes GET alone, from whoever is signed in, and forgets a basket."""
    accounts, user = Blueprint("accounts", __name__), flask_login.current_user

    @accounts.get("/bye")
    def bye() -> str:
        return "bye"

    @accounts.get("/out")
    @flask_login.login_required
    def out() -> Any:
        host.app.extensions["signed out"] = user.username, request.endpoint
        flask_login.logout_user()
        session.pop("basket")
        answer = make_response(redirect(url_for(".bye")))
        answer.delete_cookie("basket")
        return answer

    @accounts.get("/out-in-words")
    def in_words() -> str:
        session.clear()
        flash("Thank you, come again")
        return "Thank you"

    @accounts.post("/out-if-sure")
    def if_sure() -> str:
        return "Are you sure?"

    @accounts.get("/out-by-error")
    def by_error() -> Any:
        flask_login.logout_user()
        abort(redirect("/pub"))

    @accounts.get("/out/<how>")
    def varied(how: str) -> str:
        return how

    host.app.register_blueprint(accounts)


@pytest.fixture
def having(new_host: Callable[..., Host]) -> Callable[[str], Host]:
    return lambda sign_out: new_host(after=add_accounts, MYPROFILE_SIGN_OUT=sign_out)


def signed_in(host: Host) -> Browser:
    browser = host.browser()
    browser.login("alice")
    with browser.client.session_transaction() as kept:
        kept["basket"] = "full"
    browser.set_cookie("basket", "full")
    return browser


def in_session(browser: Browser) -> dict[str, Any]:
    with browser.client.session_transaction() as kept:
        return dict(kept)


def by_menu(browser: Browser) -> Any:
    return browser.post("/profile/sign-out")


def in_list(browser: Browser) -> Any:
    return browser.post("/profile/sessions/sign-out", {"id": browser.session_id()})


@pytest.mark.parametrize("name", ["accounts.out", "/out"])
@pytest.mark.parametrize("sign_out", [by_menu, in_list])
def test_a_view_that_takes_get_from_people_who_are_signed_in_is_called_while_they_are(
    sign_out: Callable[[Browser], Any], name: str, having: Callable[[str], Host]
) -> None:
    host = having(name)
    alice = signed_in(host)
    copy = alice.copy()
    answer = sign_out(alice)
    assert (answer.status_code, answer.location) == (303, "/bye")
    assert host.app.extensions["signed out"] == ("alice", "accounts.out")
    assert "basket" not in in_session(alice)
    assert alice.cookie("basket") is None
    assert not alice.is_in() and not copy.is_in()


def test_a_program_gets_the_same_answer_as_without_it(having: Callable[[str], Host]) -> None:
    alice = signed_in(having("accounts.out"))
    answer = alice.post_json("/profile/sign-out")
    assert (answer.status_code, answer.json) == (200, {"message": "You have been signed out."})
    assert "basket" not in in_session(alice)
    assert alice.cookie("basket") is None
    assert not alice.is_in()


@pytest.mark.parametrize(
    ("endpoint", "goes_to", "said"),
    [
        ("accounts.in_words", "/login", "Thank you, come again"),
        ("accounts.if_sure", "/login", "You have been signed out."),
        ("accounts.by_error", "/pub", "You have been signed out."),
    ],
)
def test_whatever_the_view_answers_the_session_is_over_and_that_is_said_once(
    endpoint: str, goes_to: str, said: str, having: Callable[[str], Host]
) -> None:
    alice = signed_in(having(endpoint))
    copy, answer = alice.copy(), by_menu(alice)
    assert (answer.status_code, answer.location) == (303, goes_to)
    assert [text for _, text in in_session(alice)["_flashes"]] == [said]
    assert not alice.is_in() and not copy.is_in()


def test_without_a_csrf_token_it_is_not_called(having: Callable[[str], Host]) -> None:
    host = having("accounts.out")
    alice = signed_in(host)
    assert alice.client.post("/profile/sign-out").status_code == 400
    assert "signed out" not in host.app.extensions
    assert alice.is_in()


@pytest.mark.parametrize("url", ["/oauth2/sign_out", "https://id.example/out"])
def test_a_url_is_where_the_browser_goes_on_to(url: str, having: Callable[[str], Host]) -> None:
    host = having(url)
    alice, program = signed_in(host), signed_in(host)
    answer = by_menu(alice)
    assert (answer.status_code, answer.location) == (303, url)
    assert program.post_json("/profile/sign-out").json["end_session_url"] == url
    assert not alice.is_in() and not program.is_in()


@pytest.mark.parametrize("name", ["accounts.no_such_view", "accounts.varied"])
def test_a_name_that_is_no_view_to_call_stops_the_first_request(name: str, having: Callable[[str], Host]) -> None:
    with pytest.raises(SetupError, match=f"MYPROFILE_SIGN_OUT = '{name}' is no endpoint"):
        having(name).browser().get("/pub")


def test_a_program_needs_no_page(having: Callable[[str], Host]) -> None:
    assert having("accounts.out").app.test_client().post("/profile/sign-out", headers=JSON).status_code == 401


def test_too_many_guesses_sign_out_by_it_as_well(
    having: Callable[[str], Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in(having("accounts.out"))
    sent = {"current_password": "a guess", "new_password": "another one altogether", "confirm_password": "another one"}
    answers = []
    while alice.is_in():
        answers.append(alice.post("/profile/password", sent).status_code)
        if len(answers) % 4 == 0:
            pass_time(monkeypatch, 1_000)
    assert answers[-1] == 303
    assert "basket" not in in_session(alice)


def test_an_administrator_who_ends_all_of_their_own_sessions_signs_out_by_it_as_well(
    having: Callable[[str], Host],
) -> None:
    host = having("accounts.out")
    admin = host.browser()
    admin.login("admin")
    with admin.client.session_transaction() as kept:
        kept["basket"] = "full"
    answer = admin.post("/profile/admin/sessions/sign-out-all", {"user": "admin"})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert "basket" not in in_session(admin)
    assert not admin.is_in()
