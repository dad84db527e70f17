"""What is on each of the administrators' pages, by its endpoint: its view, and what its forms are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..pages.pending_form import Purpose
from . import (
    doctor,
    feature_audience,
    feature_history,
    feature_preview,
    feature_sets,
    feature_transfer,
    features,
    user_account,
    user_activity,
    users,
)
from . import user_credentials as ends

VIEWS: Mapping[str, tuple[Callable[[Any], Any], Purpose | None]] = {
    "features": (features.view, features.SAVE),
    "features_audience": (feature_audience.view, feature_audience.SAVE),
    "features_preview": (feature_preview.view, None),
    "features_preview_end": (feature_preview.end, None),
    "features_export": (feature_transfer.export, None),
    "features_import": (feature_transfer.import_, feature_transfer.IMPORT),
    "features_history": (feature_history.view, None),
    "features_undo": (feature_history.undo, feature_history.UNDO),
    "features_sets": (feature_sets.view, feature_sets.CHANGE),
    "features_sets_put_back": (feature_sets.put_back, feature_sets.PUT_BACK),
    "features_sets_rename": (feature_sets.rename, feature_sets.CHANGE),
    "features_sets_replace": (feature_sets.replace, feature_sets.CHANGE),
    "features_sets_delete": (feature_sets.delete, feature_sets.CHANGE),
    "features_reset": (features.reset, features.RESET),
    "doctor": (doctor.view, None),
    "sessions": (users.view, None),
    "sessions_sign_out": (ends.sign_out, ends.SIGN_OUT),
    "sessions_sign_out_all": (ends.sign_out_all, ends.SIGN_OUT_ALL),
    "sessions_revoke_token": (ends.revoke_token, ends.REVOKE),
    "sessions_activity": (user_activity.view, None),
    "sessions_forget": (user_account.forget, user_account.FORGET),
    "sessions_cancel_email_change": (user_account.cancel_email_change, user_account.CANCEL_EMAIL_CHANGE),
    "sessions_end_everything": (ends.end_everything, ends.END_EVERYTHING),
}
