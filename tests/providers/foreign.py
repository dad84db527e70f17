"""OpenID providers that are not ours, each a program of its own (``servers/``) with what it needs beside it.

Those of Debian's packages take longer to install and to start than a test run should: they are left out of it.
"""

from __future__ import annotations

import json
import os
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
    """:param issuer: what is added to the address of its server.
    :param subjects: what it calls people, where that is not their name; None: it has to be asked.
    :param step_up: what a confirmation comes to: "done", or how it is refused.
    :param tells: whether it tells of logouts.
    :param alone: whether it answers one request at a time.
    :param needs: a file of Debian's package; :param said_by: the command that says its version.
    """

    name: str
    package: str
    server: str
    issuer: str = ""
    subjects: Mapping[str, str] | None = {}
    step_up: str = "done"
    registers_at: str = "/tests/register"
    tells: bool = False
    alone: bool = False
    needs: Path = HERE
    said_by: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        if self.server.endswith(".mjs"):
            where = (HERE / "servers" / self.server).resolve()
            (folder,) = (
                each / "node_modules" / self.package for each in where.parents if (each / "node_modules").exists()
            )
            found: str = json.loads((folder / "package.json").read_text())["version"]
            return found
        asked = f"import importlib.metadata as m; print(m.version({self.package!r}))"
        command = self.said_by or (PYTHON, "-c", asked)
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


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
    Kind("oidc-provider", "oidc-provider", "../../oidc/op.mjs", registers_at="/reg", tells=True),
    Kind("oauth-toolkit", "django-oauth-toolkit", _DJANGO, "/o", _KEYS, registers_at="/tests/register/oauth-toolkit"),
    Kind("allauth", "django-allauth", _DJANGO, "", _KEYS, _UNDATED, "/tests/register/allauth"),
    Kind("idpyoidc", "idpyoidc", "idpy_provider.py", registers_at="/registration", tells=True),
    Kind("canaille", "canaille", "canaille_provider.py", registers_at="/oauth/register"),
    Kind("better-auth", "better-auth", "better_auth_provider.mjs", "/api/auth", None, tells=True),
)


def _lemonldap(name: str, folder: Path, tells: bool) -> Kind:
    """:param folder: where its packages are."""
    perl = folder / "usr/share/perl5"
    said = ("perl", f"-I{perl}", "-MLemonldap::NG::Portal", "-e", "print $Lemonldap::NG::Portal::VERSION")
    server = f"lemonldap_provider.py {folder}"
    return Kind(
        name, "LemonLDAP::NG", server, "/", tells=tells, alone=True, needs=perl / "Lemonldap/NG/Portal.pm", said_by=said
    )


OF_DEBIAN = (
    _lemonldap("lemonldap-ng", Path("/"), tells=False),
    # what was unpacked of a later release, such as that of the backports
    _lemonldap("lemonldap-ng-later", Path(os.environ.get("MYPROFILE_TEST_LEMONLDAP", "/nowhere")), tells=True),
    Kind(
        "glewlwyd",
        "Glewlwyd",
        "glewlwyd_provider.py",
        "/api/oidc",
        step_up=_UNDATED,
        tells=True,
        needs=Path("/usr/bin/glewlwyd"),
        said_by=("glewlwyd", "--version"),
    ),
)


def installed() -> list[Kind]:
    """All that are on this machine."""
    return [kind for kind in (*KINDS, *OF_DEBIAN) if kind.needs.exists()]


def tried() -> list[Kind]:
    """Those of a test run; with MYPROFILE_TEST_PROVIDERS all that are on this machine."""
    return installed() if os.environ.get("MYPROFILE_TEST_PROVIDERS") else list(KINDS)


class Foreign:
    """One of them while it runs; what a relying party has to know of it.

    :param address: of the provider, and behind it where it is told of clients, if that is elsewhere.
    """

    def __init__(self, kind: Kind, address: str) -> None:
        self.kind = kind
        at, *desk = address.split()
        self.issuer = at + kind.issuer
        self._desk = desk[0] if desk else at

    def register(self, **metadata: Any) -> dict[str, str]:
        """A new client; what it is called and its secret."""
        # who is at the same address is trusted by some, and nobody is asked whether the app may know who they are
        wanted = {**_METADATA, "client_uri": metadata["redirect_uris"][0].rpartition("/")[0], **metadata}
        registered: dict[str, str] = self._ask("POST", self.kind.registers_at, json=wanted).json()
        return registered

    def take_keys(self) -> None:
        """It signs with a new key from now on."""
        self._ask("POST", "/tests/take-keys")

    def subject_of(self, username: str) -> str:
        if self.kind.subjects is None:
            return str(self._ask("GET", "/tests/subjects").json()[username])
        return self.kind.subjects.get(username, username)

    def _ask(self, method: str, path: str, **sent: Any) -> requests.Response:
        with requests.Session() as http:
            http.trust_env = False  # no proxy between this machine and itself
            answer = http.request(method, self._desk + path, timeout=40, **sent)
        assert answer.status_code in (200, 201), answer.text
        return answer


@contextmanager
def servers() -> Iterator[Callable[[str], str]]:
    """What gives the address of a program, and starts it when it is first asked for."""
    for needed, by in ((PYTHON, "pip"), (HERE / "node_modules", "npm")):
        if not needed.exists():
            raise Missing(f"{needed.relative_to(HERE.parent.parent)} not found: ./dev setup makes it with {by}")
    known: dict[str, str] = {}
    with ExitStack() as running:

        def address(server: str) -> str:
            if server not in known:
                known[server] = running.enter_context(started(server))
            return known[server]

        yield address


@contextmanager
def started(server: str) -> Iterator[str]:
    """What one of the programs prints, its address. It ends when its standard input does, also where the tests are
    killed."""
    program, *arguments = server.split()
    command = ["node" if program.endswith(".mjs") else PYTHON, HERE / "servers" / program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        address = process.stdout.readline().strip()
        assert address, f"{server} did not start; it says above why"
        try:
            yield address
        finally:
            process.stdin.close()
            process.terminate()
