"""Identity providers without a network: what Authlib's clients send is answered in the same process."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask_login
import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from urllib3 import HTTPResponse

from flask_myprofile import record_sso
from flask_myprofile.sso import provider
from tests.support.host import Browser, Host

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


@cache
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@dataclass
class Provider:
    """One provider: ``claims`` go into its ID token, ``profile`` is what its API answers."""

    name: str
    kind: str = "oidc"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "77", "sid": "idp-session-1"})
    profile: dict[str, Any] = field(default_factory=dict)
    #: Whether the app asks the provider for its metadata, instead of knowing them.
    discovered: bool = False
    nonce: str = ""
    #: The paths that were asked for.
    asked: list[str] = field(default_factory=list)
    #: What each of them answers instead, while there is something: an exception that is raised, or a callable.
    trouble: Any = None

    @property
    def issuer(self) -> str:
        return f"https://{self.name.lower()}.example"

    def register(self, oauth: OAuth) -> None:
        urls = {"authorize_url": f"{self.issuer}/authorize", "access_token_url": f"{self.issuer}/token"}
        if self.kind == "oauth1":
            oauth.register(
                self.name, client_id="c", client_secret="s", request_token_url=f"{self.issuer}/request", **urls
            )
        elif self.kind == "oauth2":
            oauth.register(self.name, client_id="c", client_secret="s", api_base_url=f"{self.issuer}/api/", **urls)
        else:
            known = {"issuer": self.issuer, "jwks": {"keys": [key().as_dict(private=False)]}, **urls}
            if self.discovered:
                known = {"server_metadata_url": self.issuer + "/.well-known/openid-configuration"}
            scope = {"scope": "openid profile"}
            oauth.register(self.name, client_id="c", client_secret="s", client_kwargs=scope, **known)

    def answer(self, path: str) -> tuple[str, str]:
        """(content type, body) of an answer to a request of Authlib's."""
        self.asked.append(path)
        if self.trouble is not None:
            self.trouble()
        if path == "/.well-known/openid-configuration":
            return "application/json", json.dumps(self.metadata())
        if path == "/jwks":
            return "application/json", json.dumps({"keys": [key().as_dict(private=False)]})
        if path == "/request":
            return "application/x-www-form-urlencoded", urlencode({"oauth_token": "r", "oauth_token_secret": "rs"})
        if self.kind == "oauth1":
            return "application/x-www-form-urlencoded", urlencode({"oauth_token": "t", "oauth_token_secret": "ts"})
        if path.startswith("/api/"):
            return "application/json", json.dumps(self.profile)
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600}
        if self.kind == "oidc":
            moment = int(time.time())
            standard = {"iss": self.issuer, "aud": "c", "iat": moment, "exp": moment + 60, "nonce": self.nonce}
            standard["auth_time"] = self.claims.get("iat", moment)
            header = {"alg": "RS256", "kid": key().kid}
            said = {name: value for name, value in {**standard, **self.claims}.items() if value is not None}
            token["id_token"] = jwt.encode(header, said, key())
        return "application/json", json.dumps(token)

    def metadata(self) -> dict[str, Any]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        urls = {name: f"{self.issuer}/{path}" for name, path in paths.items()}
        return {"issuer": self.issuer, **urls, "end_session_endpoint": f"{self.issuer}/sign-out"}

    def logout_token(self, *, header: dict[str, Any] | None = None, by: Any = None, **claims: Any) -> str:
        """A right one, but for these claims (None leaves one out)."""
        moment = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": "c",
            "iat": moment,
            "exp": moment + 120,
            "jti": secrets.token_hex(8),
            "events": {LOGOUT: {}},
        }
        said = {name: value for name, value in {**right, **claims}.items() if value is not None}
        known = {"alg": "RS256", "kid": key().kid, "typ": "logout+jwt", **(header or {})}
        signed = {name: value for name, value in known.items() if value is not None}
        return jwt.encode(signed, said, by or key(), algorithms=[signed["alg"]], default_type=None)

    def tell(self, host: Host, token: str | None = None, **claims: Any) -> Any:
        """Send a logout token, as the provider does when somebody has signed out there."""
        sent = {"logout_token": self.logout_token(**claims) if token is None else token}
        return host.app.test_client().post(f"/profile/sso/{self.name}/backchannel-logout", data=sent)

    # ---- what a person does

    def start(self, browser: Browser) -> dict[str, str]:
        """Click "Sign in with …"; what the app asks the provider for."""
        target = urlsplit(browser.get(f"/sso/{self.name}").location)
        assert f"{target.scheme}://{target.netloc}" == self.issuer
        asked = {name: values[0] for name, values in parse_qs(target.query).items()}
        self.nonce = asked.get("nonce", "")
        return asked

    def come_back(self, browser: Browser, asked: dict[str, str], as_user: str = "alice", **more: str) -> Any:
        """The provider has agreed; the app's callback signs ``as_user`` in."""
        proof = (
            {"oauth_token": asked["oauth_token"], "oauth_verifier": "v"}
            if self.kind == "oauth1"
            else {"code": "c", "state": asked["state"]}
        )
        return browser.get(f"/callback/{self.name}?{urlencode({**proof, 'as': as_user, **more})}")

    def sign_in(self, browser: Browser, as_user: str = "alice", **more: str) -> Any:
        return self.come_back(browser, self.start(browser), as_user, **more)


