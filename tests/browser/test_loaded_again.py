"""What a page that answers a form gives when it is loaded again, and what is chosen already stays chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.gallery import LONG_AGO, NEWCOMER, SEND, Gallery, clicked, typed
from tests.browser.visitor import Visitor

TOKEN, PREFERENCES = "/profile/api-token", "/profile/preferences"


def asked_first(person: Visitor) -> None:
    clicked(SEND, "[form=mp-reauth-cancel]")(person)
    name = person.page.locator("[name=username]").first.input_value()
    typed("#token", current_password=f"{name}-demo-password")(person)


@pytest.mark.parametrize(
    ("who", "make"), [(NEWCOMER, clicked(SEND, "#token")), (LONG_AGO, asked_first)], ids=["at once", "asked who it is"]
)
def test_the_page_of_a_new_token_is_a_plain_one_when_it_is_loaded_again(
    who: str, make: Callable[[Visitor], None], gallery: Gallery
) -> None:
    person = gallery.person(who)
    page = person.open(TOKEN)
    make(person)
    assert page.url == person.site + TOKEN
    answer = page.reload()
    assert answer is not None
    assert (answer.status, answer.request.method) == (200, "GET")
    assert page.locator("[role=alert]").count() == 0
    assert page.locator("#token").count() == 0
    assert page.get_by_role("heading", name="API Token", level=2).is_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_all_cities_leave_what_is_chosen(scripts: bool, gallery: Gallery) -> None:
    person = gallery.person(NEWCOMER, java_script_enabled=scripts)
    page = person.open(PREFERENCES)
    page.get_by_label("Appearance").select_option("dark")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Show all cities").click()
    page.locator("option[value='Europe/Stockholm']").wait_for(state="attached")
    chosen = [page.get_by_label(name).input_value() for name in ("Appearance", "Time zone")]
    assert chosen == ["dark", "Asia/Tokyo"]
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").get_by_text("Your preferences have been saved.").is_visible()
    assert page.get_by_label("Appearance").input_value() == "dark"


@pytest.mark.parametrize(
    ("zone", "words"), [("Europe/Berlin", "Berlin (GMT"), ("America/Indiana/Petersburg", "Petersburg")]
)
def test_the_zone_of_the_device_is_offered_first(zone: str, words: str, gallery: Gallery) -> None:
    page = gallery.person(NEWCOMER, timezone_id=zone).open(PREFERENCES)
    group = page.locator("#timezone optgroup").first
    expect(group).to_have_attribute("label", "This device")
    assert group.locator("option").all_inner_texts()[0].startswith(words)
    assert page.locator(f"#timezone [value='{zone}']").count() == 1, "and once"
    page.get_by_label("Time zone").select_option(zone)
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("status").get_by_text("Your preferences have been saved.").is_visible()
    assert page.get_by_label("Time zone").input_value() == zone
    # what is chosen is moved, too
    expect(page.locator("#timezone optgroup").first).to_have_attribute("label", "This device")


def test_the_zone_of_the_app_is_said_once_to_a_device_in_it(gallery: Gallery) -> None:
    page = gallery.person(NEWCOMER, timezone_id="UTC").open(PREFERENCES)
    page.locator("#timezone").wait_for()
    assert [text for text in page.locator("#timezone option").all_inner_texts() if "UTC" in text] == [
        "Same as the application (UTC)"
    ]
