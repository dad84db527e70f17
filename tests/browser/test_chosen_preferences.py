"""What a person chose on Preferences is what their browser shows them, whatever their device is set to."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.visitor import Visitor


def test_a_page_is_as_dark_as_its_user_chose(visitor: Callable[..., Visitor]) -> None:
    person = visitor()
    person.sign_in("sam")
    page = person.open("/profile/preferences")
    for theme, scheme in (("Dark", "light"), ("Light", "dark")):
        page.emulate_media(color_scheme=scheme)
        page.get_by_label("Appearance").select_option(theme)
        page.get_by_role("button", name="Save").click()
        page.locator(f"html[data-theme={theme.lower()}]").wait_for()
        assert page.get_by_role("status").get_by_text("Your preferences have been saved.").is_visible()
        assert page.locator(".mp-panel").first.evaluate("node => getComputedStyle(node).colorScheme") == theme.lower()
        assert page.get_by_label("Appearance").input_value() == theme.lower()


def test_the_exact_moment_is_in_the_zone_that_was_chosen(visitor: Callable[..., Visitor]) -> None:
    """Until then it is in that of the browser."""
    person = visitor(timezone_id="America/New_York", locale="en-US")
    page = person.sign_in("sam")

    def moment() -> str:
        person.open("/profile/sessions")
        time = page.locator("time[data-mp-time]").first
        expected = "node => [node.title, ...['America/New_York', 'Asia/Tokyo'].map(timeZone => new Date(node.dateTime)"
        expected += ".toLocaleString('en', {dateStyle: 'full', timeStyle: 'short', timeZone}))]"
        title, *wanted = time.evaluate(expected)
        return ["New York", "Tokyo"][wanted.index(title)]

    assert moment() == "New York"
    person.open("/profile/preferences")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    assert moment() == "Tokyo"
