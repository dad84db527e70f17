"""What stands around pages: Flask-Admin, caches, limits, policies, gates, and links of the host's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

from flask_myprofile import MyProfile
from flask_myprofile.errors import SetupError
from tests.hosts.your_host import JSON, Ada, Example, closing, package


def test_flask_admin_is_for_the_administrators_of_my_profile(example: Example) -> None:
    package("flask_admin")
    names = example("Flask-Admin", 0)
    ada = Ada(names)
    assert "ada@example.com" in ada.get("/admin/user_admin/").text
    assert "password_hash" not in ada.get("/admin/user_admin/edit/?id=1").text
    assert names["app"].test_client().get("/admin/user_admin/").status_code in (302, 403)
    with names["app"].app_context():
        names["db"].session.get(names["User"], 1).is_admin = False
        names["db"].session.commit()
    assert ada.get("/admin/user_admin/").status_code in (302, 403)


def test_a_cached_page_shows_nobodys_name_to_strangers(example: Example) -> None:
    package("flask_caching")
    names = example("Flask-Caching", 0)
    ada, stranger = Ada(names), names["app"].test_client()
    for _ in range(2):
        assert "ada@example.com" in ada.get("/news").text
        assert stranger.get("/news").text == "<nav></nav>News"


def test_a_limit_of_the_hosts_holds_for_all_our_pages_and_for_no_provider(example: Example) -> None:
    package("flask_limiter")
    names = example("Flask-Limiter", 0)
    ada = Ada(names)
    answers = {ada.get("/profile/preferences").status_code for _ in range(101)}
    assert answers == {200, 429}
    assert ada.get("/").status_code == 200
    asked = names["app"].test_client()
    assert {asked.post("/profile/sso/x/backchannel-logout").status_code for _ in range(110)} == {404}


def test_the_nonce_of_talisman_is_on_what_the_pages_bring(example: Example) -> None:
    package("flask_talisman")
    names = example("Flask-Talisman", 0)
    answer = Ada(names, "https://localhost").get("/profile/preferences")
    nonce = re.search(r"script-src[^;]*'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
    assert nonce
    assert re.search(rf'<script src="[^"]+" defer nonce="{re.escape(nonce[1])}">', answer.text)


def test_a_gate_lets_through_what_everybody_needs(example: Example) -> None:
    accepted: list[Any] = []
    names = example("A gate before your pages", 0, has_accepted=lambda user: user.username in accepted)
    ada = Ada(names)
    assert ada.get("/").location == ada.get("/profile/sessions").location == "/terms"
    style = "/profile/static/myprofile.css"
    with ada.get(style) as answer:
        assert answer.status_code == 200
    accepted.append("ada")
    token = ada.token()
    accepted.clear()
    assert ada.client.post("/profile/sign-out", data={"csrf_token": token}).location.startswith("/login")
    assert ada.get("/terms").status_code == 200
    assert ada.get("/").location.startswith("/login"), "nobody is signed in, so nobody is stopped"


def test_sign_out_of_the_menu_is_the_hosts_and_its_links_are_there(example: Example) -> None:
    names = example("Your own links and sign-out", 0)
    ada = Ada(names)
    with ada.client.session_transaction() as kept:
        kept["basket"] = "full"
    assert 'href="/orders"' in ada.get("/").text
    assert ada.post_json("/profile/sign-out", {}).json == {"message": "You have been signed out."}
    with ada.client.session_transaction() as kept:
        assert "basket" not in kept
    again = Ada(names)
    copied = again.client.get_cookie("session")
    assert copied
    assert again.get("/leave").location == "/login"
    again.client.set_cookie("session", copied.value)
    assert again.get("/profile/sessions", headers=JSON).status_code == 401, "the link that was there before ends it too"


def test_beside_flask_babelplus_every_page_is_answered(tmp_path: Path) -> None:
    """It has its name in ``app.extensions``, and none of its ways. FlaskBB is such an app."""
    package("flask_babelplus")
    from flask_babelplus import Babel

    app = Flask("plus")
    app.config.update(SECRET_KEY="k", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/db.sqlite")
    db = SQLAlchemy(app)
    LoginManager(app).user_loader(lambda login_id: None)
    Babel(app)
    MyProfile(app)
    app.add_url_rule("/", "public", lambda: "public")
    with closing({"app": app, "db": db}):
        assert [app.test_client().get(url).status_code for url in ("/", "/", "/profile/")] == [200, 200, 401]


def test_a_database_extension_that_is_another_is_named_at_the_start() -> None:
    package("flask_sqlalchemy_lite")
    import flask_sqlalchemy_lite

    app = Flask("lite")
    app.config.update(SECRET_KEY="k", SQLALCHEMY_ENGINES={"default": "sqlite://"})
    LoginManager(app)
    flask_sqlalchemy_lite.SQLAlchemy(app)
    with pytest.raises(SetupError, match="needs Flask-SQLAlchemy, and cannot work with flask_sqlalchemy_lite"):
        MyProfile(app)


def test_a_handler_of_the_hosts_shows_our_page_for_our_errors_and_its_own_for_others(example: Example) -> None:
    names = example("Error pages", 0)
    ada = Ada(names)
    names["app"].extensions["myprofile"].config.features_pinned["password"] = False
    assert 'id="myprofile"' in ada.get("/profile/password").text
    assert ada.get("/nowhere").text == "<h1>Not Found</h1>"
