"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, request

from .idp import app_sites

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    # a form whose answer is a redirect to the identity provider, or from there to the app, is held to this rule as well
    "form-action 'self' {sites}; base-uri 'none'; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY.format(sites=" ".join(sorted(app_sites()))))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in {"static", "myprofile.static"}:
        # so that "back" after signing out shows nothing of the person who was here
        response.headers.setdefault("Cache-Control", "no-store")
    return response
