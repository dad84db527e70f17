"""``Flask(host_matching=True)``: routes belong to host names there, and the extension's pages are on each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash

from flask_myprofile import MyProfile

HOSTS = ("app.example", "other.example:8000")
MENU = "{{ myprofile_user_menu() }}"
JSON = {"Accept": "application/json"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    made = Flask("host", host_matching=True, static_host=HOSTS[0])
    made.config.update(SECRET_KEY="k" * 40, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'db'}")
    made.config.update(WTF_CSRF_ENABLED=False)
    db = SQLAlchemy(made)
    login = LoginManager(made)
    login.login_view = "login"

    class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id = db.Column(db.Integer, primary_key=True)
        username = db.Column(db.String(80))
        password_hash = db.Column(db.String(255))
        is_admin = db.Column(db.Boolean, default=True)

    login.user_loader(lambda key: db.session.get(User, int(key)))
    for number, host in enumerate(HOSTS):
        made.add_url_rule(
            "/login", f"login{number or ''}", lambda: sign_in(db, User), methods=["GET", "POST"], host=host
        )
        made.add_url_rule("/menu", f"menu{number}", lambda: render_template_string(MENU), host=host)
    MyProfile(made)
    with made.app_context():
        db.create_all()
        db.session.add(User(username="ana", password_hash=generate_password_hash("correct horse battery")))
        db.session.commit()
    return made


def sign_in(db: Any, user: Any) -> str:
    flask_login.login_user(db.session.get(user, 1))
    return "in"


def get(client: FlaskClient, url: str, host: str, **headers: str) -> Any:
    with client.get(url, base_url=f"http://{host}", headers=headers) as answer:
        answer.get_data()
        return answer


@pytest.mark.parametrize("host", HOSTS)
def test_the_pages_are_there_on_every_host_name(host: str, app: Flask) -> None:
    client = app.test_client()
    client.post("/login", base_url=f"http://{host}")
    page = get(client, "/profile/password", host)
    assert page.status_code == 200
    for url in ("/profile/sessions", "/profile/admin/features", "/profile/static/myprofile.css"):
        assert url in page.text
        assert get(client, url, host).status_code == 200
    assert get(client, "/profile/", host).location == "/profile/personal-information"
    assert get(client, "/.well-known/change-password", host).location == "/profile/password"
    assert "/profile/sign-out" in get(client, "/menu", host).text
    assert get(client, "/profile/sso/okta/backchannel-logout", host).status_code == 405
    answer = client.post("/profile/sessions/sign-out-others", base_url=f"http://{host}", json={}, headers=JSON)
    assert answer.status_code == 200
    answer = client.post("/profile/sign-out", base_url=f"http://{host}")
    assert (answer.status_code, get(client, "/profile/password", host).status_code) == (303, 302)
