"""The provider of one app: its key, and what it remembers."""

from __future__ import annotations

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Flask, current_app
from joserfc.jwk import RSAKey

from .client import CLIENT_ID, Client
from .grants import Code, CodeGrant, IDTokens, StrictChallenge
from .people import SignIns


class Provider(AuthorizationServer):
    def __init__(self, app: Flask) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
        self.client = Client()
        self.codes: dict[str, Code] = {}
        self.sign_ins = SignIns()
        # no access token is kept, for there is nothing here that one could be used for
        super().__init__(app, lambda name: self.client if name == CLIENT_ID else None, lambda *_: None)
        self.register_grant(CodeGrant, [StrictChallenge(), IDTokens(self.key, self.codes)])


def init_app(app: Flask) -> None:
    app.extensions["example_idp"] = Provider(app)


def provider() -> Provider:
    found: Provider = current_app.extensions["example_idp"]
    return found


def client_secret() -> str:
    return provider().client.secret
