"""What the door adds to test_every_route.py: forms that went stale, hosts with their own words for it, odd tokens and
headers on every answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_wtf.csrf import CSRFError

from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host, token_in
from tests.support.walks import (
    CHANGING,
    FORM_AT,
    READABLE,
    RIGHT,
    SHOW,
    URLS,
    busy,
    everything,
    right_for,
    send,
    walked_host,
)

PROBLEM = "application/problem+json"
BAD_TOKENS: list[str | None] = [None, "", "junk", "a.b.c", "\u00e9", "x" * 5000, "IjEi.aaaa.bbbb"]


# ---- tokens


@pytest.mark.parametrize("url", CHANGING)
def test_no_made_up_token_opens_the_door(url: str, new_host: Callable[..., Host]) -> None:
    """C01: empty, junk, of the wrong form, too long; in the field, in either header and in the address."""
    host = walked_host(new_host, url)
    here = busy(host)
    sent, good, before = right_for(url, here), here.csrf(), everything(host)
    for token in BAD_TOKENS:
        for accept in ({}, JSON):
            fields = {**sent, **({} if token is None else {"csrf_token": token})}
            assert here.client.post(url, data=fields, headers=accept).status_code == 400
            for name in ("X-CSRFToken", "X-CSRF-Token"):
                headers = {**accept, **({name: token} if token and token.isascii() else {})}
                answer = here.client.post(url, json=sent, headers=headers)
                assert answer.status_code == 400, (name, token)
    for address in (f"{url}?csrf_token={good}", url):
        answer = here.client.post(address, json={**sent, "csrf_token": good}, headers=JSON)
        assert answer.status_code == 400, "JSON shows its token in the header"
    assert here.client.post(f"{url}?csrf_token={good}", data=sent).status_code == 400
    assert everything(host) == before
    assert here.client.post(url, data=sent, headers={"X-CSRFToken": good}).status_code in (200, 303)


@pytest.mark.parametrize("url", CHANGING)
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_token_of_this_session_is_good_however_old_it_is(
    url: str, as_json: bool, new_host: Callable[..., Host]
) -> None:
    """C01: whoever has a page open over lunch loses nothing; the host's own pages keep their limit."""
    host = walked_host(new_host, url, WTF_CSRF_TIME_LIMIT=3600)
    here = busy(host)
    sent, token = right_for(url, here), here.csrf()
    host.app.config["WTF_CSRF_TIME_LIMIT"] = -1
    assert send(here, url, sent, as_json, token).status_code == (200 if as_json or url in SHOW else 303)
    assert here.client.post("/api", headers={"X-CSRFToken": token}).status_code == 400


@pytest.mark.parametrize("url", ["/profile/password", "/profile/api-token/regenerate"])
def test_a_token_from_before_the_sign_in_does_not_outlive_the_sign_out(url: str, host: Host) -> None:
    """K03: tokens belong to a session; another browser of the same user has others."""
    here, there = busy(host), busy(host)
    before, token = everything(host), there.csrf()
    assert send(here, url, RIGHT.get(url, {}), False, token).status_code == 400
    assert everything(host) == before
    there.post("/logout")
    assert send(there, url, RIGHT.get(url, {}), False, token).status_code == 302, "nobody is there"


def test_a_host_that_does_without_csrf_protection_has_none_here(new_host: Callable[..., Host]) -> None:
    """``WTF_CSRF_ENABLED = False`` is how suites of hosts switch it off."""
    alice = new_host(WTF_CSRF_ENABLED=False).browser()
    alice.client.post("/login", data={"username": "alice", "password": PASSWORD})
    answer = alice.client.post("/profile/personal-information", data=RIGHT["/profile/personal-information"])
    assert answer.status_code == 303


#: Without a token there is nothing to change; nor is there a form once the account is gone.
ELSEWHERE = {"/profile/api-token/change", "/profile/delete-my-account"}


@pytest.mark.parametrize("url", [url for url in RIGHT if url not in ELSEWHERE])
def test_the_forms_of_a_host_whose_token_has_another_name_can_be_sent(url: str, new_host: Callable[..., Host]) -> None:
    here = walked_host(new_host, url, WTF_CSRF_FIELD_NAME="xsrf", WTF_CSRF_HEADERS=["X-XSRF"]).browser()
    here.client.post("/login", data={"username": "admin", "password": PASSWORD, "xsrf": here.csrf()})
    page = here.get(FORM_AT.get(url, url)).text
    assert 'name="csrf_token"' not in page
    (token, *_) = set(re.findall(r'name="xsrf"[^>]* value="([^"]+)"', page))
    assert here.client.post(url, data={**RIGHT[url], "xsrf": token}).status_code in (200, 303)
    assert here.client.post("/profile/sign-out", data={"xsrf": here.csrf()}).status_code == 303


# ---- a page that was open too long

FORMS = [url for url in RIGHT if url != "/profile/admin/features"]


def typed(browser: Browser, url: str, fields: dict[str, str], token: str | None) -> Any:
    return browser.client.post(url, data={**fields, **({"csrf_token": token} if token else {})})


