"""Apps on a real server: threads, sockets and HTTP, on a free port of this machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import requests
from flask import Flask
from joserfc.jwk import RSAKey
from werkzeug.security import generate_password_hash
from werkzeug.serving import WSGIRequestHandler, make_server

from example_app import create_app
from example_app.extensions import db
from flask_myprofile.testing import wait_for_notices
from tests.support.host import HASH

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class QuietHandler(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Nothing: a test says what went wrong by itself."""


def in_one_piece(app: Flask) -> WSGIApplication:
    """Where a browser goes away meanwhile, Werkzeug's server leaves the file open that it was sending."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        with closing(app(environ, start_response)) as body:  # type: ignore[type-var]
            return [b"".join(body)]

    return answer


@contextmanager
def serving(app: Flask, threaded: bool = True) -> Iterator[str]:
    """The app's address while it is served. A browser may ask it for something to the last, so no other test has it.

    :param threaded: else it answers one request at a time.
    """
    app.extensions["served"] = True
    server = make_server("127.0.0.1", 0, in_one_piece(app), threaded=threaded, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def _providers_key() -> RSAKey:
    """Of the example's provider: to make one for each app takes longer than the rest of it."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


#: What the extension does by default, and the example app does not.
ONE_TOKEN = {"MYPROFILE_API_TOKENS": 1, "MYPROFILE_API_SCOPES": {}, "MYPROFILE_API_TOKEN_NETWORKS": False}


@contextmanager
def example(folder: Path, **settings: Any) -> Iterator[Flask]:
    """The example app with a database of its own in ``folder``. The passwords in it guard nothing, and are quick."""
    place = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'acme.sqlite3'}", "SECRET_KEY": "of a test"}
    config = {**place, **ONE_TOKEN, **settings}
    with (
        patch("example_app.models.generate_password_hash", partial(generate_password_hash, method=HASH)),
        patch("example_app.idp.provider.RSAKey.generate_key", return_value=_providers_key()),
    ):
        app = create_app(config)
    try:
        yield app
    finally:
        wait_for_notices(app)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


class Person:
    """Somebody at a browser without JavaScript: follows links and redirects, sends the forms that are on pages."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.http = requests.Session()
        self.http.trust_env = False  # no proxy between this machine and itself

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        return self.http.get(self._whole(url), timeout=20, **kwargs)

    def post(self, url: str, data: dict[str, str], page: str | None = None, **kwargs: Any) -> requests.Response:
        """Send a form as it is on ``page`` (default: at the same address), with its CSRF token."""
        sent = {"csrf_token": self.csrf(page or url), **data}
        return self.http.post(self._whole(url), data=sent, timeout=20, **kwargs)

    def post_json(self, url: str, body: Any, page: str) -> requests.Response:
        headers = {"Accept": "application/json", "X-CSRFToken": self.csrf(page)}
        return self.http.post(self._whole(url), json=body, headers=headers, timeout=20)

    def csrf(self, page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page).text)
        assert found, f"no form on {page}"
        return unescape(found[1])

    def sign_in(self, username: str) -> requests.Response:
        return self.post("/sign-in", {"identifier": username, "password": f"{username}-demo-password"})

    def sign_in_by_sso(self, name: str = "Alex Kim") -> requests.Response:
        """Click "Sign in with Demo SSO" and agree there."""
        at_provider = self.get("/sso/sign-in")
        assert at_provider.url.startswith(f"{self.site}/demo-idp/authorize?"), at_provider.url
        return self.continue_as(name, at_provider)

    def continue_as(self, name: str, at_provider: requests.Response) -> requests.Response:
        """Press the button that says so on the provider's sign-in page."""
        found = re.search(rf'name="person" value="([^"]+)">\s*<strong>Continue as {name}<', at_provider.text)
        assert found, f"{name} is not to be chosen at {at_provider.url}"
        return self.post(at_provider.url, {"person": found[1]})

    def _whole(self, url: str) -> str:
        return url if url.startswith("http") else self.site + url
