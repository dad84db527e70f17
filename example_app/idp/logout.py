"""Signing out at the provider, and telling the app of it (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import NamedTuple

import requests
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError

from .addresses import issuer
from .client import CLIENT_ID
from .people import SignIn, now
from .provider import provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_LIFETIME = 120
PATIENCE = 5


class Told(NamedTuple):
    """How many sign-ins have ended, and of how many the app has said that it knows."""

    ended: int
    confirmed: int


def sign_out(sign_ins: Collection[SignIn]) -> Told:
    """End these sign-ins, then tell the app of each: whoever reads the answer knows that it is done."""
    provider().sign_ins.end(sign_ins)
    return Told(len(sign_ins), sum(app_confirms(logout_token(each)) for each in sign_ins))


def logout_token(ended: SignIn) -> str:
    iat = now()
    claims = {
        "iss": issuer(),
        "aud": CLIENT_ID,
        "iat": iat,
        "exp": iat + TOKEN_LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sub": ended.person.sub,
        "sid": ended.sid,
    }
    key = provider().key
    return jwt.encode({"alg": "RS256", "typ": "logout+jwt", "kid": key.kid}, claims, key, ["RS256"])


def app_confirms(token: str) -> bool:
    """Over HTTP, although the app is in this very process: any other app would be told in the same way."""
    url = provider().client.backchannel_logout_uri()
    try:
        answer = requests.post(url, {"logout_token": token}, timeout=PATIENCE, allow_redirects=False)
    except requests.RequestException:
        current_app.logger.warning("Back-channel logout: %s cannot be reached", url, exc_info=True)
        return False
    if answer.status_code not in {200, 204}:
        current_app.logger.warning("Back-channel logout: %s answered %s %s", url, answer.status_code, answer.text[:500])
    return answer.status_code in {200, 204}


def audience(id_token: str) -> list[str]:
    """For whom the provider has issued it, however long ago. Nobody, where it has not: keys end with the process."""
    try:
        found = jwt.decode(id_token, provider().key, algorithms=["RS256"]).claims["aud"]
    except (JoseError, ValueError):
        return []
    return list(found)
