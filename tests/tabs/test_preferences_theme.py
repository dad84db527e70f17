"""Preferences: light, dark, or as the device has it; and the tab when an administrator leaves it little or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import DictLoader

from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere
from tests.support.walks import everything

TAB = "/profile/preferences"
SWITCHES = "/profile/admin/features"
PARTS = {"language": "de", "timezone": "Asia/Tokyo", "theme": "dark"}
EMPTY = "Your administrator has turned off all preferences."


def theme_of(browser: Browser, url: str = "/profile/sessions") -> str | None:
    """What the whole page is told to look like."""
    (root,) = re.findall(r"<html[^>]*>", browser.get(url).text)
    found = re.search(r'data-theme="([^"]*)"', root)
    return found[1] if found else None


def stored(host: Host) -> list[Any]:
    return host.sql("SELECT name, value FROM myprofile_preference")


@everywhere
def test_the_pages_look_as_their_user_chose_and_nobody_elses_do(host: Host) -> None:
    here, phone, bob = signed_in(host), signed_in(host), signed_in(host, "bob")
    assert [theme_of(each) for each in (here, phone, bob)] == [None, None, None], "as the device has it"
    assert 'option value="" selected>Same as my device<' in here.get(TAB).text
    for theme in ("dark", "light"):
        assert here.post(TAB, {"theme": theme}).status_code == 303
        assert [theme_of(each) for each in (here, phone, bob)] == [theme, theme, None]
        assert f'option value="{theme}" selected>{theme.capitalize()}<' in phone.get(TAB).text
        assert stored(host) == [("theme", theme)]
    assert here.post_json(TAB, {"theme": None}).status_code == 200
    assert [theme_of(each) for each in (here, phone, bob)] == [None, None, None]
    assert stored(host) == []


@pytest.mark.parametrize("value", ["Dark", "auto", "system", "none", '"><script>', "dark light", "x" * 999])
def test_a_look_that_does_not_exist_is_refused(value: str, host: Host) -> None:
    alice = signed_in(host)
    alice.post(TAB, {"theme": "dark"})
    page, program = alice.post(TAB, {"theme": value}), alice.post_json(TAB, {"theme": value})
    assert (page.status_code, program.status_code) == (422, 422)
    assert program.json["errors"] == {"theme": ["Choose an appearance from the list"]}
    assert 'id="theme-error"' in page.text
    assert "<script>" not in page.text
    assert stored(host) == [("theme", "dark")]


def test_a_look_that_does_not_exist_any_more_changes_no_page(host: Host) -> None:
    alice = signed_in(host)
    alice.post(TAB, {"theme": "dark"})
    host.sql("UPDATE myprofile_preference SET value = 'sepia\" onload=\"x'")
    assert theme_of(alice) is None
    assert "sepia" not in alice.get("/profile/sessions").text


def test_a_layout_of_the_hosts_looks_as_it_likes(new_host: Callable[..., Host]) -> None:
    """It is told what was chosen, and our panel follows the colour scheme that it makes of it."""
    layout = (
        '<!doctype html><html lang="en" data-theme="{{ current_preferences.theme or "auto" }}"><title>'
        "{% block title %}{% endblock %}</title>{% block head %}{% endblock %}{% block content %}{% endblock %}</html>"
    )

    def own_layout(host: Host) -> None:
        host.app.jinja_loader = DictLoader({"host.html": layout})

    alice = signed_in(new_host(after=own_layout, MYPROFILE_BASE_TEMPLATE="host.html"))
    assert theme_of(alice, TAB) == "auto"
    alice.post(TAB, {"theme": "dark"})
    assert theme_of(alice, TAB) == "dark"


SAYS = ("MYPROFILE_FEATURES", "MYPROFILE_FEATURES_PINNED")
HEAD = "{% block title %}{% endblock %}{% block head %}{% endblock %}"
LAYOUTS = {
    "plain.html": f"<title>{HEAD}</title>{{% block content %}}{{% endblock %}}",
    "asks.html": "{# current_preferences.theme #}" + f"<title>{HEAD}</title>{{% block content %}}{{% endblock %}}",
    "extends.html": '{% extends "asks.html" %}',
    "includes.html": '{%- include "asks.html" -%}' + f"<title>{HEAD}</title>{{% block content %}}{{% endblock %}}",
    "in-a-circle.html": '{% extends "plain.html" %}{% if false %}{% include "in-a-circle.html" %}{% endif %}',
}


@pytest.mark.parametrize(
    ("layout", "settings", "offered"),
    [
        ("plain.html", {}, False),
        ("in-a-circle.html", {}, False),
        *((name, {}, True) for name in ("asks.html", "extends.html", "includes.html")),
        *(
            ("plain.html", {f"MYPROFILE_{key}": {"preferences.theme": True}}, True)
            for key in ("FEATURES", "FEATURES_PINNED")
        ),
        *(
            ("asks.html", {f"MYPROFILE_{key}": {"preferences.theme": False}}, False)
            for key in ("FEATURES", "FEATURES_PINNED")
        ),
    ],
)
def test_a_look_is_offered_only_where_it_shows(
    layout: str, settings: dict[str, Any], offered: bool, new_host: Callable[..., Host]
) -> None:
    """What a host's layout never asks for, nobody chooses in vain."""

    def own_layout(host: Host) -> None:
        host.app.jinja_loader = DictLoader(LAYOUTS)

    alice = signed_in(new_host(after=own_layout, MYPROFILE_BASE_TEMPLATE=layout, **settings))
    assert ('name="theme"' in alice.get(TAB).text) is offered
    assert ("theme" in alice.json(TAB).json) is offered
    assert alice.post_json(TAB, {"theme": "dark"}).status_code == (200 if offered else 422)


