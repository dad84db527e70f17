"""The example's identity provider and the app, in real browsers: a policy of the pages may stop no redirect."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def test_signing_out_everywhere_at_the_provider_reaches_every_browser(visitor: Callable[..., Visitor]) -> None:
    laptop, phone, maya = visitor(), visitor(), visitor()
    there = phone.sign_in_by_sso()
    maya.sign_in("maya")
    maya.open("/dashboard")
    page = laptop.sign_in_by_sso()
    page.get_by_role("link", name="Try it at Demo SSO").click()
    for said in ("This browser", "Another browser"):
        expect(page.get_by_role("listitem").filter(has_text=said)).to_have_count(1)
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed out of Demo SSO")
    expect(page.get_by_role("main")).to_contain_text("Confirmed by Acme Analytics: 2")
    page.get_by_role("link", name="Back to Acme Analytics").click()
    for browser in (page, there):
        browser.goto(f"{laptop.site}/profile/sessions")
        expect(browser).to_have_url(re.compile(r"/sign-in\?next="))
        expect(browser.get_by_text("You have signed out at your organization, and so you have here.")).to_be_visible()
    maya.page.reload()
    expect(maya.page.get_by_role("heading", level=1)).to_have_text("Hello, Maya")


@pytest.mark.parametrize(
    ("button", "known_there", "host"),
    [("Sign out", 0, "127.0.0.1"), ("Sign out", 0, "localhost"), ("Stay signed in", 1, "localhost")],
)
def test_signing_out_of_the_app_goes_by_the_provider(
    button: str, known_there: int, host: str, visitor: Callable[..., Visitor]
) -> None:
    """Also where the app has been opened at another address than the provider's."""
    alex = visitor()
    account = f"{alex.site}/demo-idp/account"
    alex.site = alex.site.replace("127.0.0.1", host)
    page = alex.sign_in_by_sso()
    page.locator(".mp-menu summary").click()
    page.locator(".mp-menu").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out of Demo SSO?")
    page.get_by_role("button", name=button).click()
    page.wait_for_url(f"{alex.site}/")
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(account)
    expect(page.get_by_role("listitem")).to_have_count(known_there)


def test_long_after_the_sign_in_the_provider_is_asked_and_nobody_else_will_do(
    visitor: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, alex = visitor(), visitor()
    there = other.sign_in_by_sso()
    page = alex.sign_in_by_sso()
    alex.open("/profile/sessions")
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: int(time.time()) + 1900)
    page.get_by_role("link", name="Sign out all others").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Sign out all others").click()
    expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
    page.get_by_role("button", name="Continue with Demo SSO").click()
    page.get_by_role("button", name="Continue as Robin Park").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has signed in at Demo SSO.")
    there.reload()
    expect(there.get_by_role("heading", level=1)).to_have_text("Hello, Alex")

    page.get_by_role("button", name="Continue with Demo SSO").click()
    page.get_by_role("button", name="Continue as Alex Kim").click()
    expect(page.get_by_text("Signed out of 1 other session.")).to_be_visible()
    expect(page.get_by_text("You are signed in only here")).to_be_visible()
    there.reload()
    expect(there).to_have_url(re.compile(r"/sign-in\?next="))
