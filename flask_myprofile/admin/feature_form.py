"""What an administrator has sent of Feature Management, and what it is beside what others have saved meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from flask import request

from ..account.feature_rules import State
from ..audiences import IllFormed, Rule, rule_of
from ..errors import Invalid
from ..globals import current_profile
from ..i18n import gettext
from ..pages.forms import sent_fields, wrong_with
from .audience_words import mistakes_in_words

#: Fields of the form that are no features: no tab can have such a name. Which switches were on when the page was made,
#: what the administrator was asked about and wants all the same, and the way back from that question.
SHOWN, CONFIRMED, BACK = "_shown", "_confirmed", "_back"
_ON, _OFF = ("on", "true", "1"), ("off", "false", "0", "")


class Sent(NamedTuple):
    """The switches, by feature, and the version of the page that they were on, if it was one.

    :param shown: the features that were on when the page was made; None: it does not say.
    """

    values: Mapping[str, bool | Rule]
    version: str | None = None
    shown: Collection[str] | None = None
    confirmed: Collection[str] = ()
    goes_back: bool = False

    def is_moved(self, name: str) -> bool:
        """Whether the administrator has moved it; where that is not known, whatever was sent."""
        return name in self.values and (self.shown is None or is_on(self.values[name]) != (name in self.shown))

    def moved(self) -> list[str]:
        """Those that are known to be moved."""
        return [] if self.shown is None else [name for name in self.values if self.is_moved(name)]

    def wants(self, name: str, state: State) -> bool:
        """On or off, as the administrator left it; whatever is stored by now, where it was not touched."""
        return is_on(self.values[name]) if self.is_moved(name) and not state.locked else state.on

    def is_overtaken(self, name: str, state: State) -> bool:
        """Whether somebody else has moved it since the page was made."""
        return self.shown is not None and name in self.values and state.on != (name in self.shown)

    def as_fields(self, confirmed: Iterable[str]) -> dict[str, str]:
        """The same, to be sent once more."""
        switches = {name: "on" if is_on(value) else "off" for name, value in self.values.items()}
        version = {} if self.version is None else {"version": self.version}
        shown = {} if self.shown is None else {SHOWN: " ".join(self.shown)}
        return {**switches, **version, **shown, CONFIRMED: " ".join(confirmed)}


NOTHING = Sent({})


def is_on(value: bool | Rule) -> bool:
    return value if isinstance(value, bool) else value.on


def is_of_roles(rule: Rule) -> bool:
    """Whether it asks for roles, of which this app has none."""
    return current_profile.features.asks_for_roles(rule)


def feature_names() -> list[str]:
    return current_profile.features.names()


def defaults() -> dict[str, bool | Rule]:
    """Feature -> its default, for those that are not locked."""
    states = current_profile.features.states()
    return {name: state.default_rule for name, state in states.items() if not state.locked}


def differs(states: Mapping[str, State]) -> bool:
    """Whether an administrator has changed any of them to something else than its default."""
    return any(state.rule != state.default_rule and not state.locked for state in states.values())


def read() -> Sent:
    """What was sent. A switch sends "off" and then, if it is on, "on": the last counts. A program may say for whom.

    :raises Invalid: there is no such feature, or it is neither on nor off, or nobody can be that.
    """
    sent, known = sent_fields(), set(feature_names())
    page = {} if request.is_json else {name: sent.pop(name, []) for name in (SHOWN, CONFIRMED, BACK)}
    version = sent.pop("version", None)
    errors = {name: gettext("There is no such feature") for name in sent if name not in known}
    values: dict[str, bool | Rule] = {}
    for name, each in sent.items():
        try:
            values[name] = _rule(each[-1])
        except IllFormed as error:
            errors.setdefault(name, mistakes_in_words(error))
    if version is not None and (wrong := wrong_with(version)):
        errors["version"] = wrong
    if errors:
        raise Invalid(errors)
    return _sent(values, version, page)


def as_typed() -> Sent:
    """As much of it as can be shown again, whatever is wrong with the rest."""
    sent, known = request.form.to_dict(flat=False), set(feature_names())
    values = {name: _switch(each[-1]) for name, each in sent.items() if name in known}
    return _sent({name: on for name, on in values.items() if on is not None}, sent.get("version"), sent)


def _sent(values: Mapping[str, bool | Rule], version: list[Any] | None, page: Mapping[str, list[Any]]) -> Sent:
    shown = page.get(SHOWN)
    return Sent(
        values,
        version[0] if version else None,
        str(shown[0]).split() if shown else None,
        " ".join(map(str, page.get(CONFIRMED, []))).split(),
        bool(page.get(BACK)),
    )


def _rule(value: Any) -> bool | Rule:
    """:raises IllFormed: it is none."""
    if not isinstance(value, dict):
        switch = _switch(value)
        if switch is None:
            raise IllFormed([("rule", "")])
        return switch
    rule = rule_of(value)
    if is_of_roles(rule):
        raise IllFormed([("no_roles", "")])
    return rule


def _switch(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else None
    return True if text in _ON else False if text in _OFF else None
