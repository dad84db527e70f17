"""Personal Information: the fields that the host's model has, and nothing but these is ever written."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import mapped_column

from tests.support.host import PASSWORD, Browser, Host, signed_in, user_class

TAB = "/profile/personal-information"
NAMES = {"first_name": "Alice", "last_name": "Test"}


def rich_class(db: SQLAlchemy) -> type[Any]:
    """A user with more to tell, and with more that is not for this page."""
    user = user_class(db)
    user.display_name = mapped_column("shown_as", String(12), unique=True)
    user.job_title = mapped_column(String(8))
    user.company = mapped_column(Text)
    user.nickname = mapped_column(String(20))
    user.department = mapped_column(Integer)
    user.role = mapped_column(String(20), default="reader")
    user.email_verified = mapped_column(Integer, default=0)
    return user


def row(host: Host, name: str = "alice") -> dict[str, Any]:
    user = host.user(name)
    return {column.key: getattr(user, column.key) for column in host.db.inspect(host.User).column_attrs}


def fields_on(page: str) -> list[str]:
    return re.findall(r'<input[^>]* id="(\w+)"[^>]* name="\1"', page)


def typed_on(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def errors_on(page: str) -> dict[str, str]:
    found = re.findall(r'<p class="mp-error" id="(\w+)-error\d*">.*?Error: </span>(.*?)</span>', page)
    return {name: html.unescape(text) for name, text in found}


def refused(host: Host, browser: Browser, sent: dict[str, str]) -> dict[str, str]:
    """Neither the form nor JSON is taken, and both say the same; what was typed is kept, the row is as it was."""
    before = row(host)
    page, problem = browser.post(TAB, {**NAMES, **sent}), browser.post_json(TAB, sent)
    assert (page.status_code, problem.status_code) == (422, 422)
    assert problem.mimetype == "application/problem+json"
    said = {name: " ".join(texts) for name, texts in problem.json["errors"].items()}
    assert errors_on(page.text) == said
    assert row(host) == before
    return said


# ---- which fields there are


def test_the_fields_are_those_that_the_model_has(new_host: Callable[..., Host]) -> None:
    """The conventional ones with a column for text, in the order of the page, and no other."""
    shown = ["first_name", "last_name", "display_name", "email", "phone", "job_title", "company", "username"]
    rich, plain = new_host(model=rich_class), new_host()
    alice = signed_in(rich)
    assert fields_on(alice.get(TAB).text) == shown
    assert set(alice.json(TAB).json) == set(shown)
    assert fields_on(signed_in(plain).get(TAB).text) == ["first_name", "last_name", "email", "phone", "username"]


def test_the_host_may_say_which_fields_and_in_which_order(new_host: Callable[..., Host]) -> None:
    host = new_host(model=rich_class, MYPROFILE_PERSONAL_FIELDS=("nickname", "first_name"))
    alice = signed_in(host)
    page = alice.get(TAB).text
    assert fields_on(page) == ["nickname", "first_name"]
    assert ">Nickname" in page, "a label is made of its name"
    assert alice.post(TAB, {"nickname": "Al", "first_name": "A", "last_name": "no"}).status_code == 303
    assert alice.post_json(TAB, {"last_name": "no"}).status_code == 422
    after = host.user("alice")
    assert (after.nickname, after.first_name, after.last_name) == ("Al", "A", "Test")


@pytest.mark.parametrize("settings", ["MYPROFILE_FEATURES", "MYPROFILE_FEATURES_PINNED"])
def test_a_field_that_is_off_is_neither_shown_nor_written(settings: str, new_host: Callable[..., Host]) -> None:
    """Not even if it is required: its value stays."""
    host = new_host(**{settings: {"personal_information.last_name": False}})
    alice = signed_in(host)
    page = alice.get(TAB).text
    assert "last_name" not in page
    assert "first_name" in fields_on(page)
    assert "last_name" not in alice.json(TAB).json
    assert alice.post(TAB, {"first_name": "A", "last_name": "evil"}).status_code == 303
    assert alice.post_json(TAB, {"first_name": "B", "last_name": "evil"}).status_code == 422
    after = host.user("alice")
    assert (after.first_name, after.last_name) == ("A", "Test")


# ---- what a field takes


@pytest.mark.parametrize(
    ("field", "longest"), [("first_name", 40), ("display_name", 12), ("phone", 30), ("job_title", 8)]
)
@pytest.mark.parametrize("letter", ["x", "漢", "\U0001f600"])
def test_a_field_is_as_long_as_its_column(field: str, longest: int, letter: str, new_host: Callable[..., Host]) -> None:
    """In characters, whatever their size; a column without a length takes what a form may hold."""
    host = new_host(model=rich_class)
    alice = signed_in(host)
    assert f"must be {longest} characters or fewer" in refused(host, alice, {field: letter * (longest + 1)})[field]
    sent = {**NAMES, field: letter * longest, "company": letter * 4000}
    assert alice.post(TAB, sent).status_code == 303
    after = host.user("alice")
    assert (getattr(after, field), after.company) == (letter * longest, letter * 4000)


@pytest.mark.parametrize("nothing", ["", "   ", "\u00a0\u3000", "\t"])
def test_a_column_that_must_have_a_value_gets_one(nothing: str, host: Host) -> None:
    said = refused(host, signed_in(host), {"first_name": nothing, "last_name": nothing})
    assert said == {"first_name": "Enter your first name", "last_name": "Enter your last name"}


def test_an_optional_field_may_be_emptied_and_one_not_sent_stays(host: Host) -> None:
    alice = signed_in(host)
    page = alice.get(TAB).text
    assert re.search(r'<label[^>]*for="phone"[^>]*>Phone number\s*<span class="mp-opt">\(optional\)', page)
    assert not re.search(r'<label[^>]*for="first_name"[^>]*>[^<]*<span class="mp-opt">', page)
    assert alice.post_json(TAB, {"phone": " 12  34 "}).status_code == 200
    assert (host.user("alice").phone, host.user("alice").first_name) == ("12 34", "Alice")
    assert alice.post_json(TAB, {"first_name": "Al"}).status_code == 200
    assert (host.user("alice").phone, host.user("alice").first_name) == ("12 34", "Al")
    assert alice.post(TAB, {**NAMES, "phone": ""}).status_code == 303
    assert host.user("alice").phone is None
    assert alice.post_json(TAB, {"phone": "1"}).status_code == 200
    assert alice.post_json(TAB, {"phone": None}).status_code == 200
    assert host.user("alice").phone is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\x00b", "character that cannot be used"),
        ("A\x0fB", "character that cannot be used"),
        ("A\x85B", "character that cannot be used"),
        ("A\nB", "character that cannot be used"),
        ("Eve\u202enimdA", "character that cannot be used"),
        ("Eve\u2067nimdA", "character that cannot be used"),
        ("A\u2028B", "character that cannot be used"),
        ("\u200b", "no visible character"),
        ("\u2800", "no visible character"),
        ("\u3164", "no visible character"),
        ("\u00ad\u034f\ufe0f\u200d", "no visible character"),
        ("\u2800 \u3164\u200b\U000e0061", "no visible character"),
    ],
    ids=lambda value: ascii(value) if len(value) < 15 else "",
)
def test_a_name_without_a_visible_character_or_with_an_invisible_one_is_no_name(
    name: str, words: str, new_host: Callable[..., Host]
) -> None:
    """B47, B74: in required fields and in optional ones."""
    host = new_host(model=rich_class)
    alice = signed_in(host)
    for field in ("first_name", "display_name", "phone", "company"):
        said = refused(host, alice, {field: name})
        assert list(said) == [field]
        assert words in said[field]
    assert alice.post_json(TAB, {"first_name": "a\ud800"}).status_code == 422


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u0631\u0648\u0645",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "O’Brien",
        "O'Brien-Smith, Jr.",
        "محمد",
        "हिन्दी",
        "李",
        "Zoe\u0308",
        "I\u0307stanbul",
    ],
)
def test_names_that_people_have_are_stored_as_typed_and_shown_apart(name: str, host: Host) -> None:
    """B47: a name's direction turns nothing that stands beside it."""
    alice = signed_in(host)
    assert alice.post(TAB, {"first_name": name, "last_name": f" {name}{' ' * 20}{name} "}).status_code == 303
    after = host.user("alice")
    assert (after.first_name, after.last_name) == (name, f"{name} {name}")
    shown = html.escape(f"{name} {name} {name}").replace("&#x27;", "&#39;")
    assert f"<bdi>{shown}</bdi>" in alice.get("/menu").text
    page = alice.get(TAB).text
    assert typed_on(page, "first_name") == name
    assert f"<bdi>{shown}</bdi>" in page


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}{%raw%}",
        "javascript:alert(1)",
        "' onfocus='alert(1)",
        "&lt;b&gt;%(name)s",
    ],
)
def test_what_looks_like_code_is_shown_literally_everywhere(payload: str, host: Host) -> None:
    """K24: on every tab, in the menu of a page of the host's, and where it is shown again to be corrected."""
    admin = signed_in(host, "admin")
    assert admin.post(TAB, {"first_name": payload, "last_name": "T"}).status_code == 303
    escaped = html.escape(payload).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    urls = (TAB, "/profile/preferences", "/profile/password", "/profile/sessions", "/profile/api-token")
    for url in (*urls, "/profile/sessions/sign-out-others", "/profile/admin/features", "/menu"):
        page = admin.get(url).text
        assert f"<bdi>{escaped} T</bdi>" in page, url
        assert page.count(payload) == (page.count(escaped) if payload == escaped else 0), url
    assert typed_on(admin.get(TAB).text, "first_name") == payload
    again = admin.post(TAB, {"first_name": payload, "last_name": payload, "phone": payload * 3})
    assert again.status_code == 422
    assert typed_on(again.text, "phone") == payload * 3
    assert not re.search(r"<(script>alert|img src=x)|49\{| onfocus='", again.text)


