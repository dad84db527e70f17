"""Which features are on for one user, and why; and the preview, by which an administrator has them for a while.

No page is drawn with their data, and no code of a tab is asked about them. Who previews whom, from when and until when,
is in the activity of both.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, url_for

from ..account.events import FEATURES_PREVIEW_ENDED, FEATURES_PREVIEWED
from ..auth import feature_preview
from ..auth.feature_preview import Preview, current_preview
from ..errors import Forbidden, Refused
from ..features import FeaturesOf
from ..globals import current_profile
from ..i18n import gettext, iso_time
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING, MESSAGE, MOMENT, TEXT, optional, record
from ..pages import layout
from ..pages.csrf import check_origin
from ..pages.feature_preview import why_over
from ..pages.forms import fill, read_condition
from ..pages.navigation import USERS_ENDPOINT
from ..responses import prefers_json
from ..transactions import unit_of_work
from . import feature_page
from .audience_words import condition_in_words, rule_in_words
from .feature_form import feature_names
from .user_actions import WhoseForm, log
from .users import person, refuse, unknown

_ENDPOINT = "myprofile_admin.features_preview"
_WHO = record(key=TEXT, name=TEXT)
_PREVIEW = {"user": _WHO, "until": MOMENT}


@described(
    get=Operation(
        "Which features a user has, and why not",
        answer=record(user=_WHO, features=ANYTHING, preview=optional(record(**_PREVIEW))),
        query={"user": TEXT},
    ),
    post=Operation("Preview the features of a user", answer=record(message=TEXT, **_PREVIEW), form=WhoseForm),
)
def view(admin: Any) -> Any:
    if request.method == "POST":
        return _begin(admin)
    typed = request.args.get("user", "")
    if not typed:
        return redirect(url_for(USERS_ENDPOINT))
    user = current_profile.users.find(typed)
    return refuse(unknown(), typed) if user is None else _show(user)


@described(
    get=Operation("Back to the features of the user", page=False),
    post=Operation("End the preview", answer=MESSAGE),
)
def end(admin: Any) -> Any:
    """Whether there is one or not, and whether it can be recorded or not: nobody is kept in it."""
    preview = current_preview()
    back = url_for(_ENDPOINT, user=preview.key) if preview is not None else url_for(USERS_ENDPOINT)
    if request.method != "POST":
        return redirect(back)
    check_origin()
    read_condition([])
    feature_preview.end()
    if preview is not None:
        _note_end(admin, preview)
    if prefers_json():
        return jsonify(message=why_over())
    layout.remember_message(why_over(), "info")
    return redirect(back, 303)


# ---- the preview


def _begin(admin: Any) -> Any:
    """It needs no recent sign-in: it shows what the page here says in words, and changes nothing."""
    try:
        check_origin()
        user = current_profile.users.find(fill(WhoseForm, {})["user"].data or "")
        if user is None:
            raise unknown()
        if current_profile.sessions.current(admin) is None:
            raise Forbidden(gettext("Sign in to continue."), code="sign_in_again")
        with unit_of_work(current_profile.db.session):
            preview = feature_preview.new_preview(user)
            _note_begin(admin, preview)
    except Refused as refusal:
        return refuse(refusal, request.form.get("user", ""))
    feature_preview.begin(preview)
    log(admin, "began to preview the features of", user)
    if prefers_json():
        return jsonify(message=gettext("The preview has begun."), **_as_json(preview))
    theirs = current_profile.features.for_user(user)
    has_tabs = any(theirs[name] for name in current_profile.tabs)
    return redirect(url_for("myprofile.index") if has_tabs else url_for(_ENDPOINT, user=preview.key), 303)


def _as_json(preview: Preview) -> dict[str, Any]:
    return {"user": {"key": preview.key, "name": preview.name}, "until": iso_time(preview.until)}


def _note_begin(admin: Any, preview: Preview) -> None:
    activity, until = current_profile.activity, iso_time(preview.until)
    activity.note(FEATURES_PREVIEWED, preview.user, {"until": until}, by=admin)
    if preview.key != current_profile.users.key(admin):
        activity.note(FEATURES_PREVIEWED, admin, {"user": preview.key, "until": until})


def _note_end(admin: Any, preview: Preview) -> None:
    log(admin, "ended the preview of the features of", preview.user)
    activity = current_profile.activity
    activity.note(FEATURES_PREVIEW_ENDED, preview.user, by=admin, at_once=True)
    if preview.key != current_profile.users.key(admin):
        activity.note(FEATURES_PREVIEW_ENDED, admin, {"user": preview.key}, at_once=True)


# ---- what they have, and why not


def _show(user: Any) -> Any:
    theirs, whose, preview = current_profile.features.for_user(user), person(user), current_preview()
    found = {name: theirs.kept_out_by(name) for name in feature_names()}
    if prefers_json():
        return jsonify(
            user={"key": whose["key"], "name": whose["name"]},
            features=_json(found),
            preview=preview and _as_json(preview),
        )
    return layout.render(
        "myprofile/admin/feature_preview.html",
        title=gettext("Features of %(name)s", name=whose["name"]),
        whose=whose,
        menu=[tab.label for tab in current_profile.tabs.values() if theirs[tab.name]],
        rows=_rows(found, theirs),
        back_url=url_for(USERS_ENDPOINT, user=whose["key"]),
    )


def _json(found: dict[str, tuple[str, str] | None]) -> dict[str, Any]:
    return {
        name: {"on": why is None} if why is None else {"on": False, "decided_by": why[0], "reason": why[1]}
        for name, why in found.items()
    }


def _rows(found: dict[str, tuple[str, str] | None], theirs: FeaturesOf) -> list[dict[str, Any]]:
    labels = feature_page.labels()
    return [
        {
            "label": labels.get(name, name),
            "on": why is None,
            "why": _why(name, why, labels),
            "is_part": "." in name,
        }
        for name, why in found.items()
    ]


def _why(name: str, why: tuple[str, str] | None, labels: dict[str, Any]) -> str:
    decided_by, reason = (name, "") if why is None else why
    rule = current_profile.features.state(decided_by).rule
    if decided_by == name and rule.audience is None:
        return ""  # on or off, as is said beside it
    said = rule_in_words(rule)
    if reason and reason != "off":
        said = f"{said}. {condition_in_words(reason)}"
    return said if decided_by == name else f"{labels.get(decided_by, decided_by)}: {said}"