@pytest.mark.parametrize("csrf_protect", [True, False], ids=["CSRFProtect", "no CSRFProtect"])
@pytest.mark.parametrize("url", FORMS)
def test_a_stale_form_is_shown_again_with_what_was_typed(
    url: str, csrf_protect: bool, new_host: Callable[..., Host]
) -> None:
    """The person presses Save once more and loses nothing; passwords are never sent back."""
    host = walked_host(new_host, url, csrf=csrf_protect)
    here = busy(host)
    before, fields = everything(host), RIGHT[url]
    for token in (None, "stale"):
        page = typed(here, url, fields, token)
        assert page.status_code == 400
        assert "This page was opened before you signed in as" in page.text
        for name, value in fields.items():
            if "password" in name:
                assert value not in page.text
            else:
                assert re.search(rf'value="{value}"( selected)?', page.text), name
    assert everything(host) == before
    again = typed(here, url, fields, token_in(page.text))
    assert again.status_code == (200 if url in SHOW else 303), "the page that came back has a token that counts"
    assert everything(host) != before


@pytest.mark.parametrize("url", CHANGING)
def test_a_host_with_its_own_words_for_a_stale_form_says_them(url: str, new_host: Callable[..., Host]) -> None:
    """A handler for CSRFError gets people's forms; programs get the same problem as everywhere."""

    def with_handler(app: Flask, db: Any) -> None:
        app.register_error_handler(CSRFError, lambda error: (f"our own words: {error.description}", 400))

    host = walked_host(new_host, url, before=with_handler)
    here = busy(host)
    sent, before = right_for(url, here), everything(host)
    for token in (None, "junk"):
        page = typed(here, url, sent, token)
        assert page.status_code == 400
        assert page.text.startswith("our own words: The CSRF token")
        assert page.headers["Cache-Control"] == "no-store"
        program = send(here, url, sent, True, token)
        assert (program.status_code, program.mimetype, program.json["code"]) == (400, PROBLEM, "csrf")
    assert everything(host) == before
    assert typed(here, url, sent, here.csrf()).status_code in (200, 303)


# ---- where it came from


@pytest.mark.parametrize("url", CHANGING)
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_another_sites_form_does_nothing_anywhere(url: str, as_json: bool, new_host: Callable[..., Host]) -> None:
    """K06, for every route: even with a token that counts."""
    host = walked_host(new_host, url)
    here = busy(host)
    sent, token, before = right_for(url, here), here.csrf(), everything(host)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test", "X-CSRFToken": token}
    body = {"json": sent} if as_json else {"data": sent}
    answer = here.client.post(url, headers={**headers, **(JSON if as_json else {})}, **body)
    assert answer.status_code == 403
    assert not as_json or (answer.mimetype, answer.json["code"]) == (PROBLEM, "cross_site")
    assert everything(host) == before
    assert here.is_in()


@pytest.mark.parametrize("url", READABLE)
def test_a_link_from_another_site_may_be_followed(url: str, new_host: Callable[..., Host]) -> None:
    alice = busy(walked_host(new_host, url))
    assert alice.get(url, headers={"Sec-Fetch-Site": "cross-site"}).status_code in (200, 302)


# ---- headers


@pytest.mark.parametrize("url", URLS)
def test_every_answer_says_what_browsers_must_not_do_with_it(url: str, new_host: Callable[..., Host]) -> None:
    """C10: kept, framed, guessed at, told to other sites; on pages, redirects, errors and JSON."""
    host = walked_host(new_host, url)
    here, alice, visitor = busy(host), busy(host, admin=False), host.browser()
    answers = [
        browser.client.open(url, method=method, headers=headers)
        for browser in (here, alice, visitor)
        for method in ("GET", "HEAD", "POST")
        for headers in ({}, JSON)
        if not (method == "POST" and url not in CHANGING) and not (method != "POST" and url not in READABLE)
    ]
    answers.append(send(here, url, right_for(url, here), False, here.csrf()) if url in CHANGING else here.get(url))
    assert {answer.status_code // 100 for answer in answers} & {3, 4}
    for answer in answers:
        said = (answer.request.method, answer.status_code)
        assert answer.headers["Cache-Control"] == "no-store", said
        assert answer.headers["X-Content-Type-Options"] == "nosniff", said
        assert answer.headers["X-Frame-Options"] == "DENY", said
        assert answer.headers["Referrer-Policy"] == "same-origin", said


@pytest.mark.parametrize("name", ["myprofile.css", "myprofile.js"])
def test_static_files_may_be_kept(name: str, host: Host) -> None:
    """C10: as the host's own are, whoever asks, and they set no cookie."""
    host.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    for browser in (host.browser(), busy(host)):
        with browser.get(f"/profile/static/{name}") as answer:
            assert answer.status_code == 200
            assert "max-age=3600" in answer.headers["Cache-Control"]
            assert "no-store" not in answer.headers["Cache-Control"]
            assert "Set-Cookie" not in answer.headers


def test_a_host_may_say_itself_who_may_frame_the_pages(new_host: Callable[..., Host]) -> None:
    def with_header(host: Host) -> None:
        @host.app.after_request
        def frame(response: Any) -> Any:
            response.headers["X-Frame-Options"] = "SAMEORIGIN"
            return response

    alice = busy(new_host(after=with_header), admin=False)
    assert alice.get("/profile/sessions").headers["X-Frame-Options"] == "SAMEORIGIN"


def test_passwords_are_on_no_page(host: Host) -> None:
    """Whatever is wrong with the form: a stale token, another password, a policy that is broken."""
    alice = busy(host, admin=False)
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD + "!"}
    for fields in (sent, {**sent, "current_password": "guess number one"}, {**sent, "new_password": "short"}):
        for token in (None, alice.csrf()):
            page = typed(alice, "/profile/password", fields, token)
            assert page.status_code in (400, 422)
            assert not any(f'"{value}"' in page.text or f">{value}<" in page.text for value in fields.values())
