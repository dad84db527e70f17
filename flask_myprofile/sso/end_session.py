"""Where the provider's own sign-out page is (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from urllib.parse import urlencode

import flask_login
from flask import request

from ..account.encryption import Undecryptable, cipher
from ..globals import current_profile, secret_keys
from ..store.records import SessionRecord
from . import detection
from .provider import ProviderUnknown, provider_of


def end_session_url() -> str | None:
    """The address that signs this request's user out at the OpenID provider as well, to redirect to after
    ``logout_user()``: ask for it before.

    None where ``MYPROFILE_SSO_LOGOUT`` is off, the session did not begin at an OpenID provider, or the provider has no
    such page or cannot be reached.
    """
    user = flask_login.current_user
    record = current_profile.sessions.current() if user and user.is_authenticated else None
    if record is None or record.callback is None or not current_profile.config.sso_logout:
        return None
    provider = provider_of(record.provider or "")
    try:
        endpoint = provider.metadata().get("end_session_endpoint") if provider is not None else None
    except ProviderUnknown:
        return None
    if provider is None or not isinstance(endpoint, str):
        return None
    asked = {"client_id": provider.client_id, **_hint(record)}
    if (back := current_profile.config.sso_logout_return) is not None:
        # a path of this app, which may live below another
        asked["post_logout_redirect_uri"] = request.url_root.rstrip("/") + back if back.startswith("/") else back
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)


def _hint(record: SessionRecord) -> dict[str, str]:
    """Whose session: with it, most providers sign out without asking."""
    try:
        token = cipher(secret_keys(), detection.ID_TOKEN).decrypt((record.id_token or "").encode())
    except Undecryptable:
        return {}
    return {"id_token_hint": token.decode()}
