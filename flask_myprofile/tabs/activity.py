"""Activity: what has happened to the account, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request, url_for

from .. import pages
from ..config import DAY
from ..errors import NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..openapi.schemas import OPTIONAL_TEXT, TEXT, Schema, record, rows
from ..store.records import EventRecord
from ..tab import Effect, Part, Tab

#: Events on a page, and in one answer of JSON.
ROWS, MOST = 25, 50
#: Topic -> the tab that it is about, and by whose name it is called.
_TABS = {
    "session": "sessions",
    "password": "password",
    "token": "api_token",
    "profile": "personal_information",
}
_ADMINS = "features"


class Activity(Tab):
    name = "activity"
    label = lazy_gettext("Activity")
    summary = lazy_gettext("What has happened to your account, the newest first.")
    meaning = lazy_gettext("Users see what has happened to their account. Off: it is recorded all the same.")
    icon = "history"
    on_by_default = False
    parts = (
        Part(
            "at_a_glance",
            lazy_gettext("Security at a glance"),
            lazy_gettext("The first page begins with the last change of the password, the sessions and the API token."),
        ),
    )

    query = {"topic": TEXT, "before": {**TEXT, "description": "The `next` of the answer before."}}

    def effects(self) -> dict[str, Effect]:
        return {
            self.name: Effect(gettext("Users do not see what has happened to their account. It is still recorded."))
        }

    def is_offered(self, user: Any) -> bool:
        return current_profile.activity.is_kept

    def values(self, user: Any) -> dict[str, Any]:
        records, following = self._page(user, MOST)
        seen = pages.event_rows.around(user, records)
        return {"events": [pages.event_rows.as_json(each, seen) for each in records], "next": following}

    def json_schema(self, user: Any) -> Schema:
        return record(events=rows(pages.event_rows.SCHEMA), next=OPTIONAL_TEXT)

    def context(self, user: Any) -> dict[str, Any]:
        (records, following), topics = self._page(user, ROWS), self._topics(user)
        seen, topic = pages.event_rows.around(user, records), request.args.get("topic") or None
        return {
            "days": pages.event_rows.by_days(records, seen),
            "topics": [{"label": label, "url": _url(name), "current": name == topic} for name, label in topics],
            "first_url": _url(topic) if request.args.get("before") else None,
            "more_url": _url(topic, following) if following else None,
            "is_filtered": topic is not None,
            "can_say_not_me": seen.not_me,
            "kept_days": max((current_profile.config.activity_keep or 0) // DAY, 1),
        }

    def _page(self, user: Any, rows: int) -> tuple[Sequence[EventRecord], str | None]:
        """The events, and the id before which the next ones are.

        :raises NotFound: there is no such topic, or no such event.
        """
        topic, before = request.args.get("topic") or None, request.args.get("before", "")
        is_known = topic in {name for name, _ in self._topics(user)}
        if not is_known or (before and not pages.event_rows.is_event_id(before)):
            raise NotFound(gettext("There is no such list."), code="no_such_list")
        return current_profile.activity.page(user, rows, topic=topic, before=before)

    def _topics(self, user: Any) -> list[tuple[str | None, Any]]:
        """What there is to choose from: all, or what one of the user's tabs is about, or the app records."""
        tabs, features = current_profile.tabs, current_profile.features
        found: dict[str | None, Any] = {None: gettext("Everything")}
        found |= {topic: tabs[name].label for topic, name in _TABS.items() if features[name]}
        if current_profile.is_admin(user):
            found[_ADMINS] = gettext("Feature Management")
        for kind in current_profile.config.activity_kinds:
            topic = kind.partition(".")[0]
            label = tabs[topic].label if topic in tabs else topic.replace("_", " ").capitalize()
            found.setdefault(topic, label)
        return list(found.items())


def _url(topic: str | None, before: str | None = None) -> str:
    return url_for("myprofile.activity", topic=topic, before=before)
