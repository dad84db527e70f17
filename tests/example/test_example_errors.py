"""The example app's own error pages, and a sign-in page that may be open for as long as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.devices import pass_time
from tests.support.host import token_in
from tests.support.live import example

SAM = {"identifier": "sam", "password": "sam-demo-password"}
LAYOUT = '<main class="wrap" id="main">'


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with example(tmp_path_factory.mktemp("errors")) as made:
        yield made


def test_a_sign_in_page_that_was_open_for_a_day_signs_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = app.test_client()
    token = token_in(browser.get("/sign-in").text)
    pass_time(monkeypatch, 86_400)
    assert browser.post("/sign-in", data={"csrf_token": token, **SAM}).location == "/dashboard"


@pytest.mark.parametrize("token", [None, "stale"])
def test_a_sign_in_form_of_another_session_is_shown_again_and_can_be_sent(token: str | None, app: Flask) -> None:
    browser = app.test_client()
    page = browser.post("/sign-in", data={**SAM, **({"csrf_token": token} if token else {})})
    assert page.status_code == 400
    assert LAYOUT in page.text
    assert 'value="sam"' in page.text
    assert "sam-demo-password" not in page.text
    assert "expired" not in page.text
    assert browser.post("/sign-in", data={"csrf_token": token_in(page.text), **SAM}).location == "/dashboard"
    assert browser.post("/sign-in", data=SAM).location == "/dashboard", "who is in already is let through"


def test_an_error_is_in_the_layout(app: Flask) -> None:
    browser = app.test_client()
    for path, method, status in (("/nowhere", "GET", 404), ("/sign-in", "DELETE", 405), ("/sign-out", "POST", 400)):
        page = browser.open(path, method=method)
        assert (page.status_code, LAYOUT in page.text) == (status, True), path
        assert ("Allow" in page.headers) == (status == 405)
    assert browser.get("/api/me").json == {"error": "Sign in, or send a valid API token."}


def test_an_error_at_an_untrusted_host_is_told_without_the_layout(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["localhost"])
    browser = app.test_client()
    assert LAYOUT in browser.get("/nowhere").text
    for path in ("/", "/nowhere", "/profile/", "/api/me"):
        assert browser.get(path, base_url="http://192.0.2.1/").status_code == 400, path


@pytest.mark.parametrize("host", ["." * 30, "a" * 300])
def test_what_is_no_host_is_answered_400(host: str, app: Flask) -> None:
    for path in ("/", "/profile/password", "/api/me"):
        answer = app.test_client().get(path, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code == 400, path


def test_an_error_of_my_profile_is_its_own_page_in_the_layout(app: Flask, tmp_path: Path) -> None:
    browser = app.test_client()
    browser.post("/sign-in", data={"csrf_token": token_in(browser.get("/sign-in").text), **SAM})
    page = browser.get("/profile/admin/features")
    assert page.status_code == 403
    assert LAYOUT in page.text
    assert 'id="myprofile"' in page.text
