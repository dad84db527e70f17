"""HTML or JSON: which one a request wants, and errors as RFC 9457 has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from flask import Response, current_app, request

#: Seconds after which it is worth trying again what could not be done now.
RETRY_AFTER = 30


def prefers_json() -> bool:
    """Whether ``application/json`` is preferred to HTML; a body in JSON decides where both are equally welcome."""
    accept = request.accept_mimetypes
    json, html = accept["application/json"], accept["text/html"]
    return bool(json > html or (json == html and request.is_json))


def unavailable() -> Response:
    return problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER)})


def problem(
    status: int,
    code: str,
    title: object = "",
    *,
    errors: Mapping[str, Sequence[object]] | None = None,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """An ``application/problem+json`` answer (RFC 9457): ``title``, ``status``, ``code`` and, for input, ``errors``.

    :param members: further members of the answer; None leaves one out.
    """
    body: dict[str, Any] = {"title": str(title) or HTTPStatus(status).phrase, "status": status, "code": code}
    if errors:
        body["errors"] = {name: [str(text) for text in texts] for name, texts in errors.items()}
    body |= {name: value for name, value in members.items() if value is not None}
    response = cast(Response, current_app.json.response(body))
    response.status_code = status
    response.mimetype = "application/problem+json"
    response.headers.update(headers or {})
    response.headers["Cache-Control"] = "no-store"
    return response
