"""What browsers call themselves and people call themselves is text, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.visitor import Visitor

PICTURE = '"><img src=x onerror=alert(1)>'
DRAWING = "<svg onload=alert(2)>{{7*7}}"


def test_nothing_that_looks_like_code_is_carried_out(visitor: Callable[..., Visitor]) -> None:
    """B88: as the person sees it, and as the administrator does, also in what the script shows."""
    stranger, sam, maya = visitor(user_agent=f"Robot/1 {PICTURE}"), visitor(), visitor()
    stranger.sign_in("sam")
    page = sam.sign_in("sam")
    sam.open("/profile/personal-information")
    page.get_by_label("First name").fill(PICTURE)
    page.get_by_label("Last name").fill(DRAWING)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="has been saved").wait_for()
    sam.open("/profile/sessions")
    page.locator(".mp-more summary").first.click()
    page.locator(".mp-rename input[name=name]").first.fill(PICTURE)
    page.locator(".mp-rename [type=submit]").first.click()
    page.get_by_role("status").filter(has_text="is now called").wait_for()
    admin = maya.sign_in("maya")
    for person, path in ((sam, "/profile/sessions"), (maya, "/profile/admin/sessions?user=sam")):
        person.open(path)
        person.page.locator("[data-mp-dialog]").first.click()
        person.page.get_by_role("alertdialog").wait_for()
        assert PICTURE in person.page.locator("main").inner_text()
    for person in (page, admin):
        assert person.locator("img[src=x], svg[onload], [onerror]").count() == 0
        assert "49" not in person.locator(".mp-head").inner_text()
