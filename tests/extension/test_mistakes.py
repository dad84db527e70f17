"""What a developer is told who sets something up wrongly, and the ways to say how the host's users are made."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import flask_login
import pytest
from flask import Flask, has_app_context
from flask.cli import with_appcontext
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from wtforms import StringField

import flask_myprofile
from flask_myprofile import MyProfile, SetupError, Tab, Users, action, current_profile, record_sso
from tests.support.host import Host


def app_with(**settings: Any) -> Flask:
    app = Flask("host", static_folder=None)
    app.config.update(SECRET_KEY="x", TESTING=True, **settings)
    return app


def problem_of(**settings: Any) -> str:
    with pytest.raises(SetupError) as raised:
        MyProfile(app_with(**settings))
    return str(raised.value)


# ---- settings


def test_all_wrong_settings_are_named_in_one_message() -> None:
    text = problem_of(
        MYPROFILE_URL_PREFX="/me",
        MYPROFILE_PASSWORD_MIN_LENGTH=4,
        MYPROFILE_LANGUAGES="de",
        MYPROFILE_FEATURES={"password": "off"},
        MYPROFILE_STORE_DOWN="perhaps",
        MYPROFILE_PASSWORD_REQUIRE=("lower", "emoji"),
    )
    assert "MYPROFILE_URL_PREFX is not a setting" in text
    assert "MYPROFILE_PASSWORD_MIN_LENGTH must be a whole number of at least 8" in text
    assert "MYPROFILE_LANGUAGES must be a tuple of texts, or None, not 'de'" in text
    assert "MYPROFILE_FEATURES must be a dict" in text
    assert "MYPROFILE_STORE_DOWN must be one of 'deny', 'allow', not 'perhaps'" in text
    assert "MYPROFILE_PASSWORD_REQUIRE must be" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("URL_PREFIX", "profile"),
        ("URL_PREFIX", "/profile/"),
        ("URL_PREFIX", None),
        ("FEATURES", ["password"]),
        ("FEATURES_PINNED", {"password": 1}),
        ("ADMIN", 1),
        ("PASSWORD_MIN_LENGTH", True),
        ("PASSWORD_MIN_LENGTH", "20"),
        ("PASSWORD_MAX_LENGTH", 10),
        ("SESSION_LIFETIME", 0),
        ("SESSION_TOUCH", 0.5),
        ("SESSION_LIMIT", 0),
        ("API_TOKEN_PREFIX", ""),
        ("PERSONAL_FIELDS", "email"),
        ("PERSONAL_READONLY", ("email", 3)),
        ("BASE_BLOCKS", {"content": None}),
        ("BASE_BLOCKS", {"title": "title"}),
        ("BASE_TEMPLATE", ""),
    ],
)
def test_an_ill_typed_setting_stops_the_app(key: str, value: Any) -> None:
    assert f"MYPROFILE_{key}" in problem_of(**{f"MYPROFILE_{key}": value})


def test_a_longest_password_below_the_shortest_is_refused() -> None:
    text = problem_of(MYPROFILE_PASSWORD_MIN_LENGTH=100, MYPROFILE_PASSWORD_MAX_LENGTH=80)
    assert "MYPROFILE_PASSWORD_MAX_LENGTH" in text
    assert "MYPROFILE_PASSWORD_MIN_LENGTH" in text


@pytest.mark.parametrize("setting", ["MYPROFILE_FEATURES", "MYPROFILE_FEATURES_PINNED"])
def test_an_unknown_feature_is_named_with_those_there_are(setting: str) -> None:
    text = problem_of(**{setting: {"passwords": False, "api_token.kopy": True, "sessions": True}})
    assert f"{setting} names no feature: passwords, api_token.kopy" in text
    for name in ("my_profile", "api_token.copy", "sessions.sign_out_others"):
        assert name in text


# ---- what has to be there


def test_it_says_that_flask_login_is_missing() -> None:
    app = app_with(SQLALCHEMY_DATABASE_URI="sqlite://")
    SQLAlchemy(app)
    MyProfile(app)
    with pytest.raises(SetupError, match=r"needs Flask-Login: call LoginManager\(app\) for 'host'"):
        app.test_client().get("/profile/sessions")


def test_it_says_that_flask_sqlalchemy_is_missing() -> None:
    app = app_with()
    flask_login.LoginManager(app).user_loader(lambda login_id: None)
    MyProfile(app)
    with (
        app.app_context(),
        pytest.raises(SetupError, match=r"needs Flask-SQLAlchemy: call SQLAlchemy\(app\) for 'host'"),
    ):
        current_profile.create_tables()


def test_it_says_that_the_bind_is_missing() -> None:
    app = app_with(SQLALCHEMY_DATABASE_URI="sqlite://", MYPROFILE_BIND_KEY="elsewhere")
    SQLAlchemy(app)
    with pytest.raises(SetupError, match="MYPROFILE_BIND_KEY = 'elsewhere' is not one of SQLALCHEMY_BINDS"):
        MyProfile(app)


def test_it_says_so_at_the_first_request_where_the_database_is_set_up_later() -> None:
    """Flask cannot answer an error that comes while it pushes a request's context, and leaves the context behind."""
    app = app_with(SQLALCHEMY_DATABASE_URI="sqlite://", MYPROFILE_BIND_KEY="elsewhere")
    flask_login.LoginManager(app)
    MyProfile(app)
    SQLAlchemy(app)
    for _ in range(2):
        with pytest.raises(SetupError, match="MYPROFILE_BIND_KEY = 'elsewhere' is not one of SQLALCHEMY_BINDS"):
            app.test_client().get("/profile/sessions")
        assert not has_app_context()


