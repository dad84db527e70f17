"""The OpenID providers of the app's Authlib clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from flask import has_request_context, request

from ..globals import current_profile
from ..sso import detection
from ..sso.provider import ProviderUnknown, provider_of
from .findings import Finding, fault, note, ok

_HERE = ("localhost", "127.0.0.1", "::1")


def sso_clients() -> Iterator[Finding]:
    names = detection.registered_names()
    if not names:
        yield ok("No Authlib client is registered yet.")
    for name in names:
        client: Any = detection.client(name)
        if not getattr(client, "client_id", None):
            yield fault(f"{name} has no client_id.", f"Set {name.upper()}_CLIENT_ID, or register(…, client_id=…).")
        elif (provider := provider_of(name)) is None:
            yield ok(f"{name} is no OpenID provider: no logout reaches this app from there.")
        else:
            yield from _of_provider(name, client, provider)


def _of_provider(name: str, client: Any, provider: Any) -> Iterator[Finding]:
    if "openid" not in str(client.client_kwargs.get("scope", "")).split():
        yield fault(
            f"{name} is asked without the scope openid, and so says nothing that proves who somebody is.",
            'register(…, client_kwargs={"scope": "openid …"})',
        )
    try:
        metadata = provider.metadata()
    except ProviderUnknown:
        yield fault(
            f"{name}: its metadata cannot be had, or is not of the issuer that was registered; the log says why.",
            "See that server_metadata_url is right and can be reached from here.",
        )
        return
    if current_profile.config.sso_logout and "end_session_endpoint" not in metadata:
        yield note(f"{name} has no sign-out page, which MYPROFILE_SSO_LOGOUT goes on to.", "Leave it off.")
    yield ok(f"{name} is {printable_url(metadata['issuer'])}. {_logout(name, metadata)}")
    yield from _limits(name, metadata, provider)
    yield from _callbacks(name)


def _logout(name: str, metadata: Any) -> str:
    if not current_profile.config.sso_backchannel:
        return "MYPROFILE_SSO_BACKCHANNEL is off."
    if not metadata.get("backchannel_logout_supported") and metadata.get("frontchannel_logout_supported"):
        return f"It says that its logout is front-channel alone, which goes to {_address(name, 'frontchannel-logout')}."
    said = "" if metadata.get("backchannel_logout_supported") else ", if it can do so"
    return f"Its back-channel logout goes to {_address(name, 'backchannel-logout')}{said}."


def _address(name: str, page: str) -> str:
    where = request.url_root.rstrip("/") if has_request_context() else "<address of this app>"
    return f"{where}{current_profile.config.url_prefix}/sso/{quote(name)}/{page}"


def _limits(name: str, metadata: Any, provider: Any) -> Iterator[Finding]:
    """What the provider cannot do, as far as it says so."""
    if not current_profile.config.sso_step_up:
        return
    claims = metadata.get("claims_supported")
    if provider.undated:
        yield note(
            f"{name} was asked when somebody signed in (auth_time), and has not said it: it proves no recent sign-in.",
            "Have it say so, or see MYPROFILE_SSO_UNDATED.",
        )
    elif isinstance(claims, list) and "auth_time" not in claims:
        yield note(
            f"{name} does not list auth_time among its claims, without which it proves no recent sign-in.",
            "Try it, and have it say so, or see MYPROFILE_SSO_UNDATED.",
        )
    algorithms = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    if not provider.algorithms():
        yield note(
            f"{name} signs by {', '.join(map(str, algorithms))} alone, by which no logout token is believed.",
            "Have it sign by RS256, ES256 or EdDSA.",
        )


def _callbacks(name: str) -> Iterator[Finding]:
    """The redirect URIs with which people have signed in."""
    for callback in current_profile.stores[0].callbacks(name):
        parts = urlsplit(callback)
        if parts.scheme != "https" and parts.hostname not in _HERE:
            yield note(
                f"{name}: people have signed in with the redirect_uri {printable_url(callback)}, which is not https.",
                "Behind a proxy, ProxyFix(…, x_proto=1) says so; see also PREFERRED_URL_SCHEME.",
            )
        else:
            yield ok(f"{name}: people have signed in with the redirect_uri {printable_url(callback)}.")


def printable_url(url: object) -> str:
    """Without a password that may be in it, and without its query."""
    parts = urlsplit(str(url))
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
