"""Where the tabs are, and which of them are on."""

from __future__ import annotations

from collections.abc import Iterator

import flask_login

from ..globals import profile_of_app
from ..tab import Tab
from .own_urls import own_url

ADMIN_ENDPOINT = "myprofile_admin.features"
USERS_ENDPOINT = "myprofile_admin.sessions"


def url_of(tab: Tab) -> str:
    return own_url(f"myprofile.{tab.name}")


def tabs_that_are_on() -> list[Tab]:
    return list(_on())


def first_tab() -> Tab | None:
    """The first of them, which is all that most pages ask: the others are not looked at."""
    return next(_on(), None)


def _on() -> Iterator[Tab]:
    user, profile = flask_login.current_user._get_current_object(), profile_of_app()
    features = profile.features
    return (tab for tab in profile.tabs.values() if features[tab.name] and tab.is_offered(user))
