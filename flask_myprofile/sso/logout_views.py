"""Logout at an OpenID provider, as it tells of it: directly, or by a frame in the browser."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ..account.single_logout import BadLogout
from ..auth.remember_me import hide_signed_in_browser
from ..errors import StoreDown
from ..globals import current_profile
from ..openapi.operation import Operation, described
from ..openapi.problems import references
from ..openapi.schemas import TEXT, record
from ..responses import store_is_down
from ..transactions import run
from .detection import stored_name
from .provider import Provider, ProviderUnknown, provider_of

#: No logout token is longer.
_MAX_BODY = 64 * 1024
_ERROR = {"application/json": {"schema": record(error=TEXT, error_description=TEXT)}}
#: As the specifications of OpenID Connect have it, whose providers ask.
_ANSWERS: dict[str, Any] = {
    "200": {"description": "Who was meant is signed out."},
    "400": {"description": "It does not say, in the right way, who is meant.", "content": _ERROR},
    "503": {"description": "The provider's keys cannot be had now, or the database is down."},
    **references((404, 405, 413)),
}


@described(
    post=Operation(
        "Back-channel logout of OpenID Connect",
        body={**record(logout_token=TEXT), "additionalProperties": False},
        takes_json=False,
        for_providers=True,
        responses=_ANSWERS,
    )
)
def backchannel_logout(client: str) -> Any:
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


@described(
    get=Operation(
        "Front-channel logout of OpenID Connect",
        query={"iss": TEXT, "sid": TEXT},
        for_providers=True,
        responses=_ANSWERS,
    )
)
def frontchannel_logout(client: str) -> Any:
    """Somebody has signed out at the provider, whose page has a frame for each app (OpenID Connect Front-Channel Logout
    1.0). Browsers send no cookie of ours with it, and nobody signs it: whoever knows the name that the provider has
    given a session may end what began in it here."""
    hide_signed_in_browser()
    if not current_profile.config.sso_frontchannel or provider_of(client) is None:
        abort(404)
    named = [request.args.getlist(name) for name in ("iss", "sid")]
    issuer, session = (stored_name(values[0]) if len(values) == 1 and values[0] else None for values in named)
    if issuer is None or session is None:
        reason = "iss and sid are missing: have the provider send them (frontchannel_logout_session_required)"
        current_app.logger.warning("MyProfile refused a front-channel logout of %s: %s", client, reason)
        return jsonify(error="invalid_request", error_description=reason), 400
    try:
        single_logout, transaction = current_profile.single_logout, current_profile.own_transaction
        ended = run(lambda: single_logout.end_named(client, issuer, session), transaction)
    except (StoreDown, SQLAlchemyError) as error:
        return store_is_down(error)
    current_app.logger.info("MyProfile ended %s sessions by a front-channel logout of %s", ended, client)
    return "", 200
