"""Fingers, colours of the system's own, no movement: what people set in their systems, and pages have to heed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import looks
from tests.browser.gallery import MAYA, SAM, Gallery, shown
from tests.browser.visitor import Visitor

FINGER = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MOVING = """() => [...document.querySelectorAll("*")].map(e => [e, getComputedStyle(e)])
    .filter(([, s]) => (s.transitionDuration + ", " + s.animationDuration).split(", ").some(d => parseFloat(d) > 0))
    .map(([e]) => e.className || e.tagName)"""
#: A control whose edge is only a shade of grey is gone where the system has two colours.
EDGELESS = """() => [...document.querySelectorAll(".mp-btn, .mp-input, .mp-switch, .mp-panel, .mp-note, .mp-badge")]
    .filter(e => e.checkVisibility()).filter(e => { const s = getComputedStyle(e);
        return s.borderTopStyle === "none" || parseFloat(s.borderTopWidth) < 1 }).map(e => e.className)"""


@pytest.mark.parametrize("state", ["password", "sessions", "token", "sessions question", "features", "menu open"])
def test_what_is_meant_to_be_touched_is_as_large_as_a_finger(state: str, gallery: Gallery) -> None:
    page = shown(gallery, state, **FINGER).page
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    buttons = page.locator(".mp-btn:visible, .mp-input:visible, .mp-nav a:visible, .mp-menu__panel a:visible")
    assert buttons.count() > 1
    low = buttons.evaluate_all(
        "all => all.map(e => [e.outerHTML, e.getBoundingClientRect().height]).filter(([, height]) => height < 44)"
    )
    assert low == []
    assert looks.small_targets(page) == []


#: Of the inputs with a button beside them, and of what stands in a head beside one.
SQUEEZED = """() => [...document.querySelectorAll(".mp-affix > input, .mp-panel__head:has(> .mp-btn) > div")]
    .filter(e => e.checkVisibility()).map(e => [e.className, Math.round(e.getBoundingClientRect().width)])
    .filter(([, width]) => width < 140)"""


@pytest.mark.parametrize("state", ["password", "a session's details", "find a user", "several tokens"])
def test_on_a_narrow_phone_long_words_of_a_button_leave_room_to_type_and_to_read(state: str, gallery: Gallery) -> None:
    """A password had 66 pixels beside "Показать", the name of a session 48."""
    page = shown(gallery, state, "ru", viewport={"width": 320, "height": 640}).page
    assert page.evaluate(SQUEEZED) == []
    assert looks.scrolling_sideways(page) == []


@pytest.mark.parametrize("path", ["/profile/password", "/profile/admin/features", "/profile/sessions"])
def test_in_the_systems_own_colours_every_control_has_an_edge(path: str, gallery: Gallery) -> None:
    page = gallery.person(MAYA, forced_colors="active").open(path)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert page.evaluate(EDGELESS) == []
    assert looks.accessibility(page) == []
    current = page.locator("nav.mp-nav [aria-current=page]")
    other = page.locator("nav.mp-nav a:not([aria-current])").first
    assert looks_of(current) != looks_of(other), "where one is can be seen"


def looks_of(link: Any) -> str:
    """What the system's colours leave of how a link is drawn, with its bar."""
    return str(
        link.evaluate(
            "e => [e, '::before', '::after'].map((p, i) => { const s = getComputedStyle(e, i ? p : null);"
            " return [s.fontWeight, s.borderInlineStart, s.boxShadow, s.outline, s.content, s.backgroundColor] })"
        )
    )


def test_a_switch_says_on_or_off_in_words(gallery: Gallery) -> None:
    """WCAG 1.4.1: whatever the colours."""
    page = gallery.person(MAYA, forced_colors="active").open("/profile/admin/features")
    switch = page.get_by_role("switch", name="Password", exact=True)
    word = "e => getComputedStyle(e.parentNode.querySelector('.mp-toggle__txt'), '::before').content"
    assert switch.evaluate(word) == '"On"'
    switch.uncheck()
    assert switch.evaluate(word) == '"Off"'


