"""The administrators' pages: Feature Management, one a user, and whether the app is set up right."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, request

from ..account.text import printable
from ..errors import Forbidden
from ..globals import PACKAGE, current_profile
from ..host_matching import OwnBlueprint
from ..i18n import gettext
from ..pages.access import guarded
from ..responses import no_store
from . import doctor, feature_audience, feature_history, features, user_account, user_activity, users
from . import user_credentials as ends


def blueprint(prefix: str) -> Blueprint:
    admin = OwnBlueprint("myprofile_admin", PACKAGE, url_prefix=f"{prefix}/admin")
    admin.after_request(no_store)
    both = ["GET", "POST"]
    for url, endpoint, view, methods, purpose in (
        ("/features", "features", features.view, both, features.SAVE),
        ("/features/audience", "features_audience", feature_audience.view, both, feature_audience.SAVE),
        ("/features/history", "features_history", feature_history.view, ["GET"], None),
        ("/features/history/undo", "features_undo", feature_history.undo, both, feature_history.UNDO),
        ("/features/reset", "features_reset", features.reset, both, features.RESET),
        ("/doctor", "doctor", doctor.view, ["GET"], None),
        ("/sessions", "sessions", users.view, ["GET"], None),
        ("/sessions/sign-out", "sessions_sign_out", ends.sign_out, both, ends.SIGN_OUT),
        ("/sessions/sign-out-all", "sessions_sign_out_all", ends.sign_out_all, both, ends.SIGN_OUT_ALL),
        ("/sessions/revoke-token", "sessions_revoke_token", ends.revoke_token, both, ends.REVOKE),
        ("/sessions/activity", "sessions_activity", user_activity.view, ["GET"], None),
        ("/sessions/forget", "sessions_forget", user_account.forget, both, user_account.FORGET),
        (
            "/sessions/cancel-email-change",
            "sessions_cancel_email_change",
            user_account.cancel_email_change,
            both,
            user_account.CANCEL_EMAIL_CHANGE,
        ),
        ("/sessions/end-everything", "sessions_end_everything", ends.end_everything, both, ends.END_EVERYTHING),
    ):
        admin.add_url_rule(url, endpoint, guarded(_for_administrators(view), purpose), methods=methods)
    return admin


def _for_administrators(view: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(view)
    def checked(user: Any) -> Any:
        if not current_profile.is_admin(user):
            key, path = current_profile.users.key(user), printable(request.path, 200)
            current_app.logger.warning("MyProfile: user %r is no administrator; %s refused", key, path)
            raise Forbidden(gettext("This page is for administrators only."), code="not_admin")
        return view(user)

    return checked
