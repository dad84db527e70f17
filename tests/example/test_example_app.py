"""The example app on a real server: everybody signs in, its own Single Sign-On works, its pages are safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask

from example_app.accounts import DEMO_ACCOUNTS
from tests.support.live import Person, example, serving

JSON = {"Accept": "application/json"}
SENTENCE = "Your account uses Single Sign On (SSO). Password is managed by your organization."
TABS = ("personal-information", "preferences", "password", "sessions", "notifications")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with example(tmp_path_factory.mktemp("example")) as made:
        yield made


@pytest.fixture(scope="module")
def site(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def person(site: str) -> Iterator[Person]:
    with Person(site) as made:
        yield made


def test_the_start_page_shows_how_to_sign_in(person: Person) -> None:
    text = person.get("/").text
    for account in DEMO_ACCOUNTS:
        assert f"{account.first_name} {account.last_name}" in text
        if account.password:
            assert f"<code>{account.password}</code>" in text
    assert 'href="/sso/sign-in"' in text
    assert "open Feature Management" in text


@pytest.mark.parametrize("account", [a for a in DEMO_ACCOUNTS if a.password], ids=lambda a: a.username)
def test_an_account_of_the_start_page_signs_in(account: Any, person: Person) -> None:
    refused = person.post("/sign-in", {"identifier": account.username, "password": "not the one"})
    assert refused.status_code == 422
    for identifier in (account.username, account.email.upper()):
        entered = person.post("/sign-in", {"identifier": identifier, "password": account.password}, "/sign-in")
        assert entered.url == f"{person.site}/dashboard"
        assert f"Hello, {account.first_name}" in entered.text
        for tab in TABS:
            assert person.get(f"/profile/{tab}").status_code == 200, tab
        is_admin = person.get("/profile/admin/features").status_code == 200
        assert is_admin == account.is_admin
        assert person.post("/sign-out", {}, "/dashboard").url == f"{person.site}/"
        assert person.get("/dashboard").url.startswith(f"{person.site}/sign-in?next=")


def test_whoever_wanted_a_page_gets_it_after_signing_in(person: Person) -> None:
    asked = person.get("/profile/sessions")
    assert asked.url == f"{person.site}/sign-in?next=%2Fprofile%2Fsessions"
    sent = {"identifier": "sam", "password": "sam-demo-password"}
    assert person.post(asked.url, sent).url == f"{person.site}/profile/sessions"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"])
def test_signing_in_leads_to_no_other_site(target: str, person: Person) -> None:
    sent = {"identifier": "sam", "password": "sam-demo-password"}
    answer = person.http.post(
        f"{person.site}/sign-in",
        params={"next": target},
        data={"csrf_token": person.csrf("/sign-in"), **sent},
        allow_redirects=False,
        timeout=20,
    )
    assert answer.headers["Location"] == "/dashboard"


def test_single_sign_on_from_the_first_click_to_the_locked_password(person: Person) -> None:
    """The real thing: discovery, code, PKCE, nonce, a signed ID token, over HTTP. Nothing in the app says "SSO"."""
    entered = person.sign_in_by_sso()
    assert entered.url == f"{person.site}/dashboard"
    assert "Hello, Alex" in entered.text

    page = person.get("/profile/password")
    assert page.status_code == 200
    note = re.search(r'<div class="mp-note[^>]*>.*?<div>(.*?)</div></div>', page.text, re.DOTALL)
    assert note
    assert unescape(re.sub("<[^>]+>", "", note[1])).strip() == SENTENCE, "exactly the sentence"
    assert 'type="password"' not in page.text

    sent = dict.fromkeys(("current_password", "new_password", "confirm_password"), "whatever it may be 1")
    form = person.post("/profile/password", sent, "/profile/preferences")
    assert form.status_code == 403
    assert SENTENCE in form.text
    refused = person.post_json("/profile/password", sent, "/profile/preferences")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    assert (refused.json()["title"], refused.json()["code"]) == (SENTENCE, "sso_managed")

    (row,) = [row for row in person.get("/profile/sessions", headers=JSON).json()["sessions"] if row["current"]]
    assert (row["method"], row["provider"]) == ("sso", "Demo SSO")


def test_whoever_says_no_at_the_provider_is_not_signed_in(person: Person) -> None:
    at_provider = person.get("/sso/sign-in")
    back = person.post(at_provider.url, {"cancel": "1"})
    assert back.url == f"{person.site}/sign-in"
    assert "did not work" in back.text
    assert person.get("/dashboard").url.startswith(f"{person.site}/sign-in")


def test_the_api_answers_a_browser_and_a_token_and_nobody_else(person: Person) -> None:
    refused = person.get("/api/me")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    person.sign_in("sam")
    sam = {"name": "Sam Rivera", "email": "sam.rivera@acme.example"}
    assert person.get("/api/me").json() == sam
    assert person.get("/profile/api-token").status_code == 404, "off until an administrator turns it on"
    with Person(person.site) as maya:
        maya.sign_in("maya")
        maya.post("/profile/admin/features", {"api_token": "on"})
        answer = person.post_json("/profile/api-token/regenerate", {}, "/profile/api-token")
        with Person(person.site) as program:
            bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
            assert program.get("/api/me", headers=bearer).json() == sam
            assert program.get("/api/me", headers={"Authorization": f"{bearer['Authorization']}x"}).status_code == 401
            maya.post("/profile/admin/features", {"api_token": "off", "_confirmed": "api_token"})
            assert program.get("/api/me", headers=bearer).status_code == 401


def test_the_tab_of_the_apps_own_saves(person: Person) -> None:
    person.sign_in("sam")
    assert person.get("/profile/notifications", headers=JSON).json() == {"weekly_summary": True}
    saved = person.post("/profile/notifications", {})  # as a browser sends an empty box: not at all
    assert "Your notifications have been saved." in saved.text
    assert person.get("/profile/notifications", headers=JSON).json() == {"weekly_summary": False}
    assert "Your notifications have been saved." in person.post("/profile/notifications", {"weekly_summary": "y"}).text
    assert person.get("/profile/notifications", headers=JSON).json() == {"weekly_summary": True}


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/dashboard", "/api", "/profile/sessions", "/profile/notifications", "/no-such-page"]
)
def test_every_page_carries_the_headers_that_keep_it_safe(path: str, person: Person) -> None:
    person.sign_in("sam")
    headers = person.get(path).headers
    policy = headers["Content-Security-Policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_the_cookies_are_the_apps_alone(person: Person) -> None:
    sent = {"identifier": "sam", "password": "sam-demo-password", "remember": "y"}
    data = {"csrf_token": person.csrf("/sign-in"), **sent}
    answer = person.http.post(f"{person.site}/sign-in", data=data, allow_redirects=False, timeout=20)
    cookies = answer.raw.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        *("acme_session", "remember_token", "myprofile_device", "myprofile_known_acme_session")
    }
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_a_restart_keeps_accounts_and_signs_nobody_out(tmp_path: Any) -> None:
    with example(tmp_path) as app, serving(app) as address, Person(address) as person:
        person.sign_in("sam")
        cookie = person.http.cookies["acme_session"]
    with example(tmp_path) as app, serving(app) as address, Person(address) as person:
        assert person.get("/dashboard", cookies={"acme_session": cookie}).url == f"{address}/dashboard"
        (row,) = person.get("/profile/sessions", headers=JSON, cookies={"acme_session": cookie}).json()["sessions"]
        assert row["current"]
