"""Where the provider and the app are."""

from __future__ import annotations

from flask import current_app, request


def site_url() -> str:
    """Where this server is, told by its socket. The Host header will not do: whoever sends the request writes it,
    and the app would fetch keys from there and believe them."""
    return str(current_app.config["EXAMPLE_URL"]).rstrip("/") or f"http://127.0.0.1:{request.environ['SERVER_PORT']}"


def app_sites() -> set[str]:
    """The addresses at which a browser may have the app open."""
    return {site_url(), site_url().replace("http://127.0.0.1:", "http://localhost:")}


def issuer() -> str:
    return site_url() + "/demo-idp"
