"""Which rule holds for a feature, of all that have been made for it: whoever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from ..audiences import Rule, rule_or_off, text_of
from ..config import Config
from ..errors import SetupError
from ..store.feature_records import FeatureChoice, FeatureRecord

#: The name that switches everything.
ROOT = "my_profile"
#: The page of ``flask myprofile doctor``, which is of administrators, and so on or off whatever users may see.
DOCTOR = "doctor"
#: The document that says what there is, for programs: no tab, and off until it is asked for.
OPENAPI = "openapi"
_ON, _OFF = Rule(True), Rule(False)


class State(NamedTuple):
    """One feature as an admin sees it: its own switch, whatever its parents are. ``rule`` and ``default_rule`` say for
    whom as well."""

    on: bool
    locked: bool
    default: bool
    changed: FeatureRecord | None
    rule: Rule = _OFF
    default_rule: Rule = _OFF


class Change(NamedTuple):
    """What has been saved of one feature."""

    before: Rule
    after: Rule


class FeatureRules:
    """Pinned in the configuration goes before the administrator's choice, that before ``MYPROFILE_FEATURES``, and that
    before the built-in default."""

    def __init__(self, config: Config) -> None:
        self._defaults: dict[str, bool] = {ROOT: True, DOCTOR: False, OPENAPI: False}
        self._configured, self._pinned = config.rules_of_features(), config.rules_that_are_pinned()
        self._open: set[str] = set()
        self._behind: dict[str, tuple[str, ...]] = {}
        self._tabs: Iterable[Any] = ()
        self.has_roles = config.roles is not None

    def declare_tabs(self, tabs: Iterable[Any]) -> None:
        self._tabs = tabs
        for tab in tabs:
            parts = {} if tab.open_parts else {f"{tab.name}.{part.name}": part.default for part in tab.all_parts()}
            self.declare({tab.name: tab.on_by_default, **parts}, tab.name if tab.open_parts else None)

    def declare(self, defaults: Mapping[str, bool], open_tab: str | None = None) -> None:
        """Make features known. ``open_tab``: a tab whose parts are fields of the user model, known only later."""
        self._defaults |= defaults
        if open_tab:
            self._open.add(open_tab)

    def check_names(self) -> None:
        """:raises SetupError: the configuration names features that do not exist."""
        for key, values in (("FEATURES", self._configured), ("FEATURES_PINNED", self._pinned)):
            unknown = [name for name in values if not self.is_known(name)]
            if unknown:
                known = ", ".join(sorted(self._defaults))
                raise SetupError(
                    f"Flask-MyProfile: MYPROFILE_{key} names no feature: {', '.join(unknown)}. Features: {known}"
                )

    def names(self) -> list[str]:
        """All that there are: those of no tab first, then each tab with its parts."""
        parts = ((tab.name, *(f"{tab.name}.{part.name}" for part in tab.all_parts())) for tab in self._tabs)
        return [ROOT, DOCTOR, OPENAPI, *chain.from_iterable(parts)]

    def is_known(self, name: str) -> bool:
        """Whether there is such a feature."""
        return name in self._defaults or name.partition(".")[0] in self._open

    def names_behind(self, name: str) -> tuple[str, ...]:
        """The feature and all it belongs to: it is on where each of them is.

        :raises KeyError: there is no such feature.
        """
        behind = self._behind.get(name)
        if behind is None:
            if not self.is_known(name):
                raise KeyError(name)
            tab = name.partition(".")[0]
            behind = (name,) if name in (DOCTOR, ROOT) else (ROOT, name) if name == tab else (ROOT, tab, name)
            self._behind[name] = behind
        return behind

    def _default(self, name: str) -> Rule:
        configured = self._configured.get(name)
        if configured is not None:
            return configured
        return _ON if self._defaults.get(name, True) else _OFF

    def is_asked_for(self, name: str) -> bool:
        """Whether the configuration, and not the built-in default alone, wants it on for somebody."""
        return any(rules[name].on for rules in (self._pinned, self._configured) if name in rules)

    def rule(self, name: str, choice: FeatureChoice | None) -> Rule:
        pinned = self._pinned.get(name)
        if pinned is not None:
            return pinned
        return self._default(name) if choice is None else rule_of_choice(choice)

    def state_in(self, name: str, records: Mapping[str, FeatureRecord]) -> State:
        default, record = self._default(name), records.get(name)
        pinned = self._pinned.get(name)
        if pinned is not None:
            return State(pinned.on, True, default.on, None, pinned, default)
        rule = default if record is None else rule_of_choice(record.choice)
        return State(rule.on, False, default.on, record, rule, default)

    def asks_for_roles(self, rule: Rule) -> bool:
        """Whether it is for roles, of which this app has none."""
        return rule.audience is not None and bool(rule.audience.roles) and not self.has_roles

    def is_against_pinned(self, name: str, value: bool | Rule) -> bool:
        pinned = self._pinned.get(name)
        return pinned is not None and wanted(value, pinned) != pinned


def wanted(value: bool | Rule, present: Rule) -> Rule:
    """A switch alone leaves it at the people that it is on for."""
    return Rule(value, present.audience) if isinstance(value, bool) else value


def rule_of_choice(choice: FeatureChoice) -> Rule:
    on, audience = choice
    if on:
        return _ON
    return _OFF if audience is None else rule_or_off(audience)


def choice_of_rule(rule: Rule) -> FeatureChoice:
    return (rule.on, None) if rule.audience is None else (False, text_of(rule))
