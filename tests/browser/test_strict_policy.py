"""A host whose Content-Security-Policy allows nothing inline and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.gallery import SETTINGS, STATES, Gallery
from tests.browser.visitor import Visitor
from tests.live import example, serving

PATHS = sorted({state.path for state in STATES.values()} - {"/dashboard", "/profile/notifications"})
OURS = ["/profile/static/myprofile.css", "/profile/static/myprofile.js"]
STRICT = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"}


@pytest.fixture
def in_own_layout(chromium: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Maya at an app that leaves the layout to the extension."""
    with example(tmp_path, **{**SETTINGS, "MYPROFILE_BASE_TEMPLATE": None}) as app, serving(app) as address:
        maya = Visitor(chromium.new_context(), address)
        maya.sign_in("maya")
        maya.open("/profile/sessions")
        yield maya
        maya.context.close()
        assert maya.complaints == []


def test_the_browser_complains_of_what_the_policy_forbids(gallery: Gallery) -> None:
    """B31: so that its silence everywhere else, which the fixtures insist on, means something."""
    page = gallery.person("sam").open("/profile/sessions")
    answer = page.request.get(page.url)
    assert set(answer.headers["content-security-policy"].split("; ")) >= STRICT
    with page.expect_event("console") as complaint:
        page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert "Content Security Policy" in complaint.value.text
    assert len(gallery.part_with_guests()) == 1


def loaded(person: Visitor) -> list[str]:
    """What pages needed besides themselves."""
    return [urlsplit(each.url).path for each in person.requests if each.resource_type != "document"]


def test_a_page_is_two_files_and_nothing_from_elsewhere(in_own_layout: Visitor) -> None:
    """B31: a style sheet and a script."""
    for path in PATHS:
        in_own_layout.requests.clear()
        in_own_layout.open(path)
        assert [each.url for each in in_own_layout.requests if not each.url.startswith(in_own_layout.site + "/")] == []
        assert loaded(in_own_layout) == OURS, path


def test_in_the_hosts_layout_nothing_comes_from_elsewhere_either(gallery: Gallery) -> None:
    """B31: nor in any state of any page, as the fixture insists, to which another name is elsewhere already."""
    maya = gallery.person("maya")
    maya.open("/profile/sessions")
    assert [path for path in loaded(maya) if path.startswith("/profile/static/")] == OURS
    assert gallery.part_with_guests() == []
    elsewhere = maya.site.replace("127.0.0.1", "localhost")
    maya.page.goto(f"{elsewhere}/sign-in")
    assert f"{elsewhere}/sign-in" in gallery.part_with_guests()
