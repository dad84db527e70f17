"""Personal Information with every kind of field: how it looks, and what a real browser sends back of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import looks
from tests.browser.visitor import Visitor, signed_in_at
from tests.support.columns import Title
from tests.support.host import Host
from tests.tabs.test_personal_information_types import COLUMNS, with_columns

TAB = "/profile/personal-information"
STORED = {
    "about": "one\r\n\ttwo  \n\n",
    "team": "it",
    "form": Title.MS,
    "letter": None,
    "floors": 7,
    "weight": 1e-9,
    "born": dt.date(90, 1, 2),
    "starts": dt.time(9, 30, 15, 123456),
    "seen": dt.datetime(2026, 1, 2, 3, 4, 5, 678901),
    "paid": dt.datetime(2026, 1, 2, 3, 4),
    "alias": " a  b ",
}
NAMES = ("first_name", "username", *STORED)


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    columns = {name: kind for name, kind in COLUMNS.items() if name in STORED}
    host = new_host(model=with_columns(columns, nullable=True), MYPROFILE_PERSONAL_FIELDS=NAMES)
    host.change("alice", **STORED)
    return host


@pytest.fixture
def alice(host: Host, chromium: Browser) -> Iterator[Visitor]:
    with signed_in_at(host, "alice", chromium) as visitor:
        visitor.open(TAB)
        yield visitor


def save(visitor: Visitor) -> None:
    visitor.page.locator("main form .mp-btn--primary[type=submit]").click()
    visitor.page.locator(".mp-status, .mp-summary").wait_for()


def test_what_a_browser_was_shown_and_sends_back_is_byte_for_byte_what_it_was(host: Host, alice: Visitor) -> None:
    """A browser writes dates and times as it likes, and sends line ends of its own."""
    alice.page.locator("[name=first_name]").fill("Al")
    save(alice)
    user = host.user("alice")
    assert {name: getattr(user, name) for name in STORED} == STORED
    assert user.first_name == "Al"


def test_what_is_chosen_and_filled_in_is_saved(host: Host, alice: Visitor) -> None:
    filled = {"about": "a\nb", "floors": "8", "weight": "1.5", "born": "1990-01-02", "starts": "10:45"}
    for name, text in {**filled, "seen": "2026-05-06T07:08", "alias": "ada"}.items():
        alice.page.locator(f"[name={name}]").fill(text)
    alice.page.locator("[name=team]").select_option("Not specified")
    alice.page.locator("[name=form]").select_option("Mr")
    alice.page.get_by_label("Letter").check()
    save(alice)
    user: Any = host.user("alice")
    assert (user.about, user.floors, user.weight, user.born) == ("a\r\nb", 8, 1.5, dt.date(1990, 1, 2))
    assert (user.starts, user.seen, user.alias) == (dt.time(10, 45), dt.datetime(2026, 5, 6, 7, 8), "ada")
    assert (user.team, user.form, user.letter) == (None, Title.MR, True)


def test_two_pages_that_are_open_at_once_show_what_both_have_typed(host: Host, alice: Visitor) -> None:
    other = alice.context.new_page()
    other.goto(alice.page.url)
    alice.page.locator("[name=alias]").fill("ada")
    save(alice)
    other.locator("[name=alias]").fill("eve")
    other.locator("main form .mp-btn--primary[type=submit]").click()
    assert "This is “ada” now." in other.locator("#alias-error").inner_text()
    assert other.locator("[name=alias]").input_value() == "eve"
    other.locator("main form .mp-btn--primary[type=submit]").click()
    other.locator(".mp-status").wait_for()
    assert host.user("alice").alias == "eve"
    alice.complaints[:] = [each for each in alice.complaints if "409" not in each]
    other.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_field_can_be_read_and_used(theme: Any, alice: Visitor) -> None:
    page = alice.page
    page.emulate_media(color_scheme=theme)
    page.locator("[name=first_name]").fill("")
    page.locator("[name=floors]").fill("7.5")
    save(alice)
    found = {f"axe, {theme}": looks.accessibility(page)}
    page.set_viewport_size({"width": 320, "height": 800})
    found |= {"WCAG 2.5.8": looks.small_targets(page), "WCAG 1.4.10": looks.scrolling_sideways(page)}
    found["WCAG 1.4.12"] = looks.clipped_text(page)
    assert {look: what for look, what in found.items() if what} == {}
