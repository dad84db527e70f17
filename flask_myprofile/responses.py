"""Answers: HTML or JSON as the request prefers, errors as RFC 9457 has them, and what no cache may keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from flask import Response, current_app, request
from werkzeug.exceptions import ServiceUnavailable

from .errors import UNREADABLE, in_log

#: Seconds after which it is worth trying again what could not be done now.
RETRY_AFTER = 30
_MAY_BE_KEPT = "_flask_myprofile_may_be_kept"
#: Unless the host says otherwise.
_SAFE = (("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))


_JSON, _PROBLEM, _HTML = "application/json", "application/problem+json", "text/html"


def prefers_json() -> bool:
    """Whether ``application/json`` is preferred to HTML; a body in JSON decides where both are equally welcome."""
    json, html = _quality(_JSON, _PROBLEM), _quality(_HTML)
    return json > html or (json == html and request.is_json)


def _quality(*types: str) -> float:
    """How welcome it is. Werkzeug finds ``application/json; charset=utf-8`` for nobody who asks for JSON, and whoever
    asks for problems alone is a program as well."""
    accept = request.accept_mimetypes
    named = [quality for value, quality in accept if value.partition(";")[0].strip().lower() in types]
    return float(max(named, default=accept[types[0]]))


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
    response.mimetype = _PROBLEM
    response.headers.update(headers or {})
    response.headers["Cache-Control"] = "no-store"
    return response


def store_is_down(error: Exception) -> Response:
    """The answer where the store is down."""
    current_app.logger.error(UNREADABLE, in_log(getattr(error, "orig", None) or error))
    if prefers_json():
        return unavailable()
    raise ServiceUnavailable(retry_after=RETRY_AFTER) from error


def keep(response: Response, seconds: int) -> Response:
    """Let the browser of this session keep it; see :func:`no_store`."""
    response.cache_control.private, response.cache_control.max_age = True, seconds
    vars(response)[_MAY_BE_KEPT] = True
    return response


def no_store(response: Response) -> Response:
    """For every answer of ours but static files, and what may be kept: never cached, never framed, never guessed at."""
    if request.endpoint and request.endpoint.endswith(".static"):
        return response
    if _MAY_BE_KEPT not in vars(response):
        response.headers["Cache-Control"] = "no-store"
    of_the_host = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 (they are pairs)
    for name, value in _SAFE:
        if name.lower() not in of_the_host:
            response.headers.add(name, value)
    if "Vary" in response.headers:
        response.vary.update(("Cookie", "Accept"))
    else:  # what comes of that, without reading and writing a set for it
        response.headers["Vary"] = "Cookie, Accept"
    return response
