"""The picture of a user itself: one's own and, for administrators, anybody's."""

from __future__ import annotations

import hashlib
from typing import Any

import flask_login
from flask import Response, redirect, request
from werkzeug.exceptions import Unauthorized

from ..account import pictures
from ..errors import Forbidden, NotFound
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.problems import OF_GET, references
from ..openapi.schemas import TEXT
from ..responses import keep, prefers_json
from .access import check_signed_in
from .avatar import is_elsewhere, is_on

#: Seconds for which a browser shows it without asking. Who signs out has another cookie, by which it is asked for anew.
_KEPT = 300
_HEADERS = {
    "Content-Disposition": 'inline; filename="picture"',
    # of bytes that the host has had before, as well: nothing in them is ever a page
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
}


@described(
    get=Operation(
        "The picture of a user",
        query={"user": TEXT, "v": TEXT},
        is_there=is_on,
        for_visitors=True,
        responses={
            "200": {"description": "The picture.", "content": {"image/*": {"schema": {}}}},
            "302": {"description": "Elsewhere."},
            "304": {"description": "It is the one of that ETag."},
            **references(OF_GET),
        },
    )
)
def view() -> Any:
    """One's own; to administrators, that of the user whose key is in ``user``."""
    reader = flask_login.current_user
    if not prefers_json() and not (reader and reader.is_authenticated):
        raise Unauthorized  # an image leads nobody to the sign-in page
    if (refused := check_signed_in()) is not None:
        return refused
    user = _whose(current_profile.users.held(reader._get_current_object()) or reader._get_current_object())
    if not is_on(user):
        raise NotFound(code="feature_off")
    version = current_profile.avatars.version(user)
    if version is None:
        raise NotFound(code="no_picture")
    if is_elsewhere(version):
        return redirect(version)
    return _kept(_answer(user, version), version)


def _whose(reader: Any) -> Any:
    users, key = current_profile.users, request.args.get("user")
    if key is None or key == users.key(reader):
        return reader
    if not current_profile.is_admin(reader):
        raise Forbidden(gettext("This page is for administrators only."), code="not_admin")
    user = users.find(key)  # whatever is sent: the database may not take it
    if user is None or users.key(user) != key:
        raise NotFound(code="no_such_user")
    return user


def _answer(user: Any, version: str) -> Response:
    if _etag(version) in request.if_none_match:
        return Response(status=304)
    content = current_profile.avatars.get(user)
    kind = pictures.kind_of(content) if isinstance(content, bytes) else None
    if kind is None or not isinstance(content, bytes):
        raise NotFound(code="no_picture")
    return Response(content, mimetype=kind, headers=_HEADERS)


def _etag(version: str) -> str:
    """The host's version may have any characters."""
    return hashlib.sha256(version.encode()).hexdigest()[:32]


def _kept(response: Response, version: str) -> Response:
    response.set_etag(_etag(version))
    return keep(response, _KEPT)
