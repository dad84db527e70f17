"""What is not saved yet is not lost by a wrong click, and what a switch would do is there when it moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.gallery import MAYA, SAM, WITHOUT_A_NAME, Gallery, chose_what_is_not_offered, named_too_long
from tests.browser.visitor import Visitor

URL = "/profile/admin/features"
TITLE, LANGUAGE, SUMMARY = "main [name=title]", "main [name=language]", "main [name=weekly_summary]"
NAME = ".mp-rename input[name=name] >> nth=0"
Step = Callable[[Page], object]


def leaves(page: Page) -> bool:
    """Whether a link leads away without a question; whoever is asked stays."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    here = page.url
    page.get_by_role("link", name="Dashboard").click()
    if not asked:
        page.wait_for_url("**/dashboard")
        page.remove_listener("dialog", stay)
        return True
    assert (asked, page.url) == (["beforeunload"], here)
    return False


def switched(page: Page) -> None:
    page.get_by_role("switch", name="Name a session").click()


def opened(page: Page) -> None:
    page.locator(".mp-more summary").first.click()


@pytest.mark.parametrize(
    ("who", "path", "change", "undo"),
    [
        (MAYA, URL, switched, switched),
        (SAM, "/profile/personal-information", lambda p: p.fill(TITLE, "Own"), lambda p: p.fill(TITLE, "")),
        (
            SAM,
            "/profile/preferences",
            lambda p: p.select_option(LANGUAGE, "ja"),
            lambda p: p.select_option(LANGUAGE, ""),
        ),
        (SAM, "/profile/notifications", lambda p: p.locator(SUMMARY).click(), lambda p: p.locator(SUMMARY).click()),
        (MAYA, "/profile/sessions", lambda p: (opened(p), p.fill(NAME, "Own")), lambda p: p.fill(NAME, "")),
    ],
    ids=["switches", "text", "a choice", "a box", "the name of a session"],
)
def test_a_browser_asks_before_it_leaves_what_is_not_saved_and_only_then(
    who: str, path: str, change: Step, undo: Step, gallery: Gallery
) -> None:
    page = gallery.person(who, reduced_motion="reduce").open(path)
    if path.endswith("information"):
        page.fill(TITLE, "")
        page.locator("main form .mp-btn--primary").click()
        page.locator(".mp-status").wait_for()
    change(page)
    assert not leaves(page)
    undo(page)
    assert leaves(page)


@pytest.mark.parametrize(
    ("who", "path", "refused"),
    [
        (SAM, "/profile/personal-information", WITHOUT_A_NAME),
        (SAM, "/profile/preferences", chose_what_is_not_offered),
        (MAYA, "/profile/sessions", named_too_long),
    ],
)
def test_it_asks_as_well_before_it_leaves_what_was_refused(
    who: str, path: str, refused: Callable[[Visitor], None], gallery: Gallery
) -> None:
    person = gallery.person(who, reduced_motion="reduce")
    person.open(path)
    refused(person)
    assert not leaves(person.page)


def test_it_asks_nobody_who_has_changed_nothing_or_typed_a_password_alone(gallery: Gallery) -> None:
    """Which a browser does by itself."""
    person = gallery.person(SAM, reduced_motion="reduce")
    for path in ("personal-information", "preferences", "password", "notifications", "sessions"):
        page = person.open(f"/profile/{path}")
        page.locator("#mp-tab-title").click()
        if path == "password":
            person.field("Current password").fill("sam-demo-password")
        assert leaves(page), path


def test_a_choice_is_still_unsaved_while_all_cities_are_shown(gallery: Gallery) -> None:
    page = gallery.person(SAM, reduced_motion="reduce").open("/profile/preferences")
    page.select_option("main [name=timezone]", "Asia/Tokyo")
    page.get_by_role("button", name="Show all cities").click()
    expect(page.get_by_role("status").filter(has_text="Nothing has been saved yet.")).to_be_focused()
    assert not leaves(page)


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


def test_whatever_the_fields_of_a_form_are_called(gallery: Gallery) -> None:
    """A control named "reset" is found on its form in the place of the method."""
    page = gallery.person(SAM, reduced_motion="reduce").open("/profile/personal-information")
    page.locator(TITLE).evaluate("field => { field.name = 'reset'; field.id = 'elements' }")
    page.fill("#elements", "typed")
    assert not leaves(page)
