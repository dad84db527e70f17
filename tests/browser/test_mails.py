"""From a mail to safety, with scripts and without: a new address, and a stranger who is kept out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@SCRIPTS
def test_a_new_address_is_confirmed_from_its_mail_and_undone_from_the_old_one(
    scripts: bool, visitor: Callable[..., Visitor]
) -> None:
    sam, stranger = visitor(java_script_enabled=scripts), visitor(java_script_enabled=scripts)
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    page.get_by_label("New email address").fill("sam@home.example")
    page.get_by_role("button", name="Send the link", exact=True).click()
    expect(page.get_by_text("Waiting for you to confirm sam@home.example")).to_be_visible()
    sam.open_mail("sam@home.example")
    page.get_by_role("main").get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("Your email address is sam@home.example now.")
    expect(page.get_by_label("Email address", exact=True)).to_have_value("sam@home.example")

    page = stranger.open_mail("sam.rivera@acme.example")
    page.get_by_role("main").get_by_role("button", name="Undo the change").click()
    expect(page.get_by_role("status")).to_contain_text("is sam.rivera@acme.example again")
    sam.open("/profile/personal-information")
    expect(sam.page).to_have_url(f"{sam.site}/sign-in?next=%2Fprofile%2Fpersonal-information")


@SCRIPTS
def test_a_phone_that_was_stolen_is_out_after_six_clicks(scripts: bool, visitor: Callable[..., Visitor]) -> None:
    """The link in the mail; the button; the password: its tab, its form; nothing else is left to do."""
    visitor().sign_in("sam")
    thief, sam = visitor(), visitor(java_script_enabled=scripts)
    thief.sign_in("sam")
    page = sam.open_mail("sam.rivera@acme.example")  # 1
    page.get_by_role("button", name="Sign out of").click()  # 2, with "Sign out everywhere" ticked
    expect(page.get_by_role("status")).to_contain_text("signed out")
    thief.open("/dashboard")
    expect(thief.page).to_have_url(f"{sam.site}/sign-in?next=%2Fdashboard")
    page.get_by_role("link", name="Change your password").click()  # 3
    page.get_by_label("Email or user name").fill("sam")
    page.get_by_label("Password").fill("sam-demo-password")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()  # 4
    sam.field("Current password").fill("sam-demo-password")
    for label in ("New password", "Confirm new password"):
        sam.field(label).fill("seven quiet swans on a lake")
    page.get_by_role("button", name="Save").click()  # 5
    expect(page.get_by_text("Your password has been changed.")).to_be_visible()
