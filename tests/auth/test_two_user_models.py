"""Hosts whose users are of two classes, and whose visitors are not nobody."""

from __future__ import annotations

from typing import Any

import flask_login
import pytest
from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import generate_password_hash

from flask_myprofile import MyProfile
from flask_myprofile.testing import sign_in
from tests.support.host import HASH, JSON, NEW_PASSWORD, PASSWORD
from tests.support.kept import Kept, everywhere


@pytest.fixture
def two_kinds(kept: Kept) -> Any:
    """Staff number 1 and customer number 1; ``get_id()`` tells them apart, as the host's loader does."""

    class Base(DeclarativeBase):
        pass

    class Visitor(flask_login.AnonymousUserMixin):
        basket = ("apples",)

    app, url = Flask("two", static_folder=None), kept.new_database()
    app.config.update(
        SECRET_KEY="two kinds",
        TESTING=True,
        WTF_CSRF_ENABLED=False,
        MYPROFILE_FEATURES={"api_token": True},
        SQLALCHEMY_DATABASE_URI=url,
        **kept.settings(url),
    )
    db = SQLAlchemy(app, model_class=Base)
    login_manager = flask_login.LoginManager(app)
    login_manager.anonymous_user = Visitor

    class Staff(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(120))

        def get_id(self) -> str:
            return f"staff-{self.id}"

    class Customer(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(120))
        staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

        def get_id(self) -> str:
            return f"customer-{self.id}"

    @login_manager.user_loader
    def load(login_id: str) -> Any:
        kind, _, number = login_id.partition("-")
        return db.session.get({"staff": Staff, "customer": Customer}[kind], int(number))

    @app.get("/api")
    @flask_login.login_required
    def api() -> Any:
        return jsonify(me=flask_login.current_user.get_id())

    MyProfile(app)
    with app.app_context():
        kept.make_tables(db)
        password_hash = generate_password_hash(PASSWORD, HASH)
        db.session.add_all(
            [Staff(id=1, name="Sue"), Customer(id=1, name="Cid", password_hash=password_hash)],
        )
        db.session.commit()
        clients = []
        for user_class in (Staff, Customer):
            clients.append(app.test_client())
            sign_in(clients[-1], db.session.get(user_class, 1))
    yield clients
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@everywhere
def test_two_kinds_of_user_with_the_same_number_are_two_people(two_kinds: list[Any]) -> None:
    """B53"""
    staff, customer = two_kinds
    assert [client.get("/api").json["me"] for client in two_kinds] == ["staff-1", "customer-1"]
    mine, theirs = (
        client.get("/profile/sessions", headers={"Accept": "application/json"}).json for client in two_kinds
    )
    assert mine["total"] == theirs["total"] == 1
    assert staff.post("/profile/sessions/sign-out", data={"id": theirs["sessions"][0]["id"]}).status_code == 404
    assert customer.get("/api").json == {"me": "customer-1"}
    # a tab that needs to know more of the user than there is says so or shows what it has, and never crashes
    for tab in ("personal-information", "preferences", "password", "api-token", "sessions"):
        assert customer.get(f"/profile/{tab}").status_code in (200, 404), tab
    answer = customer.post("/profile/api-token/regenerate", headers={"Accept": "application/json"})
    token = {"Authorization": f"Bearer {answer.json['token']}"}
    assert staff.application.test_client().get("/api", headers=token).json == {"me": "customer-1"}


@everywhere
def test_whose_class_is_one_of_two_changes_the_password_after_a_wrong_guess_as_well(two_kinds: list[Any]) -> None:
    _, customer = two_kinds
    sent = {"current_password": "no idea", "new_password": NEW_PASSWORD}
    wrong = customer.post("/profile/password", json=sent, headers=JSON)
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["current_password"])
    sent["current_password"] = PASSWORD
    assert customer.post("/profile/password", json=sent, headers=JSON).status_code == 200
    # as there is room for in that class's column
    sent = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
    assert customer.post("/profile/password", json=sent, headers=JSON).status_code == 200


@everywhere
def test_a_visitor_with_data_of_their_own_is_still_a_visitor(two_kinds: list[Any]) -> None:
    """B53"""
    visitor = two_kinds[0].application.test_client()
    assert visitor.get("/profile/sessions").status_code == 401  # this host names no login page
    assert visitor.get("/profile/sessions", headers={"Accept": "application/json"}).status_code == 401
