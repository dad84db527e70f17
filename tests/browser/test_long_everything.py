"""Whoever has long names and many of everything, in a host that has thought of nothing: nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from flask_myprofile.account.feature_sets import MOST_SETS
from tests.browser import looks
from tests.browser.gallery import NOT_ME, State, clicked, named_too_long, typed
from tests.browser.long import served
from tests.browser.visitor import Visitor, close
from tests.support.host import Browser as HostBrowser
from tests.support.host import Host


def unfolded(person: Visitor) -> None:
    """All of them, and the details of some: to look at more of the same takes long."""
    for details in person.page.locator("main .mp-fold, main .mp-session .mp-more").all()[:8]:
        details.evaluate("node => { node.open = true }")


DIALOG = clicked("main [data-mp-dialog]", "dialog[open]")
ADMIN = "admin"
STATES = {
    "menu": State(ADMIN, "/own", clicked(".mp-menu summary", ".mp-menu__panel")),
    "personal information": State(ADMIN, "/profile/personal-information"),
    "personal information refused": State(ADMIN, "/profile/personal-information", typed(last_name="x" * 300)),
    "preferences": State(ADMIN, "/profile/preferences"),
    "password": State(ADMIN, "/profile/password"),
    "token": State(ADMIN, "/profile/api-token"),
    "token dialog": State(ADMIN, "/profile/api-token", DIALOG),
    "sessions": State(ADMIN, "/profile/sessions"),
    "sessions unfolded": State(ADMIN, "/profile/sessions", unfolded),
    "sessions dialog": State(ADMIN, "/profile/sessions", DIALOG),
    "a name refused": State(ADMIN, "/profile/sessions", named_too_long),
    "this wasn't me": State(ADMIN, "/profile/sessions", clicked(NOT_ME, ".mp-steps")),
    "activity": State(ADMIN, "/profile/activity"),
    "a custom tab": State(ADMIN, "/profile/custom20"),
    "features": State(ADMIN, "/profile/admin/features"),
    "whom a feature is on for": State(ADMIN, "/profile/admin/features/audience?feature=sessions"),
    "sets of features": State(ADMIN, "/profile/admin/features/sets"),
    "a set to put back": State(
        ADMIN, "/profile/admin/features/sets", clicked("a[href*='/sets/put-back']", "[data-mp-confirm]")
    ),
    "history of features": State(ADMIN, "/profile/admin/features/history"),
    "a user's sessions": State(ADMIN, "/profile/admin/sessions?user=admin"),
}
#: Those that are looked at in dark colours as well.
DARK = ("menu", "personal information refused", "sessions dialog", "this wasn't me")
WIDTHS = (1280, 390, 320)


def has_many_sets(host: Host, admin: HostBrowser) -> None:
    """With names that cannot be broken, and with features that are gone."""
    for number in range(MOST_SETS):
        assert admin.post_json("/profile/admin/features/sets", {"name": f"{number:02}{'W' * 62}"}).status_code == 200
    gone = {"name": f"gone.{'x' * 120}"}
    host.sql("INSERT INTO myprofile_feature_set_rule SELECT id, :name, 'true' FROM myprofile_feature_set", **gone)
    admin.post_json("/profile/admin/features", {"activity.at_a_glance": False, "openapi": False})
    found = admin.json("/profile/admin/features/sets").json["sets"]
    admin.post_json("/profile/admin/features/sets/put-back", {"id": found[0]["id"]})
    admin.post_json("/profile/admin/features", {"activity.at_a_glance": False, "openapi": False})


@pytest.fixture(scope="module")
def site(frameworks: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("long")) as (host, address):
        admin = host.browser()
        admin.login("admin")
        assert len(admin.json("/profile/admin/features").json["features"]) >= 60
        has_many_sets(host, admin)
        yield address


@pytest.fixture(scope="module")
def person(site: str, chromium: Browser) -> Iterator[Visitor]:
    visitor = Visitor(chromium.new_context(), site)
    visitor.sign_in_at_host("admin")
    yield visitor
    close([visitor])


def test_nothing_is_too_long_for_a_page_in_a_preview(site: str, chromium: Browser) -> None:
    visitor = Visitor(chromium.new_context(), site)
    visitor.sign_in_at_host("admin")
    visitor.open("/profile/admin/features/preview?user=admin")
    clicked("form[action$='/features/preview'] button", ".mp-preview")(visitor)
    for path, then in (("/profile/personal-information", None), ("/own", STATES["menu"].then)):
        visitor.open(path)
        if then is not None:
            then(visitor)
        found: dict[str, list[Any]] = {"axe": looks.accessibility(visitor.page)}
        for width in WIDTHS:
            visitor.page.set_viewport_size({"width": width, "height": 800})
            found[f"{width} px"] = looks.scrolling_sideways(visitor.page)
        assert {look: what for look, what in found.items() if what} == {}, path
    close([visitor])


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_too_long_for_a_page(state: str, person: Visitor) -> None:
    person.page.set_viewport_size({"width": 1280, "height": 800})
    person.open(STATES[state].path)
    STATES[state].then(person)
    found: dict[str, list[Any]] = {}
    for width in WIDTHS:
        person.page.set_viewport_size({"width": width, "height": 800})
        found[f"{width} px"] = looks.scrolling_sideways(person.page)
    found["axe, light"] = looks.accessibility(person.page)
    if state in DARK:
        person.page.emulate_media(color_scheme="dark")
        found["axe, dark"] = looks.drawing(person.page)
        person.page.emulate_media(color_scheme="light")
    assert {look: what for look, what in found.items() if what} == {}


def test_where_the_layout_has_no_padding_there_is_a_margin(person: Visitor) -> None:
    page = person.open("/profile/sessions")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        box = page.locator(".mp-page").bounding_box()
        assert box and box["x"] >= 16 and box["x"] + box["width"] <= width - 16


def test_55_sessions_are_two_screens_of_a_phone_before_the_first_fold(person: Visitor) -> None:
    page = person.open("/profile/sessions")
    page.set_viewport_size({"width": 390, "height": 844})
    folds = page.locator(".mp-fold > summary")
    expect(folds).to_have_count(2)
    first = folds.first.bounding_box()
    assert first and first["y"] <= 2 * 844


def test_a_picture_that_does_not_come_leaves_the_initials(person: Visitor) -> None:
    for path in ("/own", "/profile/personal-information"):
        page = person.open(path)
        expect(page.locator(".mp-avatar img")).to_have_count(0)
        assert page.locator(".mp-avatar").last.inner_text() == "Dה"


def test_a_picture_that_does_not_come_leaves_them_without_scripts_as_well(person: Visitor, chromium: Browser) -> None:
    """And one that comes hides them, whatever its shape."""
    cookies: Any = person.context.storage_state()
    visitor = Visitor(chromium.new_context(java_script_enabled=False, storage_state=cookies), person.site)
    avatar = visitor.open("/profile/personal-information").locator(".mp-avatar--l")
    without_it = avatar.screenshot()
    avatar.locator("img").evaluate("picture => picture.remove()")
    assert without_it == avatar.screenshot(), "nothing is drawn over the initials"
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="90"><rect width="30" height="90"/></svg>'
    answer = {"body": drawn, "content_type": "image/svg+xml"}
    visitor.page.route("**/that-is-not-there.png", lambda route: route.fulfill(**answer))
    box = visitor.open("/profile/personal-information").locator(".mp-avatar--l img").bounding_box()
    assert box and min(box["width"], box["height"]) >= 52
    close([visitor])


def test_what_takes_a_while_says_so(person: Visitor) -> None:
    """A question that is slow to come, and its answer."""
    page = person.open("/profile/api-token")
    waits = "node => getComputedStyle(node, '::after').borderStyle"
    held: list[Route] = []
    page.route("**/regenerate", lambda route: held.append(route))  # noqa: PLW0108 (Playwright takes no built-in method)
    link = page.locator("a[data-mp-dialog][href$=regenerate]")
    link.click()
    expect(link).to_have_attribute("aria-busy", "true")
    assert link.evaluate(waits) == "solid"
    held.pop().continue_()
    page.unroute("**/regenerate")
    page = person.open("/profile/api-token")
    page.locator("a[data-mp-dialog][href$=regenerate]").click()
    send = page.locator("dialog [type=submit]")
    page.evaluate("addEventListener('submit', event => event.preventDefault())")  # as long as it is under way
    send.click()
    expect(page.locator("dialog form")).to_have_attribute("aria-busy", "true")
    assert send.evaluate(waits) == "solid"


def test_the_menu_is_seen_on_whatever_bar_it_is_on(person: Visitor) -> None:
    """WCAG 1.4.11: its arrow and the ring around what has the focus are the bar's own colour."""
    menu = person.open("/own").locator(".mp-menu > summary")
    menu.focus()
    for bar, inside in BARS.values():
        contrast = menu.evaluate(CONTRAST, [bar, inside])
        assert min(contrast) >= 3, (bar, inside, contrast)


#: The attributes of a bar, and what its text is.
BARS = {
    "dark": ("background: #101828; color: #fff", {}),
    "light": ("background: #fff; color: #111", {}),
    "of the brand": ("background: #3651d4; color: #fff", {}),
    "Bootstrap 4": ("background: #343a40; color: #212529", {"class": "navbar-dark"}),
    "Bootstrap 5": ("background: #212529; --bs-body-color: #dee2e6; color: #212529", {"data-bs-theme": "dark"}),
}
CONTRAST = """(menu, [style, attributes]) => {
    const bar = menu.closest("header"), shown = getComputedStyle(menu);
    for (const name of ["class", "data-bs-theme"]) bar.removeAttribute(name);
    bar.style.cssText = style;
    for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, value);
    const light = colour => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const parts = [...canvas.getImageData(0, 0, 1, 1).data].map(x => x / 255)
            .map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
        return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
    };
    const behind = light(getComputedStyle(bar).backgroundColor);
    return [getComputedStyle(menu.querySelector("svg")).stroke, shown.outlineColor].map(colour => {
        const own = light(colour === "currentcolor" ? shown.color : colour);
        return (Math.max(own, behind) + .05) / (Math.min(own, behind) + .05);
    });
}"""
