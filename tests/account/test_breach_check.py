"""P06: new passwords may be looked up among those of breaches, by a service that does not learn them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flask_myprofile.account import breach_check
from flask_myprofile.account.breach_check import Breaches
from tests.support.host import NEW_PASSWORD, PASSWORD, Host

DIGEST = hashlib.sha1(NEW_PASSWORD.encode()).hexdigest().upper()
KNOWN = ["This password is known from a data breach. Choose another one"]


class Service:
    """A range service on this machine: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.body = 200, f"{DIGEST[5:]}:3861\r\n".encode()
        self.may_answer = threading.Event()
        self.may_answer.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(f"{self.path} {self.headers}")
                service.may_answer.wait(30)
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(service.body)))
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *args: Any) -> None:
                """Not to the terminal."""

            def finish(self) -> None:
                try:
                    super().finish()
                except OSError:  # nobody waits for the answer any more
                    self.rfile.close()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *args: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.server.server_port}/range"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield service
    service.may_answer.set()
    service.server.shutdown()
    service.server.server_close()
    thread.join()


def change(host: Host, new: str = NEW_PASSWORD) -> Any:
    alice = host.browser()
    alice.login("alice")
    return alice.post_json("/profile/password", {"current_password": PASSWORD, "new_password": new})


def test_a_password_of_a_breach_is_refused_and_five_digits_have_left(
    service: Service, new_host: Callable[..., Host]
) -> None:
    answer = change(new_host(MYPROFILE_PASSWORD_BREACH_CHECK=service.url))
    assert (answer.status_code, answer.json["errors"]) == (422, {"new_password": KNOWN})
    (asked,) = service.asked
    assert asked.startswith(f"/range/{DIGEST[:5]} ")
    assert not any(secret in asked.upper() for secret in (DIGEST[:6], DIGEST[5:], NEW_PASSWORD.upper(), "ALICE"))


def test_nobody_is_asked_unless_the_host_says_whom(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breach_check, "urlopen", lambda *args, **kwargs: pytest.fail("something has left"))
    assert change(host).status_code == 200
    browser = host.browser()
    browser.login("alice", NEW_PASSWORD)
    assert "data breach" not in browser.get("/profile/password").text


def test_a_password_that_breaks_another_rule_is_not_looked_up(service: Service, new_host: Callable[..., Host]) -> None:
    assert change(new_host(MYPROFILE_PASSWORD_BREACH_CHECK=service.url), "too short").status_code == 422
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (404, b""), (200, b"\xff\x00<html>"), (200, b"0" * 35 + b":1\n"), (200, b"x" * 1_000_001)],
    ids=["error", "not there", "nonsense", "others", "endless"],
)
def test_a_service_that_fails_stops_nobody(
    status: int, body: bytes, service: Service, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    service.status, service.body = status, body
    assert change(new_host(MYPROFILE_PASSWORD_BREACH_CHECK=service.url)).status_code == 200
    failed = status != 200 or len(body) > 1_000_000
    assert ("could not check a new password for breaches, and took it" in caplog.text) is failed
    assert not any(secret in caplog.text for secret in (NEW_PASSWORD, PASSWORD, DIGEST[5:]))


def test_a_service_that_hangs_is_waited_for_two_seconds(
    service: Service, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    service.may_answer.clear()
    host, began = new_host(MYPROFILE_PASSWORD_BREACH_CHECK=service.url), time.monotonic()
    assert change(host).status_code == 200
    assert time.monotonic() - began < 3.5
    assert "and took it" in caplog.text


@pytest.mark.parametrize(
    "answer", [f"{DIGEST[5:]}:1\n{'0' * 35}:0", f"\n{DIGEST[5:].lower()}\n", [DIGEST[5:]], [f"{DIGEST[5:]}:7"]]
)
def test_a_callable_may_answer_instead(answer: Any) -> None:
    asked: list[str] = []
    known = Breaches(lambda digits: asked.append(digits) or answer)
    assert NEW_PASSWORD in known
    assert PASSWORD not in known
    assert [len(digits) for digits in asked] == [5, 5]


def test_padding_is_no_breach() -> None:
    assert NEW_PASSWORD not in Breaches(lambda digits: f"{DIGEST[5:]}:0")


def test_a_callable_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken(digits: str) -> str:
        raise OSError("no such disk")

    assert NEW_PASSWORD not in Breaches(broken)
    assert "OSError: no such disk" in caplog.text
