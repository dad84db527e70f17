"""Which user an administrator means by what is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flask_myprofile import Users, current_profile
from tests.auth.test_user_models import Person
from tests.support.host import Host, make_host

ODD = ["", "  ", "a\x00b", "\ud800", "x" * 5000, str(10**12), str(10**30), "-1", "1.0", "١", "1_", "' OR 1=1 --", "é@x"]


@pytest.fixture
def any_database(database_url: str) -> Iterator[Host]:
    made = make_host(database_url)
    yield made
    made.close()


def found(host: Host, text: str) -> str | None:
    with host.app.app_context():
        user = current_profile.users.find(text)
        return None if user is None else str(user.username)


@pytest.mark.parametrize("text", ["2", "bob", "bob@x.test", "  bob "])
def test_a_user_is_found_by_key_by_name_and_by_address(host: Host, text: str) -> None:
    assert found(host, text) == "bob"


@pytest.mark.parametrize(("text", "name"), [("Bob@X.Test", "bob"), ("ALICE", None)])
def test_an_address_is_found_in_whatever_letters_it_is_typed(text: str, name: str | None, host: Host) -> None:
    assert found(host, text) == name


def test_an_address_in_the_letters_of_two_users_finds_the_one_who_writes_it_so_or_neither(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(anew=True)
    host.change("alice", email="Bob@x.test")
    assert [found(host, text) for text in ("bob@x.test", "Bob@x.test", "BOB@x.test")] == ["bob", "alice", None]


def test_whatever_else_is_typed_finds_nobody_in_any_database(any_database: Host) -> None:
    assert [text for text in ODD if found(any_database, text)] == []
    with any_database.app.app_context():
        assert current_profile.users.find(str(10**12)) is None
        assert current_profile.users.find("bob") is not None, "the transaction is usable after an impossible number"


def test_a_name_that_two_users_share_finds_neither(new_host: Callable[..., Host]) -> None:
    class Shared(Person):
        username: Mapped[str] = mapped_column(String(80))

    def model(db: SQLAlchemy) -> type[Any]:
        class User(Shared, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)

        return User

    host = new_host(model=model)
    host.sql("UPDATE \"user\" SET username = 'twin' WHERE id < 3")
    assert found(host, "twin") is None
    assert found(host, "admin") == "admin"


@pytest.mark.parametrize("text", ["bob@x.test", "Bob@X.test"])
def test_who_is_called_as_another_ones_address_is_not_found_in_their_place(
    text: str, new_host: Callable[..., Host]
) -> None:
    """Whoever ends all that lets Bob in would end what lets Alice in, and think that Bob is out."""
    host = new_host(anew=True)
    host.sql("UPDATE \"user\" SET username = :text WHERE username = 'alice'", text=text)
    assert found(host, text) is None
    assert found(host, "bob") == "bob"
    host.change("bob", email="robert@x.test")
    assert found(host, text) == text


def test_a_name_is_found_by_one_query(host: Host) -> None:
    statements = host.count_statements()
    assert found(host, "bob") == found(host, "bob@x.test") == "bob"
    assert len(statements) == 2


def test_who_is_called_as_the_own_address_is_found_by_it(new_host: Callable[..., Host]) -> None:
    host = new_host(anew=True)
    host.sql("UPDATE \"user\" SET username = 'bob@x.test' WHERE username = 'bob'")
    assert found(host, "bob@x.test") == "bob@x.test"


def test_what_the_type_of_a_column_refuses_is_not_looked_for_in_it(new_host: Callable[..., Host]) -> None:
    class Address(TypeDecorator[str]):
        impl = String(120)
        cache_ok = True

        def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
            if value is not None and "@" not in value:
                raise ValueError("this is no address")
            return value

    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            email: Mapped[str] = mapped_column(Address)

        return User

    host = new_host(model=model)
    assert [found(host, text) for text in ("bob", "bob@x.test", "nobody", "nobody@x.test")] == [
        "bob",
        "bob",
        None,
        None,
    ]


def test_the_address_is_looked_up_where_the_host_keeps_it(new_host: Callable[..., Host]) -> None:
    users = Users(fields={"email": "first_name", "username": lambda user: user.username})
    host = new_host(myprofile_options={"users": users})
    host.change("bob", first_name="Robert")
    assert found(host, "Robert") == "bob"
    assert found(host, "bob") is None, "a name that is made by a function cannot be searched"


def test_users_of_no_known_model_are_found_by_what_their_loader_takes(new_host: Callable[..., Host]) -> None:
    class Loose(Users):
        model = None  # type: ignore[assignment]

        def key(self, user: Any) -> str:
            return str(user.get_id())

    host = new_host(myprofile_options={"users": Loose()})
    assert found(host, "2") == "bob"
    assert found(host, "bob") is None, "the loader's int() fails, which is the loader's affair"


def test_a_host_may_look_users_up_in_its_own_way(new_host: Callable[..., Host]) -> None:
    class Directory(Users):
        def find(self, text: str) -> Any | None:
            return self.load("1") if text == "the boss" else None

    host = new_host(myprofile_options={"users": Directory()})
    assert found(host, "the boss") == "alice"
    assert found(host, "bob") is None


def test_a_user_is_found_whose_class_loads_others_along(new_host: Callable[..., Host]) -> None:
    def model(db: SQLAlchemy) -> type[Any]:
        class Role(db.Model):  # type: ignore[name-defined,misc]
            name: Mapped[str] = mapped_column(String(20), primary_key=True)
            user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            roles: Mapped[list[Role]] = relationship(lazy="joined")

            def __init__(self, **values: Any) -> None:
                names = [f"{values['username']} {number}" for number in (1, 2)]
                super().__init__(**values, roles=[Role(name=name) for name in names])

        return User

    host = new_host(model=model)
    assert [found(host, text) for text in ("2", "bob", "BOB@x.test")] == ["bob"] * 3
    with host.app.app_context():
        assert [user.username for user in current_profile.users.search("b", 5)] == ["bob"]


def test_users_of_several_classes_are_found_in_each(new_host: Callable[..., Host]) -> None:
    """Each has a number 1, and a key that tells whose it is."""

    def model(db: SQLAlchemy) -> type[Any]:
        class Customer(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)

        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)

            def __init__(self, **values: Any) -> None:
                super().__init__(**values)
                names = {"username": f"{self.username} too", "first_name": "Cleo", "last_name": "Customer"}
                db.session.add(Customer(email=f"c-{self.email}", **names))

        return User

    host = new_host(model=model)
    asked = ("user:2", "customer:2", "bob", "bob too", "C-Bob@x.test")
    assert [found(host, text) for text in asked] == ["bob", "bob too", "bob", "bob too", "bob too"]
    with host.app.app_context():
        users = current_profile.users
        assert {users.key(user) for user in users.search("bob", 5)} == {"user:2", "customer:2"}
        assert len(users.search("o", 1)) == 1
    host.sql("UPDATE customer SET username = 'bob' WHERE id = 2")
    assert found(host, "bob") is None, "two have that name"
