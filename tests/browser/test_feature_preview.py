"""An administrator previews somebody's features at a real browser, with scripts and without, and nobody else does."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor


def tabs(page: Page) -> list[str]:
    return page.get_by_role("navigation", name="My Profile").get_by_role("link").all_inner_texts()


def activity_for_users_of_single_sign_on(maya: Visitor) -> None:
    """By the form of Feature Management."""
    page = maya.open("/profile/admin/features/audience?feature=activity")
    page.get_by_label("Users", exact=True).select_option("sso")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="Feature settings saved").wait_for()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_sees_what_somebody_has_and_ends_it_anywhere(
    scripts: bool, visitor: Callable[..., Visitor]
) -> None:
    maya, elsewhere, alex = visitor(java_script_enabled=scripts), visitor(), visitor()
    maya.sign_in("maya")
    elsewhere.sign_in("maya")
    alex.sign_in_by_sso()
    activity_for_users_of_single_sign_on(maya)
    assert "Activity" not in tabs(maya.open("/profile/personal-information"))

    page = maya.open("/profile/admin/sessions?user=alex")
    page.get_by_role("button", name="Preview as this user").click()
    banner = page.get_by_role("region", name="Preview")
    expect(banner).to_contain_text(
        "You preview the features of Alex Kim: the data is your own, and nothing can be changed."
    )
    assert "Activity" in tabs(page)
    expect(maya.field("First name")).to_have_value("Maya")
    assert "Activity" not in tabs(elsewhere.open("/profile/personal-information"))
    assert "Activity" in tabs(alex.open("/profile/personal-information"))
    for other in (elsewhere, alex):
        expect(other.page.get_by_text("End preview")).to_have_count(0)
        expect(other.page.get_by_role("region", name="Preview")).to_have_count(0)

    maya.field("First name").fill("Somebody")
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("End the preview before you change anything.")
    expect(page.get_by_label("First name")).to_have_value("Somebody")

    maya.open("/dashboard")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello, Maya")
    page.locator(".mp-menu summary").click()
    page.get_by_role("button", name="End preview").click()
    expect(page.get_by_role("status")).to_have_text("The preview has ended. You see your own features again.")
    expect(page.get_by_role("region", name="Preview")).to_have_count(0)
    assert "Activity" not in tabs(maya.open("/profile/personal-information"))
    expect(maya.field("First name")).to_have_value("Maya")


def test_a_form_that_was_open_before_it_ended_changes_nothing(visitor: Callable[..., Visitor]) -> None:
    """In another tab of the browser."""
    maya = visitor()
    maya.sign_in("maya")
    page = maya.open("/profile/admin/features/preview?user=sam")
    page.get_by_role("button", name="Preview as this user").click()
    page.get_by_role("region", name="Preview").wait_for()
    maya.field("First name").fill("Somebody")
    other = maya.context.new_page()
    other.goto(f"{maya.site}/dashboard")
    other.locator(".mp-menu summary").click()
    other.get_by_role("button", name="End preview").click()
    other.get_by_role("status").wait_for()
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This page was opened in a preview.")
    expect(page.get_by_label("First name")).to_have_value("Somebody")
    page = maya.open("/profile/personal-information")
    expect(maya.field("First name")).to_have_value("Maya")


def test_signing_out_ends_it(visitor: Callable[..., Visitor]) -> None:
    maya = visitor()
    maya.sign_in("maya")
    page = maya.open("/profile/admin/features/preview?user=sam")
    page.get_by_role("button", name="Preview as this user").click()
    page.get_by_role("region", name="Preview").wait_for()
    page.locator(".mp-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("banner").get_by_role("link", name="Sign in").wait_for()
    maya.sign_in("maya")
    maya.open("/profile/personal-information")
    expect(page.get_by_role("region", name="Preview")).to_have_count(0)


def test_a_picture_that_is_sent_meanwhile_is_refused_on_a_page(visitor: Callable[..., Visitor]) -> None:
    """A browser that is answered while it is still sending shows no page."""
    maya = visitor()
    maya.sign_in("maya")
    page = maya.open("/profile/admin/features/preview?user=sam")
    page.get_by_role("button", name="Preview as this user").click()
    file: Any = {"name": "me.png", "mimeType": "image/png", "buffer": os.urandom(6_000_000)}
    page.locator("main [name=avatar]").set_input_files(file)
    page.locator("form[action$='/avatar'] [type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("End the preview before you change anything.")
