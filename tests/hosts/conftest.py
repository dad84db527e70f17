"""Each host with a layout of its own, on a real server, and its administrator at a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visitor import Visitor, close
from tests.host import PASSWORD, Host
from tests.hosts.layouts import LAYOUTS, add_layouts
from tests.live import serving

#: What the device prefers: never what the host shows, so that only the host can have been followed.
OTHER = {"light": "dark", "dark": "light"}


@pytest.fixture(params=LAYOUTS)
def site(request: pytest.FixtureRequest, new_host: Callable[..., Host], frameworks: Path) -> Iterator[str]:
    layout = request.param
    host = new_host(after=add_layouts, MYPROFILE_BASE_TEMPLATE=f"{layout}.html", **LAYOUTS[layout])
    with serving(host.app) as address:
        yield address


@pytest.fixture
def admin_in(chromium: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """``admin_in("dark")``: the administrator, while the host is dark. No browser has had anything to complain of."""
    made: list[Visitor] = []

    def make(theme: Any, *, signed_in: bool = True, **options: Any) -> Visitor:
        context = chromium.new_context(color_scheme=OTHER[theme], **options)  # type: ignore[arg-type]
        context.add_cookies([{"name": "theme", "value": theme, "url": site}])
        if signed_in:
            sent = {"csrf_token": context.request.get(f"{site}/csrf").text(), "username": "admin", "password": PASSWORD}
            context.request.post(f"{site}/login", form=sent)
        made.append(Visitor(context, site))
        return made[-1]

    yield make
    close(made)