def test_no_command_goes_on_without_the_tables() -> None:
    app = app_with(SQLALCHEMY_DATABASE_URI="sqlite://", MYPROFILE_BIND_KEY="elsewhere")
    flask_login.LoginManager(app)
    MyProfile(app)
    db = SQLAlchemy(app)
    app.cli.command("make")(with_appcontext(db.create_all))
    result = Context().run(app.test_cli_runner().invoke, args=["make"])  # Flask leaves its context behind
    assert isinstance(result.exception, SetupError)


def test_it_says_that_the_user_class_is_not_mapped() -> None:
    class Guest(flask_login.UserMixin):
        pass

    app = app_with(SQLALCHEMY_DATABASE_URI="sqlite://")
    flask_login.LoginManager(app)
    SQLAlchemy(app)
    MyProfile(app, user_model=Guest)
    with pytest.raises(SetupError, match=r"user_model names a class that is mapped, and .*Guest is none"):
        app.test_client().get("/profile/sessions")


def test_it_says_that_an_app_has_no_my_profile() -> None:
    with app_with().app_context(), pytest.raises(SetupError, match=r"call MyProfile\(app\) for 'host'"):
        current_profile.features["password"]


def test_record_sso_outside_a_request_says_where_it_belongs() -> None:
    with pytest.raises(SetupError, match="in the view that calls login_user"):
        record_sso("Okta")


# ---- custom tabs


class Named(Tab):
    name = "named"
    label = "Named"


def test_a_tab_without_a_proper_name_or_label_is_refused_where_it_is_written() -> None:
    with pytest.raises(SetupError, match=r"Nameless\.name must be a word"):
        type("Nameless", (Tab,), {"label": "x"})
    with pytest.raises(SetupError, match=r"Spaced\.name must be a word.*'my tab'"):
        type("Spaced", (Tab,), {"name": "my tab", "label": "x"})
    with pytest.raises(SetupError, match=r"Untitled\.label must be the tab's title"):
        type("Untitled", (Tab,), {"name": "untitled"})


@pytest.mark.parametrize(
    "name", ["password", "static", "admin", "index", "sign_out", "mail_link", "my_profile", "named"]
)
def test_a_tab_cannot_take_a_name_that_is_taken(name: str) -> None:
    taken = type("Taken", (Tab,), {"name": name, "label": "x"})
    with pytest.raises(SetupError, match=rf"Taken\.name = '{name}' is taken"):
        MyProfile(app_with(), tabs=[Named, taken])


@pytest.mark.parametrize("wrong", [Named(), "named", object])
def test_only_tab_classes_are_tabs(wrong: Any) -> None:
    with pytest.raises(SetupError, match=r"MyProfile\(tabs=…\) takes Tab classes"):
        MyProfile(app_with(), tabs=[wrong])


@pytest.mark.parametrize(
    ("wrong", "takes"),
    [
        ({"user_model": "User"}, "the user class, not 'User'"),
        ({"users": Users}, r"an object such as Users\(password="),
        ({"tabs": Named}, "Tab classes in a list, not <class"),
        ({"admin": "role"}, r"a callable\(user\); MYPROFILE_ADMIN names an attribute, not 'role'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_argument_of_the_wrong_kind_is_refused_where_it_is_written(wrong: dict[str, Any], takes: str) -> None:
    with pytest.raises(SetupError, match=rf"MyProfile\({next(iter(wrong))}=…\) takes {takes}"):
        MyProfile(**wrong)


def test_action_without_parentheses_is_refused_where_it_is_written() -> None:
    """It would make no action at all, and the tab's Save would answer 405."""
    with pytest.raises(SetupError, match=r"@action\("):

        class Bare(Tab):
            name = "bare"
            label = "Bare"

            @action
            def save(self, user: Any, form: Any) -> str:
                return "saved"


def test_a_custom_tab_is_a_page_a_feature_and_json(new_host: Callable[..., Host]) -> None:
    class NicknameForm(FlaskForm):
        nickname = StringField("Nickname")

    class Nickname(Tab):
        name = "nick_name"
        label = "Nickname"

        def values(self, user: Any) -> dict[str, Any]:
            return {"nickname": user.first_name}

        @action(NicknameForm)
        def save(self, user: Any, form: FlaskForm) -> str:
            if form["nickname"].data == "root":
                raise flask_myprofile.Invalid({"nickname": "Choose another nickname"})
            user.first_name = form["nickname"].data
            return "Your nickname has been saved."

        @action()
        def shout(self, user: Any) -> str:
            user.first_name = user.first_name.upper()
            return "Done."

    host = new_host(myprofile_options={"tabs": [Nickname]})
    alice = host.browser()
    alice.login("alice")
    assert 'value="Alice"' in alice.get("/profile/nick-name").text
    assert alice.post("/profile/nick-name", {"nickname": "Ally"}).status_code == 303
    assert "Your nickname has been saved." in alice.get("/profile/nick-name").text
    assert alice.post_json("/profile/nick-name/shout").json == {"message": "Done."}
    assert alice.json("/profile/nick-name").json == {"nickname": "ALLY"}
    refused = alice.post_json("/profile/nick-name", {"nickname": "root"})
    assert (refused.status_code, refused.json["errors"]) == (422, {"nickname": ["Choose another nickname"]})
    admin = host.browser()
    admin.login("admin")
    assert admin.post("/profile/admin/features", {"nick_name.shout": "off"}).status_code == 303
    assert alice.post_json("/profile/nick-name/shout").status_code == 404
    assert alice.get("/profile/nick-name").status_code == 200
