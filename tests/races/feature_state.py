"""What administrators have made of features, and what becomes of that by each thing that one of them does."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import NamedTuple

from flask_myprofile import current_profile

#: The set that is there from the beginning, in which all is on; and what was switched off in one go since then.
OLD_SET, OFF_SINCE = "Old", ("preferences.language", "preferences.theme")


class Group(NamedTuple):
    """Of the history, what was saved at once. ``changes``: feature, before and after."""

    by: str
    set_name: str | None
    changes: frozenset[tuple[str, str | None, str | None]]


class Features(NamedTuple):
    """``chosen``: feature and what it is, where an administrator has said so. ``sets``: the name of each, in small
    letters, and what is off in it. ``history``: the oldest first."""

    chosen: frozenset[tuple[str, str]]
    sets: frozenset[tuple[str, frozenset[str]]]
    history: tuple[Group, ...]

    @property
    def off(self) -> frozenset[str]:
        return frozenset(name for name, text in self.chosen if text == "false")

    def saved(self, wishes: Mapping[str, bool], by: str, set_name: str | None = None) -> Features:
        texts = {name: "true" if on else "false" for name, on in wishes.items() if on == (name in self.off)}
        return self._chosen(texts, by, set_name)

    def put_back(self, by: str) -> Features:
        return self.saved(dict.fromkeys(self.off, True), by, OLD_SET)

    def undone(self, by: str) -> Features:
        return self._chosen(dict.fromkeys(OFF_SINCE), by)

    def kept(self, name: str) -> Features:
        """As a set of this name, in the place of one that there may be."""
        others = {each for each in self.sets if each[0] != name.lower()}
        return self._replace(sets=frozenset({*others, (name.lower(), self.off)}))

    def _chosen(self, texts: Mapping[str, str | None], by: str, set_name: str | None = None) -> Features:
        before = dict(self.chosen)
        changes = frozenset((name, before.get(name), text) for name, text in texts.items())
        if not changes:
            return self
        after = {name: text for name, text in {**before, **texts}.items() if text is not None}
        history = (*self.history, Group(by, set_name, changes))
        return self._replace(chosen=frozenset(after.items()), history=history)


def features_now() -> Features:
    """As the database has it. :raises AssertionError: a set has a part of the features, or the history another version
    than they have."""
    features = current_profile.features
    version, changes = features.version(), features.history()[::-1]
    groups = [list(group) for _, group in groupby(changes, lambda each: each.number)]
    assert version == str(changes[-1].number if changes else 0), f"version {version}, and in the history {changes}"
    sets = features.sets.list()
    for each in sets:
        assert set(each.rules) == set(features.names()), f"half a set: {each}"
    chosen = {name: "true" if on else audience or "false" for name, (on, audience) in features.choices().items()}
    return Features(
        frozenset(chosen.items()),
        frozenset((each.name.lower(), frozenset(n for n, r in each.rules.items() if r == "false")) for each in sets),
        tuple(
            Group(group[0].changed_by, group[0].set_name, frozenset((c.name, c.before, c.after) for c in group))
            for group in groups
        ),
    )
