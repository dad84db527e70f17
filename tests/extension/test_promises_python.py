"""What the code of a host relies on: settings, names to import, their parameters, and that they do what they say."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

import flask_myprofile
from flask_myprofile import MyProfile, Users, current_profile
from flask_myprofile.config import Config, settings
from tests.support.host import Host, signed_in

DEFAULTS: dict[str, Any] = {
    "URL_PREFIX": "/profile",
    "FEATURES": {},
    "FEATURES_PINNED": {},
    "ADMIN": "is_admin",
    "BASE_TEMPLATE": None,
    "PASSWORD_MIN_LENGTH": 15,
    "PASSWORD_MAX_LENGTH": 256,
    "PASSWORD_REQUIRE": (),
    "PASSWORD_CONTEXT": (),
    "SESSION_STORE": "sqlalchemy",
    "SESSION_TOUCH": 60,
    "STORE_DOWN": "deny",
    "API_TOKEN_PREFIX": "mpt_",
    "PERSONAL_FIELDS": None,
    "PERSONAL_READONLY": ("username", "email"),
    "LANGUAGES": None,
}
NAMED = ["SESSION_IDLE", "SESSION_LIFETIME", "SESSION_LIMIT", "SESSION_ADOPT", "API_TOKEN_LIFETIME"]


def test_settings_have_the_names_and_defaults_promised() -> None:
    assert {f"MYPROFILE_{name}" for name in [*DEFAULTS, *NAMED]} <= {key for key, _ in settings()}
    config = Config.read({})
    assert {name: getattr(config, name.lower()) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    "path",
    [
        *("MyProfile", "current_profile", "record_sso", "Tab", "action", "Users", "Confirm", "Done", "Invalid"),
        *("signals.session_started", "signals.session_ended", "signals.password_changed", "signals.token_changed"),
        *("signals.features_changed", "testing.sign_in", "token_authenticated"),
        *(f"Users.{name}" for name in ("key", "get", "update", "has_password", "check_password", "set_password")),
        *("Users.is_sso", "Users.display_name"),
    ],
)
def test_python_names_are_where_they_were_promised(path: str) -> None:
    head, _, rest = path.partition(".")
    found: Any = flask_myprofile if hasattr(flask_myprofile, head) else None
    if found is None or (rest and head in ("signals", "testing")):
        found, path = importlib.import_module(f"flask_myprofile.{head}"), rest
    for name in path.split("."):
        found = getattr(found, name)
    assert found is not None


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (MyProfile, ["app", "db", "user_model", "users", "tabs", "admin"]),
        (flask_myprofile.record_sso, ["provider", "method", "subject", "issuer", "session_id", "acr", "auth_time"]),
        (flask_myprofile.Profile.can_change_password, ["self", "user"]),
        (Users.update, ["self", "user", "values"]),
    ],
)
def test_parameters_have_the_names_promised(function: Any, names: list[str]) -> None:
    assert list(inspect.signature(function).parameters) == names


def test_the_hosts_code_may_do_what_the_pages_do(host: Host) -> None:
    """``current_profile`` in a shell, a command or a view of the host's."""
    first, second, third, bob = (signed_in(host, name) for name in ("alice", "alice", "alice", "bob"))
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
        assert current_profile.can_change_password(user) is True
        rows = current_profile.sessions.list(user)
        assert len(rows) == 3
        assert current_profile.sessions.end(user, first.session_id()) is True
        assert current_profile.sessions.end(user, bob.session_id()) is False
        token = current_profile.tokens.regenerate(user)
        host.db.session.commit()
        assert current_profile.tokens.verify(token).username == "alice"
        assert current_profile.tokens.revoke(user) is True
        host.db.session.commit()
        assert current_profile.tokens.verify(token) is None
        assert (first.is_in(), second.is_in(), third.is_in()) == (False, True, True)
        assert current_profile.sessions.end_others(user) == 2
        fourth = signed_in(host)
        assert current_profile.sessions.end_all(user) == 1
        assert (second.is_in(), third.is_in(), fourth.is_in(), bob.is_in()) == (False, False, False, True)


def test_the_user_menu_is_drawn_for_who_is_signed_in(host: Host) -> None:
    assert host.browser().get("/menu").text == "<nav></nav>"
    menus = {name: signed_in(host, name).get("/menu").text for name in ("alice", "admin")}
    assert 'href="/profile/"' in menus["alice"]
    assert ["/profile/admin/features" in menus[name] for name in ("alice", "admin")] == [False, True]
