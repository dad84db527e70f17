"""Every tab without JavaScript: what it makes quicker, it makes nothing possible that was not."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def turn_the_token_on(visitor: Callable[..., Visitor]) -> None:
    maya = visitor()
    page = maya.sign_in("maya")
    maya.open("/profile/admin/features")
    page.get_by_role("switch", name="API Token", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="Feature settings saved").wait_for()


def test_all_tabs_can_be_used_without_javascript(visitor: Callable[..., Visitor]) -> None:
    turn_the_token_on(visitor)
    person, other = visitor(java_script_enabled=False), visitor()
    other.sign_in("sam")
    page = person.sign_in_by_hand("sam")
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


def test_a_stranger_is_kept_out_without_javascript(visitor: Callable[..., Visitor]) -> None:
    turn_the_token_on(visitor)
    person, stranger = visitor(java_script_enabled=False), visitor()
    stranger.sign_in("sam")
    page = person.sign_in_by_hand("sam")
    person.open("/profile/api-token")
    page.get_by_role("button", name="Generate token").click()
    person.open_tab("Sessions")
    page.get_by_role("link", name="This wasn’t me").click()
    now = page.locator("[aria-current=step]")
    now.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("Signed out of")
    expect(page.get_by_text("You are signed in only here")).to_be_visible()
    now.get_by_role("link", name="Change your password").click()
    for label in ("New password", "Confirm new password"):
        person.field(label).fill("seven quiet swans on a lake")
    person.field("Current password").fill("sam-demo-password")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Your password has been changed.")
    now.get_by_role("button", name="Revoke token").click()
    expect(page.get_by_role("status")).to_contain_text("Your API token has been revoked.")
    expect(page.get_by_text("That was the last step.")).to_be_visible()
    stranger.open("/profile/sessions")
    expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()
