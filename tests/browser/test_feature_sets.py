"""Sets of features in a browser, with and without scripts: saved, put back, replaced, deleted, and undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor

FEATURES, SETS = "/profile/admin/features", "/profile/admin/features/sets"


def switched(maya: Visitor, *names: str) -> None:
    maya.open(FEATURES)
    for name in names:
        maya.page.get_by_role("switch", name=name, exact=True).click()
    maya.page.get_by_role("button", name="Save").click()
    maya.page.get_by_role("status").filter(has_text="Feature settings saved").wait_for()


def states(maya: Visitor, *names: str) -> list[bool]:
    maya.open(FEATURES)
    return [maya.page.get_by_role("switch", name=name, exact=True).is_checked() for name in names]


def yes(page: Page, name: str) -> None:
    """In the dialog, where a script has opened one; else on the page that asks."""
    page.locator("[data-mp-confirm]").get_by_role("button", name=name).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_set_is_saved_and_put_back_and_that_is_undone(scripts: bool, visitor: Callable[..., Visitor]) -> None:
    maya = visitor(java_script_enabled=scripts)
    page = maya.sign_in_by_hand("maya")
    both = ("Activity", "Name a session")
    before = states(maya, *both)
    page.get_by_role("link", name="Sets").click()
    page.get_by_role("textbox", name="Name").fill("Before the launch")
    page.get_by_role("button", name="Save as a set").click()
    expect(page.get_by_role("status")).to_contain_text("The set “Before the launch” is saved.")
    expect(page.get_by_text("As the features are now")).to_be_visible()

    switched(maya, *both)
    maya.open(SETS)
    expect(page.get_by_text("Would change 2 features")).to_be_visible()
    page.get_by_role("link", name="Put back").click()
    expect(page.get_by_role("heading", name="Put back the set “Before the launch”?")).to_be_visible()
    expect(page.locator("#mp-confirm-text")).to_contain_text("Sessions › Name a session: Off → On")
    yes(page, "Put back")
    expect(page.get_by_role("status")).to_contain_text("is put back. 2 changes.")
    assert states(maya, *both) == before

    maya.open(f"{FEATURES}/history")
    expect(page.get_by_text("The set “Before the launch” was put back")).to_be_visible()
    page.get_by_role("link", name="Undo all of it").first.click()
    yes(page, "Undo all of it")
    expect(page.get_by_role("status")).to_contain_text("The changes are undone.")
    assert states(maya, *both) == [not each for each in before]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_set_is_replaced_renamed_and_deleted(scripts: bool, visitor: Callable[..., Visitor]) -> None:
    maya = visitor(java_script_enabled=scripts)
    page = maya.sign_in_by_hand("maya")
    for name in ("Spring", "SPRING "):
        maya.open(SETS)
        page.get_by_role("textbox", name="Name").fill(name)
        page.get_by_role("button", name="Save as a set").click()
    expect(page.get_by_role("heading", name="Replace the set “Spring”?")).to_be_visible()
    yes(page, "Replace")
    expect(page.get_by_role("status")).to_contain_text("The set “Spring” is saved.")
    page.get_by_role("link", name="Replace").click()
    yes(page, "Replace")
    expect(page.get_by_role("status")).to_contain_text("The set “Spring” is saved.")

    page.get_by_role("link", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a name for the set")
    page.get_by_role("textbox", name="Name").fill("Summer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The set is now called Summer.")

    page.get_by_role("link", name="Delete").click()
    yes(page, "Delete")
    expect(page.get_by_role("status")).to_contain_text("The set “Summer” is deleted.")
    expect(page.get_by_role("link", name="Put back")).to_have_count(0)


def test_of_two_browsers_the_later_one_sees_what_would_change_now(visitor: Callable[..., Visitor]) -> None:
    maya, other = visitor(), visitor()
    page = maya.sign_in("maya")
    other.sign_in("maya")
    maya.open(SETS)
    page.get_by_role("textbox", name="Name").fill("Before")
    page.get_by_role("button", name="Save as a set").click()
    switched(maya, "Activity")
    maya.open(SETS)
    page.get_by_role("link", name="Put back").click()
    expect(page.locator("#mp-confirm-text p")).to_have_count(1)
    switched(other, "Name a session")
    yes(page, "Put back")
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed these settings while you were editing.")
    expect(page.locator("#mp-confirm-text p")).to_have_count(2)
    yes(page, "Put back")
    expect(page.get_by_role("status")).to_contain_text("2 changes.")
