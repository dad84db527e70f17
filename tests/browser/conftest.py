"""People at real browsers, and the example app on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.gallery import OF_SEVERAL_TOKENS, SETTINGS, Gallery
from tests.browser.visitor import Visitor, close
from tests.support.live import example, serving


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of an example app of this test's own."""
    with example(tmp_path) as app, serving(app) as address:
        yield address


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Browser:
    """Chromium, unless a test asks for others by ``parametrize("engine", [...], indirect=True)``."""
    found: Browser = request.getfixturevalue(getattr(request, "param", "chromium"))
    return found


@pytest.fixture
def visitor(engine: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """``visitor()``: somebody at a browser of their own. At the end, no browser has had anything to complain of."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(engine.new_context(**options), site))
        return made[-1]

    yield make
    close(made)


@pytest.fixture(scope="session")
def whole_gallery(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with ExitStack() as apps:

        def gallery_of(settings: dict[str, Any], several: Callable[[], Gallery] | None = None) -> Gallery:
            app = apps.enter_context(example(tmp_path_factory.mktemp("gallery"), **settings))
            return Gallery(chromium, app, apps.enter_context(serving(app)), several)

        made = gallery_of(SETTINGS, lambda: gallery_of(OF_SEVERAL_TOKENS))
        yield made
        made.close()


@pytest.fixture
def gallery(whole_gallery: Gallery) -> Iterator[Gallery]:
    """Every page in every state, in one app for the whole run. No browser has had anything to complain of."""
    yield whole_gallery
    complaints = whole_gallery.part_with_guests()
    assert complaints == []
