"""What users are asked by convention: the attributes that a user model has by these names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..account.avatars import AVATAR
from ..globals import current_profile
from ..i18n import lazy_gettext

PICTURE = lazy_gettext("Profile picture")
_FIRST = lazy_gettext("First name")
_LAST = lazy_gettext("Last name")
_NAME = lazy_gettext("Name")
_PHONE = lazy_gettext("Phone number")
_TITLE = lazy_gettext("Job title")

#: The conventional attributes, in the order they are shown: label, and what the browser should know of the input.
CONVENTIONAL: Mapping[str, tuple[Any, Mapping[str, str]]] = {
    "first_name": (_FIRST, {"autocomplete": "given-name"}),
    "given_name": (_FIRST, {"autocomplete": "given-name"}),
    "last_name": (_LAST, {"autocomplete": "family-name"}),
    "family_name": (_LAST, {"autocomplete": "family-name"}),
    "name": (_NAME, {"autocomplete": "name"}),
    "full_name": (_NAME, {"autocomplete": "name"}),
    "display_name": (lazy_gettext("Display name"), {"autocomplete": "nickname"}),
    "email": (
        lazy_gettext("Email address"),
        {"type": "email", "inputmode": "email", "autocomplete": "email", "dir": "ltr", "spellcheck": "false"},
    ),
    "phone": (_PHONE, {"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    "phone_number": (_PHONE, {"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    "title": (_TITLE, {"autocomplete": "organization-title"}),
    "job_title": (_TITLE, {"autocomplete": "organization-title"}),
    "company": (lazy_gettext("Company"), {"autocomplete": "organization"}),
    "department": (lazy_gettext("Department"), {}),
    "location": (lazy_gettext("Location"), {}),
    "username": (
        lazy_gettext("User name"),
        {"autocomplete": "username", "dir": "ltr", "autocapitalize": "none", "spellcheck": "false"},
    ),
}
NEEDED: Mapping[str, Any] = {
    **dict.fromkeys(("first_name", "given_name"), lazy_gettext("Enter your first name")),
    **dict.fromkeys(("last_name", "family_name"), lazy_gettext("Enter your last name")),
    **dict.fromkeys(("name", "full_name", "display_name"), lazy_gettext("Enter your name")),
    **dict.fromkeys(("phone", "phone_number"), lazy_gettext("Enter your phone number")),
    "email": lazy_gettext("Enter your email address"),
}


def label_of(name: str) -> Any:
    if name == AVATAR and current_profile.config.avatar is not None:
        return PICTURE
    return CONVENTIONAL[name][0] if name in CONVENTIONAL else name.replace("_", " ").capitalize()
