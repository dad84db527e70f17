"""Where the tabs are, and which of them are on."""

from __future__ import annotations

from flask import url_for

from ..globals import current_profile
from ..tab import Tab

ADMIN_ENDPOINT = "myprofile_admin.features"


def url_of(tab: Tab) -> str:
    return url_for(f"myprofile.{tab.name}")


def tabs_that_are_on() -> list[Tab]:
    return [tab for tab in current_profile.tabs.values() if current_profile.features[tab.name]]
