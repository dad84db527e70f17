"""What My Profile is for, done by people at real browsers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor

SENTENCE = "Your account uses Single Sign On (SSO). Password is managed by your organization."
TABS = (
    *("Personal Information", "Preferences", "Password", "Sessions", "Activity", "Notifications"),
    *("Download my data", "Delete my account"),
)
NEW_PASSWORD = "seven quiet swans on a lake"

in_firefox_too = pytest.mark.parametrize("engine", ["chromium", "firefox"], indirect=True)


@in_firefox_too
def test_a_person_signs_in_and_visits_every_tab(visitor: Callable[..., Visitor]) -> None:
    sam = visitor()
    page = sam.sign_in_by_hand("sam", remember=True)
    assert sam.has_remember_cookie()
    expect(page.locator(".mp-menu .mp-avatar")).not_to_have_class(re.compile("is-current"))
    sam.open_profile()
    assert page.url == f"{sam.site}/profile/personal-information"
    expect(page.locator(".mp-menu .mp-avatar")).to_have_class(re.compile("is-current"))
    expect(page.get_by_role("navigation", name="My Profile").get_by_role("link")).to_have_text(list(TABS))
    for tab in TABS:
        sam.open_tab(tab)
        expect(page.locator("nav.mp-nav [aria-current=page]")).to_have_text(tab)
        expect(page).to_have_title(f"{tab} – My Profile – Acme Analytics")


@in_firefox_too
def test_what_is_saved_is_there_again(visitor: Callable[..., Visitor]) -> None:
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    page.get_by_label("Phone number").fill("+49 30 123456")
    expect(page.get_by_label("Email address", exact=True)).not_to_be_editable()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_focused()
    page.reload()
    expect(page.get_by_label("Phone number")).to_have_value("+49 30 123456")
    page.get_by_label("First name").fill("")
    page.get_by_role("button", name="Save").click()
    problem = page.get_by_role("alert")
    expect(problem).to_be_focused()
    problem.get_by_role("link").click()
    expect(page.get_by_label("First name")).to_be_focused()


def test_the_language_is_that_of_the_whole_app(visitor: Callable[..., Visitor]) -> None:
    """The extension's words, the app's own, and the next visit on another device."""
    sam = visitor()
    page = sam.sign_in("sam")
    sam.open("/profile/preferences")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_label("Language").select_option(label="Deutsch")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mein Profil")
    expect(page.get_by_role("banner")).to_contain_text("Dies ist eine Demo")
    page.goto(f"{sam.site}/dashboard")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hallo, Sam")

    elsewhere = visitor()
    page = elsewhere.sign_in("sam")
    elsewhere.open("/dashboard")
    expect(page.locator("html")).to_have_attribute("lang", "de")

    page.goto(f"{sam.site}/profile/preferences")
    page.locator("select[name=language]").select_option(label="עברית")
    page.locator("main button.mp-btn--primary").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert page.locator(".mp-page").evaluate("node => getComputedStyle(node).direction") == "rtl"


@in_firefox_too
def test_an_admin_turns_the_token_on_and_a_person_uses_it(visitor: Callable[..., Visitor]) -> None:
    """Feature Management, Copy, the warning before Regenerate, and the API of the app."""
    maya, sam = visitor(), visitor(permissions=["clipboard-read", "clipboard-write"])
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    expect(page.get_by_role("link", name="API Token")).to_have_count(0)

    admin = maya.sign_in("maya")
    maya.open("/dashboard")
    maya.choose("Feature Management")
    switch = admin.get_by_role("switch", name="API Token", exact=True)
    expect(switch).not_to_be_checked()
    expect(admin.get_by_text("No unsaved changes")).to_be_visible()
    switch.check()
    expect(admin.get_by_text("Unsaved changes: 1")).to_be_visible()
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("status").filter(has_text="Feature settings saved. 1 change.")).to_be_visible()
    expect(admin.get_by_role("switch", name="API Token", exact=True)).to_be_checked()

    page.reload()
    sam.open_tab("API Token")
    page.get_by_role("button", name="Generate token").click()
    first = page.get_by_label("Your new API token").input_value()
    assert first.startswith("mpt_")
    assert copied(page) == first, "the button of the page that shows it"

    sam.open_tab("API Token")
    expect(page.get_by_text(first)).to_have_count(0)
    page.evaluate("navigator.clipboard.writeText('something else')")
    assert copied(page) == first, "the button of the tab, which does not show it"
    assert me(page, first)["name"] == "Sam Rivera"

    page.get_by_role("link", name="Regenerate token").click()
    dialog = page.get_by_role("alertdialog", name="Regenerate your API token?")
    expect(dialog).to_contain_text("Integrations using the current token will stop working")
    expect(dialog.get_by_role("button", name="Keep current token")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="Regenerate token")).to_be_focused()
    assert me(page, first)["name"] == "Sam Rivera", "nothing has happened"

    page.get_by_role("link", name="Regenerate token").click()
    dialog.get_by_role("button", name="Regenerate token").click()
    second = page.get_by_label("Your new API token").input_value()
    expect(page.get_by_text("The old token no longer works.")).to_be_visible()
    assert second != first
    assert me(page, second)["name"] == "Sam Rivera"
    assert me(page, first) is None, "the old one is worth nothing from now on"


def copied(page: Page) -> Any:
    """Click Copy; what is on the clipboard then."""
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    expect(page.get_by_role("status").filter(has_text="API token copied to the clipboard")).to_have_count(1)
    return page.evaluate("navigator.clipboard.readText()")


def me(page: Page, token: str) -> Any:
    """What the app's API says to a program that has the token; None where it is refused."""
    answer = page.request.get(
        page.url.split("/profile")[0] + "/api/me", headers={"Authorization": f"Bearer {token}", "Cookie": ""}
    )
    return answer.json() if answer.ok else None


