"""Providers that do not say when somebody signed in, say it by another clock, or have not asked: what that proves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.sso import provider as provider_module
from tests.sso.test_step_up import CONFIRM, WHO, Stale, check_nothing_happened
from tests.support.devices import asked_who
from tests.support.host import Browser, Host
from tests.support.providers import Provider, serve, with_providers

NewHost = Callable[..., Host]
UNDATED = "Okta does not say when you signed in there"


@pytest.fixture
def stale(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> Stale:
    return Stale(new_host, monkeypatch)


def is_recent(browser: Browser) -> bool:
    answer = browser.post("/profile/sessions/sign-out-others")
    return bool(answer.location == "/profile/sessions") or not asked_who(answer)


def signed_in(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch, asks: dict[str, Any] | None = None, **settings: Any
) -> tuple[Browser, Host, Provider]:
    """alice, just now, at a provider that does not say so; ``asks`` is what the app adds to its question."""
    okta = Provider("Okta", claims={**WHO, "auth_time": None}, discovered=True)
    serve(monkeypatch, okta)
    host = new_host(**with_providers(okta), **settings)
    client = host.app.extensions["authlib.integrations.flask_client"].create_client("Okta")
    client.authorize_params = asks or {}
    alice = host.browser()
    okta.sign_in(alice)
    return alice, host, okta


# ---- at a sign-in


@pytest.mark.parametrize(
    ("asks", "rule", "recent"),
    [
        ({}, "asked", False),
        ({"max_age": 0}, "asked", False),
        ({"prompt": "consent"}, "asked", False),
        ({"prompt": "login"}, "asked", True),
        ({"prompt": "consent login"}, "asked", True),
        ({"prompt": "login"}, "never", False),
        ({}, "always", True),
    ],
)
def test_a_sign_in_without_a_time_is_recent_if_the_app_had_it_asked_for(
    asks: dict[str, Any], rule: str, recent: bool, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, host, _ = signed_in(new_host, monkeypatch, asks, MYPROFILE_SSO_UNDATED=rule)
    assert is_recent(alice) is recent
    host.rows.age(created_at=3600)
    assert not is_recent(alice)


def test_a_time_counts_whatever_the_app_asked_for(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, _, okta = signed_in(new_host, monkeypatch, {"prompt": "login"})
    okta.claims["auth_time"] = int(time.time()) - 7200
    okta.sign_in(alice)
    assert not is_recent(alice)


@pytest.mark.parametrize("ahead", [-7200, -90, 90])
def test_how_old_a_sign_in_is_does_not_depend_on_the_providers_clock(
    ahead: int, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = int(time.time()) + ahead
    okta = Provider("Okta", claims={**WHO, "iat": moment, "exp": moment + 9000, "auth_time": moment}, discovered=True)
    serve(monkeypatch, okta)
    host = new_host(**with_providers(okta))
    alice = host.browser()
    okta.sign_in(alice)
    assert is_recent(alice)
    okta.claims["auth_time"] = moment - 1900
    okta.sign_in(alice)
    assert not is_recent(alice)


# ---- at a confirmation


def test_what_the_app_has_its_sign_ins_ask_for_weakens_no_confirmation(stale: Stale) -> None:
    client = stale.host.app.extensions["authlib.integrations.flask_client"].create_client("Okta")
    client.authorize_params = {"prompt": "select_account", "max_age": 3600, "hd": "acme.example"}
    asked = stale.go_there()
    assert (asked["prompt"], asked["max_age"], asked["hd"]) == ("login", "60", "acme.example")
    assert stale.come_back(asked).status_code == 303


@pytest.mark.parametrize("ahead", [-90, -30, 30, 90])
def test_a_confirmation_does_not_depend_on_the_providers_clock(ahead: int, stale: Stale) -> None:
    moment = int(time.time()) + ahead
    there = {"iat": moment, "exp": moment + 300}
    assert stale.come_back(stale.go_there(), **there, auth_time=moment - 1.5).status_code == 303
    assert is_recent(stale.alice)


@pytest.mark.parametrize(("age", "done"), [(0.25, True), (55, True), (70, False), (3600, False)])
def test_a_sign_in_of_a_minute_before_the_question_is_as_good_as_one_after_it(
    age: float, done: bool, stale: Stale
) -> None:
    """And of longer ago by as much as has passed here since."""
    moment = int(time.time())
    answer = stale.come_back(stale.go_there(stale.interrupt()), iat=moment, auth_time=moment - age)
    if done:
        assert answer.status_code == 303
    else:
        check_nothing_happened(stale, answer)
        assert "Okta has not asked you to sign in." in answer.text


CAUSES: dict[str, tuple[dict[str, Any], str]] = {
    "sub is somebody else": ({"sub": "78"}, "Somebody else has signed in at Okta."),
    "aud is another client": ({"aud": ["another", "one"], "azp": "c"}, "The answer of Okta proves nothing."),
    "InvalidClaimError invalid_claim nonce": ({"nonce": "another"}, "Okta has not confirmed that it is you."),
    "auth_time is before the question": ({"auth_time": 1_700_000_000}, "has not asked you to sign in."),
    "auth_time is later than iat": ({"auth_time": 4_000_000_000}, "The answer of Okta proves nothing."),
    "the ID token has no auth_time": ({"auth_time": None}, UNDATED),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_line_in_the_log_and_its_sentence(
    cause: str, stale: Stale, caplog: pytest.LogCaptureFixture
) -> None:
    claims, sentence = CAUSES[cause]
    answer = stale.come_back(stale.go_there(), **claims)
    check_nothing_happened(stale, answer)
    assert "MyProfile: step-up at Okta failed: " in caplog.text
    assert cause in caplog.text
    assert sentence in answer.text


def test_what_the_person_has_refused_there_is_in_the_log(stale: Stale, caplog: pytest.LogCaptureFixture) -> None:
    for error, said in (("access_denied", "OAuthError access_denied"), ("made\nup", "OAuthError\n")):
        asked = stale.go_there()
        query = {"error": error, "state": asked["state"]}
        stale.alice.get(stale.alice.get("/callback/Okta", query_string=query).location)
        assert f"failed: {said}" in caplog.text


@pytest.mark.parametrize("auth_time", [None, 0, True, 1e300])
def test_a_provider_that_cannot_prove_it_is_remembered_and_the_person_is_told_what_works(
    auth_time: Any, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no loop: the page says so at once from then on, also to whoever comes next."""
    stale = Stale(new_host, monkeypatch)
    assert UNDATED not in stale.alice.get(CONFIRM).text
    answer = stale.come_back(stale.go_there(), auth_time=auth_time)
    check_nothing_happened(stale, answer)
    for browser in (stale.alice, stale.other):
        page = browser.get(CONFIRM).text
        assert UNDATED in page
        assert "Sign out and sign in again to continue." in page


