"""Demo SSO: an OpenID provider in the same process, so that the example needs no internet and no other service.

It is a real one: authorization code, PKCE, nonce, ID tokens signed with RS256. What it lacks is anybody to keep out:
everyone may say that they are Alex. Codes and the key are kept in memory, so run one process (threads are fine).

The app asks it over HTTP, at http://127.0.0.1:<port>. Where the app is reached by another address, in a container or
behind a proxy, set ``EXAMPLE_URL`` to its https:// address. Tests start a real server (port 0 will do).
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfo
from flask import Blueprint, Flask, current_app, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.jwk import RSAKey

from .extensions import csrf

bp = Blueprint("demo_idp", __name__, url_prefix="/demo-idp")

CLIENT_ID = "acme-analytics"
SCOPES = ("openid", "profile", "email")
CODE_LIFETIME = 60


@dataclass(frozen=True)
class Person:
    """Somebody whom the provider knows."""

    sub: str
    name: str
    email: str


ALEX = Person("5d0c7c9e-alex-kim", "Alex Kim", "alex.kim@acme.example")


@dataclass(frozen=True)
class SignIn:
    """A person at the provider: since when, and in which of its sessions."""

    person: Person
    sid: str
    time: int = field(default_factory=lambda: int(time.time()))


class Client(ClientMixin):
    """The one app that may ask: this one. Its secret is made at the start and never leaves the process."""

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(32)

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: Any) -> Any:
        asked = str(scope or "").split()
        return " ".join(s for s in asked if s in SCOPES) if "openid" in asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in {site + url_for("sso.callback") for site in app_sites()}

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


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
        codes = provider().codes
        for old in [key for key, value in codes.copy().items() if value.expires < time.monotonic()]:
            codes.pop(old, None)
        codes[code] = Code(
            CLIENT_ID, oauth.payload.redirect_uri, oauth.scope, asked["nonce"], asked["code_challenge"], oauth.user
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        # taken out before anything is checked, so that a code serves once, also when two ask at the same moment
        found = provider().codes.pop(code, None)
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
    def exists_nonce(self, nonce: str, oauth: Any) -> bool:
        return any(code.nonce == nonce for code in provider().codes.copy().values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return provider().key

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": provider().key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": issuer(), "aud": [CLIENT_ID]}

    def generate_user_info(self, user: SignIn, scope: str) -> UserInfo:
        return UserInfo(sub=user.person.sub, sid=user.sid, name=user.person.name, email=user.person.email)


class Provider:
    """What the provider remembers for one app."""

    def __init__(self, app: Flask) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
        self.client = Client()
        self.codes: dict[str, Code] = {}
        # no access token is kept, for there is nothing here that one could be used for
        self.server = AuthorizationServer(app, lambda name: self.client if name == CLIENT_ID else None, lambda *_: None)
        self.server.register_grant(CodeGrant, [StrictChallenge(), IDTokens(require_nonce=True)])


def init_app(app: Flask) -> None:
    app.extensions["example_idp"] = Provider(app)


def provider() -> Provider:
    found: Provider = current_app.extensions["example_idp"]
    return found


def client_secret() -> str:
    return provider().client.secret


def site_url() -> str:
    """Where this server is, told by its socket. The Host header will not do: whoever sends the request writes it,
    and the app would fetch keys from there and believe them."""
    return str(current_app.config["EXAMPLE_URL"]).rstrip("/") or f"http://127.0.0.1:{request.environ['SERVER_PORT']}"


def app_sites() -> set[str]:
    """The addresses at which a browser may have the app open."""
    return {site_url(), site_url().replace("http://127.0.0.1:", "http://localhost:")}


def issuer() -> str:
    return site_url() + "/demo-idp"


@bp.errorhandler(ValueError)
def unspeakable(error: ValueError) -> ResponseReturnValue:
    """Authlib repeats what was wrong in its answer, and raises where that holds a control character."""
    return {"error": "invalid_request"}, 400


@bp.get("/.well-known/openid-configuration")
def discovery() -> ResponseReturnValue:
    return {
        "issuer": issuer(),
        "authorization_endpoint": site_url() + url_for("demo_idp.authorize"),
        "token_endpoint": site_url() + url_for("demo_idp.token"),
        "jwks_uri": site_url() + url_for("demo_idp.jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "name", "email"],
    }


@bp.get("/jwks")
def jwks() -> ResponseReturnValue:
    return {"keys": [provider().key.as_dict(private=False)]}


@bp.route("/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    """Its sign-in page; the button is asked for every time, so an app that wants a fresh sign-in gets one."""
    server: Any = provider().server  # Authlib's annotations are not meant for Flask's responses
    who = None
    if request.method == "POST":
        sid = session.setdefault("demo_idp_session", secrets.token_urlsafe(16))
        who = SignIn(ALEX, sid)
    try:
        grant = server.get_consent_grant(end_user=who)
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    if request.method == "GET":
        return render_template("demo_idp/authorize.html", person=ALEX)
    agreed = "cancel" not in request.form
    return server.create_authorization_response(grant_user=who if agreed else None, grant=grant)


@bp.post("/token")
@csrf.exempt  # the app calls it, not a browser; it shows the client's secret instead
def token() -> ResponseReturnValue:
    server: Any = provider().server
    response: ResponseReturnValue = server.create_token_response()
    return response
