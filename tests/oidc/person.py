"""Somebody at a browser, who signs in at the provider and out there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urljoin

import requests
from playwright.sync_api import Page

from tests.support import live
from tests.support.host import PASSWORD


class Person(live.Person):
    """Without JavaScript: what a page would send by itself is sent all the same."""

    def sign_in_at_provider(self, name: str, **options: str) -> requests.Response:
        """By "Sign in with …"; ``remember="y"`` to stay signed in."""
        return self.get(self.way_back(self.get("/sso/sign-in", params=options, allow_redirects=False), name))

    def way_back(self, page: requests.Response, name: str) -> str:
        """The address in the app that the provider sends to, after whoever it asks has said to be ``name``."""
        while not page.is_redirect or not self._next(page).startswith(self.site):
            if page.is_redirect:
                page = self.get(self._next(page), allow_redirects=False)
            else:
                asks = 'name="login"' in page.text
                typed = {"login": name, "password": "any"} if asks else {}
                page = self.send_form(page, typed, allow_redirects=False)
        return self._next(page)

    @staticmethod
    def _next(page: requests.Response) -> str:
        return urljoin(page.url, page.headers["Location"])

    def sign_out_at_provider(self, issuer: str) -> requests.Response:
        return self.send_form(self.get(f"{issuer}/session/end"), {"logout": "yes"})

    def sign_in_with_password(self, name: str) -> requests.Response:
        return self.send("/login", {"username": name, "password": PASSWORD})

    def send_form(self, page: requests.Response, typed: dict[str, str], **kwargs: Any) -> requests.Response:
        """The only form on a page of the provider's."""
        action = re.search(r'<form[^>]*\saction="([^"]+)"', page.text)
        assert action, f"no form at {page.url}: {page.text}"
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        sent = {**{name: unescape(value) for name, value in hidden}, **typed}
        return self.http.post(unescape(action[1]), data=sent, timeout=20, **kwargs)

    def send(self, url: str, data: dict[str, str] | None = None, **kwargs: Any) -> requests.Response:
        """A form of the app's, with its CSRF token."""
        sent = {"csrf_token": self.get("/csrf").text, **(data or {})}
        return self.http.post(self._whole(url), data=sent, timeout=20, **kwargs)

    def is_in(self) -> bool:
        """Whether a page of the app's opens; if not, it has to send to the sign-in page."""
        page = self.get("/page", allow_redirects=False)
        assert page.status_code == 200 or page.headers["Location"].startswith("/login?next="), page.text
        return page.status_code == 200

    def copy(self) -> Person:
        """Another browser with the same cookies."""
        other = type(self)(self.site)
        other.http.cookies.update(self.http.cookies)
        return other

    def restart(self) -> None:
        """Close the browser and open it again: it has forgotten its sessions, here and at the provider."""
        self._forget(lambda name: name not in ("remember_token", "myprofile_device"))

    def forget_provider(self) -> None:
        """As if the session at the provider were over."""
        self._forget(lambda name: name.startswith("_session"))

    def _forget(self, which: Callable[[str], bool]) -> None:
        for cookie in [*self.http.cookies]:
            if which(cookie.name):
                self.http.cookies.clear(cookie.domain, cookie.path, cookie.name)


def identify(page: Page, name: str) -> None:
    """The same in a real browser, at the provider's sign-in form."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