def test_who_signs_in_by_sso_reads_the_sentence(visitor: Callable[..., Visitor]) -> None:
    alex = visitor()
    page = alex.sign_in_by_sso()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Alex")
    alex.open_profile()
    alex.open_tab("Password")
    expect(page.locator(".mp-note p")).to_have_text([SENTENCE])
    expect(page.locator("main input:not([type=hidden])")).to_have_count(0)
    alex.open_tab("Sessions")
    expect(page.get_by_role("main")).to_contain_text("Single Sign On · Demo SSO")


def test_a_device_that_was_signed_out_is_out_at_its_next_click(visitor: Callable[..., Visitor]) -> None:
    """Although it has a remember-me cookie, and also after it is closed and opened again."""
    laptop, phone = visitor(), visitor()
    there = phone.sign_in("sam", remember=True)
    assert phone.has_remember_cookie()
    kept = phone.context.cookies()
    phone.open("/profile/personal-information")

    here = laptop.sign_in("sam")
    laptop.open("/profile/sessions")
    expect(here.get_by_role("heading", name="Other sessions (1)")).to_be_visible()
    here.get_by_role("listitem").filter(has=here.get_by_role("heading", level=4)).get_by_role(
        "button", name="Sign out"
    ).click()
    expect(here.get_by_role("status").filter(has_text=re.compile("^Signed out of "))).to_be_visible()
    expect(here.get_by_text("You are signed in only here")).to_be_visible()

    there.get_by_role("navigation", name="My Profile").get_by_role("link", name="Password").click()
    there.wait_for_url("**/sign-in?next=*")
    expect(there.get_by_text("You have been signed out of this session.")).to_be_visible()
    assert not phone.has_remember_cookie()

    thief = visitor()
    thief.context.add_cookies([cookie for cookie in kept if cookie["name"] != "acme_session"])  # type: ignore[misc]
    thief.open("/profile/sessions")
    assert "/sign-in?next=" in thief.page.url, "a copy of the remember-me cookies opens nothing"
    here.reload()
    expect(here.get_by_role("heading", name="Sessions", level=2)).to_be_visible()


@in_firefox_too
def test_a_new_password_signs_the_other_devices_out(visitor: Callable[..., Visitor]) -> None:
    laptop, phone = visitor(), visitor()
    there = phone.sign_in("sam", remember=True)
    assert phone.has_remember_cookie()
    page = laptop.sign_in("sam")
    laptop.open("/profile/password")
    expect(page.locator("html")).to_have_attribute("data-mp-ready", "1")  # the script runs
    laptop.field("Current password").fill("sam-demo-password")
    new = laptop.field("New password")
    rule = page.get_by_role("listitem").filter(has_text="At least 15 characters")
    new.press_sequentially("short")
    expect(rule).not_to_have_attribute("data-mp-state", "ok")
    new.fill(NEW_PASSWORD)
    expect(rule).to_have_attribute("data-mp-state", "ok")
    page.get_by_role("button", name="Show New password").click()
    expect(new).to_have_attribute("type", "text")
    laptop.field("Confirm new password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="1 other session was signed out")).to_be_visible()
    laptop.open_tab("Sessions")
    phone.open("/dashboard")
    assert "/sign-in?next=" in there.url
    assert not phone.has_remember_cookie()


def test_long_after_the_sign_in_the_password_is_asked_for_once_and_nothing_is_lost(
    visitor: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = visitor(), visitor()
    other.sign_in("sam")
    page = person.sign_in("sam")
    person.open("/profile/sessions")
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: int(time.time()) + 1900)
    page.get_by_role("link", name="Sign out all others").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Sign out all others").click()
    expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
    person.field("Password").fill("not the one")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Your current password is not correct")
    person.field("Password").fill("sam-demo-password")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Signed out of 1 other session.")).to_be_visible()
    expect(page.get_by_text("You are signed in only here")).to_be_visible()
    other.open("/dashboard")
    expect(other.page.get_by_label("Email or user name")).to_be_visible()
