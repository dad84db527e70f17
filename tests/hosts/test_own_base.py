"""Users that are mapped on a declarative base of the host's own, which ``db.Model`` knows nothing of: Flask-AppBuilder,
SQLModel, or models that are older than Flask-SQLAlchemy in the app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import generate_password_hash

from flask_myprofile import MyProfile
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD

Make = Callable[[], Flask]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes the app, and again what a new process would: it has seen nobody yet."""

    class Base(DeclarativeBase):
        pass

    class User(UserMixin, Base):
        __tablename__ = "user"
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str] = mapped_column(String(80))
        first_name: Mapped[str] = mapped_column(String(80))
        password_hash: Mapped[str] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=True)

    def made() -> Flask:
        app = Flask("own base")
        app.config.update(SECRET_KEY="k" * 40, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'db'}")
        app.config.update(WTF_CSRF_ENABLED=False, MYPROFILE_FEATURES={"api_token": True})
        db, login = SQLAlchemy(app), LoginManager(app)
        login.login_view = "login"
        MyProfile(app)
        login.user_loader(lambda key: db.session.get(User, int(key)))
        app.add_url_rule(
            "/login", view_func=lambda: str(flask_login.login_user(db.session.get(User, 1))), endpoint="login"
        )
        app.add_url_rule("/me", "me", flask_login.login_required(lambda: flask_login.current_user.username))
        with app.app_context():
            Base.metadata.create_all(db.engine)
            db.create_all()
            if db.session.get(User, 1) is None:
                hashed = generate_password_hash(PASSWORD)
                db.session.add(User(username="ada", email="a@x.org", first_name="Ada", password_hash=hashed))
                db.session.commit()
        return app

    return made


def signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.get("/login")
    return client


def test_every_tab_works(make: Make) -> None:
    ada, other = signed_in(app := make()), signed_in(app)
    assert ada.get("/profile/personal-information", headers=JSON).json["first_name"] == "Ada"
    assert ada.post("/profile/personal-information", json={"first_name": "Augusta"}, headers=JSON).status_code == 200
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert ada.post("/profile/password", json=sent, headers=JSON).status_code == 200
    assert other.get("/me").status_code == 302
    assert ada.get("/profile/sessions", headers=JSON).json["total"] == 1
    assert ada.get("/profile/admin/sessions?user=ada", headers=JSON).json["sessions"][0]["current"]


def test_a_token_is_good_in_a_process_that_has_seen_nobody_yet(make: Make) -> None:
    token = signed_in(make()).post("/profile/api-token/regenerate", json={}, headers=JSON).json["token"]
    answer = make().test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.text) == (200, "ada")


def test_once_the_class_is_known_a_request_costs_one_query(make: Make) -> None:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.append(statement)

    ada = signed_in(app := make())
    ada.get("/me")
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
    event.listen(engine, "before_cursor_execute", note)
    assert ada.get("/me").text == "ada"
    assert len(statements) == 1, statements
