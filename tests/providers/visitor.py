"""Somebody who signs in at whichever provider: fills in the forms that it shows, as they are on its pages."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from tests.oidc.person import Person
from tests.oidc.relying_party import SESSION_COOKIE

#: Its cookies; ports are nothing to them.
OF_THE_APP = (SESSION_COOKIE, "remember_token", "myprofile_device", "myprofile_form")
#: Pages, answers and questions of one sign-in; one that takes more asks for ever.
_MOST = 20


class AsksForEver(Exception):
    """The provider does not let the person go."""


class Form(HTMLParser):
    """The form of a page that asks for a password, or else its last one: its address, and its fields by name."""

    def __init__(self, page: requests.Response) -> None:
        super().__init__()
        self.action, self.fields, self.asked = page.url, dict[str, str](), dict[str, str]()
        self._page, self._has_button = page, False
        self.feed(page.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        if tag == "form" and "password" not in self.asked.values():
            self.action, self.fields, self.asked = urljoin(self._page.url, has.get("action", "")), {}, {}
            self._has_button = False
        name, kind = has.get("name"), has.get("type", "text" if tag == "input" else "submit")
        if tag not in ("input", "button") or not name or kind in ("checkbox", "radio"):
            return
        if kind in ("text", "email", "password"):
            self.asked[name] = kind
        elif kind == "hidden" or not self._has_button:  # the first button is the one that goes on
            self.fields[name] = has.get("value", "")
            self._has_button = kind != "hidden"


class Visitor(Person):
    def way_back(self, page: requests.Response, name: str) -> str:
        for _ in range(_MOST):
            if page.is_redirect:
                if self._next(page).startswith(self.site + "/"):
                    return self._next(page)
                page = self.get(self._next(page), allow_redirects=False)
            else:
                page = self.fill_in(page, name)
        raise AsksForEver(page.url)

    def fill_in(self, page: requests.Response, name: str) -> requests.Response:
        """What it asks for, as this person, or its only button."""
        form = Form(page)
        assert form.fields or form.asked, f"no form at {page.url}: {page.status_code} {page.text[:2000]}"
        typed = {field: "any" if kind == "password" else name for field, kind in form.asked.items()}
        headers = {"Referer": page.url}
        return self.http.post(
            form.action, data={**form.fields, **typed}, headers=headers, timeout=20, allow_redirects=False
        )

    def forget_provider(self) -> None:
        self._forget(lambda name: name not in OF_THE_APP)
