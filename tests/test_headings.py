"""A page has one ``h1`` and skips no level, in our own layout and in one that has an ``h1`` of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from jinja2 import DictLoader
from playwright.sync_api import Browser as Chromium

from flask_myprofile import Tab
from tests.browser.visitor import Visitor, signed_in_at
from tests.host import Host
from tests.pages import every_page

WITH_HEADING = """<!doctype html><html lang="en"><head><title>{% block title %}{% endblock %}</title>{% block head %}
{% endblock %}</head><body><h1 class="logo">Host</h1>{% block content %}{% endblock %}<h2>Imprint</h2></body></html>"""
IN_IT = {"MYPROFILE_BASE_TEMPLATE": "base.html", "MYPROFILE_HEADING_OFFSET": 1}


class Notes(Tab):
    """With a template of the host's, as people write one."""

    name = "notes"
    label = "Notes"


NOTES = """{% extends "myprofile/base.html" %}{% block mp_content %}<h2 class="mp-h2">Notes</h2><h3
 >Of &lt;h2&gt;</h3><hr>{% endblock %}"""


def with_heading(host: Host) -> None:
    templates = {"base.html": WITH_HEADING, "myprofile/tabs/notes.html": NOTES}
    host.app.jinja_loader = DictLoader(templates)


@pytest.fixture(params=["own layout", "host's layout"])
def made(request: pytest.FixtureRequest, new_host: Callable[..., Host]) -> Host:
    return new_host(after=with_heading, **IN_IT) if request.param == "host's layout" else new_host()


def levels(html: str) -> list[int]:
    opened, closed = re.findall(r"<h([1-6])[\s>]", html), re.findall(r"</h([1-6])>", html)
    assert opened == closed
    return [int(level) for level in opened]


def test_every_page_has_one_first_heading_and_no_level_is_skipped(made: Host) -> None:
    admin = made.browser()
    for browser in (made.browser(), admin):
        browser.login("admin")
    for name, answer in every_page(admin).items():
        found = levels(answer.text)
        assert found[0] == 1, name
        assert found.count(1) == 1, name
        assert [pair for pair in pairwise(found) if pair[1] > pair[0] + 1] == [], name


def test_below_a_heading_of_the_host_everything_is_one_level_down_and_looks_the_same(
    new_host: Callable[..., Host],
) -> None:
    """What the layout has itself stays as it is."""
    alice = new_host(after=with_heading, **IN_IT).browser()
    alice.login("alice")
    html = alice.get("/profile/preferences").text
    assert '<h1 class="logo">Host</h1>' in html
    assert '<h2 class="mp-h1">My Profile</h2>' in html
    assert '<h3 class="mp-h2" id="mp-tab-title">Preferences</h3>' in html
    assert "<h2>Imprint</h2>" in html


def test_a_tab_of_the_host_goes_along(new_host: Callable[..., Host]) -> None:
    options = {"myprofile_options": {"tabs": [Notes]}, "after": with_heading}
    alice = new_host(**options, **IN_IT).browser()
    alice.login("alice")
    html = alice.get("/profile/notes").text
    assert levels(html) == [1, 2, 3, 4, 2]
    assert "Of &lt;h2&gt;" in html, "text is no heading"
    assert "<hr>" in html


@pytest.fixture
def alice(chromium: Chromium, new_host: Callable[..., Host]) -> Iterator[Visitor]:
    with signed_in_at(new_host(after=with_heading, **IN_IT), "alice", chromium) as alice:
        yield alice


def test_a_dialog_has_its_name_at_any_level(alice: Visitor) -> None:
    page = alice.open("/profile/sessions")
    page.get_by_role("link", name="Sign out all others").click()
    dialog = page.get_by_role("alertdialog", name="Sign out of all other sessions?")
    dialog.wait_for()
    assert dialog.is_visible()