# ---- what is never written


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_user_name_and_address_are_shown_and_never_written(as_json: bool, host: Host) -> None:
    alice, before = signed_in(host), row(host)
    page = alice.get(TAB).text
    for name in ("username", "email"):
        field = re.search(rf'<input[^>]* name="{name}"[^>]*>', page)
        assert field
        assert " readonly" in field[0]
    sent = {**NAMES, "username": "root", "email": "root@x.test"}
    (alice.post_json if as_json else alice.post)(TAB, sent)
    assert row(host) == before
    assert typed_on(alice.get(TAB).text, "username") == "alice"


PRIVILEGED: dict[str, Any] = {
    "id": "2",
    "is_admin": "1",
    "active": "",
    "is_active": "0",
    "role": "admin",
    "roles": "admin",
    "password_hash": "x",
    "password": "x",
    "email_verified": "1",
    "nickname": "not declared",
    "department": "7",
    "shown_as": "the column's own name",
    "_sa_instance_state": "x",
    "__class__": "x",
    "metadata": "x",
    "set_password": "x",
    "user.is_admin": "1",
    "user[is_admin]": "1",
}


def test_a_form_with_privileged_fields_changes_the_declared_ones_only(new_host: Callable[..., Host]) -> None:
    """B81, K08"""
    host = new_host(model=rich_class)
    alice, before, bob = signed_in(host), row(host), row(host, "bob")
    assert alice.post(TAB, {**PRIVILEGED, "first_name": "A", "last_name": "B"}).status_code == 303
    assert row(host) == {**before, "first_name": "A", "last_name": "B"}
    assert row(host, "bob") == bob
    assert alice.is_in()
    assert host.browser().login("alice", PASSWORD).location == "/page"


@pytest.mark.parametrize("value", ["1", True, 1, None, {"id": 2}, [1]], ids=repr)
def test_json_with_an_unknown_field_changes_nothing_at_all(value: Any, new_host: Callable[..., Host]) -> None:
    """B81, K09"""
    host = new_host(model=rich_class)
    alice, before = signed_in(host), row(host)
    for name in (*PRIVILEGED, "user", "csrf_token"):
        answer = alice.post_json(TAB, {"first_name": "A", name: value})
        assert answer.status_code == 422, name
        assert answer.json["errors"] == {name: ["There is no such field"]}
    assert alice.post_json(TAB, {"first_name": {"id": 2}}).status_code == 422
    assert row(host) == before
