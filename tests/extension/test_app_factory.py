"""One set of extension objects, many apps; and extensions set up in whatever order."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import flask_login
import pytest
from flask import Flask, redirect, request
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.test import Client

from flask_myprofile import MyProfile, SetupError, current_profile
from tests.support.flow import check_my_profile_works
from tests.support.host import HASH, JSON, Host
from tests.support.kept import Kept, everywhere

TABS = ("personal-information", "preferences", "password", "api-token", "sessions")


class Extensions:
    """What a module ``extensions.py`` and a module ``models.py`` have: made once, before there is any app."""

    def __init__(self) -> None:
        class Base(DeclarativeBase):
            pass

        self.db, self.login, self.csrf, self.babel = (
            SQLAlchemy(model_class=Base),
            LoginManager(),
            CSRFProtect(),
            Babel(),
        )
        self.myprofile = MyProfile()

        class User(flask_login.UserMixin, self.db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(String(40))

        self.User = User
        self.login.user_loader(lambda login_id: self.db.session.get(User, int(login_id)))

    def create_app(self, kept: Kept, url: str, name: str, order: tuple[str, ...] = (), **settings: Any) -> Flask:
        app = Flask(name, static_folder=None)
        app.config.update(SECRET_KEY=name, TESTING=True, SQLALCHEMY_DATABASE_URI=url, **kept.settings(url), **settings)
        for extension in order or ("db", "login", "csrf", "babel", "myprofile"):
            getattr(self, extension).init_app(app)

        @app.post("/enter")
        @self.csrf.exempt
        def enter() -> Any:
            flask_login.login_user(self.db.session.get(self.User, int(request.form["id"])))
            return redirect("/profile")

        with app.app_context():
            kept.make_tables(self.db)
            if self.db.session.get(self.User, 1) is None:
                self.db.session.add(self.User(id=1, name=f"Somebody of {name}"))
                self.db.session.commit()
            self.db.session.remove()
        return app


LoginManager = flask_login.LoginManager


@pytest.fixture
def made(kept: Kept) -> Iterator[Callable[..., Any]]:
    """Make apps of one :class:`Extensions`; all their connections are closed at the end."""
    extensions, apps = Extensions(), []

    def make(name: str, **options: Any) -> Flask:
        apps.append(extensions.create_app(kept, kept.new_database(), name, **options))
        return apps[-1]

    make.extensions = extensions  # type: ignore[attr-defined]
    yield make
    for app in apps:
        close(extensions, app)


def close(extensions: Extensions, app: Flask) -> None:
    with app.app_context():
        extensions.db.session.remove()
        extensions.db.engine.dispose()


def entered(app: Flask) -> Any:
    client = app.test_client()
    assert client.post("/enter", data={"id": "1"}).location == "/profile"
    return client


@everywhere
def test_a_factory_may_be_called_again_and_again(made: Callable[..., Flask]) -> None:
    """B37"""
    for number in range(3):
        client = entered(made(f"app{number}"))
        assert client.get("/profile/sessions", headers=JSON).json["total"] == 1
        assert f"Somebody of app{number}" in client.get("/profile/personal-information").text


@pytest.mark.parametrize("is_used", [True, False])
def test_an_app_is_let_go_of_when_its_maker_has_no_more_use_for_it(kept: Kept, is_used: bool) -> None:
    """A test suite makes one for each test, beside one class of users and one ``db``."""
    extensions = Extensions()
    app: Any = extensions.create_app(kept, kept.new_database(), "short-lived")
    client = entered(app) if is_used else None
    for tab in TABS if client else ():
        assert client.get(f"/profile/{tab}").status_code in (200, 404)
    close(extensions, app)
    gone = weakref.ref(app)
    del app, client
    gc.collect()
    assert gone() is None


@everywhere
def test_two_apps_in_one_process_share_nothing(made: Callable[..., Flask]) -> None:
    """B37"""
    red = made("red", MYPROFILE_FEATURES={"api_token": True})
    blue = made("blue", MYPROFILE_FEATURES={"preferences": False})
    in_red, in_blue = entered(red), entered(blue)
    for _ in range(2):  # alternately
        assert [in_red.get(f"/profile/{tab}").status_code for tab in TABS] == [200, 200, 200, 200, 200]
        assert [in_blue.get(f"/profile/{tab}").status_code for tab in TABS] == [200, 404, 200, 404, 200]
        assert "Somebody of red" in in_red.get("/profile/personal-information").text
        assert "Somebody of blue" in in_blue.get("/profile/personal-information").text
    (mine,) = in_red.get("/profile/sessions", headers=JSON).json["sessions"]
    (theirs,) = in_blue.get("/profile/sessions", headers=JSON).json["sessions"]
    assert mine["id"] != theirs["id"]
    with red.app_context():
        assert not current_profile.sessions.end(made.extensions.User(id=1), theirs["id"])  # type: ignore[attr-defined]
    assert in_blue.get("/profile/sessions").status_code == 200
    assert vars(made.extensions.myprofile) == vars(MyProfile()), "nothing of an app is kept on the extension"  # type: ignore[attr-defined]


@everywhere
def test_apps_behind_one_dispatcher_keep_apart(made: Callable[..., Flask]) -> None:
    """B37, B79: one WSGI process, one app below a path of the other."""
    site = Client(DispatcherMiddleware(made("front"), {"/inner": made("inner", SESSION_COOKIE_NAME="inner")}))
    assert site.post("/inner/enter", data={"id": "1"}).status_code == 302
    assert site.get("/profile/sessions").status_code == 401, "signed in to the inner app only"
    page = site.get("/inner/profile/sessions")
    assert page.status_code == 200
    assert 'action="/inner/profile/' in page.text


#: Each of two extensions comes before the other in some of these.
ONE_WAY = ("db", "login", "csrf", "babel", "myprofile")
ORDERS = [(*way[n:], *way[:n]) for way in (ONE_WAY, ONE_WAY[::-1]) for n in range(len(ONE_WAY))]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_order_of_set_up_does_not_matter(order: tuple[str, ...], made: Callable[..., Flask]) -> None:
    """B37: above all, db and login may come after MyProfile."""
    app = made("app", order=order, MYPROFILE_LANGUAGES=("en", "de"))
    client = entered(app)
    assert client.get("/profile/sessions", headers=JSON).json["total"] == 1
    assert client.post("/profile/preferences", data={"language": "de"}).status_code == 400, "CSRF is checked"
    token = page_token(client.get("/profile/preferences").text)
    sent = {"language": "de", "csrf_token": token}
    assert client.post("/profile/preferences", data=sent).status_code == 303
    assert 'lang="de"' in client.get("/profile/preferences").text


def page_token(html: str) -> str:
    return html.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_a_second_my_profile_on_one_app_is_refused(made: Callable[..., Flask]) -> None:
    """B37"""
    app = made("app")
    with pytest.raises(SetupError, match="set up on 'app' already"):
        MyProfile(app)
    with pytest.raises(SetupError, match="once"):
        made.extensions.myprofile.init_app(app)  # type: ignore[attr-defined]
    assert entered(app).get("/profile/sessions").status_code == 200, "the first one goes on"


def dataclasses(db: SQLAlchemy) -> type[Any]:
    """Models with a base class of the host's own, which has rules for columns that are not ours to break."""

    class Own(MappedAsDataclass, DeclarativeBase):
        metadata = db.metadata

    class User(flask_login.UserMixin, Own):
        __tablename__ = "person"
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str] = mapped_column(String(120))
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        is_admin: Mapped[bool] = mapped_column(default=False)
        password_hash: Mapped[str | None] = mapped_column(String(255), default=None)

        def set_password(self, text: str) -> None:
            self.password_hash = generate_password_hash(text, HASH)

        def check_password(self, text: str) -> bool:
            return check_password_hash(self.password_hash or "", text)

    return User


@everywhere
def test_the_hosts_models_may_be_dataclasses(new_host: Callable[..., Host]) -> None:
    """B37"""
    options: dict[str, Any] = {}

    def model(db: SQLAlchemy) -> type[Any]:
        options["user_model"] = user = dataclasses(db)
        return user

    check_my_profile_works(new_host(model=model, myprofile_options=options, MYPROFILE_LANGUAGES=("en", "de")))


@everywhere
def test_a_host_that_reflects_its_database_has_the_tables_already(host: Host, new_host: Callable[..., Host]) -> None:
    """B37, B61: the tables are in the metadata before MyProfile declares them."""

    def reflect(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context():
            db.reflect()
        assert "myprofile_session" in db.metadata.tables

    again = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], before=reflect)
    alice = again.browser()
    alice.login("alice")
    assert len(alice.sessions()) == 1
