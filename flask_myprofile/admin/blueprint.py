"""The administrators' pages: Feature Management, and the sessions of a user."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, request

from ..errors import Forbidden
from ..globals import PACKAGE, current_profile
from ..i18n import gettext
from ..pages.access import guarded
from ..responses import no_store
from . import features, users


def blueprint(prefix: str) -> Blueprint:
    admin = Blueprint("myprofile_admin", PACKAGE, url_prefix=f"{prefix}/admin")
    admin.after_request(no_store)
    for url, endpoint, view, methods in (
        ("/features", "features", features.view, ["GET", "POST"]),
        ("/features/reset", "features_reset", features.reset, ["GET", "POST"]),
        ("/sessions", "sessions", users.view, ["GET"]),
        ("/sessions/sign-out", "sessions_sign_out", users.sign_out, ["GET", "POST"]),
        ("/sessions/sign-out-all", "sessions_sign_out_all", users.sign_out_all, ["GET", "POST"]),
    ):
        admin.add_url_rule(url, endpoint, guarded(_for_administrators(view)), methods=methods)
    return admin


def _for_administrators(view: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(view)
    def checked(user: Any) -> Any:
        if not current_profile.is_admin(user):
            key = current_profile.users.key(user)
            current_app.logger.warning("MyProfile: user %r is no administrator; %s refused", key, request.path)
            raise Forbidden(gettext("This page is for administrators only."), code="not_admin")
        return view(user)

    return checked
