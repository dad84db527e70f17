"""The seam to the host's user: by name, by dotted path, by callable, by subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import generate_password_hash

from flask_myprofile import SetupError, Users, current_profile
from flask_myprofile.testing import sign_in
from tests.auth.test_user_models import Person
from tests.support.host import HASH, NEW_PASSWORD, PASSWORD, Host

CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


def with_card(db: SQLAlchemy) -> type[Any]:
    """A user whose contact details and hash are in a row of another table."""

    class Card(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
        mobile: Mapped[str | None] = mapped_column(String(30))
        secret: Mapped[str | None] = mapped_column(String(255))

    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        card: Mapped[Card] = relationship(Card, uselist=False)

        def __init__(self, **values: Any) -> None:
            super().__init__(card=Card(mobile="+1 555 1"), **values)

    return User


def with_full_name(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        full_name: Mapped[str] = mapped_column(String(80), default="Maya None")

    return User


def with_own_hash(db: SQLAlchemy) -> type[Any]:
    """A user with a hash in the card and no methods for it."""
    user = with_card(db)
    user.set_password = lambda self, text: setattr(self.card, "secret", generate_password_hash(text, HASH))
    return user


def test_a_field_may_be_at_the_end_of_a_path(new_host: Callable[..., Host]) -> None:
    users = Users(fields={"phone": "card.mobile", "company": lambda user: "Acme"})
    host = new_host(
        model=with_card,
        myprofile_options={"users": users},
        MYPROFILE_PERSONAL_READONLY=("username", "email", "company"),
    )
    alice = host.browser()
    alice.login("alice")
    seen = alice.json("/profile/personal-information").json
    assert (seen["phone"], seen["company"]) == ("+1 555 1", "Acme")
    sent = {"first_name": "Alice", "last_name": "Test", "phone": "+49 30 1", "company": "Evil"}
    assert alice.post("/profile/personal-information", sent).status_code == 303
    assert host.sql("SELECT mobile FROM card WHERE user_id = 1") == [("+49 30 1",)]
    assert alice.json("/profile/personal-information").json["company"] == "Acme"


def test_a_callable_can_be_read_only_and_says_so(host: Host) -> None:
    users = Users(fields={"company": lambda user: "Acme"})
    assert users.get(host.user("alice"), "company") == "Acme"
    with pytest.raises(SetupError, match="can be read only: name an attribute or path"):
        users.update(host.user("alice"), {"company": "Evil"})


def test_the_password_may_be_at_the_end_of_a_path(new_host: Callable[..., Host]) -> None:
    users = Users(password="card.secret")
    host = new_host(model=with_own_hash, myprofile_options={"users": users})
    with host.app.app_context():
        alice = host.db.session.get(host.User, 1)
        assert current_profile.users.has_password(alice)
        for name in ("set_password", "check_password"):
            setattr(host.User, name, None)  # from here on the extension alone knows how
        assert current_profile.users.check_password(alice, PASSWORD)
        assert not current_profile.users.check_password(alice, NEW_PASSWORD)
    client = host.browser()
    with host.app.app_context():
        sign_in(client.client, host.db.session.get(host.User, 1))
    assert client.post("/profile/password", CHANGE).status_code == 303
    with host.app.app_context():
        alice = host.db.session.get(host.User, 1)
        assert current_profile.users.check_password(alice, NEW_PASSWORD)
        assert alice.password_hash is None, "where it was not said to be, nothing was written"


class Directory(Users):
    """Passwords in a directory of the company's, of which the user table knows nothing."""

    passwords: dict[str, str]

    def has_password(self, user: Any) -> bool:
        return user.username in self.passwords

    def check_password(self, user: Any, text: str) -> bool:
        return self.passwords[user.username] == text

    def set_password(self, user: Any, text: str) -> None:
        self.passwords[user.username] = text

    def key(self, user: Any) -> str:
        return f"person:{user.username}"

    def load(self, key: str) -> Any:
        user_class = self.model
        assert user_class is not None
        return user_class.query.filter_by(username=key.removeprefix("person:")).one_or_none()


def test_a_subclass_may_keep_passwords_and_keys_elsewhere(new_host: Callable[..., Host]) -> None:
    users = Directory()
    users.passwords = {"alice": PASSWORD}
    host = new_host(myprofile_options={"users": users})
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    assert alice.post("/profile/password", CHANGE).status_code == 303
    assert users.passwords == {"alice": NEW_PASSWORD}
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    program = host.browser().get("/api", headers={"Authorization": f"Bearer {token}"})
    assert program.json == {"user": "alice"}
    assert {row[0] for row in host.sql("SELECT user_key FROM myprofile_session")} == {"person:alice", "person:bob"}