@pytest.mark.parametrize("path", ["/profile/sessions", "/profile/admin/features", "/profile/admin/sessions?user=maya"])
def test_on_paper_a_page_has_the_whole_width_and_nothing_to_press(path: str, gallery: Gallery) -> None:
    page = gallery.person(MAYA, viewport={"width": 794, "height": 1123}).open(path)
    page.emulate_media(media="print")
    whole, content = (page.locator(part).bounding_box() for part in (".mp-page", ".mp-content"))
    assert whole and content and content["width"] == whole["width"] > 700
    assert page.locator(":is(.mp-btn, .mp-nav, .mp-menu, .mp-savebar):visible").count() == 0
    assert looks.scrolling_sideways(page) == []


def test_who_wants_no_movement_sees_none(gallery: Gallery) -> None:
    for reduced, moves in (("no-preference", True), ("reduce", False)):
        page = gallery.person(MAYA, reduced_motion=reduced).open("/profile/admin/features")
        page.locator(".mp-switch:enabled").first.focus()
        assert bool(page.evaluate(MOVING)) is moves, reduced
    page.goto(page.url.replace("/admin/features", "/api-token"))
    page.locator("[data-mp-dialog]").first.click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert page.evaluate(MOVING) == []


CONTRASTS = """accents => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const pixel = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3) };
    const part = v => (v /= 255, v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    const light = colour => pixel(colour).map(part).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const button = document.querySelector(".mp-btn--primary"), page = button.closest(".mp");
    page.replaceChildren(button);  // alone, it is drawn anew in no time
    const style = getComputedStyle(button);
    return accents.map(accent => {
        page.style.setProperty("--mp-accent", accent);
        const [a, b] = [light(style.color), light(style.backgroundColor)];
        return [accent, (Math.max(a, b) + .05) / (Math.min(a, b) + .05)];
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_any_accent_of_a_host_can_be_read(scheme: Any, gallery: Gallery) -> None:
    """WCAG 1.4.3: white or black, whichever contrasts by 4.5 to 1."""
    page: Page = gallery.person(SAM, color_scheme=scheme, reduced_motion="reduce").open("/profile/preferences")
    steps, few = range(0, 256, 17), range(0, 256, 51)
    accents = [f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in few]
    contrasts = page.evaluate(CONTRASTS, accents)
    assert len(contrasts) == len(accents) == 1536
    assert len({round(contrast) for _, contrast in contrasts}) > 5, "the accent is what is looked at"
    assert [(accent, contrast) for accent, contrast in contrasts if contrast < 4.5] == []


@pytest.mark.parametrize("language", ["en", "he"])
def test_names_without_a_space_scroll_no_page_of_the_example_sideways(
    language: str, visitor: Callable[..., Visitor]
) -> None:
    sam = visitor(viewport={"width": 390, "height": 844}, locale=language)
    page = sam.sign_in("sam")
    address = f"{'a' * 60}@{'b' * 60}.example"
    sam.open("/profile/personal-information")
    page.locator("[name=first_name]").fill("W" * 60)
    page.locator("main form .mp-btn--primary").first.click()
    page.locator(".mp-status").wait_for()
    page.locator("[name=new_email]").fill(address)
    page.locator("form[action$='/change-email'] button").click()
    page.locator(".mp-status").wait_for()
    sam.open("/dashboard")
    expect(page.locator("h1")).to_contain_text("W" * 60)
    found = {"/dashboard": looks.scrolling_sideways(page)}
    sam.open_mail(address)
    sam.open("/outbox")
    expect(page.locator("main bdi", has_text=address).first).to_be_visible()
    found["/outbox"] = looks.scrolling_sideways(page)
    assert found == {"/dashboard": [], "/outbox": []}
