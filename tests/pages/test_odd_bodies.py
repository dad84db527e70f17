"""Bodies that no browser sends: without a length, with a field twice, nested beyond reason, in odd encodings."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.walks import CHANGING, SHOW, TAKES_FIELDS, busy, everything, right_for, walked_host

PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
HTML = {"Accept": "text/html"}


def in_chunks(browser: Browser, url: str, body: bytes, kind: str, headers: dict[str, str]) -> Any:
    """A body without Content-Length, as a server hands on ``Transfer-Encoding: chunked``."""
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    stream = io.BytesIO(body)
    return browser.client.post(url, input_stream=stream, content_type=kind, headers=headers, environ_overrides=environ)


@pytest.mark.parametrize("url", CHANGING)
def test_a_megabyte_in_chunks_is_too_large(url: str, new_host: Callable[..., Host]) -> None:
    """413, though its length is known only at its end; what is wanted may all stand before the limit."""
    host = walked_host(new_host, url)
    here = busy(host)
    token, before = here.csrf(), everything(host)
    large, wanted = b"x" * 1_000_000, "&".join(f"{k}={v}" for k, v in right_for(url, here).items())
    part = b'--b\r\nContent-Disposition: form-data; name="first_name"\r\n\r\n' + large + b"\r\n--b--\r\n"
    bodies = {
        FORM: wanted.encode() + b"&more=" + large,
        "application/json": b'{"first_name": "' + large + b'"}',
        "multipart/form-data; boundary=b": part,
    }
    for kind, body in bodies.items():
        for accept in (HTML, JSON):
            answer = in_chunks(here, url, body, kind, {**accept, "X-CSRFToken": token})
            assert answer.status_code == 413, kind
        assert (answer.mimetype, answer.json["status"]) == (PROBLEM, 413)
    assert everything(host) == before
    assert here.is_in()


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_a_small_body_in_chunks_is_as_good_as_any(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    token, before = here.csrf(), everything(host)
    sent = "&".join(f"{name}={value}" for name, value in right_for(url, here).items())
    answer = in_chunks(here, url, sent.encode(), FORM, {"X-CSRFToken": token})
    assert answer.status_code == (200 if url in SHOW else 303)
    assert everything(host) != before


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_json_a_hundred_thousand_deep_is_refused(url: str, new_host: Callable[..., Host]) -> None:
    """Too large as it is; where it would fit it is too deep: 400 and never a RecursionError."""
    host = walked_host(new_host, url)
    here = busy(host)
    token, before = here.csrf(), everything(host)
    deep = {100_000: 413, 60_000: 400, 30_000: 400, 1_100: 400}
    for depth, status in deep.items():
        for accept in (HTML, JSON):
            headers = {**accept, "X-CSRFToken": token}
            bodies = ["[" * depth]
            bodies += ["[" * depth + "]" * depth] if depth < 30_001 else []
            for body in bodies:
                answer = here.client.post(url, data=body, content_type="application/json", headers=headers)
                assert answer.status_code == status, depth
        assert (answer.mimetype, answer.json["status"]) == (PROBLEM, status)
    nested = here.post_json(url, {next(iter(right_for(url, here))): [[[[{}]]]]})
    assert nested.status_code == 422
    assert everything(host) == before


def test_json_beyond_reason_is_refused_where_the_form_is_made_of_what_was_sent(new_host: Callable[..., Host]) -> None:
    """Which token is to be changed is looked up in it before anything else is."""
    host = walked_host(new_host, MYPROFILE_API_TOKENS=3)
    here = busy(host)
    token, before = here.csrf(), everything(host)
    for body in ("[" * 1_100, '{"id": ' * 5_000, '{"id": ' + "[" * 1_100 + "]" * 1_100 + "}", '{"id": ', "[]"):
        answer = here.client.post(
            "/profile/api-token/change",
            data=body,
            content_type="application/json",
            headers={**JSON, "X-CSRFToken": token},
        )
        assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert everything(host) == before


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_a_number_that_is_none_is_refused_as_a_value(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    field = next(iter(right_for(url, here)))
    token, before = here.csrf(), everything(host)
    for constant in ("NaN", "Infinity", "-Infinity", "-0", "1e400", "1" * 4000):
        for accept in (HTML, JSON):
            body = f'{{"{field}": {constant}}}'
            headers = {**accept, "X-CSRFToken": token}
            answer = here.client.post(url, data=body, content_type="application/json", headers=headers)
            assert answer.status_code == 422, constant
        assert list(answer.json["errors"]) == [field]
    assert everything(host) == before


# ---- a field twice


def test_of_a_field_that_is_sent_twice_one_value_is_taken_and_it_is_checked(host: Host) -> None:
    """Never both, never a list: the one that is checked is the one that is stored."""
    alice = busy(host, admin=False)
    twice = [("first_name", "One"), ("first_name", "x" * 41), ("last_name", "Test")]
    for pairs in (twice, twice[::-1]):
        answer = alice.client.post(
            "/profile/personal-information", data=MultiDict([*pairs, ("csrf_token", alice.csrf())])
        )
        assert answer.status_code in (303, 422)
        assert host.user("alice").first_name == ("One" if answer.status_code == 303 else "Alice")
        host.sql("UPDATE user SET first_name = 'Alice' WHERE username = 'alice'")


def test_a_hidden_character_in_the_second_of_two_values_is_seen(host: Host) -> None:
    alice = busy(host, admin=False)
    before = everything(host)
    for pairs in ([("first_name", "One"), ("first_name", "a\0b")], [("first_name", "a\0b"), ("first_name", "One")]):
        sent = MultiDict([*pairs, ("last_name", "Test"), ("csrf_token", alice.csrf())])
        assert alice.client.post("/profile/personal-information", data=sent).status_code == 422
    assert everything(host) == before


def test_two_ids_sign_out_at_most_the_one_that_was_checked(host: Host) -> None:
    alice, bob = busy(host, admin=False), host.browser()
    bob.login("bob")
    bobs, own = bob.session_id(), next(row["id"] for row in alice.sessions() if not row["current"])
    sent = MultiDict([("id", bobs), ("id", own), ("csrf_token", alice.csrf())])
    assert alice.client.post("/profile/sessions/sign-out", data=sent).status_code == 404
    assert bob.is_in()
    assert len(alice.sessions()) == 2


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_password_that_is_sent_twice_is_no_way_around_its_confirmation(as_json: bool, host: Host) -> None:
    alice = busy(host, admin=False)
    other = "another walk in the rain"
    pairs = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD), ("confirm_password", NEW_PASSWORD)]
    twice = [*pairs, ("new_password", other), ("confirm_password", other)]
    if as_json:
        body = "{" + ", ".join(f'"{name}": "{value}"' for name, value in twice) + "}"
        kind = "application/json"
    else:
        body = "&".join(f"{name}={value}".replace(" ", "+") for name, value in twice)
        kind = FORM
    answer = alice.client.post(
        "/profile/password", data=body, content_type=kind, headers={"X-CSRFToken": alice.csrf(), **JSON}
    )
    assert answer.status_code == 200
    user = host.user("alice")
    assert [user.check_password(NEW_PASSWORD), user.check_password(other)] == (
        [False, True] if as_json else [True, False]
    )


# ---- encodings


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_json_in_another_encoding_is_json_or_refused(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    headers, before = {**JSON, "X-CSRFToken": here.csrf()}, everything(host)
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        body = '{"nobody": "knows me"}'.encode(encoding)
        answer = here.client.post(url, data=body, content_type="application/json", headers=headers)
        assert answer.status_code in (400, 422), encoding
        assert answer.mimetype == PROBLEM
    assert everything(host) == before


ODD_TYPES = [
    *("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 500),
    *("multipart/mixed; boundary=b", f"{FORM}; charset=utf-7", "application/json; charset=none", "a", "/", ";"),
]


@pytest.mark.parametrize("url", CHANGING)
def test_a_content_type_that_is_odd_is_no_fault(url: str, new_host: Callable[..., Host]) -> None:
    """Refused where fields are wanted; Feature Management finds none among them, and changes none."""
    host = walked_host(new_host, url)
    here = busy(host)
    needs = url in TAKES_FIELDS and "admin" not in url
    headers, before = {**JSON, "X-CSRFToken": here.csrf()}, everything(host)
    for kind in ODD_TYPES:
        answer = here.client.post(url, data=b"--b\r\n\xff\x00", content_type=kind, headers=headers)
        assert answer.status_code in ((400, 415, 422) if needs else (200, 400, 401, 404, 415, 422)), kind
    assert everything(host) == before or url not in TAKES_FIELDS


@pytest.mark.parametrize("url", TAKES_FIELDS)
def test_a_file_where_a_text_belongs_is_not_taken(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    fields, before = right_for(url, here), everything(host)
    files: dict[str, Any] = {name: (io.BytesIO(value.encode()), "a.txt") for name, value in fields.items()}
    answer = here.client.post(url, data={**files, "csrf_token": here.csrf()})
    assert answer.status_code == 422
    assert everything(host) == before


@pytest.mark.parametrize("url", CHANGING)
def test_a_part_without_a_name_is_no_fault(url: str, new_host: Callable[..., Host]) -> None:
    """400: a browser gives every part a name, and what has none cannot be said to be one of the fields."""
    host = walked_host(new_host, url)
    here = busy(host)
    token, before = here.csrf(), everything(host)
    named = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**right_for(url, here), "more": "x"}.items()
    )
    for nameless in ("form-data", 'form-data; filename="x.txt"'):
        body = f"{named}--b\r\nContent-Disposition: {nameless}\r\n\r\nx\r\n--b--\r\n"
        for accept in (HTML, JSON):
            headers = {**accept, "X-CSRFToken": token}
            answer = here.client.post(url, data=body, content_type="multipart/form-data; boundary=b", headers=headers)
            assert answer.status_code == 400, (nameless, accept)
        assert (answer.mimetype, answer.json["code"]) == (PROBLEM, "bad_request")
    assert everything(host) == before
