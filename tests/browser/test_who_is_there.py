"""A form that waits until a person at a real browser has confirmed who they are, or has thought better of it."""

from __future__ import annotations

import pytest

from tests.browser.gallery import Gallery, shown

WAITS = "who is there for a form"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_cancel_leads_back_to_the_page_and_nothing_was_done(scripts: bool, gallery: Gallery) -> None:
    page = shown(gallery, WAITS, java_script_enabled=scripts).page
    assert "To regenerate your API token, enter your password." in page.locator(".mp-panel__head").inner_text()
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/profile/api-token")
    assert page.get_by_role("button", name="Generate token").is_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_enter_key_goes_on_and_does_not_cancel(scripts: bool, gallery: Gallery) -> None:
    page = shown(gallery, WAITS, java_script_enabled=scripts).page
    name = page.locator("[name=username]").input_value()
    password = page.locator("[name=current_password]")
    password.fill(f"{name}-demo-password")
    password.press("Enter")
    page.locator("#token").wait_for()
    assert page.locator("#token").input_value().startswith("mpt_")
