"""What OpenID providers ask for, and the browsers that they send back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from . import cookies, reauth
from .account.single_logout import BadLogout
from .door import MAX_BODY, guarded, not_now, private
from .errors import StoreDown
from .globals import current_profile
from .provider import Provider, provider_of
from .signals import unit_of_work


def blueprint(prefix: str) -> Blueprint:
    """The routes, which are the same for all providers."""
    sso_pages = Blueprint("myprofile_sso", __package__ or "", url_prefix=f"{prefix}/sso")
    sso_pages.after_request(private)
    sso_pages.add_url_rule("/<client>/backchannel-logout", "backchannel_logout", _backchannel_logout, methods=["POST"])
    sso_pages.add_url_rule("/confirmed", "confirmed", guarded(reauth.confirmed))
    return sso_pages


def _backchannel_logout(client: str) -> Any:
    """Somebody has signed out at the provider (OpenID Connect Back-Channel Logout 1.0)."""
    request.max_content_length = MAX_BODY
    cookies.set_aside(current_profile.config.device_cookie)  # a provider has none, and whoever sends some gets none
    provider = provider_of(client) if current_profile.config.sso_backchannel else None
    if provider is None:
        abort(404)
    try:
        ended = _carry_out(provider)
    except BadLogout as bad:
        current_app.logger.warning("MyProfile refused a logout token of %s: %s", client, bad)
        return jsonify(error="invalid_request", error_description=str(bad)), 400
    except (StoreDown, SQLAlchemyError) as error:
        return not_now(error)
    current_app.logger.info("MyProfile ended %s sessions of somebody who signed out at %s", ended, client)
    return "", 200


def _carry_out(provider: Provider) -> int:
    from .logout_token import read  # joserfc is an optional dependency

    sent = request.form.getlist("logout_token")
    if request.mimetype != "application/x-www-form-urlencoded" or len(sent) != 1:
        raise BadLogout("the form has no logout_token, or several")
    logout = read(sent[0], provider)
    with unit_of_work(current_profile.db.session):
        return current_profile.single_logout.carry_out(logout)
