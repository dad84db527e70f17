"""What OpenID providers ask for, and the browsers that they send back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from ..globals import PACKAGE
from ..host_matching import OwnBlueprint
from ..openapi.operation import described_by
from ..responses import no_store


def blueprint(prefix: str, confirmed: Callable[[], Any]) -> Blueprint:
    """The routes, which are the same for all providers.

    :param confirmed: the view for a browser that is back from a step-up.
    """
    sso_pages = OwnBlueprint("myprofile_sso", PACKAGE, url_prefix=f"{prefix}/sso")
    sso_pages.after_request(_in_a_frame)
    sso_pages.after_request(no_store)  # which comes first: the last one that is added does
    sso_pages.add_url_rule("/<client>/backchannel-logout", "backchannel_logout", _backchannel_logout, methods=["POST"])
    sso_pages.add_url_rule("/<client>/frontchannel-logout", "frontchannel_logout", _frontchannel_logout)
    sso_pages.add_url_rule("/confirmed", "confirmed", confirmed)
    return sso_pages


@described_by(lambda: _views().backchannel_logout)
def _backchannel_logout(client: str) -> Any:
    return _views().backchannel_logout(client)


@described_by(lambda: _views().frontchannel_logout)
def _frontchannel_logout(client: str) -> Any:
    return _views().frontchannel_logout(client)


def _views() -> Any:
    from . import logout_views  # for providers, of which most apps have none

    return logout_views


def _in_a_frame(response: Response) -> Response:
    """There is nothing on it that could be clicked."""
    if request.endpoint == "myprofile_sso.frontchannel_logout":
        response.headers.pop("X-Frame-Options", None)
    return response