def test_where_signing_in_again_does_not_help_it_is_not_offered(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Stale(new_host, monkeypatch)
    stale.okta.claims["auth_time"] = None
    stale.okta.sign_in(stale.alice)
    stale.come_back(stale.go_there(), auth_time=None)
    page = stale.alice.get(CONFIRM).text
    assert "Whoever runs this app can change that." in page
    assert "Sign out and sign in again" not in page


def test_it_is_forgotten_when_the_provider_says_so_after_all(stale: Stale) -> None:
    stale.come_back(stale.go_there(), auth_time=None)
    assert stale.come_back(stale.go_there()).status_code == 303, "who wants to try it may"
    assert UNDATED not in stale.other.get(CONFIRM).text


def test_it_is_forgotten_when_its_metadata_change(stale: Stale, monkeypatch: pytest.MonkeyPatch) -> None:
    stale.come_back(stale.go_there(), auth_time=None)
    client = stale.host.app.extensions["authlib.integrations.flask_client"].create_client("Okta")
    provider, usual = provider_module._known[client], stale.okta.metadata()
    provider._ask()
    stale.come_back(stale.go_there(), auth_time=None)
    provider._ask()
    assert UNDATED in stale.alice.get(CONFIRM).text, "they are what they were"
    stale.okta.metadata = lambda: {**usual, "claims_supported": ["auth_time"]}  # type: ignore[method-assign]
    provider._ask()
    assert UNDATED not in stale.alice.get(CONFIRM).text
