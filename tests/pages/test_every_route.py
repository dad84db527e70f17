"""What holds for every route of the extension. The walks go over ``url_map``: new routes are covered by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.host import JSON, Host
from tests.support.walks import (
    ANSWERS,
    ASKED_FOR,
    CHANGING,
    CSRF,
    OFF,
    READABLE,
    ROUTES,
    UNSAFE,
    URLS,
    busy,
    everything,
    right_for,
    send,
    walked_host,
    with_token,
)

PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"


def test_the_walks_find_what_they_are_for() -> None:
    assert len(ROUTES) >= 13
    assert {"/profile/password", "/profile/notes/wipe", "/profile/admin/features"} <= set(CHANGING)


# ---- who may enter


@pytest.mark.parametrize(
    ("url", "method"), [(url, m) for _, url, methods in ROUTES for m in sorted(methods - {"OPTIONS"})]
)
def test_a_visitor_gets_in_nowhere(url: str, method: str, new_host: Callable[..., Host]) -> None:
    """A01: HTML goes to the login page with a local ``next``, JSON is answered 401; OPTIONS says only the methods."""
    host = walked_host(new_host, url)
    before = everything(host)
    visitor = host.browser()
    page = visitor.client.open(url, method=method)
    assert page.status_code == 302
    assert page.location.startswith("/login?next=%2F")
    program = visitor.client.open(url, method=method, headers=JSON)
    assert program.status_code == 401
    assert program.location is None
    if method != "HEAD":
        assert program.json["code"] == "login_required"
    assert everything(host) == before


# ---- cross-site request forgery


@pytest.mark.parametrize("csrf_protect", [True, False], ids=["CSRFProtect", "no CSRFProtect"])
@pytest.mark.parametrize("url", CHANGING)
def test_nothing_is_changed_without_the_pages_own_csrf_token(
    url: str, csrf_protect: bool, new_host: Callable[..., Host]
) -> None:
    """C01, C02, K01, K03: no token, junk, or one of another session; form and JSON."""
    host = walked_host(new_host, url, csrf=csrf_protect)
    here, stranger = busy(host), host.browser()
    stranger.login("bob")
    sent = right_for(url, here)
    before = everything(host)
    for kind in CSRF:
        token = with_token(here, kind, stranger)
        for as_json in (False, True):
            answer = send(here, url, sent, as_json, token)
            assert answer.status_code == 400, (kind, as_json)
            assert not as_json or (answer.mimetype, answer.json["code"]) == (PROBLEM, "csrf")
    assert everything(host) == before
    assert here.is_in()
    right = send(here, url, sent, False, here.csrf())
    assert right.status_code in (200, 303), "the same form with the right token is taken"
    assert everything(host) != before or url.endswith("/reveal")


@pytest.mark.parametrize("site", ["cross-site", "same-origin", "none", None])
def test_a_request_that_another_site_sends_is_refused_even_with_a_token(site: str | None, host: Host) -> None:
    """C05, K06"""
    alice = host.browser()
    alice.login("alice")
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.test"} if site else {}
    sent = {"first_name": "Eve", "last_name": "Test"}
    form = alice.post("/profile/personal-information", sent, headers=headers)
    json = alice.post_json("/profile/personal-information", sent, **headers)
    refused = site == "cross-site"
    assert (form.status_code, json.status_code) == ((403, 403) if refused else (303, 200))
    assert host.user("alice").first_name == ("Alice" if refused else "Eve")


@pytest.mark.parametrize("url", CHANGING)
def test_a_body_of_another_kind_is_refused(url: str, new_host: Callable[..., Host]) -> None:
    """K02, C03: what a page of another site can send without asking is no JSON."""
    host = walked_host(new_host, url)
    here = busy(host)
    before, token = everything(host), here.csrf()
    for content_type in ("text/plain", "application/xml", "application/octet-stream", "text/json"):
        for accept in ("text/html", "application/json"):
            headers = {"X-CSRFToken": token, "Accept": accept}
            answer = here.client.post(url, data='{"first_name": "x"}', content_type=content_type, headers=headers)
            assert answer.status_code == 415, content_type
        assert answer.mimetype == PROBLEM
    assert everything(host) == before


# ---- reading changes nothing


@pytest.mark.parametrize("url", URLS)
def test_reading_changes_nothing_however_it_is_asked(url: str, new_host: Callable[..., Host]) -> None:
    """C04, K04, K05: GET, HEAD and OPTIONS, also in disguise and with a form that would save."""
    host = walked_host(new_host, url)
    here = busy(host)
    before, right = everything(host), right_for(url, here)
    for method in ("GET", "HEAD", "OPTIONS"):
        for headers in ({}, JSON, {"X-HTTP-Method-Override": "POST"}, {"X-HTTP-Method": "DELETE"}):
            for query in ("", "?_method=POST", "?first_name=x&language=de&preferences=off"):
                answer = here.client.open(url + query, method=method, headers=headers, data=right)
                refusal = 403 if url in ANSWERS else 404 if url in OFF else 405
                assert answer.status_code in ((refusal,) if url not in READABLE and method != "OPTIONS" else (200, 302))
    assert everything(host) == before
    assert here.is_in()


@pytest.mark.parametrize("url", URLS)
def test_a_method_that_is_not_there_is_refused(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    before, token = everything(host), {"X-CSRFToken": here.csrf()}
    for method in sorted(set(UNSAFE) - ({"POST"} if url in CHANGING or url in ASKED_FOR else set())):
        assert here.client.open(url, method=method, headers=token).status_code == 405
        program = here.client.open(url, method=method, headers={**JSON, **token}, json={})
        assert program.status_code == 405
        assert program.mimetype == PROBLEM
        assert program.json["code"] == "method_not_allowed"
        assert program.headers["Allow"]
    assert everything(host) == before


# ---- caches


def answers(host: Host, url: str) -> list[Any]:
    """One URL with every status that it can be made to have."""
    here, visitor = busy(host), host.browser()
    junk = {"X-CSRFToken": here.csrf(), **JSON}
    return [
        *(visitor.client.open(url, method=m, headers=h) for m in ("GET", "POST", "DELETE") for h in ({}, JSON)),
        *(here.client.open(url, method=m, headers=h) for m in ("GET", "POST", "DELETE") for h in ({}, JSON)),
        here.client.post(url, data="[1]", content_type="application/json", headers=junk),
        here.client.post(url, data="x" * 100_000, content_type=FORM, headers=junk),
        here.client.post(url, data="x", content_type="text/plain", headers=junk),
        send(here, url, right_for(url, here), False, here.csrf()),
    ]


@pytest.mark.parametrize("url", URLS)
def test_no_answer_of_ours_is_kept_by_a_cache(url: str, new_host: Callable[..., Host]) -> None:
    """C10, C07, B30: pages, redirects, errors and JSON, to visitors and to users."""
    host = walked_host(new_host, url)
    for answer in answers(host, url):
        said = (answer.request.method, answer.status_code, answer.mimetype)
        assert answer.headers.get("Cache-Control") == "no-store", said
        assert answer.headers.get("X-Frame-Options") == "DENY", said
        assert {"Cookie", "Accept"} <= set(answer.vary), said
    admin = host.browser()
    admin.login("admin")
    for feature in ("password", "notes"):
        admin.post("/profile/admin/features", {feature: "off"})
    assert admin.get("/profile/password").headers["Cache-Control"] == "no-store"


def test_the_hosts_own_pages_and_static_files_are_left_as_they_are(host: Host) -> None:
    """B30"""
    alice = host.browser()
    alice.login("alice")
    assert "Cache-Control" not in alice.get("/page").headers
    assert "X-Frame-Options" not in alice.get("/page").headers
    page = alice.get("/profile/password").text
    style = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    assert "?v=" in style
    with alice.get(style) as answer:
        assert answer.status_code == 200
        assert "no-store" not in answer.headers.get("Cache-Control", "")


# ---- HTML or JSON


@pytest.mark.parametrize(
    ("accept", "body", "json"),
    [
        ("application/json", None, True),
        ("application/json, text/html;q=0.9", None, True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, False),
        ("text/html, application/json;q=0.9", {}, False),
        ("*/*", None, False),
        ("*/*", {}, True),
        ("application/json; charset=utf-8", None, True),
        ("application/problem+json", None, True),
        ("text/html;level=1;q=0.5, application/json;v=2;q=0.9", None, True),
        ("application/*, text/html;q=0.8", None, True),
        ("text/html, application/json;q=0", {}, False),
        (";;; , q=x/", None, False),
        (None, None, False),
    ],
)
def test_whoever_prefers_json_gets_json(accept: str | None, body: Any, json: bool, host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    headers = {"Accept": accept} if accept else {}
    answer = alice.client.post("/profile/preferences", headers=headers, **({"json": {}} if body is not None else {}))
    assert answer.status_code == 400
    assert (answer.mimetype == "application/problem+json") == json
