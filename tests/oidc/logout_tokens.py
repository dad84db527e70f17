"""Logout tokens as the provider signs them, right and wrong ones, and what the app answers to them."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any

import requests
from joserfc.jwk import RSAKey

from tests.oidc.provider import claims_of
from tests.oidc.relying_party import RelyingParty

#: It may be a new one, if the app has asked just before: then the provider is to try again.
UNKNOWN_KEY = "a key that the provider does not have"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def claims_for(app: RelyingParty, **changes: Any) -> dict[str, Any]:
    """That alice has signed out; ``changes`` replace claims, None leaves one out."""
    now = int(time.time())
    right = {
        "iss": app.provider.issuer,
        "aud": app.client["client_id"],
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_hex(),
        "events": {EVENT: {}},
        "sub": "alice",
    }
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def signed_for(app: RelyingParty, **changes: Any) -> str:
    return app.provider.sign(claims_for(app, **changes), typ="logout+jwt")


def forged_for(app: RelyingParty) -> dict[str, str]:
    """What somebody sends who does not have the provider's key: none of these is right."""
    claims, right, public = claims_for(app), signed_for(app), app.provider.public_key()
    signed_part, kid = right.rpartition(".")[0], public["kid"]
    pem = RSAKey.import_key(public).as_pem(private=False)
    return {
        "no signature": signed_part + ".",
        "half of the signature": right[:-20],
        "other claims": right.replace(right.split(".")[1], signed_for(app).split(".")[1]),
        "the algorithm none": _made({"alg": "none"}, claims, b""),
        "the public key as a secret": _made({"alg": "HS256", "kid": kid}, claims, pem),
        "the client's secret": _made({"alg": "HS256"}, claims, app.client["client_secret"].encode()),
        "another's key by the same name": app.provider.sign(claims, stranger=True),
        UNKNOWN_KEY: app.provider.sign(claims, kid="unknown"),
        "a type of other tokens": app.provider.sign(claims, typ="at+jwt"),
        "no token at all": "x",
        "nothing": "",
    }


def _made(header: dict[str, str], claims: dict[str, Any], secret: bytes) -> str:
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret, b".".join(parts), "sha256") if secret else b""
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def send(app: RelyingParty, token: str) -> requests.Response:
    """As the provider does. Whatever comes back, no cookie is among it and nobody may keep it."""
    with requests.Session() as http:
        http.trust_env = False
        answer = http.post(app.logout_url, data={"logout_token": token}, timeout=20)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def check_put_off(app: RelyingParty, token: str) -> None:
    """It may come again: what is needed to check it is not to be had now."""
    answer = send(app, token)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable"), claims_of(token)
    assert int(answer.headers["Retry-After"]) > 0


def check_refused(app: RelyingParty, token: str) -> None:
    answer = send(app, token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), claims_of(token)
    assert answer.json()["error_description"]
