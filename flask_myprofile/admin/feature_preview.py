"""Which features are on for one user, and why: what they have, without anything of theirs being shown or done as them.

No page is drawn with their data, and no code of a tab is asked about them. Who looks, and at whom, is in the activity
of both.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, url_for

from ..account.events import FEATURES_PREVIEWED
from ..features import FeaturesOf
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import ANYTHING, TEXT, record
from ..pages import layout
from ..pages.navigation import USERS_ENDPOINT
from ..responses import prefers_json
from . import feature_page
from .audience_words import condition_in_words, rule_in_words
from .feature_form import feature_names
from .users import person, refuse, unknown


@described(
    get=Operation(
        "Which features a user has, and why not",
        answer=record(user=record(key=TEXT, name=TEXT), features=ANYTHING),
        query={"user": TEXT},
    )
)
def view(admin: Any) -> Any:
    typed = request.args.get("user", "")
    if not typed:
        return redirect(url_for(USERS_ENDPOINT))
    user = current_profile.users.find(typed)
    if user is None:
        return refuse(unknown(), typed)
    theirs, whose = current_profile.features.for_user(user), person(user)
    found = {name: theirs.kept_out_by(name) for name in feature_names()}
    _note(admin, user)
    if prefers_json():
        return jsonify(user={"key": whose["key"], "name": whose["name"]}, features=_json(found))
    return layout.render(
        "myprofile/admin/feature_preview.html",
        title=gettext("Features of %(name)s", name=whose["name"]),
        whose=whose,
        menu=[tab.label for tab in current_profile.tabs.values() if theirs[tab.name]],
        rows=_rows(found, theirs),
        back_url=url_for(USERS_ENDPOINT, user=whose["key"]),
    )


def _note(admin: Any, user: Any) -> None:
    key, activity = current_profile.users.key(user), current_profile.activity
    activity.note(FEATURES_PREVIEWED, user, by=admin, at_once=True)
    if key != current_profile.users.key(admin):
        activity.note(FEATURES_PREVIEWED, admin, {"user": key}, at_once=True)


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
