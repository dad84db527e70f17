"""Hosts whose pages are swapped in by a script: htmx with ``hx-boost`` on the body, and Turbo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitor import Visitor, close
from tests.hosts.layouts import add_layouts
from tests.support.host import Host, make_host
from tests.support.live import serving

SCRIPTS = {"htmx": "htmx.org/dist/htmx.min.js", "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js"}
LAYOUT = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{% block title %}Own{% endblock %}</title>
<link rel="icon" href="data:,"><script src="/static/SCRIPT" defer></script>{% block head %}{% endblock %}</head>
<body hx-boost="true"><nav><a href="/own">Own page</a> <a href="/profile/password">My password</a>
MENU</nav><main>{% block content %}<h1>Own</h1>{% endblock %}</main></body></html>"""
MENU = "{{ myprofile_user_menu() }}"


@pytest.fixture(scope="module", params=["with the menu", "without a menu"])
def menu(request: pytest.FixtureRequest) -> str:
    return MENU if request.param == "with the menu" else ""


@pytest.fixture(scope="module", params=SCRIPTS)
def site(request: pytest.FixtureRequest, menu: str, frameworks: Path, tmp_path_factory: Any) -> Iterator[str]:
    layout = LAYOUT.replace("SCRIPT", SCRIPTS[request.param]).replace("MENU", menu)

    def add(host: Host) -> None:
        add_layouts(host)
        host.app.jinja_loader = DictLoader({"base.html": layout})  # type: ignore[method-assign]

    database = tmp_path_factory.mktemp(request.param) / "db.sqlite"
    told = {
        "MYPROFILE_BASE_TEMPLATE": "base.html",
        "MYPROFILE_BASE_BLOCKS": {n: n for n in ("title", "head", "content")},
    }
    with closing(make_host(f"sqlite:///{database}", after=add, **told)) as host, serving(host.app) as address:
        yield address


@pytest.fixture
def page(site: str, chromium: Browser) -> Iterator[Page]:
    """Alice's, on a page of the host's. At the end, her browser has had nothing to complain of."""
    alice = Visitor(chromium.new_context(), site)
    alice.sign_in_at_host("alice")
    yield alice.open("/own")
    close([alice])


def save(page: Page) -> None:
    page.get_by_role("main").get_by_role("button", name="Save").click()


def is_styled(page: Page) -> bool:
    return bool(page.locator(".mp-page").evaluate("node => getComputedStyle(node).getPropertyValue('--_l-text')"))


def test_a_mistake_is_shown_and_what_is_right_is_saved(page: Page) -> None:
    page.get_by_role("link", name="My password").click()
    expect(page.get_by_role("heading", name="My Profile")).to_be_visible()
    page.locator("[name=current_password]").fill("not mine")
    page.locator("[name=new_password]").fill("short")
    page.locator("[name=confirm_password]").fill("shorter")
    save(page)
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Personal Information").click()
    page.get_by_label("Phone").fill("+49 30 1234567")
    save(page)
    expect(page.get_by_role("status").filter(has_text="has been saved")).to_be_visible()
    expect(page.get_by_label("Phone")).to_have_value("+49 30 1234567")


def test_the_pages_have_their_style_and_script_wherever_one_comes_from(page: Page) -> None:
    for _ in range(2):
        page.get_by_role("link", name="My password").click()
        expect(page.get_by_role("heading", name="My Profile")).to_be_visible()
        page.get_by_role("button", name="Show").first.click()
        expect(page.get_by_role("button", name="Hide")).to_be_visible()
        assert is_styled(page)
        page.get_by_role("link", name="Own page").click()
        expect(page.get_by_role("heading", name="Own")).to_be_visible()


def test_going_back_after_signing_out_shows_nothing_of_the_person(page: Page) -> None:
    """What htmx and Turbo keep of pages, to show them at once, has none of ours among it."""
    page.get_by_role("link", name="My password").click()
    page.get_by_role("link", name="Personal Information").click()
    expect(page.get_by_label("Phone")).to_be_visible()
    page.get_by_role("link", name="Own page").click()
    expect(page.get_by_role("heading", name="Own")).to_be_visible()
    assert "mp-page" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page.context.clear_cookies()
    page.go_back()
    expect(page.get_by_text("please sign in")).to_be_visible()
    expect(page.locator(".mp")).to_have_count(0)
