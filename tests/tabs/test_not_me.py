"""“This wasn’t me”: one path, each step the action of a tab with its switch and its rules, each result shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import flask_login
import pytest
from flask import redirect

from flask_myprofile import record_sso
from tests.support.devices import asked_who, sent_to_login
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host

URL = "/profile/sessions/not-me"
STEPS = ["sign_out", "sign_out_others", "password", "api_token"]
#: A step's title, in the words of the page, and the switch that it has.
TITLES = {
    "Sign out of Firefox on Linux": "sessions.sign_out",
    "Sign out all other sessions": "sessions.sign_out_others",
    "Change your password": "password",
    "Revoke your API token": "api_token",
}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def make(new_host: Callable[..., Host]) -> Callable[..., tuple[Host, Browser, list[Browser]]]:
    """A host, Alice with a token at one browser, and whoever is in as Alice elsewhere."""

    def made(**features: bool) -> tuple[Host, Browser, list[Browser]]:
        switches = {"api_token": True, **{name.replace("__", "."): on for name, on in features.items()}}
        host = new_host(MYPROFILE_FEATURES=switches)
        here, *others = (host.browser() for _ in range(3))
        for browser in (here, *others):
            browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
            browser.login("alice")
        if switches["api_token"]:
            here.post_json("/profile/api-token/regenerate")
        return host, here, others

    return made


def titles(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'id="mp-step-\w+">([^<]+)<', html)]


def step_of(html: str) -> str:
    """The one step that comes now."""
    (found,) = re.findall(r'<li aria-current="step">.*?</li>', html, re.S)
    return unescape(found)


def send(browser: Browser, html: str) -> Any:
    """Press the button of the step that comes now, with what its form has and nothing else."""
    step = step_of(html)
    action = re.search(r'<form action="([^"]+)"', step)
    assert action
    return browser.post(action[1], dict(re.findall(r'name="(?!csrf)(\w+)" value="([^"]*)"', step)))


def skip(browser: Browser, html: str, words: str = "Skip this step") -> str:
    link = re.search(rf'href="([^"]+)"[^>]*>{words}', step_of(html))
    assert link
    return str(browser.get(link[1]).text)


def test_the_path_ends_all_that_a_stranger_can_do(make: Any) -> None:
    _, here, (stranger, other) = make()
    listed = here.get("/profile/sessions").text
    links = [unescape(found) for found in re.findall(r'href="([^"]+)"[^>]*>This wasn’t me', listed)]
    assert set(links) == {f"{URL}?id={each.session_id()}" for each in (stranger, other)}, "not this device"
    page = here.get(f"{URL}?id={stranger.session_id()}").text
    assert titles(page) == list(TITLES)
    assert "is signed out on" in page
    page = here.get(send(here, page).location).text
    assert "· has been signed out</p>" in page
    assert "is signed out on" not in page
    assert sent_to_login(stranger)
    assert not sent_to_login(other), "one step at a time"
    assert page.count("Signed out of Firefox on Linux.") == 3, "in the title, as the status and beside the step"
    page = here.get(send(here, page).location).text
    assert sent_to_login(other)
    assert "You are signed in only here" in page
    link = re.search(r'href="(/profile/password[^"]+)"', step_of(page))
    assert link
    form = here.get(link[1]).text
    assert "This is a step of “This wasn’t me”." in form
    assert f'<form action="{link[1]}"' in form
    answer = here.post(link[1], {"current_password": "wrong", "new_password": NEW_PASSWORD, "confirm_password": "x"})
    assert answer.status_code == 422
    assert f'<form action="{link[1]}"' in answer.text, "what is corrected goes on along the path as well"
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    page = here.get(here.post(link[1], sent).location).text
    assert page.count("Your password has been changed.") == 3
    page = here.get(send(here, page).location).text
    assert here.json("/profile/api-token").json["hint"] is None
    assert page.count('<span class="mp-badge mp-badge--ok">') == 4
    assert 'aria-current="step"' not in page
    assert "That was the last step." in page
    assert here.is_in()


def test_each_step_can_be_skipped_and_nothing_has_happened_then(make: Any) -> None:
    host, here, others = make()
    before = host.rows.all()
    page = here.get(f"{URL}?id={others[0].session_id()}").text
    for skipped in range(1, 5):
        page = skip(here, page)
        assert page.count('<span class="mp-badge">Skipped') == skipped
    assert "That was the last step." in page
    assert host.rows.all() == before
    assert here.json("/profile/api-token").json["hint"]
    assert not any(map(sent_to_login, others))


@pytest.mark.parametrize(("title", "switch"), TITLES.items())
def test_a_step_that_is_switched_off_is_not_offered(title: str, switch: str, make: Any) -> None:
    _, here, others = make(**{switch.replace(".", "__"): False})
    page = here.get(f"{URL}?id={others[0].session_id()}").text
    assert titles(page) == [each for each in TITLES if each != title]


def test_where_nothing_is_left_to_do_nobody_is_sent_on_the_path(make: Any) -> None:
    _, here, _ = make(sessions__sign_out=False, sessions__sign_out_others=False, password=False)
    page = here.get("/profile/sessions").text
    assert "This wasn’t me" not in page
    assert "Tell your administrator." in page
    _, here, _ = make(sessions=False)
    assert here.get(f"{URL}?id={'a' * 24}").status_code == 404


@pytest.mark.parametrize("url", ["https://id.example.com/password", None])
def test_who_came_by_single_sign_on_is_sent_to_the_organization(url: str | None, new_host: Callable[..., Host]) -> None:
    """Whether it was done there is not known here: it is neither skipped nor done."""

    def add_view(host: Host) -> None:
        @host.app.post("/saml")
        def saml() -> Any:
            record_sso("Okta", subject="7")
            flask_login.login_user(host.db.session.get(host.User, 1))
            return redirect("/page")

    host = new_host(after=add_view, MYPROFILE_SSO_PASSWORD_URL=url)
    here, there = host.browser(), host.browser()
    for browser in (here, there):
        browser.post("/saml")
    assert "Signed in with <bdi>Okta</bdi> on" in here.get("/profile/sessions").text
    page = here.get(f"{URL}?id={there.session_id()}&after=sign_out_others").text
    step = step_of(page)
    assert "Your account uses Single Sign On (SSO). Password is managed by your organization." in step
    assert "Change your password at your organization</h3>" in step
    assert (f'href="{url}"' in step) is bool(url)
    assert ("Tell whoever looks after it there that this was not you." in step) is (url is None)
    assert "<form" not in step
    assert "Skip" not in step
    page = skip(here, page, "Continue")
    assert "That was the last step." in page
    assert page.count("Skipped") == 2


@pytest.mark.parametrize("whose", ["bob's", "mine", "unknown", "x", "a" * 24 + "'"])
def test_there_is_a_path_only_about_another_session_of_ones_own(whose: str, make: Any) -> None:
    host, here, _ = make()
    bob = host.browser()
    bob.login("bob")
    given = {"bob's": bob.session_id(), "mine": here.session_id(), "unknown": "f" * 24}.get(whose, whose)
    answer, unknown = (here.get(f"{URL}?id={each}") for each in (given, "e" * 24))
    assert answer.status_code == 404
    signed = re.compile(r'name="csrf_token" value="[^"]+"')  # says when it was made
    assert signed.sub("", answer.text) == signed.sub("", unknown.text)
    assert here.get(URL).location == "/profile/sessions"


@pytest.mark.parametrize("given", ["", "x", "//evil.test", "a" * 25, "https://evil.test"])
def test_an_address_that_names_no_session_leads_to_no_path(given: str, make: Any) -> None:
    _, here, _ = make()
    answer = here.post(f"/profile/sessions/sign-out-others?not_me={given}")
    assert answer.location == "/profile/sessions"
    assert "This is a step of" not in here.get(f"/profile/password?not_me={given}").text


def test_a_recent_sign_in_is_asked_for_as_by_the_action_alone_and_the_path_goes_on(make: Any) -> None:
    host, here, (stranger, _) = make()
    url = f"{URL}?id={stranger.session_id()}"
    host.rows.age(created_at=7200)
    carried = asked_who(send(here, here.get(url).text))
    assert not sent_to_login(stranger)
    answer = here.post("/profile/confirm", {**carried, "current_password": PASSWORD})
    assert answer.location == f"{url}&after=sign_out"
    assert sent_to_login(stranger)


def test_a_program_learns_which_steps_there_are(make: Any) -> None:
    _, here, others = make()
    steps = here.get(f"{URL}?id={others[0].session_id()}", headers=JSON).json["steps"]
    assert [(step["step"], step["done"]) for step in steps] == [(name, False) for name in STEPS]


def test_the_path_of_one_session_says_nothing_of_another(make: Any) -> None:
    _, here, (stranger, other) = make()
    here.post(f"/profile/api-token/revoke?not_me={stranger.session_id()}")
    assert "Revoke your API token" in here.get(f"{URL}?id={stranger.session_id()}").text
    assert "Revoke your API token" not in here.get(f"{URL}?id={other.session_id()}").text
