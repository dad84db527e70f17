"""The administrators' pages: Feature Management, one a user, and whether the app is set up right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, current_app, request

from ..account.text import printable
from ..errors import Forbidden
from ..globals import PACKAGE, current_profile
from ..host_matching import OwnBlueprint
from ..i18n import gettext
from ..openapi.operation import described_by
from ..pages.access import guarded
from ..pages.pending_form import Purpose
from ..responses import no_store

_BOTH = ("GET", "POST")
#: Of each page, its URL, endpoint and methods. What is on them is in views.py: it is loaded with the first that is
#: asked for, which in most processes none is.
_PAGES = (
    ("/features", "features", _BOTH),
    ("/features/audience", "features_audience", _BOTH),
    ("/features/preview", "features_preview", _BOTH),
    ("/features/preview/end", "features_preview_end", _BOTH),
    ("/features/export", "features_export", ("GET",)),
    ("/features/import", "features_import", _BOTH),
    ("/features/history", "features_history", ("GET",)),
    ("/features/history/undo", "features_undo", _BOTH),
    ("/features/sets", "features_sets", _BOTH),
    ("/features/sets/put-back", "features_sets_put_back", _BOTH),
    ("/features/sets/rename", "features_sets_rename", _BOTH),
    ("/features/sets/replace", "features_sets_replace", _BOTH),
    ("/features/sets/delete", "features_sets_delete", _BOTH),
    ("/features/reset", "features_reset", _BOTH),
    ("/doctor", "doctor", ("GET",)),
    ("/sessions", "sessions", ("GET",)),
    ("/sessions/sign-out", "sessions_sign_out", _BOTH),
    ("/sessions/sign-out-all", "sessions_sign_out_all", _BOTH),
    ("/sessions/revoke-token", "sessions_revoke_token", _BOTH),
    ("/sessions/activity", "sessions_activity", ("GET",)),
    ("/sessions/forget", "sessions_forget", _BOTH),
    ("/sessions/cancel-email-change", "sessions_cancel_email_change", _BOTH),
    ("/sessions/end-everything", "sessions_end_everything", _BOTH),
)


def blueprint(prefix: str) -> Blueprint:
    admin = OwnBlueprint("myprofile_admin", PACKAGE, url_prefix=f"{prefix}/admin")
    admin.after_request(no_store)
    for url, endpoint, methods in _PAGES:
        admin.add_url_rule(url, endpoint, guarded(_view(endpoint), partial(_purpose, endpoint)), methods=methods)
    return admin


def _view(endpoint: str) -> Callable[[Any], Any]:
    @described_by(lambda: _page(endpoint)[0])
    def checked(user: Any) -> Any:
        if not current_profile.is_admin(user):
            key, path = current_profile.users.key(user), printable(request.path, 200)
            current_app.logger.warning("MyProfile: user %r is no administrator; %s refused", key, path)
            raise Forbidden(gettext("This page is for administrators only."), code="not_admin")
        return _page(endpoint)[0](user)

    return checked


def _purpose(endpoint: str) -> Purpose | None:
    return _page(endpoint)[1]


def _page(endpoint: str) -> tuple[Callable[[Any], Any], Purpose | None]:
    from .views import VIEWS  # slow

    return VIEWS[endpoint]
