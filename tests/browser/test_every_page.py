"""Every page, looked at in every way: light, dark, narrow, without JavaScript, and by a checker for accessibility."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TABS = ("personal-information", "preferences", "password", "api-token", "sessions", "notifications")


def with_token_on(visitor: Callable[..., Visitor]) -> None:
    maya = visitor()
    page = maya.sign_in("maya")
    maya.choose("Feature Management")
    page.get_by_role("switch", name="API Token", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="Feature settings saved").wait_for()


def every_page(person: Visitor, look: Callable[[Page, str], None]) -> None:
    """Call ``look`` on each page of My Profile, as an administrator with another session and a token sees it."""
    page = person.sign_in("maya")
    look(page, "dashboard")
    page.locator(".mp-menu summary").click()
    look(page, "dashboard with the menu open")
    for tab in TABS:
        person.open(f"/profile/{tab}")
        look(page, tab)
    person.open("/profile/admin/features")
    look(page, "feature management")
    person.open("/profile/admin/sessions?user=sam")
    look(page, "an administrator's view of sessions")
    person.open("/profile/sessions")
    page.locator(".mp-rename summary").first.click()
    look(page, "naming a session")
    person.open("/profile/sessions/sign-out-others")
    look(page, "confirmation")
    person.open("/profile/confirm")
    look(page, "asking for the password")
    person.open("/profile/password")
    person.field("New password").fill("short")
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "password to be corrected")
    person.open("/profile/api-token")
    page.get_by_role("button", name="Generate token").click()
    page.get_by_label("Your new API token").wait_for()
    look(page, "token shown")
    person.open("/profile/api-token")
    look(page, "token there")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_for_accessibility_finds_nothing(scheme: Any, visitor: Callable[..., Visitor]) -> None:
    with_token_on(visitor)
    # the app's Content-Security-Policy lets no script in but its own, and the checker is one
    person = visitor(color_scheme=scheme, bypass_csp=True)
    found: dict[str, Any] = {}

    def look(page: Page, name: str) -> None:
        result = Axe().run(page, options=RULES)
        assert result.response["passes"], "it has looked"
        for each in result.response["violations"]:
            found[f"{name}: {each['id']}"] = [node["html"][:200] for node in each["nodes"]]

    every_page(person, look)
    assert found == {}


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


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_scrolls_sideways(width: int, visitor: Callable[..., Visitor]) -> None:
    """WCAG 1.4.10: 320 px is also what a desktop shows at 400 %."""
    with_token_on(visitor)
    person = visitor(viewport={"width": width, "height": 640})
    wide: dict[str, int] = {}

    def look(page: Page, name: str) -> None:
        width_of_page = page.evaluate("document.documentElement.scrollWidth")
        if width_of_page > width:
            wide[name] = width_of_page

    every_page(person, look)
    assert wide == {}


def test_all_tabs_can_be_used_without_javascript(visitor: Callable[..., Visitor]) -> None:
    with_token_on(visitor)
    person, other = visitor(java_script_enabled=False), visitor()
    other.sign_in("sam")
    page = person.sign_in("sam")
    person.open_profile()
    page.get_by_label("Job title").fill("Lead Analyst")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your personal information has been saved.")).to_be_visible()

    person.open_tab("API Token")
    page.get_by_role("button", name="Generate token").click()
    first = page.get_by_label("Your new API token").input_value()
    person.open_tab("API Token")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("button", name="Show token").click()
    expect(page.get_by_label("Your API token")).to_have_value(first)
    person.open_tab("API Token")
    page.get_by_role("link", name="Regenerate token").click()
    expect(page.get_by_role("heading", name="Regenerate your API token?")).to_be_visible()
    page.get_by_role("link", name="Keep current token").click()
    page.get_by_role("link", name="Regenerate token").click()
    page.get_by_role("button", name="Regenerate token").click()
    expect(page.get_by_label("Your new API token")).not_to_have_value(first)

    person.open_tab("Sessions")
    page.get_by_role("link", name="Sign out all others").click()
    page.get_by_role("button", name="Sign out all others").click()
    expect(page.get_by_text("Signed out of 1 other session.")).to_be_visible()

    person.open_tab("Password")
    for label in ("New password", "Confirm new password"):
        person.field(label).fill("seven quiet swans on a lake")
    person.field("Current password").fill("sam-demo-password")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your password has been changed.")).to_be_visible()

    person.open_tab("Preferences")
    page.get_by_label("Language").select_option(label="Deutsch")
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mein Profil")
    page.locator(".mp-menu summary").click()
    page.locator(".mp-menu__out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_the_keyboard_alone_is_enough_for_the_menu(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    page = person.sign_in("sam")
    summary = page.locator(".mp-menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="My Profile")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="My Profile")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="My Profile")).to_be_hidden()
    expect(summary).to_be_focused()
