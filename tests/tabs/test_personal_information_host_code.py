"""Whatever the host's model and its types of columns raise: whose mistake it is, and who else is kept from working."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import InvalidOperation
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, types
from sqlalchemy.orm import Mapped, mapped_column, validates

from flask_myprofile import Users
from tests.auth.test_user_models import Person
from tests.support.host import Browser, Host, signed_in
from tests.tabs.test_personal_information import NAMES, TAB, errors_on, typed_on

SENT = {"first_name": "Alicia", "phone": "030"}
BROKEN, DOWN = "This application has made a mistake. Nothing was changed.", "Your changes could not be saved."


class OfALibrary(Exception):
    """As phonenumbers has one."""


REFUSALS = [TypeError("secret"), KeyError("secret"), InvalidOperation("secret"), OfALibrary("secret")]
FAULTS = [(AttributeError("a bug"), 500), (RuntimeError("no key"), 500), (ConnectionError("down"), 503)]
Model = Callable[[SQLAlchemy], type[Any]]


def international(error: Exception, value: Any) -> Any:
    if value is not None and not value.startswith("+"):
        raise error
    return value


def validated(error: Exception) -> Model:
    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            phone: Mapped[str | None] = mapped_column(String(30))

            @validates("phone")
            def check(self, key: str, value: str | None) -> Any:
                return international(error, value)

        return User

    return model


def of_type(column_type: Any) -> Model:
    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            # so that the host itself can load its users, whatever is in it
            phone: Mapped[str | None] = mapped_column(column_type, deferred=True)

        return User

    return model


def bound(error: Exception) -> Model:
    class Bound(types.TypeDecorator[str]):
        impl, cache_ok = String(30), True

        def process_bind_param(self, value: Any, dialect: Any) -> Any:
            return international(error, value)

    return of_type(Bound())


def read(error: Exception) -> Model:
    class Read(types.TypeDecorator[str]):
        impl, cache_ok = String(30), True

        def process_result_value(self, value: Any, dialect: Any) -> Any:
            return international(error, value)

    return of_type(Read())


def kept(host: Host) -> tuple[str | None, str]:
    (found,) = host.sql("SELECT phone, first_name FROM \"user\" WHERE username = 'alice'")
    return tuple(found)  # type: ignore[return-value]


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
@pytest.mark.parametrize("way", [validated, bound, read])
def test_a_value_that_is_refused_by_another_error_is_to_be_corrected_at_its_field(
    way: Callable[[Exception], Model], error: Exception, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """Also one that the type takes, and cannot give back: it is not to be in the row once somebody loads it."""
    caplog.set_level(logging.INFO)
    host = new_host(model=way(error))
    alice = signed_in(host)
    page, problem = alice.post(TAB, {**NAMES, **SENT}), alice.post_json(TAB, SENT)
    said = "This value is not accepted." if way is validated else "Phone number cannot have this value"
    assert (page.status_code, errors_on(page.text)) == (422, {"phone": said})
    assert typed_on(page.text, "phone") == "030", "what was typed is kept"
    assert (problem.status_code, problem.json["errors"]) == (422, {"phone": [said]})
    assert kept(host) == (None, "Alice")
    assert type(error).__name__ in caplog.text and "secret" not in caplog.text + page.text + problem.text
    assert alice.post(TAB, {**SENT, "phone": "+49"}).status_code == 303


@pytest.mark.parametrize(("error", "status"), FAULTS, ids=repr)
@pytest.mark.parametrize("way", [validated, bound, read])
def test_code_that_is_broken_is_no_mistake_of_who_types_and_the_log_names_the_field(
    way: Callable[[Exception], Model],
    error: Exception,
    status: int,
    new_host: Callable[..., Host],
    caplog: pytest.LogCaptureFixture,
) -> None:
    if way is read and isinstance(error, AttributeError):
        pytest.skip("what raises that has no such attribute, as Python has it")
    host = new_host(model=way(error))
    alice = signed_in(host)
    page, problem = alice.post(TAB, {**NAMES, **SENT}), alice.post_json(TAB, SENT)
    assert (page.status_code, problem.status_code) == (status, status)
    for answer in (page.text, problem.json["title"]):
        assert (BROKEN if status == 500 else DOWN) in answer
    assert typed_on(page.text, "phone") == "030", "what was typed is kept"
    assert kept(host) == (None, "Alice")
    (said, _) = [each for each in caplog.records if "for the field phone failed; nothing was changed" in each.message]
    assert said.exc_info and said.exc_info[1] is error


# ---- a row that cannot be read


@pytest.mark.parametrize("error", [*REFUSALS, ValueError("secret"), RuntimeError("no key")], ids=repr)
def test_a_value_that_cannot_be_read_is_left_out_and_the_other_fields_are_saved(
    error: Exception, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(model=read(error))
    host.sql("UPDATE \"user\" SET phone = '030' WHERE username = 'alice'")
    alice = signed_in(host)
    page, data = alice.get(TAB), alice.json(TAB)
    assert (page.status_code, data.status_code, data.json["phone"]) == (200, 200, None)
    assert "This cannot be changed here." in page.text
    assert "phone of a user cannot be read" in caplog.text
    assert alice.post(TAB, {**NAMES, **SENT}).status_code == 303
    assert alice.post_json(TAB, {"last_name": "Alison"}).status_code == 200
    assert kept(host) == ("030", "Alicia"), "nobody has written over what they did not see"


def failing(user: Any) -> str:
    raise KeyError("secret")


def with_names(db: SQLAlchemy) -> type[Any]:
    """Of a property that computes it."""

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        full_name = property(failing)

    return User


VERIFIED = {"MYPROFILE_EMAIL_CHANGE": "verified", "MYPROFILE_EXTERNAL_URL": "https://app.example"}
PAGES = ("personal-information", "preferences", "password", "api-token", "sessions", "activity")
COMMANDS = ("sessions list --user", "activity list", "tokens show", "export")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"model": with_names}, "Alice Test"),
        ({"myprofile_options": {"users": Users(display_name=failing)}}, "1"),
        ({"myprofile_options": {"users": Users(fields={"email": failing})}}, "Alice Test"),
        ({"MYPROFILE_AVATAR": (failing, failing)}, "Alice Test"),
    ],
    ids=["property", "display_name", "email", "avatar"],
)
def test_who_has_a_name_or_an_address_that_cannot_be_read_has_all_pages_and_is_found(
    options: dict[str, Any], name: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_NOTIFY=lambda user, notice: None, **VERIFIED, **options)
    alice, admin = signed_in(host), signed_in(host, "admin")
    assert alice.get("/menu").status_code == 200
    for page in PAGES:
        assert (page, alice.get(f"/profile/{page}").status_code) == (page, 200)
    assert_is_found(host, admin, name)


def assert_is_found(host: Host, admin: Browser, name: str) -> None:
    for url in ("?user=alice", "?find=test", "/activity?user=alice"):
        assert (url, admin.get(f"/profile/admin/sessions{url}").status_code) == (url, 200)
    assert admin.json("/profile/admin/sessions?user=alice").json["user"]["name"] == name
    for command in COMMANDS:
        done = host.app.test_cli_runner().invoke(args=["myprofile", *command.split(), "alice"])
        assert done.exit_code == 0, (command, done.output, done.exception)
    assert json.loads(done.output)["user"]["name"] == name
