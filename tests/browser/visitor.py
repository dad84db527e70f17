"""A person at a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request

from tests.support.host import PASSWORD, Host, token_in
from tests.support.live import serving

#: What Chromium says by itself when a page is answered with one of these, as they should be at times.
REFUSALS = re.compile(
    r"Failed to load resource: the server responded with a status of (400|401|403|404|409|415|422|429)"
)
PATIENCE = 15_000


class Visitor:
    """One person at one browser; ``page`` is the tab that is open. What the browser complains of is collected."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.context = context
        self.site = site
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        context.set_default_timeout(PATIENCE)
        self.page: Page = context.new_page()
        self.page.on("request", self._on_request)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", self._on_failure)

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)  # Playwright takes no built-in method

    def _on_console(self, message: ConsoleMessage) -> None:
        if not REFUSALS.match(message.text):
            self.complaints.append(f"{message.type}: {message.text}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the person went on before it was there
            self.complaints.append(f"{request.url}: {request.failure}")

    def open(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def sign_in(self, username: str, remember: bool = False) -> Page:
        """To the example app, by what its form sends: to fill that in takes longer, and has tests of its own."""
        csrf = token_in(self.context.request.get(f"{self.site}/sign-in").text())
        also = {"remember": "y"} if remember else {}
        self._send("/sign-in", csrf_token=csrf, identifier=username, password=f"{username}-demo-password", **also)
        return self.page

    def sign_in_at_host(self, username: str) -> Page:
        """To an app of :mod:`tests.support.host`."""
        csrf = self.context.request.get(f"{self.site}/csrf").text()
        self._send("/login", csrf_token=csrf, username=username, password=PASSWORD)
        return self.page

    def _send(self, path: str, **form: Any) -> None:
        answer = self.context.request.post(self.site + path, form=form, max_redirects=0)
        assert answer.status in (302, 303), answer.text()

    def sign_in_by_hand(self, username: str, remember: bool = False) -> Page:
        """As a person does it: from the start page, with what is written there."""
        page = self.open("/")
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        page.get_by_label("Email or user name").fill(username)
        page.get_by_label("Password").fill(f"{username}-demo-password")
        if remember:
            page.get_by_label("Keep me signed in").check()
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/dashboard")
        return page

    def open_mail(self, to: str) -> Page:
        """The link in the last mail to that address, out of the outbox of the example app."""
        link = self.page.locator("main section", has_text=to).first.locator("a")
        for _ in range(200):  # it is sent when the request is over
            self.open("/outbox")
            if link.count():
                break
        return self.open(str(link.get_attribute("href")))

    def sign_in_by_sso(self) -> Page:
        page = self.open("/sign-in")
        page.get_by_role("link", name="Sign in with Demo SSO").click()
        page.get_by_role("button", name="Continue as Alex Kim").click()
        page.wait_for_url("**/dashboard")
        return page

    def open_tab(self, label: str) -> Page:
        """By the links of My Profile, from wherever on it one is."""
        self.page.get_by_role("navigation", name="My Profile").get_by_role("link", name=label, exact=True).click()
        self.page.get_by_role("heading", name=label, level=2).wait_for()
        return self.page

    def field(self, label: str) -> Locator:
        """The input with that label, and not the button beside it that is named by it as well."""
        return self.page.get_by_label(label, exact=True).and_(self.page.locator("input"))

    def open_profile(self) -> Page:
        """By the user menu at the top right."""
        return self.choose("My Profile")

    def choose(self, entry: str) -> Page:
        menu = self.page.locator(".mp-menu")
        menu.locator("summary").click()
        menu.get_by_text(entry, exact=True).click()
        self.page.get_by_role("heading", name=entry, level=1).wait_for()
        return self.page

    def has_sent_a_form(self) -> bool:
        """Whether the page that is open is the answer to one, or where that has led to."""
        opened: Request | None = next(
            each for each in reversed(self.requests) if each.is_navigation_request() and not each.redirected_to
        )
        while opened is not None and opened.method != "POST":
            opened = opened.redirected_from
        return opened is not None

    def has_remember_cookie(self) -> bool:
        return any(cookie["name"] == "remember_token" for cookie in self.context.cookies())


def close(visitors: Sequence[Visitor]) -> None:
    """They go away, and no browser has had anything to complain of."""
    complaints = [complaint for each in visitors for complaint in each.complaints]
    for each in visitors:
        each.context.close()
    assert complaints == []


@contextmanager
def signed_in_at(host: Host, username: str, chromium: Browser) -> Iterator[Visitor]:
    """Somebody at the host, on a real server, who has signed in elsewhere, too."""
    host.browser().login(username)
    with serving(host.app) as site:
        visitor = Visitor(chromium.new_context(), site)
        visitor.sign_in_at_host(username)
        yield visitor
        close([visitor])
