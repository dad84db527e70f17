"""Whether the app knows whom a proxy speaks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app, has_request_context, request
from werkzeug.middleware.proxy_fix import ProxyFix

from .findings import Finding, note, ok

_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def proxy() -> Iterator[Finding]:
    fix = proxy_fix()
    if fix is None:
        sent = [name for name in _HEADERS if has_request_context() and name in request.headers]
        if sent:
            yield note(
                f"This request came with {', '.join(sent)}, and the app has no ProxyFix: addresses are the proxy's.",
                "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1), if the proxy is yours.",
            )
        else:
            yield ok("No ProxyFix: the address of a session is that of whoever connects. Behind a proxy, use it.")
    elif not fix.x_for:
        yield note("ProxyFix has x_for=0: the address of each session is the proxy's.", "ProxyFix(…, x_for=1)")
    elif current_app.config["SESSION_COOKIE_SECURE"] and not fix.x_proto:
        yield note(
            "ProxyFix has x_proto=0: the app does not know that it is served over https, and its own URLs say http.",
            "ProxyFix(…, x_proto=1)",
        )
    else:
        yield ok(f"ProxyFix: x_for={fix.x_for}, x_proto={fix.x_proto}, x_prefix={fix.x_prefix}.")


def proxy_fix() -> ProxyFix | None:
    """Among what is around the app. What is around it in the server cannot be seen from here."""
    layer: Any = current_app.wsgi_app
    for _ in range(20):
        if isinstance(layer, ProxyFix):
            return layer
        layer = getattr(layer, "app", None) or getattr(layer, "wsgi_app", None)
    return None
