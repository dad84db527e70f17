"""Everything by the keyboard alone: where the focus goes, that it is seen, and that it comes back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.gallery import MAYA, SAM, Gallery, shown

#: The focused element: its name, whether it is seen whole or in part, the width of its ring, and where it stands.
FOCUSED = """() => {
    const e = document.activeElement;
    if (e === document.body) return null;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const order = [...document.querySelectorAll("*")].indexOf(e);
    return { name: e.id || e.className || e.textContent.trim().slice(0, 20), order,
             seen: !!at && (e.contains(at) || at.contains(e)),
             ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth) };
}"""
OURS = ".mp a, .mp button, .mp input:not([type=hidden]), .mp select, .mp summary, .mp textarea"


def walk(page: Page, key: str) -> list[dict[str, Any]]:
    """Press the key until the focus leaves the page."""
    seen: list[dict[str, Any]] = []
    for _ in range(120):
        page.keyboard.press(key)
        now = page.evaluate(FOCUSED)
        if now is None or (seen and now["order"] == seen[0]["order"]):
            break
        seen.append(now)
    return seen


def can_be_reached(page: Page) -> int:
    wanted = "e => e.checkVisibility() && e.tabIndex >= 0 && !e.disabled"
    return int(page.evaluate(f"[...document.querySelectorAll('{OURS}')].filter({wanted}).length"))


@pytest.mark.parametrize("state", ["features", "sessions", "password", "token", "a user's sessions"])
def test_the_focus_goes_through_all_in_their_order_and_is_always_seen(state: str, gallery: Gallery) -> None:
    """B80, WCAG 2.4.3, 2.4.7 and 2.4.11: on a small window, where the bar with the button lies over the page."""
    page = shown(gallery, state).page
    page.set_viewport_size({"width": 390, "height": 640})
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    there = walk(page, "Tab")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, document.body.scrollHeight)")
    back = walk(page, "Shift+Tab")
    page.set_viewport_size({"width": 1180, "height": 800})
    assert len(there) >= can_be_reached(page)
    assert {stop["order"] for stop in back} <= {stop["order"] for stop in there}
    assert [stop["order"] for stop in there] == sorted(stop["order"] for stop in there)
    assert [stop["name"] for stop in [*there, *back] if not stop["seen"]] == []
    assert [stop["name"] for stop in [*there, *back] if stop["ring"] < 2] == []


@pytest.mark.parametrize("path", ["/profile/api-token", "/profile/sessions"])
def test_a_dialog_keeps_the_focus_and_gives_it_back(path: str, gallery: Gallery) -> None:
    """B80: opened and left by the keyboard; the safe button is first."""
    page = gallery.person(MAYA).open(path)
    opener = page.locator("[data-mp-dialog]").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("alertdialog")
    safe, risky = dialog.locator("[data-mp-close]"), dialog.locator("[type=submit]")
    expect(safe).to_be_focused()
    expect(dialog).to_have_accessible_description(re.compile("."))
    page.keyboard.press("Tab")
    expect(risky).to_be_focused()
    for _ in range(6):  # round and round; a browser's own bar may be a stop
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    expect(safe).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_what_looks_like_a_button_answers_the_space_bar(gallery: Gallery) -> None:
    """And a link that looks like one answers Enter alone."""
    page = gallery.person(MAYA).open("/profile/sessions")
    opener = page.get_by_role("link", name="Sign out all others")
    opener.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("alertdialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(opener).to_be_focused()
    path = page.get_by_role("link", name="This wasn’t me").first
    path.focus()
    page.keyboard.press("Space")
    expect(path).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Back to your sessions").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Sessions", level=2)).to_be_visible()


def test_a_click_beside_a_dialog_closes_it_and_one_with_ctrl_opens_its_page(gallery: Gallery) -> None:
    person = gallery.person(MAYA)
    page = person.open("/profile/api-token")
    opener = page.get_by_role("link", name="Regenerate token")
    opener.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.mouse.click(5, 5)
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    with person.context.expect_page() as opened:
        opener.click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="Regenerate your API token?")).to_be_visible()
    opened.value.close()
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def test_the_menu_opens_and_closes_by_the_keyboard_and_by_a_click_elsewhere(gallery: Gallery) -> None:
    page = gallery.person(SAM).open("/dashboard")
    summary, link = page.locator(".mp-menu summary"), page.get_by_role("link", name="My Profile")
    summary.focus()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(link).to_be_hidden()
    summary.click()
    expect(link).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(link).to_be_hidden()


def test_the_first_stop_leads_past_the_head_of_the_page(gallery: Gallery) -> None:
    """WCAG 2.4.1"""
    page = gallery.person(SAM).open("/profile/sessions")
    page.keyboard.press("Tab")
    host, ours = (
        page.get_by_role("link", name=f"Skip to the content{more}", exact=True) for more in ("", " of this page")
    )
    expect(host).to_be_focused()
    expect(host).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(ours).to_be_focused()
    expect(ours).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('.mp-panel')")


def test_each_problem_in_the_summary_leads_to_its_field(gallery: Gallery) -> None:
    """B80: with the very words that stand beside the field."""
    page = shown(gallery, "personal information to be corrected").page
    links = page.locator(".mp-summary a")
    assert links.count() >= 2
    for number in range(links.count()):
        words = links.nth(number).text_content()
        links.nth(number).focus()
        page.keyboard.press("Enter")
        described = page.evaluate(
            "document.activeElement.getAttribute('aria-describedby').split(' ').map(id =>"
            " document.getElementById(id).textContent).join(' ')"
        )
        assert str(words) in described
        assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


@pytest.mark.parametrize("state", ["an address to be corrected", "a picture to be corrected"])
def test_what_is_wrong_in_another_form_of_the_page_is_said_in_it(state: str, gallery: Gallery) -> None:
    """And not at the top of the page alone, from where its link led nowhere."""
    page = shown(gallery, state).page
    page.locator(".mp-summary a").focus()
    page.keyboard.press("Enter")
    field = page.locator(":focus")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_in_viewport()
    expect(page.locator(".mp-panel", has=field).locator(".mp-error")).to_be_visible()


@pytest.mark.parametrize("state", ["not for you", "downloaded a moment ago"])
def test_what_is_wrong_with_no_field_is_no_link(state: str, gallery: Gallery) -> None:
    summary = shown(gallery, state).page.locator(".mp-summary")
    expect(summary).to_be_focused()
    assert summary.locator("li").count() == 1 and summary.locator("a").count() == 0


def test_on_a_phone_what_stands_beside_a_button_stands_level_with_it(gallery: Gallery) -> None:
    """Each is 44 pixels high there, for a finger: its words are in the middle of them."""
    page = shown(gallery, "sessions").page
    page.set_viewport_size({"width": 390, "height": 800})
    off = page.locator(".mp-session__foot > a, .mp-session__foot summary").evaluate_all(
        """all => all.filter(each => each.checkVisibility()).map(each => {
            const range = document.createRange(), box = each.getBoundingClientRect();
            range.selectNodeContents(each);
            const words = range.getBoundingClientRect();
            return Math.abs((words.top + words.bottom) / 2 - (box.top + box.bottom) / 2);
        })"""
    )
    page.set_viewport_size({"width": 1180, "height": 800})
    assert off and max(off) <= 2, off


def test_the_ring_of_what_went_well_is_not_that_of_a_fault(gallery: Gallery) -> None:
    ring = "getComputedStyle(document.querySelector('[data-mp-focus]')).outlineColor"
    danger = "getComputedStyle(document.querySelector('.mp-summary')).borderColor"
    fault = shown(gallery, "password to be corrected").page
    red = fault.evaluate(danger)
    assert fault.evaluate(ring) == red
    assert shown(gallery, "this wasn't me by mail, done").page.evaluate(ring) != red
