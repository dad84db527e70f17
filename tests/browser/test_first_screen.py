"""What one has come for is on the first screen: of a phone, and of a desk at 200 % zoom, with few tabs and many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.long import served
from tests.browser.visitor import Visitor, close

PHONE, ZOOMED = {"width": 390, "height": 844}, {"width": 640, "height": 400}


@pytest.fixture(scope="module", params=[5, 30])
def person(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    folder = tmp_path_factory.mktemp("tabs")
    with served(folder, request.param, own_layout=True) as (_, site):
        visitor = Visitor(chromium.new_context(), site)
        visitor.sign_in_at_host("admin")
        yield visitor
        close([visitor])


def height(person: Visitor, part: str) -> float:
    box = person.page.locator(part).first.bounding_box()
    assert box
    return box["height"]


@pytest.mark.parametrize("path", ["/profile/personal-information", "/profile/sessions", "/profile/admin/features"])
def test_the_content_begins_in_the_upper_half_and_what_is_above_it_is_a_line_each(path: str, person: Visitor) -> None:
    page = person.open(path)
    for size in (PHONE, ZOOMED):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        content = page.locator(".mp-content").bounding_box()
        assert content and content["y"] <= size["height"] / 2
        assert height(person, ".mp-nav") <= 64
        assert "admin" in path or height(person, ".mp-head") <= 40


def test_at_a_high_zoom_the_bar_to_save_features_covers_none_of_them(person: Visitor) -> None:
    """At 400 % of 1280 by 1024 pixels it took a third of what can be seen."""
    page = person.open("/profile/admin/features")
    bar = page.locator(".mp-savebar")
    page.set_viewport_size({"width": 320, "height": 256})
    page.locator(".mp-switch").nth(2).scroll_into_view_if_needed()
    expect(bar).not_to_be_in_viewport()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect(bar).to_be_in_viewport()


def test_of_many_tabs_in_a_line_the_current_one_is_in_sight(person: Visitor) -> None:
    page = person.open("/profile/sessions")
    last = page.locator(".mp-nav a").last.get_attribute("href")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    person.open(str(last))
    box = page.locator(".mp-nav [aria-current]").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate("scrollY") == 0


def test_a_press_on_a_tab_opens_it_wherever_the_line_stands(person: Visitor) -> None:
    """Where the line moved under the finger, press and release were on different tabs, and nothing happened."""
    page = person.open("/profile/personal-information")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("/profile/preferences", "/profile/personal-information", "/profile/password"):
        page.locator(f".mp-nav a[href='{path}']").evaluate("link => link.scrollIntoView({ inline: 'nearest' })")
        box = page.locator(f".mp-nav a[href='{path}']").bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        page.mouse.up()
        page.wait_for_url(f"**{path}")
