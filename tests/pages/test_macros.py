"""The macros of our pages: there for every page, once, and those of the host's where it has a copy of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import DictLoader

import flask_myprofile
from flask_myprofile import Tab
from tests.support.host import Host

PAGES = ("personal-information", "preferences", "password", "api-token", "sessions", "confirm")
MACROS = Path(flask_myprofile.__file__).parent / "templates" / "myprofile" / "_macros.html"
NOTES = """{% extends "myprofile/base.html" %}{% block mp_content %}
<form id="notes">{{ mp_csrf() }}</form>{{ mp_icon("lock") }}{{ mp_bdi("Ada") }}{% endblock %}"""


class Notes(Tab):
    name = "notes"
    label = "Notes"


def with_templates(**templates: str) -> Callable[[Flask, Any], None]:
    def before(app: Flask, db: Any) -> None:
        found = {f"myprofile/{name.replace('__', '/')}.html": text for name, text in templates.items()}
        app.jinja_loader = DictLoader(found)  # type: ignore[misc]

    return before


def test_a_page_of_the_host_has_them_without_an_import(new_host: Callable[..., Host]) -> None:
    host = new_host(before=with_templates(tabs__notes=NOTES), myprofile_options={"tabs": [Notes]})
    alice = host.browser()
    alice.login("alice")
    html = alice.get("/profile/notes").text
    assert re.search(r'<form id="notes">\s*<input type="hidden" name="csrf_token" value="[^"]+">', html)
    assert '<rect width="18" height="11"' in html
    assert "<bdi>Ada</bdi>" in html


def test_a_copy_of_the_hosts_restyles_every_page(new_host: Callable[..., Host]) -> None:
    ours = MACROS.read_text(encoding="utf-8")
    copy = ours.replace("{%- set icon = mp_symbol -%}", "{% macro icon(name, cls='') %}<i>{{ name }}</i>{% endmacro %}")
    copy = copy.replace("<bdi>{{ text }}</bdi>", "<bdi class='own'>{{ text }}</bdi>")
    assert copy.count("<i>") == copy.count("class='own'") == 1
    host = new_host(before=with_templates(_macros=copy))
    alice = host.browser()
    alice.login("alice")
    for page in PAGES:
        html = alice.get(f"/profile/{page}").text
        assert "<i>lock</i><span>Password</span>" in html, page
        assert "<bdi class='own'>Alice Test</bdi>" in html, page
    assert "<i>circle-check</i>" in alice.get("/profile/password").text


def test_icons_of_the_hosts_are_on_every_page(new_host: Callable[..., Host]) -> None:
    host = new_host(before=with_templates(_icons="{% macro icon(name, cls='') %}<i>{{ name }}</i>{% endmacro %}"))
    alice = host.browser()
    alice.login("alice")
    for page in PAGES:
        html = alice.get(f"/profile/{page}").text
        assert "<svg" not in html, page
        assert "<i>log-out</i>Sign out" in html, page
