"""The way from a person's consent to an ID token, as OpenID Connect and Authlib have it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfo
from joserfc.jwk import RSAKey

from .addresses import issuer
from .client import CLIENT_ID, Client
from .people import SignIn

CODE_LIFETIME = 60


@dataclass
class Code(AuthorizationCodeMixin):
    """An authorization code, bound to the client, its address and its PKCE challenge."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    sign_in: SignIn
    expires: float = field(default_factory=lambda: time.monotonic() + CODE_LIFETIME)
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.sign_in.time


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code: str, oauth: Any) -> None:
        asked = oauth.payload.data
        codes = self.server.codes
        for old in [key for key, value in codes.copy().items() if value.expires < time.monotonic()]:
            codes.pop(old, None)
        codes[code] = Code(
            CLIENT_ID, oauth.payload.redirect_uri, oauth.scope, asked["nonce"], asked["code_challenge"], oauth.user
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        # taken out before anything is checked, so that a code serves once, also when two ask at the same moment
        found: Code | None = self.server.codes.pop(code, None)
        in_time = found is not None and found.expires >= time.monotonic()
        return found if in_time and found and found.client_id == client.get_client_id() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It is gone already."""

    def authenticate_user(self, authorization_code: Code) -> SignIn:
        return authorization_code.sign_in


class StrictChallenge(CodeChallenge):
    """PKCE for every request, and S256 alone: Authlib asks it of public clients only."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("'code_challenge_method' must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class IDTokens(OpenIDCode):
    def __init__(self, key: RSAKey, codes: dict[str, Code]) -> None:
        super().__init__(require_nonce=True)
        self.key = key
        self.codes = codes

    def exists_nonce(self, nonce: str, oauth: Any) -> bool:
        return any(code.nonce == nonce for code in self.codes.copy().values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.key

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": issuer(), "aud": [CLIENT_ID]}

    def generate_user_info(self, user: SignIn, scope: str) -> UserInfo:
        return UserInfo(sub=user.person.sub, sid=user.sid, name=user.person.name, email=user.person.email)
