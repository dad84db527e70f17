"""A provider that answers one request at a time, and waits for our answer meanwhile: neither waits for the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from flask import Flask, Response

from flask_myprofile.sso import provider as provider_module
from tests.support.devices import sent_to_login
from tests.support.host import Browser, Host
from tests.support.live import serving
from tests.support.providers import Provider, forget, wait_for_questions, with_providers

#: Seconds that are much less than those for which the app waits for a provider, also on a busy machine.
AT_ONCE = 1.5


@dataclass
class OneWorker(Provider):
    """On a real server with one thread; ``tells`` is where it sends its logout tokens."""

    address: str = ""
    tells: str = ""

    @property
    def issuer(self) -> str:
        return self.address

    def app(self) -> Flask:
        app = Flask("provider", static_folder=None)

        @app.route("/<path:path>", methods=["GET", "POST"])
        def answer(path: str) -> Response:
            content_type, body = Provider.answer(self, "/" + path)
            return Response(body, content_type=content_type)

        @app.post("/sign-out")
        def sign_out() -> Any:
            token = self.logout_token(sub="88", exp=None, header={"typ": "JWT"})
            began = time.monotonic()
            with requests.Session() as http:
                http.trust_env = False
                told = http.post(self.tells, data={"logout_token": token}, timeout=20)
            again = told.headers.get("Retry-After")
            return {"status": told.status_code, "after": again, "seconds": time.monotonic() - began}

        return app

    def sign_out(self) -> dict[str, Any]:
        """Somebody signs out there: what it is answered by the app, and how long that took."""
        with requests.Session() as http:
            http.trust_env = False
            found: dict[str, Any] = http.post(self.address + "/sign-out", timeout=30).json()
        return found


@pytest.fixture
def meeting(new_host: Callable[..., Host]) -> Iterator[tuple[OneWorker, Host, Browser]]:
    """Both with one worker, and alice in."""
    provider = OneWorker("Lemon", claims={"sub": "88"}, discovered=True)
    with serving(provider.app(), threaded=False) as provider.address:
        host = new_host(**with_providers(provider))
        with serving(host.app, threaded=False) as app:
            provider.tells = f"{app}/profile/sso/Lemon/backchannel-logout"
            alice = host.browser()
            provider.sign_in(alice)
            assert alice.is_in()
            yield provider, host, alice


def test_a_logout_arrives_at_once_by_the_keys_of_the_sign_in(meeting: tuple[OneWorker, Host, Browser]) -> None:
    provider, _, alice = meeting
    told = provider.sign_out()
    assert (told["status"], told["seconds"] < AT_ONCE) == (200, True), told
    assert sent_to_login(alice)
    wait_for_questions()


def test_after_a_restart_it_is_put_off_and_the_keys_are_there_when_it_comes_again(
    meeting: tuple[OneWorker, Host, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, host, alice = meeting
    monkeypatch.setattr(provider_module, "PATIENCE", 0.3)
    forget(host, "Lemon")
    told = provider.sign_out()
    assert (told["status"], told["seconds"] < AT_ONCE) == (503, True), told
    assert 0 < int(told["after"]) < 10
    assert alice.is_in()
    wait_for_questions()
    assert provider.sign_out()["status"] == 200
    assert sent_to_login(alice)
