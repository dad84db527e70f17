"""How the tool speaks with the workers while faults come and go."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from threading import Event
from typing import Any

from tests.workers.fleet import Answer, Fleet, Wire

#: Seconds within which everything works again by itself.
PATIENCE = 30
_never = Event()


class Client:
    def __init__(self, workers: Fleet) -> None:
        self._workers = workers

    def wire(self) -> Wire:
        """A connection to a worker that lives."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._workers.wire()
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < until, "no worker answers"
                _never.wait(0.02)

    def ask(self, method: str, url: str, cookies: str = "", **sent: Any) -> Answer:
        return self._until_answered(url, lambda wire: wire.ask(method, url, cookies, **sent))

    def works(self, token: str) -> bool:
        def ask(wire: Wire) -> Answer:
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            wire._http.request("GET", "/api", headers=headers)
            answer = wire._http.getresponse()
            return Answer(answer.status, wire.worker, {}, answer.read().decode())

        status = self._until_answered("/api", ask).status
        assert status in (200, 401), status
        return status == 200

    def _until_answered(self, url: str, ask: Callable[[Wire], Answer]) -> Answer:
        """By less than 500."""
        until = time.monotonic() + PATIENCE
        while True:
            wire = self.wire()
            try:
                answer = ask(wire)
                if answer.status < 500:
                    return answer
                failure = f"{answer.status} {answer.body[:200]}"
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
            finally:
                wire.close()
            assert time.monotonic() < until, f"{url}: {failure}"
            _never.wait(0.02)
