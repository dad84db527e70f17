"""The user that is written to: the one that ``db.session`` has, whatever the host's user_loader gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import current_app
from sqlalchemy import TypeDecorator

from ..account.host_code import SPEAKING, check_refuses
from ..errors import Conflict, Invalid
from ..globals import current_profile
from ..i18n import gettext
from .conventional_fields import label_of


def held_user(user: Any) -> Any:
    """The user to be changed.

    :raises Conflict: ``db.session`` has no such user, so that whatever is set would be lost.
    """
    held = current_profile.users.held(user)
    if held is None:
        current_profile.users.log_not_held(user)
        sentence = gettext("Your account cannot be changed here. Nothing was changed. Tell your administrator.")
        raise Conflict(sentence, code="user_not_in_session")
    return held


def check_readable(user: Any, changed: Collection[str]) -> None:
    """Before the commit: a type of the host's may take what it cannot give back, and nobody could load the row then.

    :raises Invalid: it is so. :raises HostFailed: its code is broken.
    """
    users = current_profile.users
    for name in changed:
        attribute = users.describe(users.class_of(user), name)
        if attribute is None or not isinstance(attribute.type, TypeDecorator):
            continue
        try:
            users.reread(user, name)
        except SPEAKING:
            raise
        except Exception as error:
            check_refuses(f"the field {name}", error)
            current_app.logger.info("MyProfile: the field %s could not be read again: %s", name, type(error).__name__)
            raise Invalid({name: gettext("%(field)s cannot have this value", field=str(label_of(name)))}) from error


def check_saved(user: Any, before: Mapping[str, Any]) -> None:
    """That it has been saved is said once it was looked at: the values are not those from ``before``."""
    lost = [name for name, value in before.items() if current_profile.users.reread(user, name) == value]
    if lost:
        raise RuntimeError(f"After the commit, the database has the values from before of {', '.join(lost)}")
