"""The user that is written to: the one that ``db.session`` has, whatever the host's user_loader gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Conflict
from ..globals import current_profile
from ..i18n import gettext


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


def check_saved(user: Any, before: Mapping[str, Any]) -> None:
    """That it has been saved is said once it was looked at: the values are not those from ``before``."""
    lost = [name for name, value in before.items() if current_profile.users.reread(user, name) == value]
    if lost:
        raise RuntimeError(f"After the commit, the database has the values from before of {', '.join(lost)}")
