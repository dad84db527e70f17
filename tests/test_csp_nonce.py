"""A host whose Content Security Policy lets in what carries this request's nonce, and nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Response, g, render_template_string
from jinja2 import DictLoader
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.browser.visitor import Visitor, signed_in_at
from tests.host import Host

POLICY = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
NO_HEAD = '<!doctype html><html lang="en"><title>Host</title><main>{% block content %}{% endblock %}</main></html>'
IN_A_LAYOUT = {"MYPROFILE_BASE_TEMPLATE": "base.html", "MYPROFILE_BASE_BLOCKS": {"content": "content"}}


def with_nonces(host: Host) -> None:
    host.app.jinja_loader = DictLoader({"base.html": NO_HEAD})  # type: ignore[method-assign]

    @host.app.before_request
    def make_nonce() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)

    @host.app.after_request
    def add_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY.format(g.csp_nonce)
        return response


def nonces(answer: Any) -> list[str]:
    """What the stylesheet and the script carry, each of them once."""
    tags = re.findall(r"<(?:link|script)\b[^>]*myprofile\.[^>]*>", answer.text)
    assert len(tags) == 2
    return [found[1] if (found := re.search(r' nonce="([^"]*)"', tag)) else "" for tag in tags]


@pytest.mark.parametrize(
    ("url", "layout"), [("/profile/password", {}), ("/profile/password", IN_A_LAYOUT), ("/menu", {})]
)
def test_the_stylesheet_and_the_script_carry_the_nonce_of_their_request(
    url: str, layout: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    host = new_host(after=with_nonces, MYPROFILE_CSP_NONCE=lambda: g.csp_nonce, **layout)
    alice = host.browser()
    alice.login("alice")
    seen = set()
    for answer in (alice.get(url), alice.get(url)):
        first, second = nonces(answer)
        assert first == second
        assert f"'nonce-{first}'" in answer.headers["Content-Security-Policy"]
        seen.add(first)
    assert len(seen) == 2


def test_without_the_setting_there_is_none(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    assert "nonce" not in alice.get("/profile/password").text + alice.get("/menu").text


def test_an_error_page_that_comes_before_the_nonce_is_shown_without(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    def after(host: Host) -> None:
        page = "refused{{ myprofile_user_menu() }}"
        host.app.register_error_handler(400, lambda error: (render_template_string(page), 400))

    alice = new_host(after=after, MYPROFILE_CSP_NONCE=lambda: g.csp_nonce).browser()
    alice.login("alice")
    answer = alice.client.post("/logout")
    assert answer.status_code == 400
    assert nonces(answer) == ["", ""]
    assert "MYPROFILE_CSP_NONCE failed" in caplog.text


@pytest.fixture
def alice(chromium: Chromium, new_host: Callable[..., Host]) -> Iterator[Visitor]:
    with signed_in_at(new_host(after=with_nonces, MYPROFILE_CSP_NONCE=lambda: g.csp_nonce), "alice", chromium) as alice:
        yield alice


def test_a_browser_that_holds_the_policy_has_nothing_to_complain_of(alice: Visitor) -> None:
    """The stylesheet is applied, the script runs and opens its dialog; also beside the menu on a page of the host."""
    page = alice.open("/profile/password")
    expect(page.get_by_role("button", name="Show Current password")).to_be_visible()
    expect(page.get_by_role("heading", name="My Profile")).to_have_css("font-size", "28px")
    page = alice.open("/profile/sessions")
    page.get_by_role("link", name="Sign out all others").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page = alice.open("/menu")
    page.locator(".mp-menu summary").click()
    expect(page.locator(".mp-menu__panel")).to_have_css("position", "fixed")
