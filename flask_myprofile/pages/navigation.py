"""Where the tabs are, and which of them are on."""

from __future__ import annotations

import flask_login
from flask import url_for

from ..globals import current_profile
from ..tab import Tab

ADMIN_ENDPOINT = "myprofile_admin.features"
USERS_ENDPOINT = "myprofile_admin.sessions"


def url_of(tab: Tab) -> str:
    return url_for(f"myprofile.{tab.name}")


def tabs_that_are_on() -> list[Tab]:
    user = flask_login.current_user._get_current_object()
    on = [tab for tab in current_profile.tabs.values() if current_profile.features[tab.name]]
    return [tab for tab in on if tab.is_offered(user)]
