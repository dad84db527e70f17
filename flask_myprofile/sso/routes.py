"""What OpenID providers ask for, and the browsers that they send back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ..account.single_logout import BadLogout
from ..auth.remember_me import hide_signed_in_browser
from ..errors import StoreDown
from ..globals import PACKAGE, current_profile
from ..host_matching import OwnBlueprint
from ..responses import no_store, store_is_down
from ..transactions import run
from .provider import Provider, ProviderUnknown, provider_of

#: No logout token is longer.
_MAX_BODY = 64 * 1024


def blueprint(prefix: str, confirmed: Callable[[], Any]) -> Blueprint:
    """The routes, which are the same for all providers.

    :param confirmed: the view for a browser that is back from a step-up.
    """
    sso_pages = OwnBlueprint("myprofile_sso", PACKAGE, url_prefix=f"{prefix}/sso")
    sso_pages.after_request(no_store)
    sso_pages.add_url_rule("/<client>/backchannel-logout", "backchannel_logout", _backchannel_logout, methods=["POST"])
    sso_pages.add_url_rule("/confirmed", "confirmed", confirmed)
    return sso_pages


def _backchannel_logout(client: str) -> Any:
    """Somebody has signed out at the provider (OpenID Connect Back-Channel Logout 1.0)."""
    request.max_content_length = _MAX_BODY
    hide_signed_in_browser()  # a provider has none, and whoever sends some gets none
    provider = provider_of(client) if current_profile.config.sso_backchannel else None
    if provider is None:
        abort(404)
    try:
        ended = _carry_out(provider)
    except BadLogout as bad:
        current_app.logger.warning("MyProfile refused a logout token of %s: %s", client, bad)
        return jsonify(error="invalid_request", error_description=str(bad)), 400
    except ProviderUnknown as unknown:
        current_app.logger.warning("MyProfile cannot check a logout token of %s: %s", client, unknown)
        wait = {"Retry-After": str(unknown.retry_after)}
        return jsonify(error="temporarily_unavailable", error_description=str(unknown)), 503, wait
    except (StoreDown, SQLAlchemyError) as error:
        return store_is_down(error)
    current_app.logger.info("MyProfile ended %s sessions of somebody who signed out at %s", ended, client)
    return "", 200


def _carry_out(provider: Provider) -> int:
    from .logout_token import read  # joserfc is an optional dependency

    sent = request.form.getlist("logout_token")
    if request.mimetype != "application/x-www-form-urlencoded" or len(sent) != 1:
        raise BadLogout("the form has no logout_token, or several")
    logout = read(sent[0], provider)
    single_logout, transaction = current_profile.single_logout, current_profile.own_transaction
    run(lambda: single_logout.remember(logout), transaction)
    return run(lambda: single_logout.carry_out(logout), transaction)  # which sees whoever has signed in until now
