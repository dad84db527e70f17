"""My Profile in the layout of a host that has done nothing for it: as if it had always been there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import accessibility, scrolling_sideways
from tests.browser.visitor import Visitor
from tests.pages import CONFIRMATIONS, PAGES

THEMES = ("light", "dark")
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
OWN = """() => [...document.querySelectorAll("footer, footer *")].map(node => {
    const style = getComputedStyle(node);
    return [node.tagName, ...[...style].filter(name => !/origin/.test(name)).map(name => `${name}: ${style[name]}`)];
})"""


def visit(person: Visitor, paths: Sequence[str], look: Callable[[Page], list[Any]]) -> dict[str, list[Any]]:
    """What was found on which page, and on those that somebody has done something on: nothing, where all is well."""
    found = {path: look(person.open(path)) for path in paths}
    page = person.open("/profile/password")
    page.locator(".mp-panel__foot [type=submit]").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator(".mp-menu > summary").click()
    found["to be corrected, and the menu"] = look(page)
    person.open("/profile/api-token").get_by_role("button", name="Generate token").click()
    page.get_by_label("Your new API token").wait_for()
    person.open("/profile/api-token").get_by_role("link", name="Regenerate token").click()
    page.get_by_role("alertdialog").wait_for()
    found["the token, and the question"] = look(page)
    return {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize("theme", THEMES)
def test_a_checker_for_accessibility_finds_nothing_in_the_hosts_layout(
    theme: str, admin_in: Callable[..., Visitor]
) -> None:
    assert visit(admin_in(theme), ("/profile/sessions", "/profile/admin/features"), accessibility) == {}


def test_nothing_scrolls_sideways_in_the_hosts_layout(admin_in: Callable[..., Visitor]) -> None:
    person = admin_in("light", viewport={"width": 320, "height": 640})
    assert visit(person, (*PAGES, *CONFIRMATIONS), scrolling_sideways) == {}


def test_the_menu_opens_to_the_side_that_has_room(admin_in: Callable[..., Visitor]) -> None:
    page = admin_in("light", viewport={"width": 320, "height": 640}).open("/profile/personal-information")
    page.locator(".mp-menu > summary").click()
    box = page.locator(".mp-menu__panel").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320


@pytest.mark.parametrize("theme", THEMES)
def test_the_colours_are_those_of_the_host(
    theme: str, admin_in: Callable[..., Visitor], request: pytest.FixtureRequest
) -> None:
    page = admin_in(theme).open("/profile/personal-information")
    panel, save = page.locator(".mp-panel"), page.locator(".mp-btn--primary")
    surface, accent = panel.evaluate(STYLE, "backgroundColor"), save.evaluate(STYLE, "backgroundColor")
    if "bare" not in request.node.callspec.id:  # it has none
        assert page.locator(".mp-h1").evaluate(STYLE, "color") == page.locator("body").evaluate(STYLE, "color")
        assert surface == page.evaluate(BEHIND)
        assert accent == page.locator("footer button").evaluate(STYLE, "backgroundColor")
    assert (page.evaluate(LIGHTNESS, surface) > 128) == (theme == "light"), "as the host, whatever the device prefers"
    assert (page.evaluate(LIGHTNESS, panel.evaluate(STYLE, "color")) > 128) == (theme == "dark")


def test_the_fonts_are_those_of_the_host(admin_in: Callable[..., Visitor]) -> None:
    page = admin_in("light").open("/profile/personal-information")
    of_host = page.locator("body").evaluate(STYLE, "fontFamily")
    for part in (".mp-h1", ".mp-label", "input.mp-input", ".mp-btn--primary", ".mp-nav a"):
        assert page.locator(part).first.evaluate(STYLE, "fontFamily") == of_host, part


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_of_the_host_looks_different_beside_my_profile(theme: str, admin_in: Callable[..., Visitor]) -> None:
    without = admin_in(theme, signed_in=False).open("/own")
    expect(without.locator(".mp")).to_have_count(0)
    page = admin_in(theme).open("/profile/personal-information")
    expect(page.locator(".mp-page")).to_be_visible()
    found = [set(now) ^ set(before) for now, before in zip(page.evaluate(OWN), without.evaluate(OWN), strict=True)]
    assert [each for each in found if each] == []
