"""Personal Information: only what was changed is checked and written; what was changed elsewhere is not undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Boolean, String, Text
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField
from wtforms.validators import Disabled

from flask_myprofile import current_profile
from tests.support.host import JSON, Browser, Host, signed_in
from tests.support.kept import in_each_database
from tests.support.meanwhile import meanwhile
from tests.tabs.test_personal_information import NAMES, TAB, errors_on, refused
from tests.tabs.test_personal_information_any_column import as_a_browser_sends_it
from tests.tabs.test_personal_information_types import with_columns

PREFERENCES = "/profile/preferences"


def opened(browser: Browser) -> dict[str, str]:
    return as_a_browser_sends_it(browser.get(TAB).text)


def two(host: Host) -> tuple[Browser, Browser]:
    return signed_in(host), signed_in(host)


# ---- what nobody has changed


@pytest.mark.parametrize(
    "stored",
    [
        {"last_name": ""},
        {"first_name": "x" * 60},
        {"phone": "\u202a+49 30 1\u202c"},
        {"phone": "a\x0fb"},
        {"first_name": " a  b "},
        {"phone": "1\r\n2"},
    ],
    ids=str,
)
def test_what_is_stored_already_keeps_nobody_from_saving_the_rest_and_stays_as_it_is(
    stored: dict[str, Any], host: Host
) -> None:
    """One name only, one longer than its column, marks that nobody sees: an import is not the user's mistake."""
    host.sql("UPDATE \"user\" SET first_name = 'Alice' WHERE id = 1")
    host.change("alice", **stored)
    alice = signed_in(host)
    for other in {"first_name", "last_name", "phone"} - stored.keys():
        assert alice.post(TAB, {**opened(alice), other: "1"}).status_code == 303
        assert alice.post_json(TAB, {other: "2", **stored}).status_code == 200
        assert getattr(host.user("alice"), other) == "2"
    assert {name: getattr(host.user("alice"), name) for name in stored} == stored


def test_a_text_of_several_lines_keeps_them(new_host: Callable[..., Host]) -> None:
    """By its column, or by what is stored in one that has one line by convention; and the ends that its lines have."""
    host = new_host(model=with_columns({"about": Text, "company": Text}, nullable=True), **FIELDS)
    host.change("alice", about="one\r\ntwo\n", company="three\nfour")
    alice = signed_in(host)
    page = opened(alice)
    assert page["company"] == "three\r\nfour"
    assert alice.post(TAB, {**page, "first_name": "Al"}).status_code == 303
    assert (host.user("alice").about, host.user("alice").company) == ("one\r\ntwo\n", "three\nfour")
    assert alice.post(TAB, {**page, "about": "1\r\n2", "company": "3\r\n4"}).status_code == 303
    assert (host.user("alice").about, host.user("alice").company) == ("1\r\n2", "3\n4")


FIELDS = {"MYPROFILE_PERSONAL_FIELDS": ("first_name", "about", "company")}


def test_a_text_that_no_browser_sends_whole_is_shown_and_not_sent(new_host: Callable[..., Host]) -> None:
    long = "long\n" * 20_000
    host = new_host(model=with_columns({"about": Text, "company": Text}, nullable=True), **FIELDS)
    host.change("alice", about=long)
    alice = signed_in(host)
    page = opened(alice)
    assert "about" not in page
    assert alice.post(TAB, {**page, "first_name": "Al"}).status_code == 303
    assert host.user("alice").about == long


def test_a_pasted_number_comes_without_the_marks_that_nobody_sees(host: Host) -> None:
    alice = signed_in(host)
    for door in (lambda sent: alice.post(TAB, {**NAMES, **sent}), lambda sent: alice.post_json(TAB, sent)):
        for before, after in (("\u202d", "\u202c"), ("\u2066", "\u2069"), ("\ufeff", "\u200e"), ("\u200b", "\u200f")):
            assert door({"phone": f"{before}+49 (30) 12-3{after}"}).status_code in (200, 303)
            assert host.user("alice").phone == "+49 (30) 12-3"
            assert door({"phone": ""}).status_code in (200, 303)


# ---- what was changed elsewhere


@in_each_database
def test_a_page_that_was_open_before_puts_nothing_back(host: Host) -> None:
    here, elsewhere = two(host)
    page = opened(here)
    assert elsewhere.post_json(TAB, {"first_name": "Anna Maria"}).status_code == 200
    assert here.post(TAB, {**page, "phone": "+49 2"}).status_code == 303
    assert (host.user("alice").first_name, host.user("alice").phone) == ("Anna Maria", "+49 2")


@in_each_database
def test_two_changes_of_one_field_show_both_and_nothing_that_was_typed_is_lost(host: Host) -> None:
    here, elsewhere = two(host)
    page = opened(here)
    elsewhere.post_json(TAB, {"first_name": "Anna <b>", "last_name": "Silva"})
    answer = here.post(TAB, {**page, "first_name": "Ana", "phone": "1"})
    assert answer.status_code == 409
    assert errors_on(answer.text) == {"first_name": "This is “Anna <b>” now. Save again to put yours in its place."}
    assert (host.user("alice").first_name, host.user("alice").phone) == ("Anna <b>", None)
    again = as_a_browser_sends_it(answer.text)
    shown = {name: again[name] for name in ("first_name", "last_name", "phone")}
    assert shown == {"first_name": "Ana", "last_name": "Silva", "phone": "1"}
    assert here.post(TAB, again).status_code == 303
    after = host.user("alice")
    assert (after.first_name, after.last_name, after.phone) == ("Ana", "Silva", "1")


