"""A picture of oneself, put up by a person at a browser: seen before, seen after, and seen by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.visitor import Visitor
from tests.support.pictures import GREEN, RED, is_near, picture, read, written

PERSONAL = "/profile/personal-information"
MENU = ".mp-menu summary .mp-avatar"


def choose(page: Page, content: bytes, name: str = "me.png") -> None:
    file: Any = {"name": name, "mimeType": "image/png", "buffer": content}
    page.get_by_label("Picture", exact=True).set_input_files(file)


def colour_of(page: Page, selector: str) -> tuple[int, int, int]:
    """In the middle of what is drawn there."""
    image = read(page.locator(selector).first.screenshot()).convert("RGB")
    found: Any = image.getpixel((image.width // 2, image.height // 2))
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_picture_is_put_up_and_taken_away(scripts: bool, visitor: Callable[..., Visitor]) -> None:
    sam, other = visitor(java_script_enabled=scripts), visitor()
    sam.sign_in("sam")
    other.sign_in("sam")
    page = sam.open(PERSONAL)
    choose(page, picture(colour=GREEN, size=(300, 200)))
    page.get_by_role("button", name="Upload picture").click()
    expect(page.get_by_text("Your picture has been saved.")).to_be_visible()
    for place in (MENU, ".mp-avatar--xl"):
        assert is_near(colour_of(page, place), GREEN)
    assert is_near(colour_of(other.open("/dashboard"), MENU), GREEN), "on all devices, and on pages of the app"
    page.get_by_role("button", name="Remove picture").click()
    expect(page.get_by_text("Your picture has been removed.")).to_be_visible()
    expect(page.locator(".mp-avatar img")).to_have_count(0)
    expect(page.locator(MENU)).to_have_text("SR")


def test_a_picture_is_seen_before_it_is_sent(visitor: Callable[..., Visitor]) -> None:
    """The middle of it, the right way up; and not any more where another file is none."""
    sam = visitor()
    sam.sign_in("sam")
    page = sam.open(PERSONAL)
    sides = Image.new("RGB", (300, 100), RED)
    sides.paste(GREEN, (100, 0, 200, 100))
    choose(page, written(sides))
    preview = page.locator("canvas")
    expect(preview).to_be_visible()
    shown = read(preview.screenshot()).convert("RGB")
    for across in (0.1, 0.5, 0.9):
        assert is_near(shown.getpixel((int(shown.width * across), shown.height // 2)), GREEN)
    choose(page, b"no picture", "me.txt")
    expect(preview).to_be_hidden()
    page.get_by_role("button", name="Upload picture").click()
    expect(page.locator(".mp-summary")).to_contain_text("This is no picture that can be used.")
    expect(page.locator(".mp-summary")).to_be_focused()


@pytest.mark.parametrize("megabytes", [12, 40])
def test_whoever_sends_too_much_reads_so(megabytes: int, visitor: Callable[..., Visitor], tmp_path: Any) -> None:
    """And not that the connection was broken."""
    sam, large = visitor(), tmp_path / "large.png"
    large.write_bytes(picture() + bytes(megabytes * 1_000_000))
    sam.sign_in("sam")
    page = sam.open(PERSONAL)
    page.get_by_label("Picture", exact=True).set_input_files(large)
    page.get_by_role("button", name="Upload picture").click()
    expect(page.locator(".mp-summary")).to_contain_text("This file is too large.")
    expect(page.get_by_label("First name")).to_have_value("Sam")
    sam.complaints[:] = [each for each in sam.complaints if "413" not in each]


def test_a_picture_is_nobody_elses(visitor: Callable[..., Visitor]) -> None:
    sam, maya, visitor_ = visitor(), visitor(), visitor()
    sam.sign_in("sam")
    page = sam.open(PERSONAL)
    choose(page, picture(colour=GREEN))
    page.get_by_role("button", name="Upload picture").click()
    address = page.locator(f"{MENU} img").get_attribute("src")
    maya.sign_in("maya")
    statuses = [each.context.request.get(f"{each.site}{address}").status for each in (sam, maya, visitor_)]
    assert statuses == [200, 404, 401]
    page.locator(".mp-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in**")
    kept = page.evaluate("address => fetch(address).then(answer => answer.status)", address)
    assert kept == 401, "what the browser has kept is not for whoever comes next"
