"""A browser of the app and, beside it, what the model says is in its jar."""

from __future__ import annotations

import json
import re
import zlib
from html.parser import HTMLParser
from typing import Any, NamedTuple

from itsdangerous import base64_decode

from flask_myprofile.auth.session_cookie import KEY
from tests.model.model import World
from tests.model.things import Jar, Remember
from tests.support.host import JSON, Browser

#: Which cookies somebody copies.
COOKIES = {
    "all": ("session", "remember_token", "myprofile_device"),
    "session": ("session",),
    "device": ("remember_token", "myprofile_device"),
    "remember": ("remember_token",),
}


class Page(NamedTuple):
    """A page that was opened and is kept: its CSRF token, what that belongs to, and the key that has signed it."""

    token: str
    csrf: int
    key: str


class Client:
    def __init__(self, world: World, browser: Browser, jar: Jar | None = None) -> None:
        self.world = world
        self.browser = browser
        self.jar = jar or Jar()
        self.pages: list[Page] = []
        self._seen = self._values()

    def _values(self) -> dict[str, str | None]:
        return {name: self.browser.cookie(name) for name in COOKIES["all"]}

    def copy(self, which: str) -> Client:
        return Client(self.world, self.browser.copy(*COOKIES[which]), self.jar.copy(which))

    def restart(self) -> None:
        self.browser.restart()
        self.jar.restart()
        self.observe()

    def observe(self) -> bool:
        """After each answer: a cookie that is another one was signed just now. Whether it has another secret."""
        seen, self._seen = self._seen, self._values()
        key, jar = self.world.keys[0], self.jar
        if self._seen["session"] != seen["session"]:
            if self._seen["session"] is None:
                jar.cookie = None
            elif self.world.readable(jar.cookie) is None:  # the answer went to somebody unknown
                jar.cookie = self.world.cookie(None)
            elif jar.cookie is not None:
                jar.cookie.key, jar.cookie.signed = key, self.world.now
        if self._seen["remember_token"] != seen["remember_token"] and jar.remember is not None:
            jar.remember = Remember(jar.remember.user, key)
        return self._secret(seen["session"]) != self._secret(self._seen["session"])

    def _secret(self, cookie: str | None) -> str | None:
        """What a session cookie says, whoever has signed it."""
        if not cookie:
            return None
        content = base64_decode(cookie.lstrip(".").partition(".")[0])
        said = json.loads(zlib.decompress(content) if cookie.startswith(".") else content)
        return str(said.get(KEY))

    # ---- requests

    def csrf(self, asks: bool = True) -> str:
        """The CSRF token of a page that is opened now, and stays open.

        :param asks: whether it is one that asks who is there; a sign-in page does not.
        """
        if asks:
            self.world.arrive(self.jar)
        number = self.world.open_page(self.jar)
        token = self.browser.client.get("/form" if asks else "/csrf").text
        self.observe()
        self.pages.append(Page(token, number, self.world.keys[0]))
        return token

    def fits(self, page: Page) -> bool:
        """Whether the page is one of the session that the browser has now, however old it is."""
        cookie = self.world.readable(self.jar.cookie)
        return cookie is not None and cookie.csrf == page.csrf and page.key in self.world.keys

    def post(self, url: str, token: str, fields: dict[str, str]) -> Any:
        return self.browser.client.post(url, data={"csrf_token": token, **fields})

    def post_json(self, url: str, token: str, body: Any) -> Any:
        """``body``: what is made JSON, or the bytes that are sent as such."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**JSON, "X-CSRFToken": token, "Content-Type": "application/json"}
        return self.browser.client.post(url, data=sent, headers=headers)


def status_of(answer: Any) -> int:
    """As a program would be told: pages say the same by where they send the browser."""
    if answer.status_code not in (302, 303):
        return int(answer.status_code)
    where = answer.location
    return 401 if where.startswith("/login") else 403 if "/profile/confirm" in where else 200


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1][given["name"]] = given.get("value", "")


def forms_to(page: str, path: str) -> list[dict[str, str]]:
    """Of the forms of a page that are sent there, the fields that nobody sees."""
    parser = _Forms()
    parser.feed(page)
    return [fields for action, fields in parser.forms if action == path]


def token_in(answer: Any) -> str:
    """The API token that an answer shows, in JSON or on a page."""
    if answer.is_json:
        return str(answer.json["token"])
    found = re.search(r"mpt_[0-9A-Za-z]{49}", answer.text)
    assert found, answer.text
    return found[0]