def test_what_is_to_be_corrected_first_is_compared_with_the_page_that_was_opened(host: Host) -> None:
    here, elsewhere = two(host)
    answer = here.post(TAB, {**opened(here), "first_name": "Ana", "phone": "\u200b"})
    assert answer.status_code == 422
    elsewhere.post_json(TAB, {"first_name": "Anna"})
    again = {**as_a_browser_sends_it(answer.text), "phone": ""}
    assert again["first_name"] == "Ana"
    assert here.post(TAB, again).status_code == 409


def test_a_program_may_say_what_it_has_read(host: Host) -> None:
    here, elsewhere = two(host)
    read = here.json(TAB)
    version = read.headers["ETag"].strip('"')
    assert "version" not in read.json
    elsewhere.post_json(TAB, {"first_name": "Anna"})
    assert here.post_json(TAB, {"phone": "1", "version": version}).status_code == 200, "another field"
    said = (f'"{version}"', f'W/"{version}"', f'"{"0" * 16}", "{version}"')  # a proxy that compresses makes it weak
    for sent, headers in (({"version": version}, {}), *(({}, {"If-Match": each}) for each in said)):
        answer = here.post_json(TAB, {"first_name": "Ana", **sent}, **headers)
        assert (answer.status_code, answer.json["code"]) == (409, "conflict")
        assert list(answer.json["errors"]) == ["first_name"]
    assert here.post_json(TAB, {"first_name": "Anna", "version": version}).status_code == 200, "it has it already"
    assert here.post_json(TAB, {"first_name": "Ana", "version": "nonsense"}).status_code == 409
    assert here.post_json(TAB, {"first_name": "Ana", "version": 7}).status_code == 422
    assert here.post_json(TAB, {"first_name": "Ana"}).status_code == 200, "or say nothing"
    for nothing in ('""', "*", '"', ","):
        assert here.post_json(TAB, {"first_name": "Ana"}, **{"If-Match": nothing}).status_code == 200, nothing


@pytest.mark.parametrize("made", ['W/"{}"', '"{}:gzip"', '"{}-gzip"', 'W/"{}:br"'])
def test_what_a_program_has_read_compressed_is_known_by_the_etag_that_comes_of_that(made: str, host: Host) -> None:
    here, elsewhere = two(host)
    version = here.json(TAB).headers["ETag"].strip('"')
    sent = {"If-Match": made.format(version)}
    assert here.post_json(TAB, {"phone": "1"}, **sent).status_code == 200
    elsewhere.post_json(TAB, {"phone": "2"})
    assert here.post_json(TAB, {"phone": "3"}, **sent).status_code == 409


