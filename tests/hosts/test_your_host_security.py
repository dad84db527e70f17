"""An app of Flask-Security-Too, which is recognised by itself: its own sign-in, change, reset, sign-out and tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.integrations.flask_client import OAuth
from flask import Flask, render_template_string
from flask_login import login_required
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from flask_myprofile import MyProfile
from tests.hosts.your_host import JSON, NEW_PASSWORD, PASSWORD, example, package
from tests.support.providers import Provider, serve

ADDRESS = "ada@example.org"
SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "k" * 40,
    "SECURITY_PASSWORD_SALT": "s" * 20,
    "SECURITY_PASSWORD_HASH": "pbkdf2_sha512",
    "SECURITY_PASSWORD_SCHEMES": ["pbkdf2_sha512"],
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {"pbkdf2_sha512__rounds": 1},
    "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
    "SECURITY_CHANGEABLE": True,
    "SECURITY_RECOVERABLE": True,
    "SECURITY_OAUTH_ENABLE": True,
    "SECURITY_REFRESH_TOKEN": True,
    "MYPROFILE_FEATURES": {"api_token": True},
}
Mails = list[dict[str, Any]]
Made = SimpleNamespace


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider("okta", claims={"sub": "77", "email": ADDRESS})
    serve(monkeypatch, made)
    return made


def datastore(db: Any) -> Any:
    """With the models that its documentation has."""
    from flask_security import SQLAlchemyUserDatastore
    from flask_security.models import fsqla_v4

    fsqla_v4.FsModels.set_db_info(db)

    class Role(db.Model, fsqla_v4.FsRoleMixin):  # type: ignore[name-defined,misc]
        pass

    class FsRefreshTracker(db.Model, fsqla_v4.FsRefreshTrackerMixin):  # type: ignore[name-defined,misc]
        pass

    class User(db.Model, fsqla_v4.FsUserMixin):  # type: ignore[name-defined,misc]
        pass

    return SQLAlchemyUserDatastore(db, User, Role, refresh_tracker_model=FsRefreshTracker)


@pytest.fixture(params=[False, True], ids=["", "with CSRFProtect"])
def made(request: pytest.FixtureRequest, tmp_path: Path, provider: Provider) -> Iterator[Made]:
    package("flask_security")
    from flask_security import Security, hash_password, mail_util

    mails: Mails = []

    class Post(mail_util.MailUtil):  # type: ignore[misc]
        def send_mail(self, template: str, *args: Any, **kwargs: Any) -> None:
            mails.append({"template": template, **kwargs})

    app = Flask("secured")
    app.config.update(SETTINGS, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/db.sqlite")
    if request.param:
        CSRFProtect(app)
    example("Flask-Security-Too", 0, app=app)
    db = SQLAlchemy(app)
    users = datastore(db)
    oauth = OAuth(app)
    provider.register(oauth)
    MyProfile(app)
    security = Security(app, users, mail_util_cls=Post, oauth=oauth)
    security.oauthglue.register_provider("okta", None, lambda oauth, token: ("email", token["userinfo"]["email"]))
    app.add_url_rule("/page", "page", login_required(lambda: "in"))
    with app.app_context():
        db.create_all()
        admin = users.create_role(name="admin")
        users.create_user(email=ADDRESS, password=hash_password(PASSWORD), roles=[admin])
        users.create_user(email="bob@example.org", password=hash_password(PASSWORD))
        db.session.commit()
    yield SimpleNamespace(app=app, db=db, users=users, mails=mails)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


class Browser:
    def __init__(self, made: Made, password: str | None = PASSWORD, email: str = ADDRESS) -> None:
        self.client = made.app.test_client()
        if password is not None:
            self.post("/login", {"email": email, "password": password, "remember": "y"})

    def token(self, page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(page).text)
        return found[1] if found else ""

    def post(self, url: str, data: dict[str, Any], page: str | None = None) -> Any:
        return self.client.post(url, data={"csrf_token": self.token(page or url), **data})

    def sign_in_by_json(self) -> Any:
        """For an auth token, and a refresh token in a cookie."""
        csrf = self.token("/login")
        sent = {"email": ADDRESS, "password": PASSWORD, "csrf_token": csrf}
        return self.client.post("/login?include_auth_token", json=sent, headers={**JSON, "X-CSRFToken": csrf})

    def is_in(self) -> bool:
        return bool(self.client.get("/page").status_code == 200)

    def sessions(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.client.get("/profile/sessions", headers=JSON).json["sessions"]
        return rows


def test_its_sign_in_is_listed_and_a_role_makes_an_administrator(made: Made) -> None:
    ada, bob = Browser(made), Browser(made, email="bob@example.org")
    assert [row["method"] for row in ada.sessions()] == ["password"]
    answers = [each.client.get("/profile/admin/features").status_code for each in (ada, bob)]
    assert answers == [200, 403]


def test_its_own_change_of_the_password_keeps_this_browser_and_ends_the_others(made: Made) -> None:
    here, there = Browser(made), Browser(made)
    assert [here.is_in(), there.is_in()] == [True, True]
    sent = {"password": PASSWORD, "new_password": NEW_PASSWORD, "new_password_confirm": NEW_PASSWORD}
    assert here.post("/change", sent).status_code == 302
    assert [here.is_in(), there.is_in()] == [True, False]
    assert [row["current"] for row in here.sessions()].count(True) == 1


def test_its_reset_ends_all_sessions(made: Made) -> None:
    there, person = Browser(made), Browser(made, password=None)
    person.post("/reset", {"email": ADDRESS})
    link = urlsplit(next(mail["reset_link"] for mail in made.mails if "reset_link" in mail)).path
    assert there.is_in()
    assert person.post(link, {"password": NEW_PASSWORD, "password_confirm": NEW_PASSWORD}).status_code == 302
    assert not there.is_in()
    assert Browser(made, NEW_PASSWORD).is_in()
    assert not Browser(made).is_in()


def test_a_password_changed_here_is_told_by_its_own_mail(made: Made) -> None:
    here, there = Browser(made), Browser(made)
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert here.post("/profile/password", sent).status_code == 303
    assert [mail["template"] for mail in made.mails] == ["security/email/change_notice"]
    assert [here.is_in(), there.is_in()] == [True, False]


def by_menu(ada: Browser) -> None:
    assert ada.post("/profile/sign-out", {}, "/profile/preferences").status_code == 303


def by_program(ada: Browser) -> None:
    sent = {**JSON, "X-CSRFToken": ada.token("/profile/preferences")}
    assert ada.client.post("/profile/sign-out", headers=sent).json == {"message": "You have been signed out."}


def by_its_own(ada: Browser) -> None:
    assert ada.post("/logout", {}, "/profile/preferences").status_code == 302


@pytest.mark.parametrize("sign_out", [by_menu, by_program, by_its_own])
def test_sign_out_is_its_own_and_takes_the_refresh_token_along(sign_out: Callable[[Browser], None], made: Made) -> None:
    ada = Browser(made, password=None)
    assert ada.sign_in_by_json().status_code == 200
    copy = made.app.test_client()
    copy.set_cookie("session", ada.client.get_cookie("session").value)
    assert ada.client.get_cookie("fs_refresh")
    sign_out(ada)
    with made.app.app_context():
        (tracker,) = made.db.session.scalars(made.db.select(made.users.refresh_tracker_model))
        assert tracker.revoked_at is not None
    assert not ada.is_in()
    assert copy.get("/page").status_code != 200
    assert ada.client.get_cookie("fs_refresh") is None


def test_its_auth_token_works_and_proves_no_recent_sign_in(made: Made) -> None:
    ada = Browser(made, password=None)
    token = ada.sign_in_by_json().json["response"]["user"]["authentication_token"]
    program = made.app.test_client()
    assert program.get("/page", headers={"Authentication-Token": token}).text == "in"
    listed = program.get("/profile/sessions", headers={**JSON, "Authentication-Token": token})
    assert not [row for row in listed.json["sessions"] if row["current"]]


def test_our_api_token_signs_in_beside_its_own(made: Made) -> None:
    ada = Browser(made)
    sent = {**JSON, "X-CSRFToken": ada.token("/profile/preferences")}
    token = ada.client.post("/profile/api-token/regenerate", json={}, headers=sent).json["token"]
    ask = made.app.test_client().get
    assert ask("/page", headers={"Authorization": f"Bearer {token}"}).text == "in"
    assert ask("/page", headers={"Authorization": f"Bearer {token}x"}).status_code == 401


def test_who_signs_in_by_its_oauth_is_on_single_sign_on(made: Made, provider: Provider) -> None:
    ada = Browser(made, password=None)
    target = ada.post("/login/oauthstart/okta", {}, "/login").location
    asked = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    provider.nonce = asked["nonce"]
    ada.client.get(f"/login/oauthresponse/okta?{urlencode({'code': 'c', 'state': asked['state']})}")
    assert ada.is_in()
    assert [(row["method"], row["provider"]) for row in ada.sessions()] == [("sso", "okta")]
    assert ada.client.get("/profile/password", headers=JSON).json["can_change"] is False
    assert Browser(made).client.get("/profile/password", headers=JSON).json["can_change"] is True


def test_where_nobody_is_none_visitors_are_sent_to_sign_in(made: Made) -> None:
    """``SECURITY_ANONYMOUS_USER_DISABLED``: ``current_user`` has no attributes then."""
    made.app.login_manager.anonymous_user = lambda: None
    made.app.add_url_rule("/menu", "menu", lambda: render_template_string("<nav>{{ myprofile_user_menu() }}</nav>"))
    visitor = made.app.test_client()
    assert visitor.get("/menu").text == "<nav></nav>"
    assert visitor.get("/profile/").status_code == 302
    assert visitor.get("/profile/", headers=JSON).status_code == 401
    assert visitor.get("/page", headers={"Authorization": "Bearer mpt_x"}).status_code == 401
    ada = Browser(made)
    assert ada.is_in()
    by_menu(ada)
    assert visitor.get("/menu").text == "<nav></nav>"
