"""The apps that are compared: one trivial page for signed-in people, with and without the extension."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

import flask_login
from flask import Flask
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.test import EnvironBuilder

from flask_myprofile import MyProfile, current_profile
from flask_myprofile.errors import SetupError

from .places import NotAvailable, Place

#: As long as a real one, since it is compared and stored.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

#: The user who is there to be signed out.
_PROBE = 999


@dataclass(frozen=True)
class Variant:
    """One row of the tables.

    :param floor: the same app without the extension.
    :param login_id: what ``get_id()`` answers, and how the user_loader finds its user: "key" (``db.session.get``),
        "select" (the key, by a query of its own) or "token" (another column, by a query).
    :param flask_session: the session is kept in Redis by Flask-Session, not in Flask's signed cookie.
    :param time_flies: every look at the clock finds a second gone, so each request is due to write down its activity.
    """

    key: str
    title: str
    floor: Variant | None = None
    login: bool = True
    two_user_models: bool = False
    login_id: str = "key"
    flask_session: bool = False
    redis_store: bool = False
    time_flies: bool = False

    @property
    def extension(self) -> bool:
        return self.floor is not None


A1 = Variant("a1", "**A1**: Flask-Login + Flask-SQLAlchemy")
FLASK_SESSION = Variant("flask-session", "A1 + Flask-Session (Redis)", flask_session=True)
KNOWN = Variant("known", "A1 + extension", A1)
UNKNOWN = Variant("unknown", "A1 + extension, user model not known", A1, two_user_models=True)
SELECTS_ALONE = Variant("selects-alone", "A1, its user_loader selects", login_id="select")
TOKEN_ALONE = Variant("token-alone", "A1, `get_id()` is an alternative token", login_id="token")
SELECTS = Variant("selects", "A1 + extension, user_loader selects", SELECTS_ALONE, login_id="select")
TOKEN = Variant("token", "A1 + extension, alternative token", TOKEN_ALONE, login_id="token")
REDIS_STORE = Variant("redis-store", "A1 + extension, its sessions in Redis", A1, redis_store=True)
VARIANTS = (
    Variant("bare", "bare Flask, no login", login=False),
    A1,
    KNOWN,
    UNKNOWN,
    SELECTS_ALONE,
    SELECTS,
    TOKEN_ALONE,
    TOKEN,
    REDIS_STORE,
    Variant("touch", "A1 + extension, activity written on each request", A1, time_flies=True),
    FLASK_SESSION,
    Variant("flask-session-known", "A1 + Flask-Session (Redis) + extension", FLASK_SESSION, flask_session=True),
)


class Refused(Exception):
    """A request that did not get the page."""


class Subject:
    """A running app, and the browsers that are signed in to it: what each sends, and what it must get."""

    def __init__(self, variant: Variant, app: Flask, browsers: list[tuple[dict[str, Any], bytes]]) -> None:
        self.variant, self.app, self.browsers = variant, app, browsers
        self._next = itertools.cycle(browsers)
        self._seconds = itertools.count(int(time.time()))

    @property
    def engine(self) -> Any:
        """The database's engine; None where the app has no database."""
        with self.app.app_context():
            return self.app.extensions["sqlalchemy"].engine if self.variant.login else None

    def visit(self) -> None:
        """One request, straight into the app. A refused one would be quick, so it stops the measurement."""
        environ, name = next(self._next)
        answered: list[str] = []

        def start(status: str, *rest: object) -> Any:
            answered.append(status)

        answer: Any = self.app.wsgi_app(environ.copy(), start)  # a copy, since the app leaves its notes in it
        body = b"".join(answer)
        answer.close()
        if answered != ["200 OK"] or body != name:
            raise Refused(f"{self.variant.title}: {answered} {body[:200]!r}")

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL statements that are sent within this."""
        sent: list[str] = []

        def remember(connection: object, cursor: object, statement: str, *rest: object) -> None:
            sent.append(statement)

        if self.engine is not None:
            event.listen(self.engine, "before_cursor_execute", remember)
        yield sent
        if self.engine is not None:
            event.remove(self.engine, "before_cursor_execute", remember)

    def clock(self) -> AbstractContextManager[Any]:
        """Around visits: the variant's own time, or everybody's."""
        if not self.variant.time_flies:
            return nullcontext()
        return mock.patch("flask_myprofile.account.clock.time", self._seconds.__next__)

    def skip(self, seconds: int) -> None:
        """Let that much of the variant's own time go by."""
        self._seconds = itertools.count(next(self._seconds) + seconds)

    def close(self) -> None:
        if self.engine is not None:
            self.engine.dispose()


