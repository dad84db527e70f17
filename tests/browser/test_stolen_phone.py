"""From "somebody has my phone" to safe: by what has happened, and “This wasn’t me” beside it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor

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
