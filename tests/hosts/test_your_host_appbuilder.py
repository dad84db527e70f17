"""An app of Flask-AppBuilder, which is recognised by itself: its own sign-in, reset, sign-out, layout and languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_myprofile import MyProfile
from tests.hosts.your_host import JSON, NEW_PASSWORD, PASSWORD, closing, example, package

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
Names = dict[str, Any]
Make = Callable[..., Names]


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    package("flask_appbuilder")
    monkeypatch.chdir(tmp_path)
    with closing(example("Flask-AppBuilder", 0)) as made:
        add_users(made)
        yield made


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the app with other settings; ``first``: Flask-AppBuilder is there before My Profile."""
    package("flask_appbuilder")
    from flask_appbuilder import AppBuilder

    apps: list[Names] = []

    def made(*, first: bool = False, **settings: Any) -> Names:
        app = Flask("built")
        app.config.update(SECRET_KEY="k" * 40, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/db.sqlite")
        app.config.update(settings)
        db = SQLAlchemy(app)
        if not first:
            MyProfile(app)
        with app.app_context():
            appbuilder = AppBuilder(app, db.session)
            if first:
                MyProfile(app)
            db.create_all()
        apps.append({"app": app, "db": db, "appbuilder": appbuilder})
        add_users(apps[-1])
        return apps[-1]

    yield made
    for each in apps:
        with closing(each):
            pass


def add_users(made: Names) -> None:
    with made["app"].app_context():
        manager = made["appbuilder"].sm
        for name, role in (("ada", "Admin"), ("bob", "Public")):
            address = f"{name}@example.com"
            manager.add_user(name, name.title(), "Byron", address, manager.find_role(role), password=PASSWORD)


class Browser:
    def __init__(self, app: Any, password: str = PASSWORD, user: str = "ada") -> None:
        self.client = app.test_client()
        self.post("/login/", {"username": user, "password": password}, "/login/")

    def post(self, url: str, data: dict[str, str], page: str = "/profile/preferences") -> Any:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.client.get(page).text)
        assert found or page == "/login/", "AppBuilder's own form has none where CSRFProtect is not set up"
        return self.client.post(url, data={**({"csrf_token": found[1]} if found else {}), **data})

    def is_in(self) -> bool:
        return bool(self.client.get("/profile/preferences").status_code == 200)


def test_its_users_have_their_profile_and_its_administrators_feature_management(names: Names) -> None:
    ada = Browser(names["app"])
    answer = ada.client.get("/profile/personal-information", headers=JSON)
    assert answer.json == {
        "first_name": "Ada", "last_name": "Byron", "username": "ada", "email": "ada@example.com"
    }  # fmt: skip
    assert ada.client.get("/profile/admin/features").status_code == 200
    page = ada.client.get("/profile/preferences").text
    assert "navbar" in page and "<title>Preferences – My Profile" in page, "in its own layout"
    assert page.count("myprofile.css") == page.count("appbuilder.css") == 1
    assert names["app"].test_client().get("/profile/").location.startswith("/login/?next=")


def test_a_password_is_changed_for_its_own_sign_in_and_others_are_signed_out(names: Names) -> None:
    here, there = Browser(names["app"]), Browser(names["app"])
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert there.is_in()
    assert here.post("/profile/password", sent).status_code == 303
    assert [here.is_in(), there.is_in()] == [True, False]
    assert [Browser(names["app"], text).is_in() for text in (PASSWORD, NEW_PASSWORD)] == [False, True]


