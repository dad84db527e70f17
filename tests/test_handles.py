"""What people sign in with is changed after a recent sign-in only, where the host lets it be changed at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_myprofile import Users
from tests.devices import asked_who
from tests.host import PASSWORD, Browser, Host
from tests.kept import in_each_database

URL, CONFIRM = "/profile/personal-information", "/profile/confirm"
SENT = {"first_name": "Alice", "last_name": "Test", "email": "alice@x.test", "username": "alice"}
EDITABLE = {"MYPROFILE_PERSONAL_READONLY": (), "MYPROFILE_PERSONAL_FIELDS": tuple(SENT)}


def stale(host: Host) -> Browser:
    alice = host.browser()
    alice.login("alice")
    host.rows.age(created_at=1860)
    return alice


@in_each_database
@pytest.mark.parametrize(("field", "value"), [("username", "alicia"), ("email", "alicia@acme-mail.com")])
def test_a_user_name_or_address_that_may_be_edited_asks_for_a_recent_sign_in(
    field: str, value: str, new_host: Callable[..., Host]
) -> None:
    """P13: an address did, a user name did not."""
    host = new_host(**EDITABLE)
    alice = stale(host)
    as_json = alice.post_json(URL, {field: value})
    assert (as_json.status_code, as_json.json["code"]) == (403, "reauth_required")
    carried = asked_who(alice.post(URL, {**SENT, field: value}))
    assert host.user("alice").email == "alice@x.test"
    assert alice.post(CONFIRM, {"current_password": PASSWORD, **carried}).location == URL
    assert getattr(host.user("alicia" if field == "username" else "alice"), field) == value
    assert alice.post_json(URL, {field: "alice" if field == "username" else "a@acme-mail.com"}).status_code == 200


def test_other_fields_ask_for_none(new_host: Callable[..., Host]) -> None:
    host = new_host(**EDITABLE)
    alice = stale(host)
    assert alice.post(URL, {**SENT, "first_name": "Alicia"}).location == URL
    assert alice.post_json(URL, {"last_name": "T"}).status_code == 200


def test_the_attribute_that_is_mapped_to_the_user_name_asks_as_well(new_host: Callable[..., Host]) -> None:
    """By whichever name the host lets it be edited."""
    users = Users(fields={"username": "phone", "nick": "first_name"})
    fields = ("phone", "nick", "last_name")
    options = {"users": users}
    host = new_host(MYPROFILE_PERSONAL_READONLY=(), MYPROFILE_PERSONAL_FIELDS=fields, myprofile_options=options)
    alice = stale(host)
    assert alice.post_json(URL, {"phone": "alicia"}).status_code == 403
    assert alice.post_json(URL, {"nick": "Alicia"}).status_code == 200


def test_a_host_says_itself_what_people_sign_in_with(new_host: Callable[..., Host]) -> None:
    class ByPhone(Users):
        def is_handle(self, field: str) -> bool:
            return field == "phone" or super().is_handle(field)

    host = new_host(MYPROFILE_PERSONAL_READONLY=(), myprofile_options={"users": ByPhone()})
    alice = stale(host)
    assert alice.post_json(URL, {"phone": "1"}).status_code == 403
    assert alice.post_json(URL, {"username": "alicia"}).status_code == 403
    assert alice.post_json(URL, {"first_name": "Alicia"}).status_code == 200
