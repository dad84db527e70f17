"""Feature Management in a browser: what a switch would do is there when it moves, and none is lost by a wrong click."""

from __future__ import annotations

from playwright.sync_api import Dialog, expect

from tests.browser.gallery import MAYA, Gallery

URL = "/profile/admin/features"


def test_a_browser_asks_before_it_leaves_unsaved_switches_and_only_then(gallery: Gallery) -> None:
    page, asked = gallery.person(MAYA, reduced_motion="reduce").open(URL), list[str]()

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    switch = page.get_by_role("switch", name="Name a session")
    switch.click()
    page.get_by_role("link", name="Dashboard").click()
    assert asked == ["beforeunload"]
    expect(switch).to_be_visible()
    switch.click()
    page.get_by_role("link", name="Dashboard").click()
    page.wait_for_url("**/dashboard")
    assert len(asked) == 1


def test_saving_is_no_leaving(gallery: Gallery) -> None:
    page = gallery.person(MAYA, reduced_motion="reduce").open(URL)
    for _ in range(2):  # there and back
        page.get_by_role("switch", name="Name a session").click()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="Feature settings saved. 1 change.")).to_be_focused()


def test_without_scripts_the_consequence_is_shown_and_the_question_asked(gallery: Gallery) -> None:
    page = gallery.person(MAYA, java_script_enabled=False).open(URL)
    effect = page.locator("#f-api_token-effect")
    expect(effect).to_be_hidden()
    page.get_by_role("switch", name="API Token", exact=True).click()
    expect(effect).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Save these changes?")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").filter(has_text="Nothing was saved yet.")).to_be_visible()
    expect(page.get_by_role("switch", name="API Token", exact=True)).not_to_be_checked()
    expect(effect).to_be_visible()
