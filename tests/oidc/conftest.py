"""Relying parties of the run's provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.oidc.provider import OpenIdProvider
from tests.oidc.relying_party import RelyingParty, served
from tests.support.host import Host


@pytest.fixture
def new_app(openid_provider: OpenIdProvider, new_host: Callable[..., Host]) -> Iterator[Callable[..., RelyingParty]]:
    """Make apps with other settings: ``new_app(MYPROFILE_…=…, client={…}, provider=…)``."""
    with ExitStack() as open_until_the_end:

        def make(client: dict[str, Any] | None = None, provider: OpenIdProvider | None = None, **settings: Any) -> Any:
            made = served(new_host, provider or openid_provider, client or {}, **settings)
            return open_until_the_end.enter_context(made)

        yield make


@pytest.fixture
def relying_party(new_app: Callable[..., RelyingParty]) -> RelyingParty:
    return new_app()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A real browser, which the provider's pages do not get to fetch fonts from elsewhere."""
    context = chromium.new_context()
    context.set_default_timeout(15_000)
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1:)"), lambda route: route.abort())
    yield context.new_page()
    context.close()
