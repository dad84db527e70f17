"""Copy, where browsers let a page write to the clipboard and where they do not, as on plain http."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.gallery import MAYA, Gallery, shown
from tests.browser.visitor import Visitor

MISSING = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
REFUSING = "navigator.clipboard.writeText = () => Promise.reject(new Error('no'))"
NO_COMMAND = "document.execCommand = () => false"


def with_a_token(gallery: Gallery, *scripts: str) -> Visitor:
    """Somebody whose token is on the page, in a browser that is as the scripts make it."""
    person = gallery.person(MAYA, permissions=["clipboard-read", "clipboard-write"])
    for script in scripts:
        person.page.add_init_script(script)
    page = person.open("/profile/api-token")
    page.get_by_role("button", name="Show token").click()
    page.get_by_label("Your API token").wait_for()
    return person


def on_the_clipboard(person: Visitor) -> Any:
    """Read in another tab, whose browser is as it was made."""
    other = person.context.new_page()
    other.goto(person.site + "/dashboard")
    text = other.evaluate("navigator.clipboard.readText()")
    other.close()
    return text


def says(page: Page, text: str) -> None:
    """On the button, and in the region that screen readers listen to."""
    expect(page.get_by_role("status").filter(has_text=text)).to_have_count(1)


@pytest.mark.parametrize("script", ["", MISSING, REFUSING], ids=["", "missing", "refusing"])
def test_the_token_is_on_the_clipboard_exactly(script: str, gallery: Gallery) -> None:
    """B46: and "Copied" is only said when it is."""
    person = with_a_token(gallery, script)
    page = person.page
    token = page.get_by_label("Your API token").input_value()
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    says(page, "API token copied to the clipboard")
    page.bring_to_front()
    assert on_the_clipboard(person) == token


@pytest.mark.parametrize("script", [MISSING, REFUSING], ids=["missing", "refusing"])
def test_where_nothing_copies_the_token_is_selected_and_that_is_said(script: str, gallery: Gallery) -> None:
    """B46"""
    person = with_a_token(gallery, script, NO_COMMAND)
    page = person.page
    field = page.get_by_label("Your API token")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Press Ctrl+C to copy")).to_be_visible()
    says(page, "Press Ctrl+C to copy")
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.press("ControlOrMeta+c")
    assert on_the_clipboard(person) == field.input_value()


@pytest.mark.parametrize("script", [MISSING, "navigator.clipboard.write = () => Promise.reject(new Error('no'))"])
def test_where_nothing_copies_the_button_of_the_tab_leads_to_the_token(script: str, gallery: Gallery) -> None:
    """B46"""
    person = with_a_token(gallery, script)
    token = person.page.get_by_label("Your API token").input_value()
    page = person.open("/profile/api-token")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_label("Your API token")).to_have_value(token)


def test_while_the_token_is_on_its_way_the_button_says_so_and_asks_once(gallery: Gallery) -> None:
    """On a slow network nothing moved, and each further press asked for it again."""
    held: list[Route] = []
    person = gallery.person(MAYA, permissions=["clipboard-read", "clipboard-write"])
    page = person.open("/profile/api-token")
    page.route("**/api-token/reveal", partial(list[Route].append, held))
    button = page.locator("[data-mp-copy]")
    with page.expect_request("**/api-token/reveal"):
        button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    button.click()
    page.evaluate("new Promise(done => setTimeout(done))")  # a second one would have been asked for by now
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_without_scripts_the_token_can_be_selected_and_there_is_no_button(gallery: Gallery) -> None:
    """B46"""
    page = shown(gallery, "token shown", java_script_enabled=False).page
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    field = page.get_by_label("Your new API token")
    expect(field).to_be_visible()
    field.select_text()
