"""All that has happened to a user, as an administrator sees it: a page at a time."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, url_for

from ..errors import NotFound
from ..globals import current_profile
from ..i18n import gettext
from ..openapi.operation import Operation, described
from ..openapi.schemas import OPTIONAL_TEXT, TEXT, record, rows
from ..pages import event_rows, layout
from ..pages.navigation import USERS_ENDPOINT
from ..responses import prefers_json
from .users import person, refuse, unknown

#: Events on a page, and in one answer of JSON.
ROWS = 50
_ENDPOINT = "myprofile_admin.sessions_activity"


_ANSWER = record(user=record(key=TEXT, name=TEXT), events=rows(event_rows.SCHEMA), next=OPTIONAL_TEXT)


@described(get=Operation("What has happened to a user", answer=_ANSWER, query={"user": TEXT, "before": TEXT}))
def view(admin: Any) -> Any:
    typed, before = request.args.get("user", ""), request.args.get("before", "")
    if not typed:
        return redirect(url_for(USERS_ENDPOINT))
    user = current_profile.users.find(typed)
    if user is None:
        return refuse(unknown(), typed)
    if before and not event_rows.is_event_id(before):
        raise NotFound(gettext("There is no such list."), code="no_such_list")
    records, following = current_profile.activity.page(user, ROWS, before=before)
    seen, whose = event_rows.around(user, records, by_owner=False), person(user)
    if prefers_json():
        events = [event_rows.as_json(each, seen) for each in records]
        return jsonify(user={"key": whose["key"], "name": whose["name"]}, events=events, next=following)
    return layout.render(
        "myprofile/admin/activity.html",
        title=gettext("Activity of %(name)s", name=whose["name"]),
        whose=whose,
        days=event_rows.by_days(records, seen),
        back_url=url_for(USERS_ENDPOINT, user=whose["key"]),
        first_url=url_for(_ENDPOINT, user=whose["key"]) if before else None,
        more_url=url_for(_ENDPOINT, user=whose["key"], before=following) if following else None,
    )
