"""What a user chose for how the app looks to them. Nothing is stored for what was never chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store.protocols import PreferenceStore
from .user_search import MOST_COUNTED
from .users import Users

#: The looks that one may ask for whatever the device has.
THEMES = ("light", "dark")


class Preferences:
    """Reads and writes a user's choices by name: ``language``, ``timezone``, ``theme``, ``new_device``."""

    def __init__(self, store: PreferenceStore, users: Users) -> None:
        self._store = store
        self._users = users

    def of(self, user: Any) -> Mapping[str, str]:
        """The user's choices.

        :param user: whose.
        :returns: name -> choice; a name that is missing was never chosen.
        """
        return self._store.preferences(self._users.key(user))

    def come_along(self) -> None:
        """Pages of the app ask for them: from the next request on they come with the query that checks the session."""
        self._store.bring_preferences()

    def count(self) -> Mapping[str, int]:
        """How many users have chosen each; no more than :data:`MOST_COUNTED` choices are looked at."""
        return self._store.count_preferences(MOST_COUNTED)

    def save(self, user: Any, values: Mapping[str, str | None]) -> None:
        """Store choices. The caller commits.

        :param user: whose.
        :param values: name -> choice; None takes one back. They are not checked here.
        """
        self._store.save_preferences(self._users.key(user), values)
