"""Personal Information: values that only one user may have, and addresses where a host lets users edit them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.host import Host, signed_in
from tests.tabs.test_personal_information import NAMES, TAB, errors_on, refused, rich_class, row, typed_on


def test_a_value_that_somebody_else_has_is_refused_and_what_was_typed_is_kept(
    database_url: str, new_host: Callable[..., Host]
) -> None:
    """On every database; nothing is saved, and the next try works."""
    host = new_host(database_url, model=rich_class)
    alice, bob, before = signed_in(host), signed_in(host, "bob"), row(host)
    assert bob.post(TAB, {**NAMES, "display_name": "Boss"}).status_code == 303
    answer = alice.post(TAB, {"first_name": "Alicia", "last_name": "New", "display_name": "Boss", "phone": "12"})
    assert answer.status_code == 422
    assert errors_on(answer.text) == {"display_name": "Display name is already in use"}
    typed = {name: typed_on(answer.text, name) for name in ("first_name", "last_name", "display_name", "phone")}
    assert typed == {"first_name": "Alicia", "last_name": "New", "display_name": "Boss", "phone": "12"}
    program = alice.post_json(TAB, {"first_name": "Alicia", "display_name": "Boss"})
    assert (program.status_code, program.mimetype) == (422, "application/problem+json")
    assert program.json["errors"] == {"display_name": ["Display name is already in use"]}
    assert row(host) == before
    assert alice.post(TAB, {**NAMES, "display_name": "Other"}).status_code == 303
    assert alice.is_in()


def test_any_number_of_users_may_leave_a_unique_field_empty(new_host: Callable[..., Host]) -> None:
    host = new_host(model=rich_class)
    for name in ("alice", "bob"):
        browser = signed_in(host, name)
        assert browser.post(TAB, {**NAMES, "display_name": name}).status_code == 303
        assert browser.post(TAB, {**NAMES, "display_name": " "}).status_code == 303
        assert host.user(name).display_name is None


@pytest.fixture
def editable(new_host: Callable[..., Host]) -> Host:
    """A host that lets its users change everything."""
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    host.sql("""UPDATE "user" SET email = replace(email, '@x.test', '@example.com')""")
    return host


@pytest.mark.parametrize(
    "address",
    ["no-at", "@example.com", "a@", "a@b", "a b@example.com", "a@exa mple.com", "a@b..com", "a@example.com, b@x.de"],
)
def test_an_address_that_is_none_is_refused(address: str, editable: Host) -> None:
    said = refused(editable, signed_in(editable), {"email": address})
    assert said == {"email": "Enter an email address in the form name@example.com"}


def test_an_address_has_the_length_of_its_column_and_is_required(editable: Host) -> None:
    alice = signed_in(editable)
    long = f"a@{'b.' * 60}example.com"
    assert "must be 120 characters or fewer" in refused(editable, alice, {"email": long})["email"]
    assert refused(editable, alice, {"email": ""}) == {"email": "Enter your email address"}
    assert refused(editable, alice, {"username": " "}) == {"username": "User name must not be empty"}


def test_an_address_and_a_user_name_may_be_changed_where_the_host_says_so(editable: Host) -> None:
    alice = signed_in(editable)
    assert "readonly" not in alice.get(TAB).text
    sent = {**NAMES, "email": "new.name+tag@example.org", "username": "alicia"}
    assert alice.post(TAB, sent).status_code == 303
    assert editable.user("alicia").email == "new.name+tag@example.org"
    assert alice.is_in()
    assert alice.post_json(TAB, {"email": "übung@bücher.example.com"}).status_code == 200
    said = refused_as(editable, "alicia", {"email": "bob@example.com", "username": "bob"})
    assert said == {"email": ["Email address is already in use"], "username": ["User name is already in use"]}


def refused_as(host: Host, name: str, sent: dict[str, str]) -> dict[str, list[str]]:
    answer = signed_in(host, name).post_json(TAB, sent)
    assert answer.status_code == 422
    said: dict[str, list[str]] = answer.json["errors"]
    return said


@pytest.mark.parametrize("address", ["alice@x.test", "alice@mail.local", "alice@localhost"])
def test_an_address_that_the_account_has_already_keeps_nobody_from_saving_the_rest(
    address: str, new_host: Callable[..., Host]
) -> None:
    """In a company's own network addresses end in words that no address of the Internet has."""
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    host.sql('UPDATE "user" SET email = :email WHERE username = :name', email=address, name="alice")
    sent = {"first_name": "Alicia", "last_name": "Test", "email": address, "username": "alice"}
    answer = signed_in(host).post(TAB, sent)
    assert answer.status_code == 303, errors_on(answer.text)
    assert (host.user("alice").first_name, host.user("alice").email) == ("Alicia", address)
