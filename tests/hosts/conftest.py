"""A host with each layout, on a real server, and its administrator at a browser: once for all that is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.visitor import Visitor, close
from tests.hosts import your_host
from tests.hosts.layouts import LAYOUTS, add_layouts
from tests.support.host import make_host
from tests.support.live import serving

#: What the device prefers: never what the host shows, so that only the host can have been followed.
OTHER = {"light": "dark", "dark": "light"}
OWN = """() => [...document.querySelectorAll("footer, footer *")].map(node => {
    const style = getComputedStyle(node);
    return [node.tagName, ...[...style].filter(name => !/origin/.test(name)).map(name => `${name}: ${style[name]}`)];
})"""


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=OTHER)
def theme(request: pytest.FixtureRequest) -> str:
    """What the host's pages are at the time."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(layout: str, frameworks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host's address. Its administrator has an API token."""
    database = tmp_path_factory.mktemp(layout) / "db.sqlite"
    told = {"MYPROFILE_BASE_TEMPLATE": f"{layout}.html", **LAYOUTS[layout]}
    with closing(make_host(f"sqlite:///{database}", after=add_layouts, **told)) as host, serving(host.app) as address:
        admin = host.browser()
        admin.login("admin")
        assert admin.post("/profile/api-token/regenerate").status_code == 200
        yield address


@pytest.fixture(scope="module")
def context(chromium: Browser, site: str, theme: Any) -> Iterator[BrowserContext]:
    context = chromium.new_context(color_scheme=OTHER[theme])  # type: ignore[arg-type]
    context.add_cookies([{"name": "theme", "value": theme, "url": site}])
    yield context
    context.close()


@pytest.fixture(scope="module")
def own(context: BrowserContext, site: str) -> Any:
    """How the host's own looks where nothing of My Profile is on the page, since nobody has signed in."""
    page = context.new_page()
    page.goto(f"{site}/own")
    expect(page.locator(".mp")).to_have_count(0)
    return page.evaluate(OWN)


@pytest.fixture(scope="module")
def admin_page(context: BrowserContext, own: Any, site: str) -> Iterator[Page]:
    """Personal Information, as the administrator has it."""
    admin = Visitor(context, site)
    admin.sign_in_at_host("admin")
    yield admin.open("/profile/personal-information")
    close([admin])


@pytest.fixture
def admin(admin_page: Page, context: BrowserContext, site: str) -> Iterator[Visitor]:
    """The administrator, at another tab. At the end, the browser has had nothing to complain of."""
    made = Visitor(context, site)
    yield made
    assert made.complaints == []
    made.page.close()


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[your_host.Example]:
    """``example("Flask-Principal", 1)``: what the app of Getting started has, in a folder of its own, with the second
    example of that section of "Your host"."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield lambda *which, **names: stack.enter_context(your_host.closing(your_host.with_example(*which, **names)))
