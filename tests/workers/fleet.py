"""Several worker processes that serve one host, and what a test needs to race with them."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask_myprofile import current_profile
from flask_myprofile.account.credentials import Credential, new_device
from flask_myprofile.account.sign_in_data import SignInData
from flask_myprofile.auth.sign_in import KEY
from tests.support.devices import inside
from tests.support.host import PASSWORD, Browser, Host

ROOT = Path(__file__).parent.parent.parent
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
#: Of the host's settings, those that its workers must have as well.
SHARED = (
    "MYPROFILE_FEATURES",
    "SQLALCHEMY_DATABASE_URI",
    "WTF_CSRF_ENABLED",
    "MYPROFILE_SESSION_STORE",
    "MYPROFILE_SESSION_LIMIT",
)


class Answer(NamedTuple):
    status: int
    worker: str
    cookies: dict[str, str]
    body: str


class Wire:
    """One connection that is kept alive, so that all its requests go to one worker. It keeps no cookies."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.worker = self.ask("GET", "/pub").worker

    def ask(
        self, method: str, url: str, cookies: str = "", body: Any = None, form: Mapping[str, str] | None = None
    ) -> Answer:
        """:param body: is sent as JSON, and answered so; :param form: as browsers send it."""
        headers, sent = {"Cookie": cookies, "User-Agent": AGENT}, None
        if body is not None:
            headers |= {"Accept": "application/json", "Content-Type": "application/json"}
            sent = json.dumps(body)
        elif form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            sent = urlencode(form)
        self._http.request(method, url, sent, headers)
        answer = self._http.getresponse()
        text = answer.read().decode()
        set_cookies = answer.headers.get_all("Set-Cookie") or []
        given = dict(found.groups() for header in set_cookies if (found := re.match(r"([^=]+)=([^;]+);", header)))
        return Answer(answer.status, answer.headers["X-Worker"], given, text)

    def is_in(self, cookies: str) -> bool:
        """Whether a page is shown; anything but that and the redirect to the sign-in page is a fault."""
        status = self.ask("GET", "/page", cookies).status
        assert status in (200, 302), status
        return status == 200

    def close(self) -> None:
        self._http.close()


class Fleet:
    """Two workers on one port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wires: list[Wire] = []

    def wire(self) -> Wire:
        self._wires.append(Wire(self._port))
        return self._wires[-1]

    def wires(self, number: int) -> list[Wire]:
        """So many connections, to the two workers by turns."""
        found: dict[str, list[Wire]] = {}
        while len(found) < 2 or min(map(len, found.values())) < (number + 1) // 2:
            wire = self.wire()
            found.setdefault(wire.worker, []).append(wire)
            assert len(self._wires) < 1000, "one worker takes every connection"
        first, second = found.values()
        return [wire for pair in zip(first, second, strict=False) for wire in pair][:number]

    def close(self) -> None:
        for wire in self._wires:
            wire.close()


@contextmanager
def fleet(host: Host, log: Path, app: str = "tests.workers.app:create()", **more: str) -> Iterator[Fleet]:
    """Two worker processes that serve ``host``, whose tables and users are there already.

    :param app: makes it in a worker, which has ``more`` in its environment.
    """
    settings = {name: host.app.config[name] for name in SHARED if name in host.app.config}
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening, log.open("wb") as out:
        # an answer is sent in two pieces, the second of which would wait 40 ms for the first to be acknowledged
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = [sys.executable, "-m", "gunicorn", "--workers=2", "--worker-class=gthread", "--threads=8"]
        command += [f"--bind=fd://{listening.fileno()}", "--keep-alive=60", "--graceful-timeout=5"]
        command += ["--no-control-socket", "--preload", app]
        environ = {**os.environ, "HOST": json.dumps(settings), **more}
        passed = (listening.fileno(),)
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out, pass_fds=passed) as server:
            served = Fleet(listening.getsockname()[1])
            try:
                yield served
            finally:
                served.close()
                server.kill()  # a polite end takes two seconds; workers without a master end by themselves
    print(log.read_text(errors="replace")[-4000:])  # pytest shows it where a test fails


class Signed(NamedTuple):
    """A signed-in browser: its session, and the cookie that it sends."""

    id: str
    cookie: str


def sign_in_many(host: Host, username: str, number: int, password: str = PASSWORD) -> list[Signed]:
    """As if the user had signed in so often: rows and cookies as one real sign-in has made them."""
    browser = Browser(host.app.test_client())
    browser.client.environ_base["HTTP_USER_AGENT"] = AGENT
    browser.client.post("/login", data={"username": username, "password": password})
    like, user = inside(host, browser), host.user(username)
    with host.app.app_context(), current_profile.own_transaction():
        key, sessions = current_profile.users.key(user), current_profile.sessions
        credentials = [new_device(key).of_session() for _ in range(number)]
        for credential in credentials:
            record = sessions._registry.begin(key, credential, SignInData(like["_user_id"], "127.0.0.1", AGENT))
            assert sessions._store.add_session(record)
        assert sessions.end(user, Credential.parse(like[KEY]).id)  # type: ignore[union-attr]
    return [Signed(each.id, _cookie(host, {**like, KEY: each.value})) for each in credentials]


def _cookie(host: Host, content: dict[str, Any]) -> str:
    serializer = host.app.session_interface.get_signing_serializer(host.app)  # type: ignore[attr-defined]
    return f"session={serializer.dumps(content)}"


def cookie_header(*given: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for cookies in given for name, value in cookies.items())
