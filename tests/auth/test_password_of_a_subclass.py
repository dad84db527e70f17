"""Users of one table, of whom some have a password: the hash is a column of their subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from tests.support.devices import change_password
from tests.support.host import HASH, NEW_PASSWORD, Host
from tests.support.kept import everywhere


def of_one_table(db: SQLAlchemy) -> type[Any]:
    return _members(db)


def of_two_tables(db: SQLAlchemy) -> type[Any]:
    return _members(db, joined=True)


def _members(db: SQLAlchemy, *, joined: bool = False) -> type[Any]:
    class Person(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(20))
        username: Mapped[str] = mapped_column(String(80), unique=True)
        email: Mapped[str] = mapped_column(String(120), unique=True)
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        is_admin: Mapped[bool] = mapped_column(default=False)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "guest"}

    class Member(Person):
        if joined:
            id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
        password_hash: Mapped[str | None] = mapped_column(String(255))
        __mapper_args__ = {"polymorphic_identity": "member"}

        def set_password(self, text: str) -> None:
            self.password_hash = generate_password_hash(text, HASH)

        def check_password(self, text: str) -> bool:
            return check_password_hash(self.password_hash or "", text)

    return Member


def of_all(db: SQLAlchemy, member: type[Any], login_id: str) -> Any:
    """As a user_loader asks that knows members and guests."""
    return db.session.get(member.__base__, int(login_id))


def with_a_view(host: Host) -> None:
    @host.app.post("/reset/<name>")
    def reset(name: str) -> str:
        user = host.db.session.scalars(host.db.select(host.User).filter_by(username=name)).one()
        user.set_password(request.form["password"])
        host.db.session.commit()
        return "reset"


@pytest.mark.parametrize("model", [of_one_table, of_two_tables])
@everywhere
def test_a_password_that_the_host_changes_ends_the_sessions_of_the_one_before(
    model: Any, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=model, load=of_all, after=with_a_view)
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    assert host.browser().post("/reset/alice", {"password": NEW_PASSWORD}).text == "reset"
    assert not alice.is_in()
    assert bob.is_in(), "whose password is the same"
    assert alice.login("alice", NEW_PASSWORD).status_code == 302
    assert alice.is_in()


@pytest.mark.parametrize("model", [of_one_table, of_two_tables])
@everywhere
def test_who_changes_their_own_goes_on_and_the_others_are_out(model: Any, new_host: Callable[..., Host]) -> None:
    host = new_host(model=model, load=of_all)
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
    assert change_password(alice).status_code in (200, 302, 303)
    assert alice.is_in()
    assert not other.is_in()
