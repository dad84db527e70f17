"""What an admin or the configuration switches off is gone: not only hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import pytest
from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from flask_myprofile import MyProfile, current_profile
from flask_myprofile.errors import SetupError
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host, signed_in
from tests.support.walks import ROUTES, everything

SWITCHES = "/profile/admin/features"
TABS = ["personal_information", "preferences", "password", "api_token", "sessions"]
#: Each part that is an action, with the URL of its own that it has, and what its tab shows of it.
ACTIONS = [
    ("api_token.copy", "/profile/api-token/reveal"),
    ("api_token.regenerate", "/profile/api-token/regenerate"),
    ("sessions.sign_out", "/profile/sessions/sign-out"),
    ("sessions.sign_out_others", "/profile/sessions/sign-out-others"),
]
WAYS = ["FEATURES", "FEATURES_PINNED", "admin"]


def by_turns(names: str, values: Sequence[Any]) -> pytest.MarkDecorator:
    """Each of these is switched off in one of the ways; which of them decides is asked in test_features.py."""
    several = "," in names
    runs = [(*value, way) if several else (value, way) for value, way in zip(values, cycle(WAYS))]
    return pytest.mark.parametrize([*(name.strip() for name in names.split(",")), "way"], runs)


def slug(feature: str) -> str:
    return "/profile/" + feature.replace("_", "-")


def host_without(new_host: Callable[..., Host], way: str, *off: str) -> Host:
    """A host where these features are off, by its configuration or by its administrator."""
    features = {"api_token": True, **(dict.fromkeys(off, False) if way == "FEATURES" else {})}
    pinned = dict.fromkeys(off, False) if way == "FEATURES_PINNED" else {}
    host = new_host(MYPROFILE_FEATURES=features, MYPROFILE_FEATURES_PINNED=pinned)
    if way == "admin":
        answer = signed_in(host, "admin").post_json(SWITCHES, dict.fromkeys(off, False))
        assert answer.status_code == 200
    return host


def everyone(host: Host) -> list[Browser]:
    """A user and an administrator, each with a token and a second session."""
    browsers = []
    for name in ("alice", "admin"):
        signed_in(host, name)
        browsers.append(signed_in(host, name))
        with host.app.test_request_context():
            current_profile.tokens.regenerate(host.user(name))
    return browsers


def statuses(browser: Browser, url: str, body: dict[str, Any] | None = None) -> set[int]:
    """Of everything that can be asked of a URL."""
    answers = [browser.get(url), browser.json(url), browser.post(url, body), browser.post_json(url, body)]
    return {answer.status_code for answer in answers} | {browser.client.head(url).status_code}


@by_turns("tab", TABS)
def test_a_tab_that_is_off_is_gone_for_users_and_admins(tab: str, way: str, new_host: Callable[..., Host]) -> None:
    """B59, A04: no entry in the navigation, and 404 however its URLs are asked."""
    host = host_without(new_host, way, tab)
    routes = [(url, methods) for _, url, methods in ROUTES if url.startswith(slug(tab))]
    own = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "first_name": "X", "language": "de"}
    for browser in everyone(host):
        before = everything(host)
        for url, methods in routes:
            assert statuses(browser, url, own) == ({404} if "POST" in methods else {404, 405}), url
        assert everything(host) == before
        page = browser.get(browser.get("/profile/").location)
        assert page.status_code == 200
        assert f'href="{slug(tab)}"' not in page.text
        assert all(f'href="{slug(other)}"' in page.text for other in TABS if other != tab)


@by_turns("part, url", ACTIONS)
def test_an_action_that_is_off_is_gone_for_users_and_admins(
    part: str, url: str, way: str, new_host: Callable[..., Host]
) -> None:
    """B59, A05: its button and its URL; the tab and its other actions stay."""
    host = host_without(new_host, way, part)
    gone = {other for name, other in ACTIONS if name == part}
    for browser in everyone(host):
        before = everything(host)
        assert statuses(browser, url, {"id": browser.sessions()[0]["id"]}) == {404}
        assert everything(host) == before
        page = browser.get(slug(part.partition(".")[0])).text
        for _, other in ACTIONS:
            if other.startswith(slug(part.partition(".")[0])):
                assert (f'"{other}"' in page) is (other not in gone), other


@by_turns(
    "part, value",
    [
        ("personal_information.first_name", "X"),
        ("personal_information.phone", "112"),
        ("personal_information.email", "x@x.test"),
        ("preferences.language", "de"),
        ("preferences.timezone", "Asia/Tokyo"),
        ("preferences.theme", "dark"),
    ],
)
def test_a_field_that_is_off_is_neither_shown_nor_taken(
    part: str, value: str, way: str, new_host: Callable[..., Host]
) -> None:
    """B59, A05: not in the page, not in the JSON, and what is sent all the same changes nothing."""
    host = host_without(new_host, way, part)
    tab, _, field = part.partition(".")
    for name in ("alice", "admin"):
        browser = signed_in(host, name)
        page, data = browser.get(slug(tab)), browser.json(slug(tab))
        assert [page.status_code, data.status_code] == [200, 200]
        assert f'name="{field}"' not in page.text
        assert f'id="{field}"' not in page.text
        assert field not in data.json
        before = everything(host)
        rest = {"first_name": name.capitalize(), "last_name": "Test", "language": "", "theme": ""}
        saved = browser.post(slug(tab), {**rest, field: value})
        assert saved.status_code == 303, "the other fields are saved"
        assert everything(host) == before
        refused = browser.post_json(slug(tab), {field: value})
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field])
        assert everything(host) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("off", [("my_profile",), tuple(TABS)], ids=["my_profile", "all tabs"])
def test_with_everything_off_there_is_no_my_profile(
    off: tuple[str, ...], way: str, new_host: Callable[..., Host]
) -> None:
    """B59: 404 and no link; who is an admin can still switch it on again, and everybody can still sign out."""
    host = host_without(new_host, way, *off)
    for name in ("alice", "admin"):
        browser = signed_in(host, name)
        for url in ("/profile/", "/profile", *map(slug, TABS)):
            assert [browser.get(url).status_code, browser.json(url).status_code] == [404, 404]
        menu = browser.get("/menu").text
        assert 'href="/profile/"' not in menu
        assert (f'href="{SWITCHES}"' in menu) is (name == "admin")
        assert browser.get(SWITCHES).status_code == (200 if name == "admin" else 403)
        assert browser.post("/profile/sign-out").status_code == 303
        assert not browser.is_in()


@pytest.mark.parametrize(
    ("pinned", "admin", "configured", "expected"),
    [
        (None, None, None, True),
        (None, None, False, False),
        (None, True, False, True),
        (None, False, True, False),
        (True, False, False, True),
        (False, True, True, False),
    ],
)
def test_pinned_goes_before_the_admin_and_the_admin_before_the_configuration(
    pinned: bool | None, admin: bool | None, configured: bool | None, expected: bool, new_host: Callable[..., Host]
) -> None:
    def setting(value: bool | None) -> dict[str, bool]:
        return {} if value is None else {"preferences": value}

    host = new_host(MYPROFILE_FEATURES=setting(configured), MYPROFILE_FEATURES_PINNED=setting(pinned))
    if admin is not None:
        host.sql(
            "INSERT INTO myprofile_feature (name, enabled, changed_by, changed_at) VALUES ('preferences', :on, 'x', 1)",
            on=admin,
        )
    assert signed_in(host).get("/profile/preferences").status_code == (200 if expected else 404)
    with host.app.test_request_context():
        assert current_profile.features["preferences"] is expected
        assert current_profile.features["preferences.language"] is expected, "a part is off with its tab"


def test_a_change_holds_in_every_worker_at_the_next_request(new_host: Callable[..., Host], tmp_path: Any) -> None:
    """B32"""
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    first, second = new_host(url), new_host(url)
    admin, alice = signed_in(first, "admin"), signed_in(second)
    for on in (False, True, False, True):
        assert alice.get("/profile/preferences").status_code == (404 if on else 200)
        assert admin.post_json(SWITCHES, {"preferences": on}).json["changes"] == {"preferences": on}
        assert alice.get("/profile/preferences").status_code == (200 if on else 404)
        assert ("/profile/preferences" in alice.get("/profile/sessions").text) is on


@pytest.mark.parametrize("setting", ["MYPROFILE_FEATURES", "MYPROFILE_FEATURES_PINNED"])
@pytest.mark.parametrize("name", ["passwort", "sessions.copy", "preferences.", ".", "", "api_token.copy.all", "admin"])
def test_a_feature_that_does_not_exist_stops_the_app(name: str, setting: str) -> None:
    """A toggle with a mistake in it would leave on what somebody meant to switch off."""
    app = Flask("host")
    app.config.update(SECRET_KEY="x", SQLALCHEMY_DATABASE_URI="sqlite://", **{setting: {name: False}})
    SQLAlchemy(app, model_class=type("Base", (DeclarativeBase,), {}))
    LoginManager(app)
    with pytest.raises(SetupError, match=f"{setting} names no feature") as raised:
        MyProfile(app)
    assert "sessions.sign_out_others" in str(raised.value), "the message lists those that do"


@pytest.mark.parametrize("name", ["personal_information.phoen", "personal_information."])
def test_a_field_that_the_user_model_does_not_have_is_said_where_it_can_be(
    name: str, new_host: Callable[..., Host]
) -> None:
    """The model may be defined after the extension; at the latest an admin's request is refused."""
    host = new_host()
    answer = signed_in(host, "admin").post_json(SWITCHES, {name: False})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
