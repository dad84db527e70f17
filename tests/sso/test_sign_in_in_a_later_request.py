"""K5: between the provider's answer and ``login_user()`` comes a page of the host's, such as its terms or a second
factor. The sign-in that follows is Single Sign-On all the same; one that does not follow from it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import request, session

from tests.sso.test_detection import check_password_can_be_changed, check_password_is_managed, row_of
from tests.support.devices import pass_time, set_cookies
from tests.support.host import Browser, Host
from tests.support.kept import in_these
from tests.support.providers import Provider, serve, with_providers

Trial = tuple[Host, Provider]


@pytest.fixture
def trial(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Trial:
    okta = Provider("Okta", claims={"sub": "88", "sid": "s1"}, discovered=True)
    serve(monkeypatch, okta)
    parts = with_providers(okta)
    made_callback = parts["after"]

    def after(host: Host) -> None:
        made_callback(host)

        @host.app.post("/terms")
        def terms() -> str:
            if "clear" in request.form:
                session.clear()
            users = host.db.select(host.User).filter_by(username=request.form["username"])
            flask_login.login_user(host.db.session.execute(users).scalar_one())
            return "welcome"

    return new_host(before=parts["before"], after=after), okta


def agree(browser: Browser, username: str = "alice", **more: str) -> Any:
    return browser.post("/terms", {"username": username, **more})


def come_back(okta: Provider, browser: Browser) -> None:
    """From the provider, to the page between."""
    okta.sign_in(browser, link="y")
    assert not browser.is_in()


@in_these("sqlite", "redis", "flask-session-files")
@pytest.mark.parametrize("more", [{}, {"clear": "y"}], ids=["", "a host that empties the session first"])
def test_it_is_single_sign_on_and_ends_with_it(more: dict[str, str], trial: Trial) -> None:
    host, okta = trial
    alice = host.browser()
    come_back(okta, alice)
    assert agree(alice, **more).text == "welcome"
    row = row_of(alice)
    assert (row["method"], row["provider"]) == ("sso", "Okta")
    check_password_is_managed(alice, host)
    assert okta.tell(host, sub="88", sid="s1").status_code == 200
    assert not alice.is_in()


def test_a_logout_at_the_provider_meanwhile_is_of_the_sign_in_that_follows(trial: Trial) -> None:
    host, okta = trial
    alice = host.browser()
    come_back(okta, alice)
    assert okta.tell(host, sub="88", sid="s1").status_code == 200
    agree(alice)
    assert not alice.is_in()


def test_it_is_good_for_one_sign_in(trial: Trial) -> None:
    host, okta = trial
    alice = host.browser()
    come_back(okta, alice)
    agree(alice)
    alice.post("/profile/sign-out")
    agree(alice)
    assert row_of(alice)["method"] == "password"


def test_a_local_sign_in_in_between_is_local(trial: Trial) -> None:
    """In the host's login view, by the same person or another; and nothing waits any more after it."""
    host, okta = trial
    here = host.browser()
    come_back(okta, here)
    here.login("alice")
    assert row_of(here)["method"] == "password"
    check_password_can_be_changed(here)
    here.post("/profile/sign-out")
    agree(here, "bob")
    assert row_of(here)["method"] == "password"


@pytest.mark.parametrize(("seconds", "method"), [(890, "sso"), (910, "password"), (-300, "password")])
def test_it_waits_for_a_quarter_of_an_hour(
    seconds: int, method: str, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, okta = trial
    alice = host.browser()
    come_back(okta, alice)
    pass_time(monkeypatch, seconds)
    agree(alice)
    assert row_of(alice)["method"] == method


def test_who_connects_an_account_while_signed_in_has_not_signed_in_by_it(trial: Trial) -> None:
    host, okta = trial
    alice = host.browser()
    alice.login("alice")
    okta.sign_in(alice, link="y")
    assert row_of(alice)["method"] == "password"
    alice.post("/profile/sign-out")
    agree(alice)
    assert row_of(alice)["method"] == "password"


def test_another_browser_knows_nothing_of_it(trial: Trial) -> None:
    host, okta = trial
    alice, other = host.browser(), host.browser()
    come_back(okta, alice)
    agree(other)
    assert row_of(other)["method"] == "password"


def test_a_long_id_token_does_not_make_the_cookie_too_long(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers drop a cookie of more than 4 kB. Signing out at the provider goes on, which may ask first."""
    groups = {f"group-{number}": "x" * 30 for number in range(80)}
    okta = Provider("Okta", claims={"sub": "88", "sid": "s1", "groups": groups}, discovered=True)
    serve(monkeypatch, okta)
    alice = new_host(MYPROFILE_SSO_LOGOUT=True, **with_providers(okta)).browser()
    asked = okta.start(alice)
    (cookie,) = set_cookies(okta.come_back(alice, asked, link="y"), "session")
    assert "session=" in cookie
    assert len(cookie) < 2000
