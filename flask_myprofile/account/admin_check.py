"""Who is an administrator, by the host's word."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

Rule = Callable[[Any], Any] | str


class AdminCheck:
    """Asks ``MYPROFILE_ADMIN``. Whoever cannot be told to be an administrator is none.

    :param rule: a callable(user), or the name of an attribute or method of the user.
    :param adapted: answers the rule of an extension that has one, for a host that has said nothing.
    """

    def __init__(self, rule: Rule, log: logging.Logger, adapted: Callable[[], Rule | None] = lambda: None) -> None:
        self._rule = rule
        self._log = log
        self._adapted = adapted
        self._hinted: set[type] = set()

    @property
    def rule(self) -> Rule:
        return self._adapted() or self._rule

    def __call__(self, user: Any) -> bool:
        try:
            rule = self.rule
            answer = rule(user) if callable(rule) else _attribute(user, rule)
        except Exception:
            self._log.exception("MYPROFILE_ADMIN failed; access denied")
            return False
        if answer is None or (isinstance(answer, int) and answer in (0, 1)):
            return bool(answer)
        self._hint(type(answer))
        return False

    def _hint(self, kind: type) -> None:
        """Once for each: a rule that answers a role or a list would make everybody an administrator, or nobody."""
        if kind not in self._hinted:
            self._hinted.add(kind)
            rule = getattr(self._rule, "__name__", self._rule)
            line = "MYPROFILE_ADMIN: %s answers a %s, so nobody is an administrator by it: it has to be True or False"
            self._log.warning(line, rule, kind.__name__)


def _attribute(user: Any, name: str) -> Any:
    found = getattr(user, name, False)
    return found() if callable(found) else found