def test_one_language_is_no_choice_and_no_message(new_host: Callable[..., Host]) -> None:
    page = signed_in(new_host(MYPROFILE_LANGUAGES=("en",))).get(TAB).text.partition("<main")[2]
    assert 'name="language"' not in page
    assert "language" not in page.lower()
    assert "mp-note" not in page


# ---- what an administrator leaves


@pytest.mark.parametrize("part", PARTS)
def test_an_administrator_switches_each_preference_and_keeps_what_was_chosen(part: str, host: Host) -> None:
    """Who chose it before goes on having it; nobody can change it."""
    admin, alice = signed_in(host, "admin"), signed_in(host)
    alice.post_json(TAB, PARTS)
    kept = sorted(stored(host))
    assert admin.post_json(SWITCHES, {f"preferences.{part}": False}).status_code == 200
    assert f'name="{part}"' not in alice.get(TAB).text
    assert sorted(alice.json(TAB).json) == sorted(set(PARTS) - {part})
    assert alice.post_json(TAB, {part: ""}).status_code == 422
    others = {name: "" for name in PARTS if name != part}
    assert alice.post(TAB, {**others, part: ""}).status_code == 303
    assert stored(host) == [row for row in kept if row[0] == part]
    assert admin.post_json(SWITCHES, {f"preferences.{part}": True}).status_code == 200
    assert alice.json(TAB).json[part] == PARTS[part]


def test_a_tab_with_nothing_to_choose_says_so_and_takes_nothing(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES=dict.fromkeys((f"preferences.{part}" for part in PARTS), False))
    alice = signed_in(host)
    page = alice.get(TAB)
    assert page.status_code == 200
    assert EMPTY in page.text
    assert ">Save</button>" not in page.text
    assert alice.json(TAB).json == {}
    before = everything(host)
    assert [alice.post(TAB, PARTS).status_code, alice.post_json(TAB, PARTS).status_code] == [404, 404]
    assert everything(host) == before


def test_a_tab_with_something_to_choose_does_not_say_that_there_is_nothing(new_host: Callable[..., Host]) -> None:
    for options in ({}, {"babel": False}):
        assert EMPTY not in signed_in(new_host(**options)).get(TAB).text
