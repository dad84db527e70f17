"""The app that is measured, as a host would write it."""

from __future__ import annotations

from typing import Any

import flask_login
from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .variants import TOKEN_REQUEST, Variant

#: What the extension's pages call everybody.
FIRST_NAME, LAST_NAME = "Alice", "Test"
_PAGE = "<!doctype html><title>{{ current_user.username }}</title><nav>%s</nav>"


def make_host(app: Flask, variant: Variant) -> tuple[SQLAlchemy, Any]:
    """Its database, its class of users and its views."""

    class Base(DeclarativeBase):
        pass

    db = SQLAlchemy(app, model_class=Base)
    login_manager = flask_login.LoginManager(app)

    class User(flask_login.UserMixin, db.Model):  # type: ignore[misc,name-defined]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str] = mapped_column(String(120))
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=False)
        token: Mapped[str] = mapped_column(String(32), unique=True)

        def get_id(self) -> str:
            return self.token if variant.login_id == "token" else str(self.id)

    if variant.two_user_models:

        class Robot(flask_login.UserMixin, db.Model):  # type: ignore[misc,name-defined]
            id: Mapped[int] = mapped_column(primary_key=True)

        app.extensions["robots"] = Robot  # SQLAlchemy holds it weakly, and a class that is gone is no second model

    @login_manager.user_loader
    def load(given: str) -> Any:
        match variant.login_id:
            case "select":
                return db.session.execute(db.select(User).where(User.id == int(given))).scalar_one_or_none()
            case "token":
                return db.session.execute(db.select(User).where(User.token == given)).scalar_one_or_none()
        return db.session.get(User, int(given))

    if variant.asks == TOKEN_REQUEST and not variant.has_extension:

        @login_manager.request_loader
        def load_by_token(request: Any) -> Any:
            token = request.headers["Authorization"].removeprefix("Bearer ")
            return db.session.execute(db.select(User).where(User.token == token)).scalar_one_or_none()

    _add_views(app, db, User)
    return db, User


def _add_views(app: Flask, db: SQLAlchemy, user: Any) -> None:
    app.jinja_loader = DictLoader(  # type: ignore[misc]
        {"page.html": _PAGE % "", "menu.html": _PAGE % "{{ myprofile_user_menu() }}"}
    )

    @app.get("/")
    @flask_login.login_required
    def page() -> str:
        return str(flask_login.current_user.username)

    @app.get("/public")
    def public() -> str:
        return name_of(1)

    @app.get("/page")
    @flask_login.login_required
    def from_template() -> str:
        return render_template("page.html")

    @app.get("/menu")
    @flask_login.login_required
    def with_menu() -> str:
        return render_template("menu.html")

    @app.post("/login/<int:number>")
    def login(number: int) -> str:
        found = db.session.get(user, number)
        flask_login.login_user(found)
        return str(found.username)


def name_of(number: int) -> str:
    return f"user {number}"


def columns_of(number: int) -> dict[str, Any]:
    return {
        "username": name_of(number),
        "email": f"user{number}@x.test",
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "token": token_of(number),
        "is_admin": number == 1,
        "password_hash": "pbkdf2:sha256:1000$" + "x" * 16 + "$" + "0" * 64,
    }


def token_of(number: int) -> str:
    return f"{number:032}"
