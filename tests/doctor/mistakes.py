"""Apps that are set up wrongly, one mistake each, and the line that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from authlib.integrations.flask_client import OAuth
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_myprofile import Users
from tests.auth.test_user_models import Person
from tests.support.host import Host
from tests.support.pictures import with_columns

KEY = "5d0b36a9f1c84e27b6a2d83c91fe4075"
#: An app with nothing to say of it.
RIGHT: dict[str, Any] = {
    "SECRET_KEY": KEY,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_SECURE": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
}
FAULT, NOTE = "fault", "note"
EAGER = with_columns(
    avatar=mapped_column(LargeBinary, nullable=True), avatar_version=mapped_column(String(16), nullable=True)
)


class Mistake(NamedTuple):
    """:param said: a part of what the check has to say.

    :param made: how the host is made; :param then: what is done to it afterwards.
    """

    check: str
    level: str
    said: str
    made: dict[str, Any] = {}
    then: Callable[[Host], object] | None = None


def model(**changes: Any) -> Callable[[SQLAlchemy], type[Any]]:
    """The usual user class with other attributes."""

    def make(db: SQLAlchemy) -> type[Any]:
        class Base(Person, db.Model):  # type: ignore[name-defined,misc]
            __abstract__ = True
            id: Mapped[int] = mapped_column(primary_key=True)

        return type("User", (Base,), changes)

    return make


def old(table: str) -> Callable[[Host], object]:
    """A row of 1970."""
    rows = {
        "session": "INSERT INTO myprofile_session (id, user_key, login_id, secret_hash, created_at, last_seen_at, ip,"
        " user_agent, method, ended_at) VALUES ('x', '1', '1', 'x', 1, 1, '', '', 'password', 1)",
        "event": "INSERT INTO myprofile_event (id, user_key, topic, kind, at, actor, ip, user_agent)"
        " VALUES ('x', '1', 'session', 'session.signed_in', 1, 'user', '', '')",
        "link": "INSERT INTO myprofile_link (id, user_key, purpose, expires_at) VALUES ('x', '1', 'not_me', 1)",
        "change": "INSERT INTO myprofile_feature_change (number, name, changed_by, changed_at)"
        " VALUES (1, 'sessions', 'Admin', 1)",
    }
    return lambda host: host.sql(rows[table])


def without_id(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        uid: Mapped[int] = mapped_column(primary_key=True)

    return User


def two_classes(db: SQLAlchemy) -> type[Any]:
    class Customer(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)

    return model(other=Customer)(db)  # classes are not kept by themselves


def as_typed(user: Any, text: str) -> None:
    user.password_hash = text


def on_the_app(change: Callable[[Any], object]) -> Callable[[Host], object]:
    return lambda host: change(host.app)


def layout(text: str, **blocks: str) -> dict[str, Any]:
    named = {"MYPROFILE_BASE_BLOCKS": blocks} if blocks else {}
    loader = {"after": lambda host: setattr(host.app, "jinja_loader", DictLoader({"base.html": text}))}
    return {"MYPROFILE_BASE_TEMPLATE": "base.html", **named, **loader}


def commits(db: SQLAlchemy) -> type[Any]:
    def set_password(user: Any, text: str) -> None:
        Person.set_password(user, text)
        db.session.add(user)
        db.session.commit()

    return model(set_password=set_password)(db)


def client(**settings: Any) -> Callable[[Host], object]:
    return lambda host: OAuth(host.app).register("Okta", **settings)


def not_an_endpoint(app: Flask) -> None:
    app.login_manager.login_view = "sign_in"  # type: ignore[attr-defined]


def no_login_view(app: Flask) -> None:
    app.login_manager.login_view = None  # type: ignore[attr-defined]


def no_user_loader(app: Flask) -> None:
    app.login_manager._user_callback = None  # type: ignore[attr-defined]


def own_sign_out(app: Flask, db: SQLAlchemy) -> None:
    app.add_url_rule("/profile/sign-out", "own", lambda: "", methods=["POST"])


def behind_a_proxy(app: Flask) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]


def drop(statement: str) -> Callable[[Host], object]:
    return lambda host: host.sql(statement)


def on_for(text: str) -> Callable[[Host], object]:
    def store(host: Host) -> None:
        host.sql("INSERT INTO myprofile_feature VALUES ('sessions', :off, 'Ann', 1)", off=False)
        host.sql("INSERT INTO myprofile_feature_audience VALUES ('sessions', :text)", text=text)

    return store


METADATA = "http://127.0.0.1:9/.well-known/openid-configuration"
FONE = Users(fields={"phone": "fone"})
MENU, BODY = "{{ myprofile_user_menu() }}", "{% block body %}{% endblock %}"
TITLED = "{% block title %}{% endblock %}" + BODY
BLOCKS = "{% block title %}{% endblock %}{% block head %}{% endblock %}{{ myprofile_user_menu() }}"

MISTAKES: dict[str, Mistake] = {
    "no user loader": Mistake("user_class", FAULT, "no user_loader", then=on_the_app(no_user_loader)),
    "two user classes": Mistake("user_class", NOTE, "Customer, User", {"model": two_classes}),
    "no id": Mistake(
        "login_id", FAULT, "UserMixin.get_id()", {"model": without_id, "MYPROFILE_PERSONAL_FIELDS": ("email",)}
    ),
    "plain passwords": Mistake("password", FAULT, "as it was typed", {"model": model(set_password=as_typed)}),
    "short column": Mistake(
        "password", FAULT, "holds 60 characters", {"model": model(password_hash=mapped_column(String(60)))}
    ),
    "any password": Mistake(
        "password", FAULT, "lets any password pass", {"model": model(check_password=lambda user, text: True)}
    ),
    "another hash": Mistake(
        "password", FAULT, "does not know what", {"model": model(check_password=lambda user, text: False)}
    ),
    "commits": Mistake("password", FAULT, "saves to the database by itself", {"model": commits}),
    "unknown hashes": Mistake(
        "stored_hashes",
        FAULT,
        "Passwords of 1 users cannot be checked",
        {"model": model(check_password=None)},
        drop("""UPDATE "user" SET password_hash = '{SSHA}abcdefghijklmnopqrstuv' WHERE username = 'bob'"""),
    ),
    "short passwords": Mistake("password_rules", NOTE, "need 8 characters", {"MYPROFILE_PASSWORD_MIN_LENGTH": 8}),
    "kinds of characters": Mistake("password_rules", NOTE, "digit", {"MYPROFILE_PASSWORD_REQUIRE": ("digit",)}),
    "no such field": Mistake(
        "personal_fields", FAULT, "does not have: nick", {"MYPROFILE_PERSONAL_FIELDS": ("nick", "email"), "anew": True}
    ),
    "a picture in each query": Mistake(
        "personal_fields", NOTE, "User.avatar is loaded with the user", {"model": EAGER, "MYPROFILE_AVATAR": "avatar"}
    ),
    "no such path": Mistake(
        "personal_fields",
        FAULT,
        "maps phone to fone",
        {"myprofile_options": {"users": FONE}},
    ),
    "no such rule": Mistake("admin_rule", FAULT, "no attribute is_staff", {"MYPROFILE_ADMIN": "is_staff"}),
    "admin is a role": Mistake("admin_rule", FAULT, "answers a str", {"MYPROFILE_ADMIN": "username"}),
    "admin rule fails": Mistake("admin_rule", FAULT, "raises AttributeError", {"MYPROFILE_ADMIN": lambda u: u.boss}),
    "all are admins": Mistake("admin_rule", NOTE, "All of the first 3", {"MYPROFILE_ADMIN": lambda user: True}),
    "roles fail": Mistake("features", FAULT, "ROLES raises AttributeError", {"MYPROFILE_ROLES": lambda u: u.roles}),
    "a role": Mistake("features", FAULT, "ROLES answers a str", {"MYPROFILE_ROLES": lambda user: "beta"}),
    "roles are no names": Mistake("features", FAULT, "answers a int where", {"MYPROFILE_ROLES": lambda user: [1]}),
    "an audience of another version": Mistake(
        "features", FAULT, "whom sessions is on for cannot be read", then=on_for('{"on": true, "for": {"planet": 1}}')
    ),
    "no layout": Mistake("layout", FAULT, "no template base.htm", {"MYPROFILE_BASE_TEMPLATE": "base.htm"}),
    "no block": Mistake("layout", FAULT, "no block content", layout(BLOCKS)),
    "no user menu": Mistake("layout", NOTE, "user menu", layout(TITLED, title="title", content="body")),
    "no title": Mistake("layout", NOTE, "all pages have one title", layout(f"{MENU}{BODY}", content="body")),
    "a block left out": Mistake("layout", NOTE, "block title, which", layout(f"{MENU}{TITLED}", content="body")),
    "no language": Mistake("languages", FAULT, "xx_klingon", {"MYPROFILE_LANGUAGES": ("en", "xx_klingon")}),
    "not translated": Mistake("languages", NOTE, "not translated to fi", {"MYPROFILE_LANGUAGES": ("en", "fi")}),
    "login view": Mistake("login_view", FAULT, "login_view = 'sign_in'", then=on_the_app(not_an_endpoint)),
    "no login view": Mistake("login_view", NOTE, "is not set", then=on_the_app(no_login_view)),
    "own sign-out": Mistake("sign_out", FAULT, "/profile/sign-out is own", {"before": own_sign_out}),
    "same names": Mistake("cookies", FAULT, "one name", {"REMEMBER_COOKIE_NAME": "session"}),
    "one name": Mistake("cookies", NOTE, "REMEMBER_COOKIE_NAME is the usual", {"SESSION_COOKIE_NAME": "acme"}),
    "over http": Mistake("cookies", NOTE, "session: also sent over http", {"SESSION_COOKIE_SECURE": False}),
    "scripts": Mistake("cookies", FAULT, "Scripts can read remember_token", {"REMEMBER_COOKIE_HTTPONLY": False}),
    "other sites": Mistake("cookies", NOTE, "other sites", {"SESSION_COOKIE_SAMESITE": None}),
    "same site": Mistake(
        "cookies", FAULT, "refuse session", {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": False}
    ),
    "path": Mistake("cookies", FAULT, "sent to /app", {"SESSION_COOKIE_PATH": "/app"}),
    "host name": Mistake(
        "cookies",
        FAULT,
        "Browsers refuse __Host-session",
        {"SESSION_COOKIE_NAME": "__Host-session", "REMEMBER_COOKIE_NAME": "r", "SESSION_COOKIE_PATH": "/profile"},
    ),
    "no csrf": Mistake("csrf", NOTE, "no CSRFProtect", {"csrf": False}),
    "csrf off": Mistake("csrf", FAULT, "WTF_CSRF_ENABLED is off", {"WTF_CSRF_ENABLED": False}),
    "proxy": Mistake("proxy", NOTE, "x_proto=0", then=on_the_app(behind_a_proxy)),
    "no links": Mistake("notices", FAULT, "links in notices", {"MYPROFILE_NOTIFY": lambda user, notice: None}),
    "two of one address": Mistake(
        "notices",
        NOTE,
        "column of User is not unique",
        {
            "model": model(email=mapped_column(String(120))),
            "MYPROFILE_NOTIFY": lambda user, notice: None,
            "MYPROFILE_EMAIL_CHANGE": "verified",
            "MYPROFILE_EXTERNAL_URL": "https://app.example",
        },
    ),
    "nobody to mail by": Mistake("notices", FAULT, "call Mail(app)", {"MYPROFILE_NOTIFY": "mail", "anew": True}),
    "missing column": Mistake(
        "tables",
        FAULT,
        "column myprofile_session.password_mark",
        then=drop("ALTER TABLE myprofile_session DROP COLUMN password_mark"),
    ),
    "never pruned sessions": Mistake("pruning", NOTE, "longer: sessions", then=old("session")),
    "never pruned activity": Mistake("pruning", NOTE, "longer: activity", then=old("event")),
    "never pruned links": Mistake("pruning", NOTE, "longer: links", then=old("link")),
    "never pruned history": Mistake("pruning", NOTE, "longer: feature history", then=old("change")),
    "no client id": Mistake("sso_clients", FAULT, "no client_id", then=client(server_metadata_url=METADATA)),
    "no scope": Mistake(
        "sso_clients", FAULT, "without the scope openid", then=client(client_id="c", server_metadata_url=METADATA)
    ),
    "no metadata": Mistake(
        "sso_clients",
        FAULT,
        "its metadata cannot be had",
        then=client(client_id="c", server_metadata_url=METADATA, client_kwargs={"scope": "openid"}),
    ),
    "no key": Mistake("secret_key", FAULT, "is not set", {"SECRET_KEY": None}),
    "short key": Mistake("secret_key", FAULT, "has 9 bytes", {"SECRET_KEY": "k5Xq-92Lm"}),
    "known key": Mistake("secret_key", FAULT, "people try first", {"SECRET_KEY": "my-super-secret-key"}),
    "one letter": Mistake("secret_key", FAULT, "few different", {"SECRET_KEY": "x" * 64}),
    "shortish key": Mistake("secret_key", NOTE, "has 20 bytes", {"SECRET_KEY": KEY[:20]}),
    "fallbacks": Mistake("secret_key", FAULT, "is a text", {"SECRET_KEY_FALLBACKS": KEY}),
    "old key": Mistake("secret_key", FAULT, "SECRET_KEY_FALLBACKS[0] has 3", {"SECRET_KEY_FALLBACKS": ["dev"]}),
}
