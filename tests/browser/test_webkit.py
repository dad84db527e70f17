"""The main flows in WebKit, which Safari is made of: what has the focus, what is said, and what a dialog does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.webkit import WebKit
from tests.support.live import Person, example, serving

SAVE = "main form .mp-btn--primary[type=submit]"
SAID = "[role=status][data-mp-focus]"
SPACE = " "


@pytest.fixture
def sam(webkit: str, tmp_path: Path) -> Iterator[WebKit]:
    """Signed in to an app of his own, and elsewhere."""
    with example(tmp_path, MYPROFILE_FEATURES={"api_token": True}) as app, serving(app) as site:
        with Person(site) as elsewhere:
            elsewhere.sign_in("sam")
        person = WebKit(webkit, site)
        person.sign_in("sam")
        yield person
        person.close()


def test_what_is_saved_is_said_and_there_again(sam: WebKit) -> None:
    sam.click(".mp-menu summary")
    sam.click(".mp-menu a[href='/profile/']")
    sam.wait_for("h2", "Personal Information")
    sam.type("[name=title]", "Analyst in WebKit")
    sam.click(SAVE)
    sam.wait_for(SAID, "has been saved")
    assert sam.has_focus(SAID)
    sam.open("/profile/personal-information")
    assert sam.run("document.querySelector('[name=title]').value") == "Analyst in WebKit"
    sam.type("[name=first_name]", "")
    sam.click(SAVE)
    sam.wait_for("[role=alert] a")
    assert sam.has_focus("[role=alert]")
    sam.click("[role=alert] a")
    assert sam.has_focus("[name=first_name]")


def test_the_language_that_is_chosen_is_the_one_of_the_page(sam: WebKit) -> None:
    sam.open("/profile/preferences")
    sam.run("document.querySelector('[name=language]').value = 'de'")
    sam.click(SAVE)
    sam.wait_for("h1", "Mein Profil")
    assert sam.has_focus(SAID)


def test_a_password_is_judged_as_it_is_typed_and_changed(sam: WebKit) -> None:
    sam.open("/profile/password")
    sam.type("[name=new_password]", "short")
    assert sam.run("document.querySelector('[data-mp-rule^=min]').dataset.mpState") == "no"
    sam.click("[data-mp-reveal=new_password]")
    assert sam.run("document.querySelector('[name=new_password]').type") == "text"
    sam.click(SAVE)
    sam.wait_for("[role=alert]", "at least 15 characters")
    for name, text in {
        "current_password": "sam-demo-password",
        "new_password": "seven quiet swans on a lake",
        "confirm_password": "seven quiet swans on a lake",
    }.items():
        sam.type(f"[name={name}]", text)
    sam.click(SAVE)
    sam.wait_for(SAID, "Your password has been changed. 1 other session was signed out.")


def test_a_token_is_replaced_by_the_keys_after_a_question(sam: WebKit) -> None:
    sam.open("/profile/api-token")
    sam.click(SAVE)
    sam.wait_for(SAID, "Your new API token is ready.")
    first = sam.run("document.querySelector('#token').value")
    regenerate = "a[data-mp-dialog][href$=regenerate]"
    for _ in range(2):
        sam.run(f"document.querySelector({regenerate!r}).focus()")
        sam.press(SPACE)
        sam.wait_for("dialog[open]", "Regenerate your API token?")
        assert sam.has_focus("[data-mp-close]"), "the safe one is first"
        sam.press(SPACE)
        sam.wait("!document.querySelector('dialog')")
        assert sam.has_focus(regenerate)
    sam.press(SPACE)
    sam.wait_for("dialog[open]")
    sam.click("dialog [type=submit]")
    sam.wait(
        f"document.querySelector('#token')?.value.length > 30 && document.querySelector('#token').value !== {first!r}"
    )
    assert sam.has_focus(SAID)


def test_a_stranger_is_kept_out(sam: WebKit) -> None:
    sam.open("/profile/sessions")
    sam.click("a[href*='not-me']")
    sam.wait_for(".mp-steps")
    sam.click("[aria-current=step] [type=submit]")
    sam.wait_for(SAID, "Signed out of")
    sam.wait_for(".mp-panel__body", "has been signed out")
    sam.wait_for("[aria-current=step]", "Change your password")
    sam.click(".mp-menu summary")
    sam.click(".mp-menu__out")
    sam.wait("!location.pathname.startsWith('/profile')")
    assert not sam.run("!!document.querySelector('.mp-menu')")
