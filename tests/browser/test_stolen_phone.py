"""From "somebody has my phone" to safe: by what has happened, and “This wasn’t me” beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitor import Visitor, close
from tests.support.live import example, serving

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_stranger_is_out_after_five_clicks(scripts: bool, visitor: Callable[..., Visitor]) -> None:
    thief, sam = visitor(user_agent=PHONE), visitor(java_script_enabled=scripts)
    thief.sign_in_by_hand("sam")
    page = sam.sign_in_by_hand("sam")
    sam.open("/profile/")
    expect(page.get_by_role("link", name="Sessions 1 other session 1 new")).to_be_visible()
    page.get_by_role("link", name="Activity").click()
    row = page.get_by_role("listitem").filter(has_text="Safari on iPhone")
    row.get_by_role("link", name="This wasn’t me").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("link", name="Change your password").click()
    sam.field("Current password").fill("sam-demo-password")
    for label in ("New password", "Confirm new password"):
        sam.field(label).fill("seven quiet swans on a lake")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("That was the last step.")).to_be_visible()
    assert "/sign-in" in thief.open("/profile/").url

    sam.open("/profile/activity")
    page.get_by_role("navigation", name="What is shown").get_by_role("link", name="Password").click()
    expect(page.get_by_text("Password changed")).to_be_visible()
    expect(page.get_by_text("Signed in", exact=True)).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_from_the_sign_in_page_of_a_new_device_all_of_it_takes_six_clicks(
    scripts: bool, chromium: Browser, tmp_path: Path
) -> None:
    """The stranger's session has ended, the password is another one, and the token that it made works no more."""
    features = {"api_token": True, "activity": True}
    with example(tmp_path, MYPROFILE_FEATURES=features) as app, serving(app) as site:
        thief = Visitor(chromium.new_context(user_agent=PHONE), site)
        thief.sign_in("sam").goto(f"{site}/profile/api-token")
        thief.page.get_by_role("button", name="Generate token").click()
        token = thief.page.locator("#token").input_value()
        sam, clicks = Visitor(chromium.new_context(java_script_enabled=scripts), site), 0

        def click(role: Literal["button", "link"], name: str) -> None:
            nonlocal clicks
            clicks += 1
            page.get_by_role("main").get_by_role(role, name=name, exact=True).click()

        page = sam.open("/profile/sessions")
        page.get_by_label("Email or user name").fill("sam")
        page.get_by_label("Password").fill("sam-demo-password")
        click("button", "Sign in")
        click("link", "This wasn’t me")
        click("button", "Sign out")
        click("link", "Change your password")
        sam.field("Current password").fill("sam-demo-password")
        for label in ("New password", "Confirm new password"):
            sam.field(label).fill("seven quiet swans on a lake")
        click("button", "Save")
        click("button", "Revoke token")
        expect(page.get_by_text("That was the last step.")).to_be_visible()
        assert clicks == 6
        assert "/sign-in" in thief.open("/profile/").url
        with app.test_client() as program:
            assert program.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
            assert len(token) > 40
        close([thief, sam])
