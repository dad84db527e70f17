"""What the provider has registered of the app."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin
from flask import url_for

from .addresses import app_sites, site_url

CLIENT_ID = "acme-analytics"
SCOPES = ("openid", "profile", "email")


class Client(ClientMixin):
    """The one app that may ask: this one. Its secret is made at the start and never leaves the process."""

    name = "Acme Analytics"

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

    def check_post_logout_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in {site + url_for("pages.start") for site in app_sites()}

    def backchannel_logout_uri(self) -> str:
        return site_url() + url_for("myprofile_sso.backchannel_logout", client="Demo SSO")

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"
