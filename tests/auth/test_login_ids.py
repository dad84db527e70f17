"""What ``get_id()`` answers is a value, and may change hands; a session is a person's, whatever the value is today."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import BadSignature, Signer
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile import current_profile
from tests.auth.test_user_models import Person, Stranger
from tests.support.devices import age, sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere, in_each_database

_SIGNER = Signer("a secret of the host's own")


def with_token(get_id: Callable[[Any], str]) -> Callable[[SQLAlchemy], type[Any]]:
    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            token: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
            active: Mapped[bool] = mapped_column(default=True)

        User.get_id = get_id
        return User

    return model


by_token = {
    "model": with_token(lambda user: str(user.token)),
    "load": lambda db, user, given: db.session.scalar(db.select(user).where(user.token == given)),
}


def signed_in(host: Host, name: str = "alice", remember: bool = False) -> Browser:
    browser = host.browser()
    assert browser.login(name, remember=remember).location == "/page"
    return browser


ASKS: dict[str, Callable[[Any, Any, str], Any]] = {
    "where": lambda db, user, given: db.session.scalar(db.select(user).where(user.token == given)),
    "filter_by": lambda db, user, given: db.session.execute(
        db.select(user).filter_by(token=given)
    ).scalar_one_or_none(),
    "query": lambda db, user, given: db.session.query(user).filter_by(token=given).first(),
}
OTHERWISE: dict[str, Callable[[Any, Any, str], Any]] = {
    "two conditions": lambda db, user, given: db.session.scalar(
        db.select(user).where(user.token == given, user.active.is_(True))
    ),
    "for update": lambda db, user, given: db.session.scalar(
        db.select(user).where(user.token == given).with_for_update()
    ),
    "in": lambda db, user, given: db.session.scalar(db.select(user).where(user.token.in_([given]))),
    "a column": lambda db, user, given: db.session.get(
        user, db.session.scalar(db.select(user.id).where(user.token == given))
    ),
    "no unique value": lambda db, user, given: db.session.scalar(db.select(user).where(user.first_name == "Alice")),
}


@everywhere
@pytest.mark.parametrize("ask", ASKS)
def test_a_token_costs_as_much_as_a_primary_key(ask: str, new_host: Callable[..., Host]) -> None:
    host = new_host(model=by_token["model"], load=ASKS[ask])
    alice = signed_in(host, remember=True)
    assert alice.is_in()
    statements = host.count_statements()
    for restarted in (False, True, False):
        if restarted:
            alice.restart()
        statements.clear()
        assert alice.get("/page").text == "Hello alice"
        assert len(statements) == 1, statements


@pytest.mark.parametrize("ask", OTHERWISE)
def test_every_other_question_of_a_loader_is_asked_of_the_database(ask: str, new_host: Callable[..., Host]) -> None:
    host = new_host(model=by_token["model"], load=OTHERWISE[ask])
    alice = signed_in(host)
    for _ in range(2):
        statements = host.count_statements()
        assert alice.get("/page").text == "Hello alice"
        assert len(statements) == 2, statements


def varies(db: SQLAlchemy) -> type[Any]:
    return with_token(lambda user: _SIGNER.sign(f"{user.id}.{secrets.token_hex(4)}").decode())(db)


def unsigned(db: SQLAlchemy, user: type[Any], given: str) -> Any:
    try:
        return db.session.get(user, int(_SIGNER.unsign(given).decode().partition(".")[0]))
    except BadSignature:
        return None


@everywhere
def test_a_login_id_that_is_another_one_at_each_call_is_its_users_all_the_same(new_host: Callable[..., Host]) -> None:
    host = new_host(model=varies, load=unsigned)
    alice, phone = signed_in(host), signed_in(host, remember=True)
    for _ in range(2):
        phone.restart()
        assert alice.is_in()
        assert phone.is_in()
    assert alice.json("/profile/sessions").json["total"] == len(alice.sessions()) == 2
    assert alice.post("/profile/sessions/sign-out-others").status_code == 303
    assert alice.is_in()
    assert sent_to_login(phone)


@everywhere
def test_a_token_that_the_host_has_renewed_ends_the_sessions_that_had_it(new_host: Callable[..., Host]) -> None:
    """They are not listed, and a refused visit is no activity."""
    host = new_host(**by_token)
    old, unseen = signed_in(host, remember=True), signed_in(host)
    before = {row.id: row.last_seen_at for row in host.rows.all()}
    host.change("alice", token=secrets.token_hex(16))
    alice = signed_in(host)
    assert alice.json("/profile/sessions").json["total"] == len(alice.sessions()) == 1
    age(host, 300)
    assert sent_to_login(old)
    old.restart()
    assert sent_to_login(old)
    rows = {row.id: row for row in host.rows.all()}
    assert [rows[id_].last_seen_at == seen - 300 for id_, seen in before.items()] == [True, True]
    assert [rows[id_].ended_at is not None for id_ in before].count(True) == 1
    assert sent_to_login(unseen)


@everywhere
def test_a_loader_that_finds_somebody_else_signs_nobody_in(new_host: Callable[..., Host]) -> None:
    """A cache that was not told, or an address that was given to somebody else."""
    wrong: list[str] = []

    def load(db: SQLAlchemy, user: type[Any], given: str) -> Any:
        return db.session.scalar(db.select(user).filter_by(username=wrong[0] if wrong else "alice"))

    host = new_host(load=load)
    alice = signed_in(host)
    assert alice.is_in()
    wrong.append("bob")
    assert sent_to_login(alice)
    wrong.clear()
    assert sent_to_login(alice), "the session has ended"


def test_a_host_that_has_its_loader_find_others_stays_signed_in(new_host: Callable[..., Host]) -> None:
    def others(host: Host) -> None:
        @host.app.get("/others")
        @flask_login.login_required
        def show() -> str:
            load: Any = host.app.login_manager._user_callback  # type: ignore[attr-defined]
            return f"{load('2').username}, {load('77')}, {flask_login.current_user.username}"

    alice = signed_in(new_host(after=others))
    assert alice.get("/others").text == "bob, None, alice"
    assert alice.is_in()


@everywhere
def test_a_loader_that_finds_nobody_for_a_while_ends_nothing(new_host: Callable[..., Host]) -> None:
    closed: list[bool] = []

    def load(db: SQLAlchemy, user: type[Any], given: str) -> Any:
        return None if closed else db.session.get(user, int(given))

    host = new_host(load=load)
    alice = signed_in(host)
    age(host, 300)
    seen = host.rows.all()[0].last_seen_at
    closed.append(True)
    assert sent_to_login(alice)
    assert host.rows.all()[0].last_seen_at == seen
    closed.clear()
    assert alice.is_in()


def never_says_no(db: SQLAlchemy) -> type[Any]:
    class User(Stranger, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str] = mapped_column(String(120))
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=False)
        active: Mapped[bool] = mapped_column(default=True)
        set_password, check_password = Person.set_password, Person.check_password

        @property
        def is_active(self) -> bool:
            return self.active

        def get_id(self) -> str:
            return self.email

    return User


@everywhere
@pytest.mark.parametrize("known", [True, False], ids=["", "the class is not known"])
def test_a_deactivated_user_is_out_whatever_the_login_id_is(known: bool, new_host: Callable[..., Host]) -> None:
    kept: list[Any] = []

    def another(app: Any, db: SQLAlchemy) -> None:
        class Customer(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)

        kept.append(Customer)

    host = new_host(
        model=never_says_no,
        load=lambda db, user, given: db.session.scalar(db.select(user).filter_by(email=given)),
        before=None if known else another,
    )
    alice = signed_in(host, remember=True)
    assert alice.is_in()
    host.change("alice", active=False)
    assert sent_to_login(alice)
    alice.restart()
    assert sent_to_login(alice)


def by_name(db: SQLAlchemy) -> type[Any]:
    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        username: Mapped[str] = mapped_column(String(80), primary_key=True)
        email: Mapped[str] = mapped_column(String(120))
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=False)
        set_password, check_password = Person.set_password, Person.check_password

        def get_id(self) -> str:
            return self.username

    return User


@in_each_database
def test_a_primary_key_that_changes_is_the_same_person(new_host: Callable[..., Host]) -> None:
    """Only the host changes one, and who was signed in by it signs in again; all that is kept goes along."""
    host = new_host(model=by_name, load=lambda db, user, given: db.session.get(user, given))
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    alice.post("/profile/preferences", {"theme": "dark"})
    with host.app.test_request_context():
        host.db.session.get(host.User, "alice").username = "alicia"
        host.db.session.commit()
    assert sent_to_login(alice)
    alice.login("alicia")
    assert alice.get("/page").text == "Hello alicia"
    assert alice.json("/profile/preferences").json["theme"] == "dark"
    assert host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).json == {"user": "alicia"}
    assert {row.user_key for row in host.rows.all()} == {"alicia"}


@everywhere
def test_whose_a_device_cookie_says_it_is_counts_only_as_we_have_written_it(new_host: Callable[..., Host]) -> None:
    host = new_host(**by_token)
    alice = signed_in(host, remember=True)
    cookie = alice.cookie("myprofile_device") or ""
    own, secret, named, mark = cookie.split(".")
    assert named == str(host.user("alice").id)
    for forged in ("2", "9" * 40, "%00", "%F0%9F", named):
        thief = alice.copy("remember_token")
        thief.set_cookie("myprofile_device", f"{own}.{secret}.{forged}.{mark if forged == named else 'x' * 64}")
        assert thief.get("/page").text == "Hello alice", forged
    other = alice.copy("remember_token")
    other.set_cookie("myprofile_device", f"{own}.{'A' * 43}.{named}.{mark}")
    assert sent_to_login(other)


@everywhere
def test_a_session_of_one_user_is_never_that_of_another_whose_key_reads_like_the_login_id(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(**by_token)
    host.change("alice", token=str(host.user("bob").id))
    alice = signed_in(host, remember=True)
    assert alice.get("/page").text == "Hello alice"
    alice.restart()
    assert alice.get("/page").text == "Hello alice"
    with host.app.app_context():
        assert current_profile.sessions.count(host.user("bob")) == 0