@pytest.mark.parametrize(
    ("display_name", "shown"),
    [(None, "Alice Test"), ("username", "alice"), ("card.mobile", "+1 555 1"), (lambda user: "Ms A", "Ms A")],
)
def test_the_name_in_the_menu_is_what_the_host_says(
    display_name: Any, shown: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=with_card, myprofile_options={"users": Users(display_name=display_name)})
    alice = host.browser()
    alice.login("alice")
    assert f"Account menu for {shown}" in alice.get("/menu").text


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [
        (lambda self: f"{self.first_name} the First", "Alice the First"),
        (property(lambda self: "None None"), "Alice Test"),
        (property(lambda self: f"{self.first_name} {self.middle_name}"), "Alice Test"),
        (property(lambda self: None), "Alice Test"),
        (lambda self, title: f"{title} {self.first_name}", "Alice Test"),
    ],
    ids=["method", "of empty names", "of one empty name", "nothing", "asks for more"],
)
def test_a_full_name_may_be_a_method_and_one_of_empty_names_is_none(
    full_name: Any, shown: str, new_host: Callable[..., Host]
) -> None:
    def model(db: SQLAlchemy) -> type[Any]:
        user = with_card(db)
        user.full_name = full_name
        user.middle_name = None
        return user

    host = new_host(model=model)
    alice = host.browser()
    alice.login("alice")
    assert f"Account menu for {shown}" in alice.get("/menu").text


def test_a_name_that_is_stored_is_shown_as_it_is_even_the_surname_none(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_full_name)
    alice = host.browser()
    alice.login("alice")
    assert "Account menu for Maya None" in alice.get("/menu").text


def test_a_user_whose_name_is_the_address_is_called_by_it_once(new_host: Callable[..., Host]) -> None:
    host = new_host(myprofile_options={"users": Users(display_name="email")})
    alice = host.browser()
    alice.login("alice")
    address = host.user("alice").email
    assert alice.get("/profile/sessions").text.count(address) == 3, (
        "the menu twice, for readers and for eyes; the heading"
    )
    assert alice.get("/menu").text.count(address) == 2


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({}, {"admin"}),
        ({"setting": "has_keys"}, {"bob"}),
        ({"setting": lambda user: user.username == "alice"}, {"alice"}),
        ({"argument": lambda user: user.username == "bob", "setting": "is_admin"}, {"bob"}),
        ({"setting": "no_such_attribute"}, set()),
        ({"setting": lambda user: user.nothing}, set()),
        ({"setting": lambda user: "yes"}, set()),
    ],
    ids=["default", "attribute", "callable", "argument", "no attribute", "raises", "not True"],
)
def test_an_admin_is_whom_the_host_says_and_nobody_else(
    given: dict[str, Any], who: set[str], new_host: Callable[..., Host]
) -> None:
    options = {"admin": given["argument"]} if "argument" in given else {}
    settings = {"MYPROFILE_ADMIN": given["setting"]} if "setting" in given else {}
    host = new_host(myprofile_options=options, **settings)
    host.User.has_keys = property(lambda self: self.username == "bob")
    let_in = set()
    for name in ("alice", "bob", "admin"):
        browser = host.browser()
        browser.login(name)
        if browser.get("/profile/admin/features").status_code == 200:
            let_in.add(name)
            assert "/profile/admin/features" in browser.get("/menu").text
        else:
            assert browser.post("/profile/admin/features", {"password": "off"}).status_code == 403
            assert "/profile/admin/features" not in browser.get("/menu").text
    assert let_in == who


@pytest.mark.parametrize("settings", [{}, {"MYPROFILE_SESSION_ADOPT": False}], ids=["default", "no adoption"])
def test_signing_in_by_the_testing_module_makes_a_real_session(
    settings: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    host = new_host(**settings)
    one, two = host.browser(), host.browser()
    for browser in (one, two):
        sign_in(browser.client, host.user("alice"))
        assert browser.is_in()
    assert len(one.sessions()) == 2, "two browsers are two sessions"
    other = next(row["id"] for row in one.sessions() if not row["current"])
    assert one.post("/profile/sessions/sign-out", {"id": other}).status_code == 303
    assert not two.is_in()
    sign_in(two.client, host.user("bob"))
    assert two.get("/page").text == "Hello bob", "another person may follow in the same browser"
    sign_in(two.client, host.user("alice"))
    assert two.get("/page").text == "Hello alice"
