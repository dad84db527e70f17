"""What goes beyond test_toggles.py: every combination of who decides, and no page that leads to what is off."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.tabs import BUILT_IN
from tests.support.host import Browser, Host
from tests.support.pictures import with_pictures
from tests.support.walks import READABLE, Notes, busy, walked_host

#: Every tab and every part that is an action.
SWITCHES = sorted(
    {
        name
        for tab in (*BUILT_IN, Notes)
        for name in (tab.name, *(f"{tab.name}.{action.feature}" for action in tab.actions.values() if action.feature))
    }
)


_OURS = re.compile(r'(?:href|action)="(/profile/(?!static)[^"]*)"')


def url_of(tab: str) -> str:
    return "/profile/" + tab.replace("_", "-")


def dead_links(browser: Browser, pages: dict[str, str]) -> list[tuple[str, str]]:
    """(where a page leads to nowhere, the page): links and the targets of forms."""
    links = {unescape(target): url for url, page in pages.items() for target in re.findall(_OURS, page)}
    return [link for link in links.items() if browser.get(link[0]).status_code == 404]


@pytest.mark.parametrize("feature", SWITCHES)
def test_no_page_leads_to_what_is_off(feature: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, model=with_pictures, MYPROFILE_AVATAR="avatar")
    here = busy(host)
    assert here.post_json("/profile/admin/features", {feature: False}).status_code == 200
    pages = {url: here.get(url, follow_redirects=True) for url in (*READABLE, "/menu")}
    shown = {url: page.text for url, page in pages.items() if page.status_code == 200}
    assert len(shown) >= 6
    assert dead_links(here, shown) == []


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


def test_a_feature_left_in_the_database_that_no_longer_exists_is_ignored(host: Host) -> None:
    host.sql("INSERT INTO myprofile_feature VALUES ('gone.tab', :on, 'Ann', 1)", on=True)
    admin = host.browser()
    admin.login("admin")
    assert "gone.tab" not in admin.get("/profile/admin/features").text
    assert admin.get("/profile/password").status_code == 200


@pytest.mark.parametrize("handles", [False, True])
def test_a_view_of_the_hosts_that_requires_a_feature_answers_404_while_it_is_off(
    handles: bool, new_host: Callable[..., Host]
) -> None:
    def after(host: Host) -> None:
        @host.app.get("/needs/<name>")
        def needs(name: str) -> str:
            current_profile.features.require(name)
            return "here it is"

        if handles:
            host.app.register_error_handler(404, lambda error: ("not in this app", 404))

    host = new_host(MYPROFILE_FEATURES={"sessions": False}, TESTING=False, after=after)
    alice = host.browser()
    alice.login("alice")
    assert alice.get("/needs/password").text == "here it is"
    off = alice.get("/needs/sessions")
    assert off.status_code == 404
    assert ("not in this app" in off.text) is handles
    assert alice.json("/needs/sessions").json["code"] == "feature_off"
