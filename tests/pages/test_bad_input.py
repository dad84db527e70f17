"""What no page of the extension does, whatever it is sent: fail, or keep it."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from werkzeug.test import create_environ

from tests.support.host import JSON, PASSWORD, Browser, Host, signed_in
from tests.support.walks import CHANGING, PAGES, TAKES_FIELDS, busy, everything, right_for, walked_host

PROBLEM = "application/problem+json"
#: URLs whose POST reads fields.
NO_FIELDS = [url for url in CHANGING if url not in TAKES_FIELDS]
PERSONAL = "/profile/personal-information"


def post_raw(browser: Browser, url: str, body: Any, accept: dict[str, str], token: str) -> Any:
    headers = {"X-CSRFToken": token, **accept}
    return browser.client.post(url, data=body, content_type="application/json", headers=headers)


# ---- bodies


@pytest.mark.parametrize("url", CHANGING)
def test_a_body_of_a_megabyte_is_too_large(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    before, headers = everything(host), {"X-CSRFToken": here.csrf()}
    large = "x" * 1_000_000
    multipart = f'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n{large}\r\n--b--\r\n'
    bodies: list[dict[str, Any]] = [
        {"data": {"first_name": large, "id": large}},
        {"data": multipart, "content_type": "multipart/form-data; boundary=b"},
        {"json": {"first_name": large}},
        {"data": '{"a":' * 200_000, "content_type": "application/json"},
    ]
    for body in bodies:
        for accept in ({}, JSON):
            answer = here.client.post(url, headers={**headers, **accept}, **body)
            assert answer.status_code == 413
        assert (answer.mimetype, answer.json["status"]) == (PROBLEM, 413)
    assert everything(host) == before


SHAPES = [
    "[1]",
    '"x"',
    "1",
    "null",
    "[]",
    "true",
    "",
    "{bad",
    "NaN",
    '{"a": 1',
    '{"a": 1e99999}',
    '{"a": %s}' % ("9" * 5000),
    '{"%s": 1}' % ("a" * 5000),
    "[" * 30_000,
    '{"a":' * 10_000,
    b"\xff\xfe{}",
    b'{"a": "\xff"}',
]


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_json_that_is_no_object_of_known_fields_is_refused(url: str, new_host: Callable[..., Host]) -> None:
    """K27"""
    host = walked_host(new_host, url)
    here = busy(host)
    before, token = everything(host), here.csrf()
    for body in SHAPES:
        for accept in ({}, JSON):
            answer = post_raw(here, url, body, accept, token)
            assert answer.status_code in (400, 422), body[:20]
        assert (answer.mimetype, answer.json["status"]) == (PROBLEM, answer.status_code)
        assert answer.json["title"]
    assert everything(host) == before


@pytest.mark.parametrize("url", NO_FIELDS)
def test_where_no_field_is_asked_for_a_body_is_read_all_the_same(url: str, new_host: Callable[..., Host]) -> None:
    """It may have been meant as a condition; there need not be one."""
    host = walked_host(new_host, url)
    here = busy(host)
    before, token = everything(host), here.csrf()
    for body in SHAPES:
        assert not body or post_raw(here, url, body, JSON, token).status_code in (400, 422), body[:20]
    assert everything(host) == before
    assert post_raw(here, url, "", JSON, token).status_code == 200


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_a_value_of_another_type_is_refused_and_named(url: str, new_host: Callable[..., Host]) -> None:
    """K27: numbers, lists and objects where a text belongs."""
    host = walked_host(new_host, url)
    here = busy(host)
    before = everything(host)
    field = next(iter(right_for(url, here)))
    odd: list[Any] = [5, 5.5, [], ["x"], {}, {"$ne": ""}, *([] if "admin" in url else [True, False])]
    for value in odd:
        answer = here.post_json(url, {field: value})
        assert answer.status_code == 422, value
        assert list(answer.json["errors"]) == [field]
    unknown = here.post_json(url, {**right_for(url, here), "is_admin": True, "user": {"id": 2}})
    assert unknown.status_code == 422
    assert {"is_admin", "user"} <= set(unknown.json["errors"])
    assert everything(host) == before


@pytest.mark.parametrize("url", [url for url in TAKES_FIELDS if "admin" not in url])
def test_a_form_without_any_of_its_fields_is_refused(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    before = everything(host)
    for answer in (here.post(url), here.post(url, {"nothing": "of ours"}), here.post_json(url, {})):
        assert answer.status_code == 422
    assert answer.json["errors"]
    assert everything(host) == before


# ---- characters


@pytest.mark.parametrize("escaped_json", [True, False], ids=["ASCII JSON", "UTF-8 JSON"])
@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_a_character_that_no_database_takes_is_refused_in_every_field(
    url: str, escaped_json: bool, new_host: Callable[..., Host]
) -> None:
    """K26: NUL and lone surrogates, in values and in names, never 500, also where the host writes JSON in UTF-8."""
    host = walked_host(new_host, url)
    host.app.json.ensure_ascii = escaped_json  # type: ignore[attr-defined]
    here = busy(host)
    before, right, token = everything(host), right_for(url, here), here.csrf()
    for field in right:
        for bad in ("a\x00b", "\x00", "\ud800", "x\udfffy"):
            for accept in ({}, JSON):
                assert post_raw(here, url, json.dumps({**right, field: bad}), accept, token).status_code == 422
            if "\x00" in bad:
                assert here.post(url, {**right, field: bad}).status_code == 422
    for name in ("\ud800", "a\x00", "first_name\x00", "__proto__", "a" * 300):
        assert post_raw(here, url, json.dumps({**right, name: "x"}), JSON, token).status_code in (400, 422)
    for raw in (b"csrf_token=%s&%s=%%ED%%A0%%80", b"csrf_token=%s&%%FF%%00=x&%s=%%C3"):
        sent = raw % (token.encode(), next(iter(right)).encode())
        answer = here.client.post(url, data=sent, content_type="application/x-www-form-urlencoded")
        assert answer.status_code < 500
    tokens = ("/profile/api-token/create", "/profile/api-token/change")
    texts = (PERSONAL, "/profile/notes", "/profile/confirm", "/profile/admin/features/sets", *tokens)
    assert everything(host) == before or url in texts, "a replaced byte is a text like any other"


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x1b", "\x07", "\r\n"])
def test_a_mark_that_turns_or_breaks_the_line_is_no_part_of_a_name(mark: str, host: Host) -> None:
    """K26"""
    alice = host.browser()
    alice.login("alice")
    answer = alice.post(PERSONAL, {"first_name": f"a{mark}gpj.exe", "last_name": "Test"})
    assert answer.status_code == 422
    assert "First name has a character that cannot be used" in answer.text
    assert host.user("alice").first_name == "Alice"


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "{{7*'7'}}",
    "{0.__class__}",
    "%(x)s %s",
    "javascript:alert(1)",
    "</title><script>x</script>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_what_was_typed_is_shown_literally_on_every_page(text: str, new_host: Callable[..., Host]) -> None:
    """K24: in the forms, the menu, the titles and beside an error."""
    host = walked_host(new_host)
    admin = busy(host)
    assert admin.post(PERSONAL, {"first_name": text, "last_name": text, "phone": text[:30]}).status_code == 303
    assert host.user("admin").first_name == text
    admin.post("/profile/admin/features", {"preferences.language": "off"})  # "Changed by …"
    pages = [admin.get(url).text for url in (*PAGES, "/menu") if url != "/profile/"]
    pages.append(admin.post(PERSONAL, {"first_name": text, "last_name": ""}).text)
    for page in pages:
        for wrong in ("<script>alert", "<script>x", "<img src=x", "' autofocus", "7777777"):
            assert wrong not in page
    assert any(escape(text, quote=False).replace("'", "&#39;").replace('"', "&#34;") in page for page in pages)


# ---- names and values that are not for this form


def test_only_declared_and_editable_fields_are_ever_written(host: Host) -> None:
    """K08, K09, A06: mass assignment by form and by JSON."""
    alice = host.browser()
    alice.login("alice")
    before = host.user("alice")
    evil = {"is_admin": "1", "roles": "admin", "id": "2", "password_hash": "x", "active": "0", "email": "e@x.test"}
    sent = {"first_name": "A", "last_name": "B", **evil}
    assert alice.post(PERSONAL, sent).status_code == 303
    after = host.user("alice")
    assert (after.first_name, after.last_name) == ("A", "B")
    assert alice.post_json(PERSONAL, {"first_name": "C", "is_admin": True, "user": {"id": 2}}).status_code == 422
    alice.post_json(PERSONAL, {"email": "e@x.test", "username": "root"})
    after = host.user("alice")
    for name in ("id", "is_admin", "password_hash", "active", "email", "username"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.first_name == "A"


@pytest.mark.parametrize("feature", ["phone", "first_name"])
def test_a_field_that_is_off_is_not_taken(feature: str, new_host: Callable[..., Host]) -> None:
    """K11"""
    host = new_host(MYPROFILE_FEATURES_PINNED={f"personal_information.{feature}": False})
    alice = host.browser()
    alice.login("alice")
    before = getattr(host.user("alice"), feature)
    sent = {"first_name": "Changed", "last_name": "Test", "phone": "+100"}
    assert alice.post(PERSONAL, sent).status_code == 303
    assert alice.post_json(PERSONAL, sent).status_code == 422
    assert getattr(host.user("alice"), feature) == before


IDS = [
    "",
    "abc",
    "-1",
    "0",
    str(2**31),
    str(2**63),
    str(10**30),
    "٣",
    "%00",
    "../",
    "..%2f",
    "a" * 24,
    "é",
    "' OR 1=1 --",
]


@pytest.mark.parametrize("value", IDS)
def test_a_junk_id_is_an_unknown_id(value: str, host: Host) -> None:
    """I06"""
    here = busy(host, admin=False)
    page = here.post("/profile/sessions/sign-out", {"id": value})
    program = here.post_json("/profile/sessions/sign-out", {"id": value})
    assert page.status_code == program.status_code == (404 if value else 422)
    assert len(here.sessions()) == 2


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "1e9", "٣", "%00", "9" * 6, "9" * 40, "2&page=3", "[]"])
def test_a_page_of_the_list_that_cannot_be_is_no_error(page: str, host: Host) -> None:
    here = busy(host, admin=False)
    assert here.get(f"/profile/sessions?page={page}").status_code == 200
    assert here.json(f"/profile/sessions?page={page}").json["total"] == 2


def test_odd_headers_are_no_error(host: Host) -> None:
    odd = [
        "",
        "*/*;q=x",
        "application/json;q=9",
        ",,,",
        "text/html;q=0, application/json;q=0",
        "é",
        "a/b/c",
        "x" * 5000,
    ]
    here = busy(host, admin=False)
    for value in odd:
        for header in ("Accept", "Accept-Language", "User-Agent", "X-CSRFToken", "Content-Type", "Sec-Fetch-Site"):
            assert here.client.get("/profile/sessions", headers={header: value}).status_code == 200
            assert here.client.post(PERSONAL, headers={header: value}).status_code in (400, 415)
    assert host.user("alice").check_password(PASSWORD)


def test_a_host_that_no_url_can_be_made_of_is_bad_input(host: Host) -> None:
    """Werkzeug takes it, and fails where somebody asks for the URL: Flask-Login does, of a visitor's request."""
    cookie = f"session={signed_in(host).cookie('session')}"
    asked = [
        ("/profile/password", ""),
        ("/profile/admin/features", ""),
        ("/profile/", ""),
        ("/profile/confirm", cookie),
    ]
    said: list[str] = []
    for url, sent in asked:
        environ = {**create_environ(url), "HTTP_HOST": "xn--", "HTTP_COOKIE": sent}  # no test client sends that
        list(host.app.wsgi_app(environ, lambda status, headers, *more: said.append(status)))  # type: ignore[arg-type]
    assert said == ["400 BAD REQUEST"] * len(asked)
