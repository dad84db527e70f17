"""The built-in pages, one file a tab, in the order they are shown."""

from __future__ import annotations

from .activity import Activity
from .api_token import ApiToken
from .password import Password
from .personal_information import PersonalInformation
from .preferences import Preferences
from .sessions import Sessions

BUILT_IN = (PersonalInformation, Preferences, Password, ApiToken, Sessions, Activity)