def test_sign_out_is_its_own_with_its_hook(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(
        names["appbuilder"].sm, "on_user_logout", lambda user: heard.append(user.username), raising=False
    )
    ada = Browser(names["app"])
    assert ada.post("/profile/sign-out", {}).status_code == 303
    assert not ada.is_in()
    assert heard == ["ada"]


def test_it_may_be_set_up_before_my_profile(make: Make) -> None:
    ada = Browser(make(first=True)["app"])
    assert ada.client.get("/profile/personal-information", headers=JSON).json["username"] == "ada"


def test_who_has_no_such_role_is_no_administrator(names: Names) -> None:
    bob = Browser(names["app"], user="bob")
    assert bob.client.get("/profile/preferences").status_code == 200
    assert bob.client.get("/profile/admin/features").status_code == 403


def test_what_the_host_says_itself_goes_before(make: Make) -> None:
    names = make(
        MYPROFILE_ADMIN=lambda user: user.username == "bob",
        MYPROFILE_BASE_TEMPLATE="myprofile/layout.html",
        MYPROFILE_SIGN_OUT="/elsewhere",
    )
    ada, bob = Browser(names["app"]), Browser(names["app"], user="bob")
    assert [each.client.get("/profile/admin/features").status_code for each in (ada, bob)] == [403, 200]
    assert "navbar" not in ada.client.get("/profile/preferences").text
    assert ada.post("/profile/sign-out", {}).location == "/elsewhere"


@pytest.mark.parametrize("url", ["/resetmypassword/form", "/resetpassword/form?pk=2"])
def test_a_password_that_is_reset_on_its_pages_ends_the_other_sessions(url: str, names: Names) -> None:
    who = "ada" if "my" in url else "bob"
    here, there = Browser(names["app"]), Browser(names["app"], user=who)
    assert there.is_in()
    here.post(url, {"password": NEW_PASSWORD, "conf_password": NEW_PASSWORD}, url)
    assert [here.is_in(), there.is_in()] == [True, False]
    assert Browser(names["app"], NEW_PASSWORD, who).is_in()


def test_a_password_is_hashed_as_its_settings_say(make: Make) -> None:
    names = make(FAB_PASSWORD_HASH_METHOD="pbkdf2:sha256:1", FAB_PASSWORD_HASH_SALT_LENGTH=8)
    ada = Browser(names["app"])
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert ada.post("/profile/password", sent).status_code == 303
    with names["app"].app_context():
        stored = names["appbuilder"].sm.find_user("ada").password
    assert re.match(r"pbkdf2:sha256:1\$.{8}\$", stored)


def test_where_it_keeps_no_passwords_there_is_no_form_for_one(make: Make) -> None:
    from flask_appbuilder.const import AUTH_REMOTE_USER

    names = make(AUTH_TYPE=AUTH_REMOTE_USER)
    client = names["app"].test_client()
    client.get("/login/", environ_overrides={"REMOTE_USER": "ada"})
    assert client.get("/profile/password", headers=JSON).json["can_change"] is False
    assert names["app"].test_client().get("/profile/").location.startswith("/login/?next=")


def test_a_language_that_was_chosen_goes_before_that_of_its_menu(make: Make) -> None:
    languages = {"en": {"flag": "gb", "name": "English"}, "de": {"flag": "de", "name": "German"}}
    names = make(LANGUAGES=languages)
    ada = Browser(names["app"])
    page = ada.client.get("/profile/preferences").text
    assert re.findall(r'<option value="(..)" lang', page) == ["de", "en"]
    ada.client.get("/lang/de")
    assert "Benutzer" in ada.client.get("/users/userinfo/").text
    assert ada.post("/profile/preferences", {"language": "en"}).status_code == 303
    assert "Benutzer" not in ada.client.get("/users/userinfo/").text


def test_the_command_line_finds_its_users_and_the_doctor_has_nothing_to_say_of_them(names: Names) -> None:
    Browser(names["app"])
    run = names["app"].test_cli_runner().invoke
    assert "Werkzeug" in run(args=["myprofile", "sessions", "list", "--user", "ada"]).output
    said = run(args=["myprofile", "doctor"]).output
    for check in ("user_class", "login_id", "password", "stored_hashes", "personal_fields", "admin_rule", "login_view"):
        assert f"ok     {check}: " in said, said
    assert "ok     layout: " in said