def build(variant: Variant, place: Place, browsers: int = 1, **settings: Any) -> Subject:
    """The app, and as many users as ``browsers``, each signed in with one: user 1 with the first, and so on.

    :raises NotAvailable: it needs a service that is not there or a setting that this version does not know.
    """
    app = Flask(variant.key, static_folder=None)
    app.config.update(SECRET_KEY=bytes(32), SQLALCHEMY_DATABASE_URI=place.database_url, **settings)
    if not variant.login:
        app.add_url_rule("/", view_func=lambda: _name(1))
        return Subject(variant, app, [(_environ(), _name(1).encode())])
    db, user = _host(app, two_models=variant.two_user_models, login_id=variant.login_id)
    if variant.flask_session:
        app.config.update(SESSION_TYPE="redis", SESSION_REDIS=place.redis())
        Session(app)
    if variant.extension:
        _add_extension(app, variant, place)
    with app.app_context():
        db.create_all()
        numbers = {*range(1, browsers + 1), _PROBE} - set(db.session.execute(db.select(user.id)).scalars())
        db.session.add_all(user(id=number, **_columns(number)) for number in numbers)
        db.session.commit()
    if variant.extension:
        _check_extension(app, variant)
    return Subject(variant, app, [_sign_in(app, n) for n in range(1, browsers + 1)])


def build_all(variants: Iterable[Variant], place: Place) -> tuple[dict[Variant, Subject], dict[Variant, str]]:
    """The apps that can be measured here, and why the others cannot."""
    subjects, missing = {}, {}
    for variant in variants:
        try:
            subjects[variant] = build(variant, place)
        except NotAvailable as reason:
            missing[variant] = str(reason)
    return subjects, missing


def _host(app: Flask, *, two_models: bool, login_id: str) -> tuple[SQLAlchemy, Any]:
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
            return self.token if login_id == "token" else str(self.id)

    if two_models:

        class Robot(flask_login.UserMixin, db.Model):  # type: ignore[misc,name-defined]
            id: Mapped[int] = mapped_column(primary_key=True)

        app.extensions["robots"] = Robot  # SQLAlchemy holds it weakly, and a class that is gone is no second model

    @login_manager.user_loader
    def load(given: str) -> Any:
        match login_id:
            case "select":
                return db.session.execute(db.select(User).where(User.id == int(given))).scalar_one_or_none()
            case "token":
                return db.session.execute(db.select(User).where(User.token == given)).scalar_one_or_none()
        return db.session.get(User, int(given))

    @app.get("/")
    @flask_login.login_required
    def page() -> str:
        return str(flask_login.current_user.username)

    @app.post("/login/<int:number>")
    def login(number: int) -> str:
        flask_login.login_user(db.session.get(User, number))
        return "welcome"

    return db, User


def _name(number: int) -> str:
    return f"user {number}"


def _columns(number: int) -> dict[str, Any]:
    return {
        "username": _name(number),
        "email": f"user{number}@x.test",
        "first_name": "Alice",
        "last_name": "Test",
        "token": f"{number:032}",
        "password_hash": "pbkdf2:sha256:1$" + "x" * 80,
    }


def _add_extension(app: Flask, variant: Variant, place: Place) -> None:
    if variant.time_flies:
        app.config["MYPROFILE_SESSION_TOUCH"] = 1
    if variant.redis_store:
        place.redis()
        app.config["MYPROFILE_SESSION_STORE"] = place.redis_url
    try:
        MyProfile(app)
    except (SetupError, ImportError) as error:
        raise NotAvailable(str(error)) from error


def _check_extension(app: Flask, variant: Variant) -> None:
    """The row says what is measured: the model is known or not, and whoever was signed out is out."""
    probe = Subject(variant, app, [_sign_in(app, _PROBE)])
    probe.visit()
    with app.app_context():
        if (current_profile.users.model is None) is not variant.two_user_models:
            raise RuntimeError(f"{variant.title}: the user model is {current_profile.users.model}")
        current_profile.sessions.end_all(
            current_profile.users.load(f"user:{_PROBE}" if variant.two_user_models else str(_PROBE))
        )
    try:
        probe.visit()
    except Refused:
        return
    raise RuntimeError(f"{variant.title}: lets people in who were signed out")


def _sign_in(app: Flask, number: int) -> tuple[dict[str, Any], bytes]:
    client = app.test_client()
    client.post(f"/login/{number}", headers={"User-Agent": AGENT})
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    if cookie is None:
        raise RuntimeError(f"{app.name}: signing in set no cookie")
    return _environ(Cookie=f"{cookie.key}={cookie.value}"), _name(number).encode()


def _environ(**headers: str) -> dict[str, Any]:
    local: Any = {"REMOTE_ADDR": "127.0.0.1"}
    sent: Any = {"User-Agent": AGENT, **headers}
    return EnvironBuilder(path="/", headers=sent, environ_base=local).get_environ()