@in_each_database
def test_of_two_who_save_one_field_at_the_same_moment_the_second_is_told(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = two(host)
    page = opened(here)
    with host.app.app_context():
        users = type(current_profile.users)
    other = meanwhile(monkeypatch, users, "has_place", lambda: elsewhere.post_json(TAB, {"first_name": "Anna"}))
    answer = here.post(TAB, {**page, "first_name": "Ana"})
    assert (other[0].status_code, answer.status_code) == (200, 409)
    assert host.user("alice").first_name == "Anna"
    assert "Ana" in answer.text


def test_a_form_without_its_csrf_token_is_shown_again_as_it_was_typed_and_with_what_it_was_compared(host: Host) -> None:
    here, elsewhere = two(host)
    page = opened(here)
    elsewhere.post_json(TAB, {"first_name": "Anna"})
    answer = here.client.post(TAB, data={**page, "phone": "1", "csrf_token": "old"})
    assert answer.status_code == 400
    again = as_a_browser_sends_it(answer.text)
    assert (again["first_name"], again["phone"], again["username"]) == ("Anna", "1", "alice")
    assert here.post(TAB, {**again, "csrf_token": here.csrf()}).status_code == 303
    assert (host.user("alice").first_name, host.user("alice").phone) == ("Anna", "1")


def test_a_box_without_a_tick_is_told_from_one_that_was_changed_elsewhere(new_host: Callable[..., Host]) -> None:
    host = new_host(
        model=with_columns({"letter": Boolean, "nick": String(9)}, nullable=True),
        MYPROFILE_PERSONAL_FIELDS=("letter", "nick"),
    )
    here, elsewhere = two(host)
    page = opened(here)
    assert elsewhere.post(TAB, {**opened(elsewhere), "letter": "y"}).status_code == 303
    assert here.post(TAB, {**page, "nick": "Al"}).status_code == 303
    assert (host.user("alice").letter, host.user("alice").nick) == (True, "Al")
    page = opened(here)
    assert page.pop("letter") == "y"
    assert elsewhere.post_json(TAB, {"letter": False}).status_code == 200
    assert here.post(TAB, page).status_code == 303, "both have taken it away"
    assert host.user("alice").letter is False


@pytest.mark.parametrize(
    "disabled", [{"validators": [Disabled()]}, {"render_kw": {"disabled": True}}], ids=["validator", "render_kw"]
)
def test_a_box_that_is_disabled_keeps_its_tick_when_something_else_is_saved(
    disabled: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    """A browser sends nothing of it, and so it does of a box whose tick was taken away."""
    host = new_host(
        model=with_columns({"member": Boolean}, nullable=True),
        MYPROFILE_PERSONAL_FIELDS={"first_name": None, "member": BooleanField("Member", **disabled)},
    )
    host.change("alice", member=True)
    alice = signed_in(host)
    page = opened(alice)
    assert "member" not in page
    assert alice.post(TAB, {**page, "first_name": "Al"}).status_code == 303
    assert alice.post(TAB, {"first_name": "Ali"}).status_code == 303, "without a version, too"
    assert alice.post_json(TAB, {"first_name": "Alix"}).status_code == 200
    assert (host.user("alice").first_name, host.user("alice").member) == ("Alix", True)


def test_a_page_of_preferences_that_was_open_before_puts_nothing_back_either(host: Host) -> None:
    here, elsewhere = two(host)
    before = re.search(r'name="version"[^>]*value="([^"]*)"', here.get(PREFERENCES).text)
    assert before
    page = {"language": "", "timezone": "", "theme": "", "version": before[1]}
    elsewhere.post_json(PREFERENCES, {"language": "fr", "timezone": "Europe/Paris"})
    assert here.post(PREFERENCES, {**page, "theme": "dark"}).status_code == 303
    chosen = {"language": "fr", "timezone": "Europe/Paris", "theme": "dark"}
    assert here.json(PREFERENCES).json == chosen
    answer = here.post(PREFERENCES, {**page, "timezone": "Asia/Tokyo", "theme": "dark"})
    assert answer.status_code == 409
    assert here.json(PREFERENCES).json == chosen


# ---- addresses


@pytest.fixture
def editable(new_host: Callable[..., Host]) -> Host:
    host = new_host(MYPROFILE_PERSONAL_READONLY=("username",))
    host.sql("""UPDATE "user" SET email = replace(email, '@x.test', '@example.com')""")
    return host


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ana@EXAMPLE.org", "Ana@example.org"),
        ("\uff41na\uff20\uff45xample\uff0eorg", "ana@example.org"),
        ("ana@exa\u0308mple.org", "ana@ex\xe4mple.org"),
        (" ana@example.org ", "ana@example.org"),
    ],
)
def test_an_address_is_stored_as_it_was_checked(typed: str, meant: str, editable: Host) -> None:
    assert signed_in(editable).post(TAB, {**NAMES, "email": typed}).status_code == 303
    assert editable.user("alice").email == meant


@in_each_database
def test_an_address_is_taken_however_the_other_account_has_written_it(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=("username",))
    host.change("bob", email="bob@EXAMPLE.com")
    assert refused(host, signed_in(host), {"email": "bob@example.COM"}) == {"email": "Email address is already in use"}
    assert signed_in(host, "bob").post_json(TAB, {"email": "bob@example.com"}).status_code == 200, "it is bob's own"


@pytest.mark.parametrize(("setting", "stored"), [(True, "a@example.com"), (None, "a@corp.local")])
@pytest.mark.parametrize("address", ["ana@corp.local", "ana@intranet", "ana@mail.home.arpa", "ana@firma.test"])
def test_addresses_of_an_intranet_are_taken_where_the_host_says_so_or_they_are_usual(
    setting: Any, stored: str, address: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=(), MYPROFILE_PERSONAL_EMAIL_INTRANET=setting)
    host.change("alice", email=stored)
    assert signed_in(host).post_json(TAB, {"email": address.upper()}).status_code == 200
    assert host.user("alice").email.partition("@")[2] == address.partition("@")[2]


@pytest.mark.parametrize(("setting", "stored"), [(None, "a@example.com"), (False, "a@corp.local")])
def test_otherwise_they_are_refused_with_the_reason(setting: Any, stored: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=(), MYPROFILE_PERSONAL_EMAIL_INTRANET=setting)
    host.change("alice", email=stored)
    alice = signed_in(host)
    words = "Enter an email address that can be reached from the Internet"
    assert refused(host, alice, {"email": "ana@corp.local"}) == {"email": words}
    words = "Enter an email address in the form name@example.com"
    assert refused(host, alice, {"email": "ana@intranet"}) == {"email": words}


def test_a_form_without_any_field_that_is_known_says_so(host: Host) -> None:
    alice = signed_in(host)
    sent: MultiDict[str, str] = MultiDict({"nonsense": "1", "csrf_token": alice.csrf()})
    assert alice.client.post(TAB, data=sent).status_code == 422
    assert alice.client.post(TAB, json={}, headers={**JSON, "X-CSRFToken": alice.csrf()}).status_code == 422
