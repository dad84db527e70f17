"""What the fleet was asked, what it said, and what did not hold of that."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tests.workers.fleet import Answer, Wire, cookie_header

#: How many devices of one user ask at once, at most.
DEVICES = 8
#: Whose times are told apart: one device, as many of one user, and as many of a user each.
HOW = ("alone", "of one user", "of all users")
#: What nobody wants to see.
WRONG = (
    "500",
    "503",
    "no answer",
    "revoked got in",
    "acknowledged lost",
    "live refused",
    "tokens not one",
    "over limit",
)


class Device(NamedTuple):
    """A signed-in browser. ``number`` of the node that it signed in at."""

    cookies: str
    number: int


class Load:
    """
    :ivar counts: how often there was each: signed in, signed out, … and what is :data:`WRONG`.
    :ivar times: seconds that sign-ins took, alone and beside others.
    """

    def __init__(self, nodes: Sequence[Sequence[Wire]], username: str) -> None:
        self._nodes, self._username = nodes, username
        self._threads, self._lock = ThreadPoolExecutor(DEVICES), threading.Lock()
        self.counts: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {how: [] for how in HOW}

    def close(self) -> None:
        self._threads.shutdown()
        for wires in self._nodes:
            for wire in wires:
                wire.close()

    # ---- asking

    def at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """What they return; none begins before all are ready."""
        ready = threading.Barrier(len(calls))

        def run(call: Callable[[], Any]) -> Any:
            ready.wait(30)
            return call()

        return list(self._threads.map(run, calls))

    def ask(self, device: int, number: int, method: str, url: str, **sent: Any) -> Answer | None:
        """:param device: whose connection; :param number: to which node."""
        wire = self._nodes[number % 2][device]
        try:
            answer = wire.ask(method, url, **sent)
        except (OSError, http.client.HTTPException):
            self.count("no answer")
            wire.close()
            return None
        self.count("requests")
        if answer.status >= 500 or answer.status == 409:
            self.count(str(answer.status))
        return answer

    def count(self, what: str, number: int = 1) -> None:
        with self._lock:
            self.counts[what] += number

    # ---- what a browser does

    def sign_in(self, device: int, password: str, how: str = "", user: str = "") -> Device | None:
        """None: it is not said that it is done.

        :param how: one of :data:`HOW`, to note the time."""
        began = time.monotonic()
        form = {"username": user or self._username, "password": password}
        answer = self.ask(device, device, "POST", "/login", form=form)
        if answer is None or answer.status != 302:
            return None
        if how:
            self.times[how].append(time.monotonic() - began)
        self.count("signed in")
        return Device(cookie_header({"session": answer.cookies["session"]}), device % 2)

    def sign_out(self, device: int, held: Device) -> bool:
        """By the host's own view and by the menu, in turn. Whether it is said that it is done."""
        url, done = ("/logout", 302) if device % 2 else ("/profile/sign-out", 200)
        sent: dict[str, Any] = {"form": {}} if device % 2 else {"body": {}}
        answer = self.ask(device, held.number + 1, "POST", url, cookies=held.cookies, **sent)
        is_done = answer is not None and answer.status == done
        self.count("signed out", int(is_done))
        return is_done

    def is_in(self, device: int, number: int, cookies: str) -> bool | None:
        """None: nobody says."""
        answer = self.ask(device, number, "GET", "/page", cookies=cookies)
        return None if answer is None or answer.status not in (200, 302) else answer.status == 200

    def check(self, what: str, held: Device, device: int = 0, *, is_in: bool) -> None:
        """:param what: is counted where it is not so at the other node."""
        found = self.is_in(device, held.number + 1, held.cookies)
        if found is not None and found is not is_in:
            self.count(what)

    def works(self, token: str, device: int = 0) -> bool:
        wire = self._nodes[1][device]
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        wire._http.request("GET", "/api", headers=headers)
        answer = wire._http.getresponse()
        answer.read()
        self.count("requests")
        if answer.status >= 500:
            self.count(str(answer.status))
        return answer.status == 200


def token_in(answer: Answer | None) -> str | None:
    return str(json.loads(answer.body)["token"]) if answer is not None and answer.status == 200 else None
