"""A person at WebKit, by the W3C's protocol for drivers: Playwright has a WebKit of its own making only."""

from __future__ import annotations

import time
from typing import Any

import requests

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PATIENCE = 15


class WebKit:
    """One window, with nothing in it of the ones before. ``driver``: its address."""

    def __init__(self, driver: str, site: str) -> None:
        self._http, self._at, self._site = requests.Session(), f"{driver}/session", site
        self._at += "/" + self._ask("", capabilities={})["sessionId"]

    def _ask(self, path: str, **sent: Any) -> Any:
        answer = self._http.post(self._at + path, json=sent, timeout=60)
        assert answer.ok, answer.text
        return answer.json()["value"]

    def open(self, path: str) -> None:
        self._ask("/url", url=self._site + path)

    def run(self, script: str) -> Any:
        """What a script in the page answers."""
        return self._ask("/execute/sync", script=f"return {script}", args=[])

    def wait(self, script: str) -> None:
        """Until that is so."""
        end = time.monotonic() + _PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, f"{script}, at {self.run('location.href')}"

    def wait_for(self, css: str, text: str = "") -> None:
        self.wait(f"[...document.querySelectorAll({css!r})].some(e => e.textContent.includes({text!r}))")

    def has_focus(self, css: str) -> bool:
        return bool(self.run(f"document.activeElement.matches({css!r})"))

    def click(self, css: str) -> None:
        self._ask(f"/element/{self._element(css)}/click")

    def type(self, css: str, text: str) -> None:
        """In the place of what is there."""
        self._ask(f"/element/{self._element(css)}/clear")
        if text:
            self._ask(f"/element/{self._element(css)}/value", text=text)

    def press(self, key: str) -> None:
        """On what has the focus."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self._ask("/actions", actions=[{"type": "key", "id": "keyboard", "actions": keys}])

    def _element(self, css: str) -> str:
        return str(self._ask("/element", using="css selector", value=css)[_ELEMENT])

    def sign_in(self, username: str) -> None:
        self.open("/sign-in")
        self.type("[name=identifier]", username)
        self.type("[name=password]", f"{username}-demo-password")
        self.click("main form [type=submit]")
        self.wait("location.pathname === '/dashboard'")

    def close(self) -> None:
        self._http.delete(self._at, timeout=60)
        self._http.close()