def forget(host: Host, name: str) -> None:
    """As if this process had just been started: it knows nothing of a provider whose metadata it has to ask for."""
    client = host.app.extensions["authlib.integrations.flask_client"].create_client(name)
    client.server_metadata.clear()
    provider._known.pop(client, None)


def wait_for_questions() -> None:
    """Until the providers have answered that are asked beside a request, which does not wait for that."""
    for thread in threading.enumerate():
        if thread.name.endswith("(_ask)"):
            thread.join(20)


def serve(monkeypatch: Any, *providers: Provider) -> None:
    """Answer what ``requests`` sends to these providers, and nobody else."""
    by_host = {urlsplit(each.issuer).netloc: each for each in providers}

    def send(adapter: Any, prepared: Any, **kwargs: Any) -> requests.Response:
        target = urlsplit(prepared.url)
        response = requests.Response()
        response.status_code, response.url, response.request = 200, prepared.url, prepared
        content_type, body = by_host[target.netloc].answer(target.path)
        response.headers["Content-Type"] = content_type
        response.raw = HTTPResponse(BytesIO(body.encode()), preload_content=False)
        return response

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)


def with_providers(
    *providers: Provider, oauth_first: bool = True, lazily: bool = False, subclass: bool = False
) -> dict[str, Callable[..., Any]]:
    """``before`` and ``after`` of a host that has these providers. The person is in ``?as=``, as a real host would
    look it up by issuer and subject."""
    made: list[OAuth] = []

    def register(app: Flask) -> OAuth:
        if not made:
            made.append(OAuth(app))
            if subclass:
                made[0].oauth2_client_cls = _own_client_class()
            for each in providers:
                each.register(made[0])
        return made[0]

    def before(app: Flask, db: Any) -> None:
        if oauth_first and not lazily:
            register(app)

    def after(host: Host) -> None:
        app = host.app
        if not lazily:
            register(app)

        @app.get("/sso/<name>")
        def sso(name: str) -> Any:
            return register(app).create_client(name).authorize_redirect("https://host.example/callback/" + name)

        @app.get("/callback/<name>")
        def callback(name: str) -> Any:
            client = register(app).create_client(name)
            try:
                client.authorize_access_token()
            except OAuthError as error:
                return f"not signed in: {error.error}", 403
            if "profile" in request.args:
                record_sso(name, subject=client.get("me").json()["id"])
            person = host.db.session.execute(host.db.select(host.User).filter_by(username=request.args["as"])).scalar()
            if "link" not in request.args:
                flask_login.login_user(person, remember="remember" in request.args)
            return redirect("/page")

    return {"before": before, "after": after}


def _own_client_class() -> type[Any]:
    class OwnClient(OAuth.oauth2_client_cls):  # type: ignore[name-defined,misc]
        def authorize_access_token(self, **kwargs: Any) -> Any:
            return super().authorize_access_token(**kwargs)

    return OwnClient
