"""My Profile in the layout of a host that has done nothing for it: as if it had always been there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.looks import accessibility, drawing, scrolling_sideways
from tests.browser.visitor import Visitor
from tests.hosts.conftest import OWN
from tests.support.pages import CONFIRMATIONS, PAGES

STYLE = "(node, name) => getComputedStyle(node)[name]"
#: The colour that is seen behind the page.
BEHIND = """() => [document.body, document.documentElement].map(node => getComputedStyle(node).backgroundColor)
    .find(colour => colour != "rgba(0, 0, 0, 0)") || "canvas" """
#: How light a colour is, from 0 to 255, however it is written.
LIGHTNESS = """colour => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
}"""
#: The pages that are looked at for accessibility; how wide they are is seen on all.
READ = ("/profile/sessions", "/profile/admin/features")
DESK, NARROW = ({"width": width, "height": 640} for width in (1280, 320))


def test_nothing_of_the_host_looks_different_beside_my_profile(own: Any, admin_page: Page) -> None:
    expect(admin_page.locator(".mp-page")).to_be_visible()
    found = [set(now) ^ set(before) for now, before in zip(admin_page.evaluate(OWN), own, strict=True)]
    assert [each for each in found if each] == []


def test_the_colours_are_those_of_the_host(theme: str, layout: str, admin_page: Page) -> None:
    page = admin_page
    panel, save = page.locator(".mp-panel"), page.locator(".mp-btn--primary")
    surface, accent = panel.evaluate(STYLE, "backgroundColor"), save.evaluate(STYLE, "backgroundColor")
    if layout != "bare":  # it has none
        assert page.locator(".mp-h1").evaluate(STYLE, "color") == page.locator("body").evaluate(STYLE, "color")
        assert surface == page.evaluate(BEHIND)
        assert accent == page.locator("footer button").evaluate(STYLE, "backgroundColor")
    assert (page.evaluate(LIGHTNESS, surface) > 128) == (theme == "light"), "as the host, whatever the device prefers"
    assert (page.evaluate(LIGHTNESS, panel.evaluate(STYLE, "color")) > 128) == (theme == "dark")


def test_the_fonts_are_those_of_the_host(admin_page: Page) -> None:
    of_host = admin_page.locator("body").evaluate(STYLE, "fontFamily")
    for part in (".mp-h1", ".mp-label", "input.mp-input", ".mp-btn--primary", ".mp-nav a"):
        assert admin_page.locator(part).first.evaluate(STYLE, "fontFamily") == of_host, part


def test_the_menu_opens_to_the_side_that_has_room(admin_page: Page) -> None:
    admin_page.set_viewport_size(NARROW)
    admin_page.locator(".mp-menu > summary").click()
    box = admin_page.locator(".mp-menu__panel").bounding_box()
    admin_page.locator(".mp-menu > summary").click()
    admin_page.set_viewport_size(DESK)
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320


def walk(person: Visitor, paths: Sequence[str]) -> Iterator[tuple[str, Page]]:
    """These pages, and those that somebody has done something on."""
    for path in paths:
        yield path, person.open(path)
    page = person.open("/profile/password")
    page.locator(".mp-panel__foot [type=submit]").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator(".mp-menu > summary").click()
    yield "to be corrected, and the menu", page
    person.open("/profile/api-token").get_by_role("link", name="Regenerate token").click()
    page.get_by_role("alertdialog").wait_for()
    yield "the token, and the question", page


def test_everybody_can_read_and_use_a_page_in_the_hosts_layout(theme: str, admin: Visitor) -> None:
    """In the light on a narrow window, where nothing scrolls sideways (WCAG 1.4.10), and in the dark at a desk."""
    found: dict[tuple[str, str], list[Any]] = {}
    if theme == "dark":  # where nothing else is on the pages
        found = {(name, "axe"): drawing(page) for name, page in walk(admin, READ)}
    else:
        admin.page.set_viewport_size(NARROW)
        for name, page in walk(admin, (*PAGES, *CONFIRMATIONS)):
            found[name, "WCAG 1.4.10"] = scrolling_sideways(page)
            found[name, "axe"] = accessibility(page) if name in READ or not name.startswith("/") else []
    assert {look: problems for look, problems in found.items() if problems} == {}
