"""B59: what is off is gone, from the navigation, the page, the form and JSON, for users and for admins."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.tabs import BUILT_IN
from tests.host import JSON, Browser, Host
from tests.walks import Notes, busy, everything, right_for, walked_host

TABS = [tab.name for tab in (*BUILT_IN, Notes)]
#: (the part that switches it, its URL) of every action there is.
ACTIONS = [
    (f"{tab.name}.{action.feature}", f"/profile/{tab.name.replace('_', '-')}/{action.slug}")
    for tab in (*BUILT_IN, Notes)
    for action in tab.actions.values()
    if action.feature
]
FIELDS = ["first_name", "last_name", "email", "phone", "username"]
WAYS = ["config", "pinned", "admin"]


def url_of(tab: str) -> str:
    return "/profile/" + tab.replace("_", "-")


def host_without(new_host: Callable[..., Host], way: str, *features: str, **options: Any) -> Host:
    """A host in which these features are off, by one of the three ways."""
    off = dict.fromkeys(features, False)
    settings = {
        "config": {"MYPROFILE_FEATURES": {"api_token": True, **off}},
        "pinned": {"MYPROFILE_FEATURES_PINNED": off},
        "admin": {},
    }[way]
    host = walked_host(new_host, **settings, **options)
    if way == "admin":
        admin = host.browser()
        admin.login("admin")
        assert admin.post_json("/profile/admin/features", off).json["changes"] == off
    return host


def nothing_there(browser: Browser, url: str, sent: dict[str, str]) -> None:
    for answer in (browser.get(url), browser.post(url, sent), browser.json(url), browser.post_json(url, sent)):
        assert answer.status_code == 404, answer.request.method
    assert answer.json["code"] == "feature_off"
    no_such_page = browser.get("/no-such-page")
    assert browser.get(url).text == no_such_page.text, "as if it were not there"


def dead_links(browser: Browser, page: str) -> list[str]:
    """Where a page leads to nowhere: links by GET, forms by whether their URL is known at all."""
    links = set(re.findall(r'(?:href|action)="(/profile/(?!static)[^"]*)"', page))
    return [url for url in links if browser.get(url).status_code == 404]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tab", TABS)
def test_a_tab_that_is_off_is_gone(tab: str, way: str, new_host: Callable[..., Host]) -> None:
    host = host_without(new_host, way, tab)
    for name in ("alice", "admin"):
        browser = host.browser()
        browser.login(name)
        before, url = everything(host), url_of(tab)
        nothing_there(browser, url, right_for(url, browser) if tab != "sessions" else {})
        for part, action in ACTIONS:
            if part.startswith(tab + "."):
                nothing_there(browser, action, {"id": "0" * 24})
        first = "preferences" if tab == "personal_information" else "personal_information"
        assert browser.get("/profile/").location == url_of(first), "the first one that is on"
        for other in (each for each in TABS if each != tab):
            page = browser.get(url_of(other)).text
            assert f'href="{url}"' not in page
            assert dead_links(browser, page) == []
        assert everything(host) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("part", "url"), ACTIONS)
def test_an_action_that_is_off_is_gone(part: str, url: str, way: str, new_host: Callable[..., Host]) -> None:
    earlier = walked_host(new_host)
    busy(earlier)  # there are a token and other sessions from before
    host = host_without(new_host, way, part, database_url=earlier.app.config["SQLALCHEMY_DATABASE_URI"])
    here = host.browser()
    here.login("admin")
    before = everything(host)
    nothing_there(here, url, {"id": here.sessions()[-1]["id"]})
    page = here.get(url.rpartition("/")[0])
    assert page.status_code == 200
    assert url + '"' not in page.text
    assert dead_links(here, page.text) == []
    assert everything(host) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_is_off_is_neither_shown_nor_told_nor_taken(
    field: str, way: str, new_host: Callable[..., Host]
) -> None:
    host = host_without(new_host, way, f"personal_information.{field}")
    alice = host.browser()
    alice.login("alice")
    page = alice.get("/profile/personal-information").text
    assert f'name="{field}"' not in page
    assert all(f'name="{other}"' in page for other in FIELDS if other != field)
    assert set(alice.json("/profile/personal-information").json) == set(FIELDS) - {field}
    before = host.user("alice")
    sent = {"first_name": "New", "last_name": "New", "phone": "1"}
    assert alice.post("/profile/personal-information", {**sent, field: "evil"}).status_code == 303
    after = host.user("alice")
    assert getattr(after, field) == getattr(before, field)
    if field in sent:
        assert alice.post_json("/profile/personal-information", {field: "evil"}).status_code == 422


@pytest.mark.parametrize("way", WAYS)
def test_the_language_that_is_off_is_neither_shown_nor_taken(way: str, new_host: Callable[..., Host]) -> None:
    host = host_without(new_host, way, "preferences.language")
    alice = host.browser()
    alice.login("alice")
    assert 'name="language"' not in alice.get("/profile/preferences").text
    assert alice.json("/profile/preferences").json == {}
    assert alice.post_json("/profile/preferences", {"language": "de"}).status_code == 422
    alice.post("/profile/preferences", {"language": "de"})
    assert host.sql("SELECT * FROM myprofile_preference") == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("off", [("my_profile",), tuple(TABS)], ids=["my_profile", "each tab"])
def test_with_everything_off_there_is_no_profile_and_no_link_to_it(
    off: tuple[str, ...], way: str, new_host: Callable[..., Host]
) -> None:
    host = host_without(new_host, way, *off)
    for name in ("alice", "admin"):
        browser = host.browser()
        browser.login(name)
        assert browser.get("/profile/").status_code == 404
        assert browser.client.get("/profile/", headers=JSON).status_code == 404
        for tab in TABS:
            assert browser.get(url_of(tab)).status_code == 404
        menu = browser.get("/menu").text
        assert 'href="/profile/"' not in menu
        assert ("/profile/admin/features" in menu) == (name == "admin")
    assert browser.get("/profile/admin/features").status_code == 200, "or nobody could switch it on again"
    if way == "admin":
        on = dict.fromkeys(off, True)
        assert browser.post_json("/profile/admin/features", on).status_code == 200
        assert browser.get("/profile/", follow_redirects=True).status_code == 200


# ---- who decides


@pytest.mark.parametrize("pinned", [None, True, False])
@pytest.mark.parametrize("config", [None, True, False])
@pytest.mark.parametrize(("feature", "default"), [("password", True), ("api_token", False)])
def test_pinned_goes_before_the_admins_choice_before_config_before_the_default(
    feature: str, default: bool, config: Any, pinned: Any, new_host: Callable[..., Host]
) -> None:
    host = new_host(
        MYPROFILE_FEATURES={} if config is None else {feature: config},
        MYPROFILE_FEATURES_PINNED={} if pinned is None else {feature: pinned},
    )
    browser = host.browser()
    browser.login("admin")
    for admin in (None, True, False):
        host.sql("DELETE FROM myprofile_feature")
        if admin is not None:
            host.sql("INSERT INTO myprofile_feature VALUES (:name, :on, 'Ann', 1)", name=feature, on=admin)
        expected = next(value for value in (pinned, admin, config, default) if value is not None)
        assert browser.get(url_of(feature)).status_code == (200 if expected else 404)
        seen = browser.json("/profile/admin/features").json["features"][feature]
        stated = config if config is not None else default
        assert seen == {"on": expected, "locked": pinned is not None, "default": stated}


def test_a_part_is_on_only_if_its_tab_is(new_host: Callable[..., Host]) -> None:
    off, on = {"sessions": False}, {"sessions.sign_out": True}
    for settings in ({**off, **on}, {"my_profile": False, **on}):
        host = new_host(MYPROFILE_FEATURES_PINNED=settings)
        alice = host.browser()
        alice.login("alice")
        assert alice.post("/profile/sessions/sign-out", {"id": "0" * 24}).status_code == 404
        with host.app.test_request_context():
            features = host.app.extensions["myprofile"].features
            assert not features["sessions.sign_out"]


def test_two_workers_see_a_change_at_their_next_request(new_host: Callable[..., Host]) -> None:
    """Two apps on one database stand for them."""
    one = new_host()
    two = new_host(one.app.config["SQLALCHEMY_DATABASE_URI"])
    admin, alice = one.browser(), two.browser()
    admin.login("admin")
    alice.login("alice")
    for on in (False, True, False):
        assert alice.get("/profile/password").status_code == (404 if on else 200)
        assert admin.post_json("/profile/admin/features", {"password": on}).status_code == 200
        assert alice.get("/profile/password").status_code == (200 if on else 404)
        assert ('href="/profile/password"' in alice.get("/profile/sessions").text) == on


def test_a_feature_left_in_the_database_that_no_longer_exists_is_ignored(host: Host) -> None:
    host.sql("INSERT INTO myprofile_feature VALUES ('gone.tab', :on, 'Ann', 1)", on=True)
    admin = host.browser()
    admin.login("admin")
    assert "gone.tab" not in admin.get("/profile/admin/features").text
    assert admin.get("/profile/password").status_code == 200
