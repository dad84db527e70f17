"""OpenID providers that are not ours, each a program of its own (``servers/``) in an environment of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from tests.support.services import Missing

HERE = Path(__file__).parent
PYTHON = HERE / ".venv/bin/python"


class Kind(NamedTuple):
    """:param issuer: what is added to the address of its server. :param step_up: what a confirmation comes to:
    "done", or how it is refused. :param registers_at: where clients do. :param tells: whether it tells of logouts.
    """

    name: str
    package: str
    server: str
    issuer: str
    subjects: Mapping[str, str]
    step_up: str
    registers_at: str
    tells: bool = False


_DJANGO = "django_providers.py"
_KEYS = {"alice": "1", "bob": "2"}
_UNDATED = "does not say when you signed in there"
_METADATA = {
    "scope": "openid profile email",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic",
}
KINDS = (
    Kind("oauth-toolkit", "django-oauth-toolkit", _DJANGO, "/o", _KEYS, "done", "/tests/register/oauth-toolkit"),
    Kind("allauth", "django-allauth", _DJANGO, "", _KEYS, _UNDATED, "/tests/register/allauth"),
    Kind("idpyoidc", "idpyoidc", "idpy_provider.py", "", {}, "done", "/registration", True),
    Kind("canaille", "canaille", "canaille_provider.py", "", {}, "done", "/oauth/register"),
)


class Foreign:
    """One of them while it runs; what a relying party has to know of it."""

    def __init__(self, kind: Kind, address: str) -> None:
        self.kind = kind
        self.issuer = address + kind.issuer
        self._address = address

    def register(self, **metadata: Any) -> dict[str, str]:
        """A new client; what it is called and its secret."""
        # who is at the same address is trusted by some, and nobody is asked whether the app may know who they are
        wanted = {**_METADATA, "client_uri": metadata["redirect_uris"][0].rpartition("/")[0], **metadata}
        with requests.Session() as http:
            http.trust_env = False  # no proxy between this machine and itself
            answer = http.post(self._address + self.kind.registers_at, json=wanted, timeout=20)
        assert answer.status_code == 201, answer.text
        registered: dict[str, str] = answer.json()
        return registered

    def subject_of(self, username: str) -> str:
        return self.kind.subjects.get(username, username)


@contextmanager
def servers() -> Iterator[Callable[[str], str]]:
    """What gives the address of a program, and starts it when it is first asked for."""
    if not PYTHON.exists():
        raise Missing("tests/providers/.venv not found: ./dev setup makes it with pip")
    known: dict[str, str] = {}
    with ExitStack() as running:

        def address(server: str) -> str:
            if server not in known:
                known[server] = running.enter_context(started(server))
            return known[server]

        yield address


@contextmanager
def started(server: str) -> Iterator[str]:
    """The address of one of the programs. It ends when its standard input does, also where the tests are killed."""
    command = [PYTHON, HERE / "servers" / server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        address = process.stdout.readline().strip()
        assert address, f"{server} did not start; it says above why"
        try:
            yield address
        finally:
            process.stdin.close()
            process.terminate()
