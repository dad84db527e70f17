"""An ordinary Flask app, as people write them, with My Profile added. What the tests call "the host"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flask_login
from flask import Flask, jsonify, redirect, render_template_string, request
from flask.testing import FlaskClient
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import MyProfile, current_profile
from flask_myprofile.globals import EXTENSION
from tests.support.rows import rows_of

PASSWORD = "correct horse battery"
NEW_PASSWORD = "a quiet walk in the rain"
JSON = {"Accept": "application/json"}
#: A quick hash: what is tested is who asks for it, not how slow it is.
HASH = "pbkdf2:sha256:1"


def user_class(db: SQLAlchemy) -> type[Any]:
    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        email: Mapped[str] = mapped_column(String(120), unique=True)
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        phone: Mapped[str | None] = mapped_column(String(30))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool] = mapped_column(default=False)
        active: Mapped[bool] = mapped_column(default=True)

        @property
        def is_active(self) -> bool:
            return self.active

        def set_password(self, text: str) -> None:
            self.password_hash = generate_password_hash(text, HASH)

        def check_password(self, text: str) -> bool:
            return check_password_hash(self.password_hash or "", text)

    return User


class Host:
    """The app, its database and its users; ``browser()`` is a new browser each time."""

    def __init__(self, app: Flask, db: SQLAlchemy, user: type[Any]) -> None:
        self.app, self.db, self.User = app, db, user
        self.statements: list[str] = []
        self.rows = rows_of(self)

    def browser(self, **kwargs: Any) -> Browser:
        return Browser(self.app.test_client(**kwargs))

    def user(self, username: str) -> Any:
        """The user as the database has it now, detached."""
        with self.app.app_context():
            return self.db.session.execute(self.db.select(self.User).filter_by(username=username)).scalar_one()

    def change(self, username: str, **values: Any) -> None:
        """Change a user's columns beside the app."""
        with self.app.app_context():
            self.db.session.execute(self.db.update(self.User).filter_by(username=username).values(values))
            self.db.session.commit()

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run SQL beside the app, as an administrator would."""
        with self.app.app_context(), self.db.engine.begin() as connection:
            result = connection.execute(self.db.text(statement), values)
            return list(result) if result.returns_rows else []

    def count_statements(self) -> list[str]:
        """Begin counting: the list that every SQL statement of the app is appended to."""
        self.statements.clear()
        with self.app.app_context():
            if not event.contains(self.db.engine, "before_cursor_execute", self._note):
                event.listen(self.db.engine, "before_cursor_execute", self._note)
        return self.statements

    def _note(self, connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        self.statements.append(statement)

    def close(self, drop: bool = True) -> None:
        with self.app.app_context():
            if EXTENSION in self.app.extensions:
                current_profile.notices.wait(2)  # whoever tells users has a connection, too
            self.db.session.remove()
            if event.contains(self.db.engine, "before_cursor_execute", self._note):
                event.remove(self.db.engine, "before_cursor_execute", self._note)
            if drop and self.db.engine.dialect.name != "sqlite":
                self.db.drop_all()
            for engine in self.db.engines.values():
                engine.dispose()


class Browser:
    """One browser: its own cookies, and forms as a person would send them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, url: str, **kwargs: Any) -> Any:
        return self.client.get(url, **kwargs)

    def json(self, url: str, **kwargs: Any) -> Any:
        return self.client.get(url, headers=JSON, **kwargs)

    def csrf(self) -> str:
        return self.client.get("/csrf").text

    def post(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """A form with its CSRF token."""
        return self.client.post(url, data={"csrf_token": self.csrf(), **(data or {})}, **kwargs)

    def post_json(self, url: str, body: Any = None, **headers: str) -> Any:
        sent = {**JSON, "X-CSRFToken": self.csrf(), **headers}
        return self.client.post(url, json={} if body is None else body, headers=sent)

    def login(self, username: str, password: str = PASSWORD, remember: bool = False, **kwargs: Any) -> Any:
        data = {"username": username, "password": password, **({"remember": "y"} if remember else {})}
        return self.post("/login", data, **kwargs)

    def is_in(self) -> bool:
        return bool(self.client.get("/page").status_code == 200)

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None

    def cookie_of_profile(self, name: str) -> str | None:
        """One that is sent to the pages of the extension alone."""
        found = self.client.get_cookie(name, path="/profile/")
        return found.value if found else None

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value)

    def drop_cookie(self, name: str) -> None:
        self.client.delete_cookie(name)

    def restart(self) -> None:
        """Close the browser and open it again: session cookies are gone, remember-me cookies are not."""
        self.drop_cookie("session")

    def copy(self, *names: str) -> Browser:
        """Another browser with copies of these cookies (default: all that sign in)."""
        other = Browser(self.client.application.test_client())
        for name in names or ("session", "remember_token", "myprofile_device"):
            if (value := self.cookie(name)) is not None:
                other.set_cookie(name, value)
        return other

    def sessions(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json("/profile/sessions").json["sessions"]
        return rows

    def session_id(self) -> str:
        return str(next(row["id"] for row in self.sessions() if row["current"]))


def make_host(
    database_url: str,
    *,
    csrf: bool = True,
    babel: bool = True,
    myprofile: bool = True,
    before: Any = None,
    after: Any = None,
    myprofile_options: dict[str, Any] | None = None,
    model: Callable[[SQLAlchemy], type[Any]] = user_class,
    load: Callable[[SQLAlchemy, type[Any], str], Any] | None = None,
    make_tables: Callable[[SQLAlchemy], None] = SQLAlchemy.create_all,
    **settings: Any,
) -> Host:
    """:param before: called with (app, db) before MyProfile; :param after: with the Host at the end.

    :param model: makes the user class; :param load: the user_loader, given (db, user class, login id).
    """

    class Base(DeclarativeBase):
        pass

    app = Flask("host", static_folder=None)
    app.config.update(
        SECRET_KEY="a secret of this test",
        TESTING=True,
        SQLALCHEMY_DATABASE_URI=database_url,
        MYPROFILE_FEATURES={"api_token": True, "activity": True, "doctor": True, "openapi": True},
    )
    app.config.update(settings)
    db = SQLAlchemy(app, model_class=Base)
    login_manager = flask_login.LoginManager(app)
    login_manager.login_view = "login"
    if csrf:
        CSRFProtect(app)
    if babel:
        Babel(app)
    user = model(db)
    if before:
        before(app, db)
    if myprofile:
        MyProfile(app, **(myprofile_options or {}))
    host = Host(app, db, user)
    find = load or (lambda db, user, login_id: db.session.get(user, int(login_id)))
    login_manager.user_loader(lambda login_id: find(db, user, login_id))
    _views(host)
    if after:
        after(host)
    with app.app_context():
        make_tables(db)
        if not db.session.execute(db.select(user)).first():
            seed(db, user)
    return host


def seed(db: SQLAlchemy, user: type[Any]) -> None:
    for name, admin in (("alice", False), ("bob", False), ("admin", True)):
        each = user(
            username=name, email=f"{name}@x.test", first_name=name.capitalize(), last_name="Test", is_admin=admin
        )
        each.set_password(PASSWORD)
        db.session.add(each)
    db.session.commit()


def _views(host: Host) -> None:
    app, db = host.app, host.db

    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET":
            return "please sign in"
        found = db.session.execute(db.select(host.User).filter_by(username=request.form["username"])).scalar()
        if found is None or not found.check_password(request.form["password"]):
            return "wrong", 422
        flask_login.login_user(found, remember="remember" in request.form)
        return redirect("/page")

    @app.post("/logout")
    def logout() -> Any:
        flask_login.logout_user()
        return redirect("/login")

    @app.get("/page")
    @flask_login.login_required
    def page() -> str:
        return f"Hello {flask_login.current_user.username}"

    @app.route("/api", methods=["GET", "POST"])
    @flask_login.login_required
    def api() -> Any:
        return jsonify(user=flask_login.current_user.username)

    @app.get("/pub")
    def pub() -> str:
        return "public"

    @app.get("/csrf")
    def csrf() -> str:
        return generate_csrf()

    @app.get("/menu")
    def menu() -> str:
        return render_template_string("<nav>{{ myprofile_user_menu() }}</nav>")


def token_in(html: str) -> str:
    """The CSRF token of the first form on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found, "no form with a CSRF token"
    return found[1]


def signed_in(host: Host, name: str = "alice") -> Browser:
    """A new browser, in which that user has signed in."""
    browser = host.browser()
    browser.login(name)
    return browser
