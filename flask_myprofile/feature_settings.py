"""The settings of features and of whom they are on for; :class:`.config.Config` has them as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import setting_checks as checks
from .audiences import IllFormed, Rule, rule_of
from .setting_checks import setting as _setting


def rules(value: Any) -> str | None:
    """The check of a setting that says which features are on, and for whom."""
    wanted = 'a dict of feature name -> True, False, or {"on": True, "for": whom}'
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        return wanted
    mistakes = []
    for name, data in value.items():
        try:
            rule_of(data)
        except IllFormed as error:
            mistakes.append(f"{name!r}: {error}")
    return f"{wanted} ({'; '.join(mistakes)})" if mistakes else None


class FeatureSettings:
    features: Mapping[str, Any] = _setting(
        {}, rules, "Features that differ from their built-in default, and for whom; an admin may change them."
    )
    features_pinned: Mapping[str, Any] = _setting(
        {}, rules, "Features that nobody can change on the Feature Management page, and for whom they are on."
    )
    roles: Callable[[Any], Iterable[str]] | None = _setting(
        None,
        checks.optional(checks.function),
        "A callable(user) -> the names of the roles that a user has, for features that are on for some roles.",
    )

    feature_history_keep: int = _setting(
        90 * 86_400,
        checks.number(0),
        "Seconds for which changes of features are kept, to be seen and undone, until `flask myprofile sessions "
        "prune`.",
    )

    def rules_of_features(self) -> dict[str, Rule]:
        return {name: rule_of(data) for name, data in self.features.items()}

    def rules_that_are_pinned(self) -> dict[str, Rule]:
        return {name: rule_of(data) for name, data in self.features_pinned.items()}

    def clashes_of_features(self) -> list[str]:
        if self.roles is not None:
            return []
        settings = (("FEATURES", self.rules_of_features()), ("FEATURES_PINNED", self.rules_that_are_pinned()))
        return [
            f"MYPROFILE_{key}: {name!r} is on for roles, which needs MYPROFILE_ROLES, a callable(user) that names them"
            for key, found in settings
            for name, rule in found.items()
            if rule.audience is not None and rule.audience.roles
        ]
