"""Every page in every state, looked at in every way: light, dark, narrow, spaced, and in both directions of writing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import looks
from tests.browser.gallery import STATES, Gallery, shown
from tests.browser.visitor import Visitor

MAIN = (
    "personal information to be corrected",
    "preferences",
    "password",
    "token dialog",
    "sessions",
    "features",
)
DESK, PHONE, NARROW = ({"width": width, "height": 800} for width in (1180, 390, 320))


@pytest.mark.parametrize("state", STATES)
def test_everybody_can_read_and_use_a_page(state: str, gallery: Gallery) -> None:
    page = shown(gallery, state).page
    found = {"focus": looks.focus(page), "axe, light": looks.accessibility(page)}
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    found |= {"axe, dark, on a phone": looks.accessibility(page), "WCAG 2.5.8": looks.small_targets(page)}
    page.set_viewport_size(NARROW)
    found |= {"WCAG 1.4.10": looks.scrolling_sideways(page), "WCAG 1.4.12": looks.clipped_text(page)}
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    assert {look: what for look, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("language", "state"), [*(("he", state) for state in STATES), *(("ar", state) for state in MAIN)]
)
def test_a_page_is_as_good_from_right_to_left(language: str, state: str, gallery: Gallery) -> None:
    page = shown(gallery, state, language).page
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("main").evaluate("node => getComputedStyle(node).direction") == "rtl"
    page.set_viewport_size(NARROW)
    found = {"WCAG 1.4.10": looks.scrolling_sideways(page), "axe": looks.accessibility(page) if state in MAIN else []}
    page.set_viewport_size(DESK)
    assert {look: what for look, what in found.items() if what} == {}


def test_dark_is_dark(visitor: Callable[..., Visitor]) -> None:
    backgrounds = {}
    for scheme in ("light", "dark"):
        person = visitor(color_scheme=scheme)
        page = person.sign_in("sam")
        person.open("/profile/sessions")
        colour = page.locator(".mp-panel").first.evaluate("node => getComputedStyle(node).backgroundColor")
        backgrounds[scheme] = sum(int(part) for part in colour.strip("rgba()").split(",")[:3])
    assert backgrounds["light"] > 3 * 200
    assert backgrounds["dark"] < 3 * 80
