"""What may be asked of somebody to tell whether a feature is on for them, each thing only where it decides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

_log = logging.getLogger(__name__)


class Somebody:
    """See :class:`~..audiences.Person`. What key and which roles they have is asked once."""

    def __init__(self, user: Any, people: FeaturePeople) -> None:
        self.user = user
        self._people = people

    @cached_property
    def key(self) -> str:
        return self._people.key(self.user)

    @cached_property
    def roles(self) -> frozenset[str]:
        return self._people.roles_of(self.user)

    @property
    def is_sso(self) -> bool:
        """Not kept: a session may begin in this very request."""
        return self._people.is_sso(self.user)


class FeaturePeople:
    """:param key: of a user.
    :param roles: ``MYPROFILE_ROLES``.
    :param is_sso: who is a user of Single Sign-On, as the Password tab has it.
    :param previewed: the user whom an administrator previews; ``stand_in``: whose features are asked for by that,
        instead of those of whoever is signed in.
    """

    def __init__(
        self,
        key: Callable[[Any], str],
        roles: Callable[[Any], Iterable[str]] | None,
        is_sso: Callable[[Any], bool],
        previewed: Callable[[], Any | None],
        stand_in: Callable[[], Any | None],
    ) -> None:
        self.key = key
        self._roles = roles
        self.is_sso = is_sso
        self.previewed = previewed
        self.stand_in = stand_in

    def roles_of(self, user: Any) -> frozenset[str]:
        """None where the host's rule fails, or answers what are no names: that gives nobody a feature, and the log says
        so."""
        if self._roles is None:
            return frozenset()
        try:
            found = frozenset(names_in(self._roles(user)))
        except Exception:  # whatever a callable of the host's runs into
            _log.exception("MYPROFILE_ROLES failed for user %r, who has no feature for roles", self.key(user))
            return frozenset()
        return found


class NoNames(TypeError):
    """The rule of the host's has answered something else than names."""


def names_in(answer: Any) -> list[str]:
    """The names that a rule of the host's has answered.

    :raises NoNames: it has answered something else.
    """
    names = [] if answer is None else answer
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise NoNames(f"MYPROFILE_ROLES answers a {type(answer).__name__}, not names")
    found = list(names)
    wrong = [name for name in found if not isinstance(name, str)]
    if wrong:
        raise NoNames(f"MYPROFILE_ROLES answers a {type(wrong[0]).__name__} where a name must be")
    return found
