"""Any user model, however its users are numbered, and users that are switched off or vanish."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, Uuid, event
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import current_profile
from tests.support.flow import check_my_profile_works
from tests.support.host import HASH, Host
from tests.support.kept import everywhere, first_everywhere


class Person(flask_login.UserMixin):
    """All that a user of the bench has, but for the key."""

    username: Mapped[str] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(120), unique=True)
    first_name: Mapped[str] = mapped_column(String(40))
    last_name: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_admin: Mapped[bool] = mapped_column(default=False)

    def set_password(self, text: str) -> None:
        self.password_hash = generate_password_hash(text, HASH)

    def check_password(self, text: str) -> bool:
        return check_password_hash(self.password_hash or "", text)


def with_integer(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)

    return User


def with_uuid(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)

    return User


def with_text(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "accounts"
        uid: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid.uuid4()))

        def get_id(self) -> str:
            return self.uid

    return User


def with_two_columns(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        tenant: Mapped[str] = mapped_column(String(20), primary_key=True, default="acme/eu")
        no: Mapped[int] = mapped_column(primary_key=True, default=lambda: secrets.randbelow(10**6))

        def get_id(self) -> str:
            return f"{self.no}@{self.tenant}"

    return User


def with_rotating_id(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))

        def get_id(self) -> str:
            return self.token

        def set_password(self, text: str) -> None:
            super().set_password(text)
            self.token = secrets.token_hex(16)

    return User


def by_two_columns(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
    no, _, tenant = login_id.partition("@")
    return db.session.get(user, (tenant, int(no)))


KINDS: dict[str, tuple[Callable[[SQLAlchemy], type[Any]], Callable[..., Any]]] = {
    "integer": (with_integer, lambda db, user, login_id: db.session.get(user, int(login_id))),
    "uuid": (with_uuid, lambda db, user, login_id: db.session.get(user, uuid.UUID(login_id))),
    "text": (with_text, lambda db, user, login_id: db.session.get(user, login_id)),
    "two-columns": (with_two_columns, by_two_columns),
    "rotating": (
        with_rotating_id,
        lambda db, user, login_id: db.session.execute(db.select(user).filter_by(token=login_id)).scalar(),
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    model, load = KINDS[request.param]
    return {"model": model, "load": load}


@everywhere
def test_everything_works_whatever_the_key_of_a_user_is(kind: dict[str, Any], new_host: Callable[..., Host]) -> None:
    """B15"""
    check_my_profile_works(new_host(**kind, MYPROFILE_LANGUAGES=("en", "de")))


@first_everywhere("kind", list(KINDS))
def test_nobody_sees_or_ends_the_sessions_of_somebody_else(kind: str, new_host: Callable[..., Host]) -> None:
    """B15"""
    model, load = KINDS[kind]
    host = new_host(model=model, load=load)
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    theirs = alice.session_id()
    assert len(bob.sessions()) == 1
    assert bob.post("/profile/sessions/sign-out", {"id": theirs}).status_code == 404
    assert alice.is_in()


def test_the_key_of_a_user_leads_back_to_the_user(kind: dict[str, Any], new_host: Callable[..., Host]) -> None:
    """B15"""
    host = new_host(**kind)
    with host.app.app_context():
        for user in host.db.session.execute(host.db.select(host.User)).scalars():
            key = current_profile.users.key(user)
            assert isinstance(key, str)
            assert current_profile.users.load(key) is user
        assert current_profile.users.load("no such/key") is None


@everywhere
def test_a_deleted_user_is_nobody_at_the_next_click(new_host: Callable[..., Host]) -> None:
    """B52, S14"""
    host = new_host(before=enforce_foreign_keys)
    c1, c2, program = host.browser(), host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    token = c1.post_json("/profile/api-token/regenerate").json["token"]
    c1.post("/profile/preferences", {"language": "de"})
    row = c1.session_id()
    with host.app.app_context():
        host.db.session.delete(
            host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
        )
        host.db.session.commit()
    for browser in (c1, c2):
        assert browser.get("/page").location.startswith("/login")
        assert browser.get("/profile/sessions").location.startswith("/login")
        assert browser.post("/profile/personal-information", {"first_name": "x"}).location.startswith("/login")
        assert browser.json("/profile/sessions").status_code == 401
    assert program.get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    admin = host.browser()
    admin.login("admin")
    for who in ("alice", "1"):
        overview = admin.get("/profile/admin/sessions", query_string={"user": who})
        assert overview.status_code == 404
        assert row not in overview.text


def enforce_foreign_keys(app: Flask, db: SQLAlchemy) -> None:
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", lambda connection, record: connection.execute("PRAGMA foreign_keys=ON"))


class Stranger:
    """A user class that has nothing of UserMixin, and never says that somebody is not signed in."""

    is_authenticated = True
    is_anonymous = False


def never_says_no(db: SQLAlchemy) -> type[Any]:
    class User(Stranger, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        email: Mapped[str] = mapped_column(String(120), unique=True)
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=False)
        active: Mapped[bool] = mapped_column(default=True)

        @property
        def is_active(self) -> bool:
            return self.active

        def get_id(self) -> str:
            return str(self.id)

        set_password = Person.set_password
        check_password = Person.check_password

    return User


@first_everywhere("options", [{"model": never_says_no}, {}])
def test_a_deactivated_user_is_out_and_so_is_the_token(options: dict[str, Any], new_host: Callable[..., Host]) -> None:
    """B07, S14"""
    host = new_host(**options)
    alice, program = host.browser(), host.browser()
    alice.login("alice")
    token = {"Authorization": f"Bearer {alice.post_json('/profile/api-token/regenerate').json['token']}"}
    host.change("alice", active=False)
    assert alice.get("/page").location.startswith("/login")
    assert alice.get("/profile/sessions").location.startswith("/login")
    refused = program.get("/api", headers=token)
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    assert host.sql("SELECT last_used_at FROM myprofile_token") == [(None,)]
    host.change("alice", active=True)
    assert program.get("/api", headers=token).json == {"user": "alice"}


def _fails(user: Any) -> bool:
    raise RuntimeError("the directory is down")


def test_an_error_page_is_nobodys_where_the_user_could_not_be_judged(new_host: Callable[..., Host]) -> None:
    """It asks who is there once more, and nobody has looked whether that session is live."""

    def with_error_page(host: Host) -> None:
        host.app.errorhandler(500)(lambda error: (str(flask_login.current_user.is_anonymous), 500))

    host = new_host(model=never_says_no, after=with_error_page, TESTING=False)
    alice = host.browser()
    alice.login("alice")
    kept = alice.cookie("session")
    host.User.is_active = property(_fails)
    answer = alice.get("/page")
    assert (answer.status_code, answer.text) == (500, "True")
    assert alice.cookie("session") == kept, "what the host cannot say is no reason to sign anybody out"
    host.User.is_active = property(lambda self: self.active)
    assert alice.is_in()


def test_two_people_never_have_one_key(new_host: Callable[..., Host]) -> None:
    """B15: a key of several parts is not those parts run together."""

    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            tenant: Mapped[str] = mapped_column(String(20), primary_key=True, default="x")
            name: Mapped[str] = mapped_column(String(20), primary_key=True, default=lambda: secrets.token_hex(4))

        return User

    host = new_host(model=model)
    parts = [("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("a", "b%2Fc"), ("a", "c")]
    with host.app.app_context():
        keys = {current_profile.users.key(host.User(tenant=tenant, name=name)) for tenant, name in parts}
    assert len(keys) == len(parts)
