"""Several API tokens at a browser: none, one, fifty with long names; with scripts and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from example_app.models import User
from example_app.settings import DEFAULTS
from flask_myprofile import current_profile
from tests.browser import looks
from tests.browser.gallery import Gallery, shown
from tests.browser.visitor import Visitor, close
from tests.support.live import example, serving

TAB = "/profile/api-token"
SEVERAL = {
    **{name: value for name, value in DEFAULTS.items() if name.startswith("MYPROFILE_API_")},
    "MYPROFILE_FEATURES": {"api_token": True, "activity": True},
    "MYPROFILE_API_TOKENS": 50,
}
LONG = "Nightly export of everything to the warehouse of the office ☃ "


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Any]:
    with example(tmp_path, **SEVERAL) as made:
        yield made


@pytest.fixture
def visit(app: Any, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    made: list[Visitor] = []
    with serving(app) as site:

        def visit(**options: Any) -> Visitor:
            made.append(Visitor(chromium.new_context(**options), site))
            made[-1].sign_in("sam")
            made[-1].open(TAB)
            return made[-1]

        yield visit
        close(made)


def fill(app: Any, number: int) -> None:
    with app.test_request_context():
        user = current_profile.db.session.query(User).filter_by(username="sam").one()
        for each in range(number):
            kept = current_profile.tokens.make(
                user,
                f"{each} {LONG}"[:64],
                scopes=["profile:read", "figures:read"] if each % 2 else None,
                lifetime=86_400 * (each + 1) * 10 if each % 3 else 0,
                networks="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128 192.0.2.0/24" if each % 5 == 0 else None,
            )
            if each == 1:
                version = current_profile.tokens.version(current_profile.tokens.of_text(user, kept))
                current_profile.tokens.regenerate(user, version, keep=86_400)
        current_profile.db.session.commit()


def seen(page: Page) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found[f"axe, {theme}"] = looks.accessibility(page)
    page.set_viewport_size({"width": 320, "height": 800})
    found |= {look.__name__: look(page) for look in (looks.scrolling_sideways, looks.small_targets, looks.clipped_text)}
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("number", [0, 3, 50])
def test_the_list_is_fit_to_be_seen(number: int, language: str, app: Any, visit: Callable[..., Visitor]) -> None:
    fill(app, number)
    person = visit(locale=language)
    for details in person.page.locator("main .mp-list details").all()[:4]:
        details.evaluate("each => { each.open = true }")
    assert seen(person.page) == {}


def test_the_list_keeps_its_distance_from_what_is_said_above_it(app: Any, visit: Callable[..., Visitor]) -> None:
    fill(app, 2)
    page = visit().page
    said, head = (page.locator(f"main .mp-panel:first-of-type {each}").first for each in (".mp-hint", ".mp-subhead"))
    above, below = said.bounding_box(), head.bounding_box()
    assert above and below
    assert below["y"] - above["y"] - above["height"] >= 12


@pytest.mark.parametrize("scripts", [True, False])
def test_a_press_leads_past_a_long_list_to_the_form_for_one_more(
    scripts: bool, app: Any, visit: Callable[..., Visitor]
) -> None:
    """And there is none where the list is short, or full. One of the first two is replaced and goes on."""
    for made, is_there in ((2, False), (1, True)):
        fill(app, made)
        page = visit(java_script_enabled=scripts, viewport={"width": 390, "height": 844}).page
        assert page.get_by_role("link", name="New token").count() == is_there
    page.get_by_role("link", name="New token").click()
    expect(page.locator("#name")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#name")).to_be_focused()
    fill(app, 47)
    assert page.reload()
    assert page.get_by_role("link", name="New token").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_token_is_made_replaced_and_revoked(scripts: bool, app: Any, visit: Callable[..., Visitor]) -> None:
    person = visit(java_script_enabled=scripts)
    page = person.page
    page.locator("#name").fill("CI")
    page.get_by_role("button", name="Generate token").click()
    assert page.locator("#name").input_value() == "CI"
    assert page.get_by_text("Choose at least one scope, or everything").count() == 2
    person.complaints.clear()  # of the 422
    page.get_by_label("Read figures").check()
    page.get_by_role("button", name="Generate token").click()
    first = page.locator("#token").input_value()
    page.goto(person.site + TAB)
    changes(person, scripts)
    page.get_by_role("link", name="Regenerate").click()
    if scripts:
        assert looks.accessibility(page) == []
    page.get_by_label("The old token goes on working for").select_option("86400")
    page.get_by_role("button", name="Regenerate token").click()
    page.get_by_text("The old token goes on for a while.").wait_for()
    second = page.locator("#token").input_value()
    assert [figures(person, token) for token in (first, second)] == [200, 200]
    page.goto(person.site + TAB)
    page.get_by_text("Was replaced, and goes on until").wait_for()
    page.locator("li", has_text="Was replaced").get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke token").click()
    page.get_by_text("Your API token has been revoked.").wait_for()
    assert [figures(person, token) for token in (first, second)] == [401, 200]


def changes(person: Visitor, scripts: bool) -> None:
    """Its name, corrected once, and what it may do; what is left waits for nothing."""
    page = person.page
    page.get_by_role("link", name="Change", exact=True).click()
    if scripts:  # axe waits for promises, which nobody keeps without them
        assert looks.accessibility(page) == []
    page.locator("#name").fill("")
    page.get_by_label("See your name and email address").check()
    page.get_by_role("button", name="Save").click()
    page.locator(".mp-summary").wait_for()
    assert page.get_by_label("See your name and email address").is_checked()
    if scripts:
        assert looks.focus(page, True) == []
    person.complaints.clear()  # of the 422
    page.locator("#name").fill("Build")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your API token has been changed.").wait_for()
    page.get_by_role("heading", name="Build").wait_for()
    page.get_by_text("See your name and email address · Read figures").wait_for()


def test_tokens_of_one_name_are_told_apart_by_their_ends(gallery: Gallery) -> None:
    """One that was regenerated goes on for a while beside the new one."""
    page = shown(gallery, "several tokens").page
    assert page.get_by_role("heading", name="Nightly export").count() == 2
    assert looks.alike(page) == []


def figures(person: Visitor, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return person.page.request.get(f"{person.site}/api/figures", headers=headers).status
