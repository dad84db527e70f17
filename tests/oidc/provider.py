"""A real OpenID provider that somebody else has written (``op.mjs``), on a free port of this machine."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import playwright
import requests

from tests.support.services import Missing

HERE = Path(__file__).parent


class OpenIdProvider:
    """:ivar issuer: its address."""

    def __init__(self, process: subprocess.Popen[str], issuer: str) -> None:
        self.issuer = issuer
        self._process = process
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy between this machine and itself

    def register(self, **metadata: Any) -> dict[str, str]:
        """A new client; what it is called and its secret."""
        answer = self._http.post(f"{self.issuer}/reg", json=metadata, timeout=20)
        assert answer.status_code == 201, answer.text
        registered: dict[str, str] = answer.json()
        return registered

    def subject_of(self, username: str) -> str:
        """What it calls this person."""
        return username

    def sent_tokens(self) -> list[str]:
        """All logout tokens that it has sent so far, to whomever."""
        tokens: list[str] = self._for_tests("sent", {})
        return tokens

    def asked(self, path: str) -> int:
        """How often it has been asked for this so far, by whomever."""
        urls: list[str] = self._for_tests("asked", {})
        return urls.count(path)

    def sign(self, claims: dict[str, Any], *, stranger: bool = False, **header: Any) -> str:
        """A token with its signature, or a stranger's who names its key."""
        return str(self._for_tests("sign", {"claims": claims, "header": header, "stranger": stranger}))

    def take_new_keys(self) -> None:
        """From now on it signs with those; the ones before it no longer knows."""
        self._for_tests("take-keys", {"kid": secrets.token_hex(8)})

    def _for_tests(self, view: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"{self.issuer}/tests/{view}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def public_key(self) -> dict[str, str]:
        keys: list[dict[str, str]] = self._http.get(f"{self.issuer}/jwks", timeout=20).json()["keys"]
        return keys[0]

    def hang(self) -> None:
        """It accepts connections from now on, and answers nobody."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._http.close()
        self._process.kill()  # also when it hangs
        self._process.communicate()


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, whether or not it is true."""
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


@contextmanager
def start() -> Iterator[OpenIdProvider]:
    if not (HERE / "node_modules/oidc-provider").is_dir():
        raise Missing("tests/oidc/node_modules not found: ./dev setup makes it with npm")
    process = subprocess.Popen(
        [_node(), str(HERE / "op.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    issuer = process.stdout.readline().strip()
    assert issuer, "op.mjs did not start; it says above why"
    provider = OpenIdProvider(process, issuer)
    try:
        yield provider
    finally:
        provider.stop()


def _node() -> str:
    """Playwright brings a new one; that of a distribution may be too old."""
    brought = Path(playwright.__file__).parent / "driver/node"
    return str(brought) if brought.exists() else shutil.which("node") or "node"
