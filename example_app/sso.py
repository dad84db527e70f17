"""Signing in with the demo identity provider: what an app does with Authlib, and nothing more.

Nothing here tells My Profile that the sign-in was Single Sign On; it finds out by itself.
"""

from __future__ import annotations

from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from flask import Blueprint, current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_user
from joserfc.errors import JoseError
from requests import RequestException
from sqlalchemy import select

from .auth import safe_next
from .extensions import db
from .idp import CLIENT_ID, client_secret, issuer
from .models import User

bp = Blueprint("sso", __name__, url_prefix="/sso")

#: the client's name is what My Profile calls the provider on its pages
PROVIDER = "Demo SSO"

TROUBLE = (OAuthError, JoseError, RequestException)


@bp.before_app_request
def register_client() -> None:
    """At the first request: before that, the app does not know its own port, nor with it the provider's address."""
    if current_app.extensions.get("example_sso") == issuer():
        return
    oauth: Any = OAuth(current_app)
    oauth.register(
        PROVIDER,
        client_id=CLIENT_ID,
        client_secret=client_secret(),
        server_metadata_url=f"{issuer()}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "default_timeout": 5},
    )
    current_app.extensions["example_sso"] = issuer()


def client() -> FlaskOAuth2App:
    found: FlaskOAuth2App = current_app.extensions["authlib.integrations.flask_client"].create_client(PROVIDER)
    return found


@bp.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Off to the provider. State, nonce and the PKCE verifier wait in the session for the way back."""
    session["sso_next"] = safe_next(request.args.get("next"))
    try:
        return client().authorize_redirect(url_for("sso.callback", _external=True))
    except TROUBLE:
        return refused(gettext("Demo SSO cannot be reached."))


@bp.get("/callback")
def callback() -> ResponseReturnValue:
    """Back from the provider: trade the code for an ID token, and find out whose it is."""
    target = safe_next(session.pop("sso_next", None))
    # Authlib looks at the issuer only, so the audience is named here as well
    wanted = {"iss": {"essential": True, "value": issuer()}, "aud": {"essential": True, "value": CLIENT_ID}}
    try:
        claims = client().authorize_access_token(claims_options=wanted)["userinfo"]
    except TROUBLE:
        return refused(gettext("Signing in with Demo SSO did not work. Try again."))
    # the issuer has just been checked and is the only one, so the subject is enough to tell who it is;
    # never look for the e-mail address: it can change hands
    user = db.session.scalar(select(User).where(User.sso_subject == claims["sub"]))
    if user is None or not login_user(user):
        return refused(gettext("Your Demo SSO account has no access to this app."))
    return redirect(target or url_for("pages.dashboard"))


def refused(message: str) -> ResponseReturnValue:
    current_app.logger.info("SSO sign-in refused: %s", message, exc_info=True)
    flash(message, "error")
    return redirect(url_for("auth.sign_in"))
