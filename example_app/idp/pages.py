"""The provider's pages for people, and its endpoints for the app."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ..extensions import csrf
from .addresses import issuer, site_url
from .client import CLIENT_ID, SCOPES
from .logout import audience, sign_out
from .people import PEOPLE, SignIn
from .provider import provider

bp = Blueprint("demo_idp", __name__, url_prefix="/demo-idp")

#: where the browser's cookie has the provider's session
SESSION = "demo_idp_session"


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
        "end_session_endpoint": site_url() + url_for("demo_idp.end_session"),
        "jwks_uri": site_url() + url_for("demo_idp.jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "name", "email"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


@bp.get("/jwks")
def jwks() -> ResponseReturnValue:
    return {"keys": [provider().key.as_dict(private=False)]}


@bp.route("/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    """Its sign-in page; the button is asked for every time, so an app that wants a fresh sign-in gets one."""
    server: Any = provider()  # Authlib's annotations are not meant for Flask's responses
    try:
        grant = server.get_consent_grant()
    except OAuth2Error as error:
        return server.handle_error_response(None, error)
    if request.method == "GET":
        return page("authorize", people=PEOPLE.values())
    person = PEOPLE.get(request.form.get("person", ""))
    who = provider().sign_ins.begin(person, session.get(SESSION, "")) if person else None
    if who:
        session[SESSION] = who.sid
    return server.create_authorization_response(grant_user=who, grant=grant)


@bp.post("/token")
@csrf.exempt  # the app calls it, not a browser; it shows the client's secret instead
def token() -> ResponseReturnValue:
    server: Any = provider()
    response: ResponseReturnValue = server.create_token_response()
    return response


@bp.get("/account")
def account() -> ResponseReturnValue:
    """What the provider shows people of themselves: where they are signed in."""
    here = signed_in_here()
    return page("account", here=here, sign_ins=provider().sign_ins.of(here.person) if here else [])


@bp.post("/account")
def sign_out_everywhere() -> ResponseReturnValue:
    here = signed_in_here()
    return page("signed_out", told=sign_out(provider().sign_ins.of(here.person) if here else []))


@bp.route("/end-session", methods=["GET", "POST"])
def end_session() -> ResponseReturnValue:
    """An app sends people here who have signed out there (OpenID Connect RP-Initiated Logout 1.0)."""
    here, back = signed_in_here(), return_address()
    if "stay" in request.form:
        return redirect(back or url_for("demo_idp.account"), 303)
    if here and request.method == "GET":
        return page("end_session", here=here)
    told = sign_out([here] if here else [])
    return redirect(back, 303) if back else page("signed_out", told=told)


def account_url() -> str:
    """At the provider's own address, for that is where the browser has the provider's cookie."""
    return site_url() + url_for("demo_idp.account")


def signed_in_here() -> SignIn | None:
    return provider().sign_ins.get(session.get(SESSION, ""))


def return_address() -> str | None:
    """Where the app would like the browser to go. Only where it is registered, or people could be sent anywhere."""
    asking = {*request.args.getlist("client_id"), *audience(request.args.get("id_token_hint", ""))}
    back = request.args.get("post_logout_redirect_uri", "")
    if asking != {CLIENT_ID} or not provider().client.check_post_logout_redirect_uri(back):
        return None
    state = request.args.get("state")
    return f"{back}?{urlencode({'state': state})}" if state else back


def page(name: str, **context: Any) -> str:
    app = provider().client.name
    return render_template(f"demo_idp/{name}.html", app=app, app_url=url_for("pages.start"), **context)
