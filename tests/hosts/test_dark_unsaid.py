"""A host whose theme is dark, and does not say ``color-scheme: dark``: as with a class of Tailwind's alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jinja2 import DictLoader
from playwright.sync_api import Browser

from tests.browser import looks
from tests.browser.visitor import signed_in_at
from tests.support.host import Host

LAYOUT = """<!doctype html><html lang="en" class="dark"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><title>{% block title %}{% endblock %}</title>
<style>body { background: #0b1120; color: #e2e8f0 }</style>{% block head %}{% endblock %}</head>
<body><header>{{ myprofile_user_menu() }}</header><main>{% block content %}{% endblock %}</main></body></html>"""


def dark(host: Host) -> None:
    host.app.jinja_loader = DictLoader({"base.html": LAYOUT})  # type: ignore[method-assign]


@pytest.mark.parametrize("width", [1180, 390])
def test_what_stands_on_the_hosts_background_reads_there(
    width: int, new_host: Callable[..., Host], chromium: Browser
) -> None:
    host = new_host(after=dark, MYPROFILE_BASE_TEMPLATE="base.html", MYPROFILE_FEATURES={"activity": True})
    found = {}
    with signed_in_at(host, "admin", chromium) as visitor:
        visitor.page.set_viewport_size({"width": width, "height": 800})
        for path in ("/profile/personal-information", "/profile/sessions", "/profile/admin/features"):
            found[path] = looks.accessibility(visitor.open(path))
    assert {path: what for path, what in found.items() if what} == {}
