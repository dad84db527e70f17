"""The administrators' pages: Feature Management, and the sessions of a user."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, request

from . import admin_features, admin_sessions
from .door import guarded, private
from .errors import Forbidden
from .globals import current_profile
from .i18n import gettext


def blueprint(prefix: str) -> Blueprint:
    admin = Blueprint("myprofile_admin", __package__ or "", url_prefix=f"{prefix}/admin")
    admin.after_request(private)
    for url, endpoint, view, methods in (
        ("/features", "features", admin_features.view, ["GET", "POST"]),
        ("/features/reset", "features_reset", admin_features.reset, ["GET", "POST"]),
        ("/sessions", "sessions", admin_sessions.view, ["GET"]),
        ("/sessions/sign-out", "sessions_sign_out", admin_sessions.sign_out, ["GET", "POST"]),
        ("/sessions/sign-out-all", "sessions_sign_out_all", admin_sessions.sign_out_all, ["GET", "POST"]),
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
