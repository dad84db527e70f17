"""The user that is written to: the one that ``db.session`` has, whatever the host's user_loader gave."""

from __future__ import annotations

from typing import Any

from flask import current_app

from ..errors import Conflict
from ..globals import current_profile
from ..i18n import gettext

_HINT = (
    "MyProfile saves nothing for user %r: user_loader gave a %s.%s, and db.session has no such user. Let user_loader "
    "return what db.session.get() does, or tell MyProfile(users=…) which user that is: Users.held()"
)


def held_user(user: Any) -> Any:
    """The user to be changed.

    :raises Conflict: ``db.session`` has no such user, so that whatever is set would be lost.
    """
    held = current_profile.users.held(user)
    if held is None:
        kind = type(user)
        current_app.logger.error(_HINT, current_profile.users.key(user), kind.__module__, kind.__qualname__)
        sentence = gettext("Your account cannot be changed here. Nothing was changed. Tell your administrator.")
        raise Conflict(sentence, code="user_not_in_session")
    return held
