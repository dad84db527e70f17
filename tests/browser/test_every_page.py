"""Every page in every state, looked at in every way: light, dark, narrow, spaced, and in both directions of writing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser import looks
from tests.browser.gallery import SAM, STATES, Gallery, shown

MAIN = (
    "personal information to be corrected",
    "preferences",
    "password",
    "token dialog",
    "sessions",
    "activity",
    "features",
)
DESK, NARROW = ({"width": width, "height": 800} for width in (1180, 320))
#: Where nobody is signed in any more.
SIGNED_OUT = ("signed out of this session", "this wasn't me by mail, done", "account deleted")
#: With what words the title begins, and whether something asks for the focus.
SAID_FIRST = {
    "personal information to be corrected": ("Error: Personal Information – My Profile", True),
    "an address to be corrected": ("Error: Personal Information – My Profile", True),
    "personal information saved": ("Your personal information has been saved.", True),
    "preferences to be corrected": ("Error: Preferences – My Profile", True),
    "personal information as it was": ("Nothing was changed.", True),
    "preferences saved": ("Nothing was changed.", True),
    "password to be corrected": ("Error: Password – My Profile", True),
    "password changed": ("Your password has been changed.", True),
    "name to be corrected": ("Error: Sessions – My Profile", True),
    "token shown": ("Your new API token is ready.", True),
    "a token of several made": ("Your new API token is ready.", True),
    "a token to make, to be corrected": ("Error: API Token – My Profile", True),
    "a token to change": ("Change API token – My Profile", False),
    "a token to change, to be corrected": ("Error: Change API token – My Profile", True),
    "no room for an expired token": ("Error: API Token – My Profile", True),
    "personal information switched off": ("Error: This is not here – My Profile", True),
    "not for you": ("Error: This is not allowed", True),
    "who is there to be corrected": ("Error: Confirm it’s you – My Profile", True),
    "features saved": ("Nothing was changed.", True),
    "features changed": ("Feature settings saved. 1 change.", True),
    "features changed meanwhile": ("Error: Feature Management", True),
    "features question": ("Save these changes?", True),
    "whom a feature is on for, to be corrected": ("Error: Whom it is on for: Preferences › Appearance", True),
    "no such user": ("Error: Users", True),
    "a tab in a preview, refused": ("Error: This is not allowed – My Profile", True),
    "preview ended": ("The preview has ended. You see your own features again.", True),
    "sessions": ("Sessions – My Profile", False),
    "activity": ("Activity – My Profile", False),
    "token question": ("Regenerate your API token? – My Profile", False),
    "features": ("Feature Management", False),
}


def said_first(page: Page, state: str) -> list[Any]:
    """What title and focus say that they should not: B80, what has happened comes first."""
    words, asks_for_focus = SAID_FIRST[state]
    wanted = (f"{words} – Acme Analytics", int(asks_for_focus), int(words.startswith("Error:")))
    now = (page.title(), page.locator("[data-mp-focus]").count(), page.get_by_role("alert").count())
    return [] if now == wanted else [now]


@pytest.mark.parametrize("state", STATES)
def test_everybody_can_read_and_use_a_page(state: str, gallery: Gallery) -> None:
    person = shown(gallery, state)
    page = person.page
    found = {"focus": looks.focus(page, person.has_sent_a_form())}
    menus = page.locator(".mp-menu").count()
    found["one menu"] = [] if menus == (state not in SIGNED_OUT) else [menus]
    found["problems"] = looks.untied_problems(page)
    found["B80"] = said_first(page, state) if state in SAID_FIRST else []
    found["axe, light"] = looks.accessibility(page)
    page.set_viewport_size(NARROW)
    found |= {"WCAG 2.5.8": looks.small_targets(page), "WCAG 1.4.10": looks.scrolling_sideways(page)}
    found["WCAG 1.4.12"] = looks.clipped_text(page)
    page.set_viewport_size(DESK)
    assert {look: what for look, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("language", "state"), [*(("he", state) for state in STATES), *(("ar", state) for state in MAIN)]
)
def test_a_page_is_as_good_from_right_to_left(language: str, state: str, gallery: Gallery) -> None:
    """And in the dark on a phone. Nobody else reads these languages: their browsers stay as they are."""
    page = shown(gallery, state, language).page
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("main").evaluate("node => getComputedStyle(node).direction") == "rtl"
    found = {"WCAG 1.4.10": looks.scrolling_sideways(page)}
    if language == "he":
        found["axe, dark, narrow"] = (looks.accessibility if state in MAIN else looks.drawing)(page)
    assert {look: what for look, what in found.items() if what} == {}


def test_dark_is_dark(gallery: Gallery) -> None:
    page = gallery.person(SAM).open("/profile/sessions")
    backgrounds = {}
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        colour = page.locator(".mp-panel").first.evaluate("node => getComputedStyle(node).backgroundColor")
        backgrounds[scheme] = sum(int(part) for part in colour.strip("rgba()").split(",")[:3])
    assert backgrounds["light"] > 3 * 200
    assert backgrounds["dark"] < 3 * 80
