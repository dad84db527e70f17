"""Sets: what all features were at one moment, kept under a name, and put back later."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..audiences import kept_rule, rule_or_off, text_of
from ..errors import Conflict, Invalid, NotFound
from ..store.feature_protocols import FeatureSetStore
from ..store.feature_records import Author, FeatureRecord, FeatureSetRecord
from .clock import now
from .feature_rules import Change, State
from .feature_saving import FeatureSaving, author_of
from .text import clean, problem, storable

#: Sets that an app may have, and characters of a name.
MOST_SETS, NAME_LENGTH = 50, 64


class FeatureSet(NamedTuple):
    """A set as it is kept.

    :param id: another one each time that the set is saved: what is in it under this id never changes.
    :param changed_by: who has saved it; empty: their account is closed.
    :param changed_at: when, in seconds since the epoch.
    :param rules: feature -> its rule, as text: true, false, or as JSON has it.
    """

    id: str
    name: str
    changed_by: str
    changed_at: int
    rules: Mapping[str, str]


class Plan(NamedTuple):
    """What putting a set back would do.

    :param changes: feature -> what it is, and what it would be.
    :param left_out: features of the set that would stay as they are, and why: ``"unknown"`` (there is none of that name
        any more), ``"pinned"`` (in the configuration, to something else), ``"no_roles"`` (it is for roles, and
        ``MYPROFILE_ROLES`` is gone) or ``"unreadable"``.
    :param not_in_it: features that are newer than the set, and would stay as they are.
    """

    changes: Mapping[str, Change]
    left_out: Mapping[str, str]
    not_in_it: Sequence[str]


class FeatureSets:
    """Sets of features, as ``current_profile.features.sets``. Of two who save at once, one is first."""

    def __init__(self, features: FeatureSaving, store: FeatureSetStore) -> None:
        self._features = features
        self._store = store

    def list(self) -> list[FeatureSet]:
        """All sets, the one saved last first.

        :returns: a list of :class:`FeatureSet`.
        """
        rules = self._store.feature_set_rules()
        return [_made_of(record, rules.get(record.id, {})) for record in self._store.feature_sets()]

    def find(self, set_id: str) -> FeatureSet:
        """One set.

        :param set_id: its ``id``.
        :returns: a :class:`FeatureSet`.
        :raises NotFound: there is none, or it has been saved anew since.
        """
        # first: of a set that goes meanwhile there is no half
        rules = self._store.feature_set_rules(set_id) if storable(set_id) else {}
        found = next((each for each in self._store.feature_sets() if each.id == set_id), None)
        if found is None:
            raise NotFound(code="no_such_set")
        return _made_of(found, rules.get(set_id, {}))

    def named(self, name: str) -> FeatureSet | None:
        """The set that is called that, in capitals or not.

        :param name: of the set.
        :returns: a :class:`FeatureSet`; None: there is none.
        """
        digest = _digest(clean(name))
        found = next((each.id for each in self._store.feature_sets() if each.digest == digest), None)
        return None if found is None else self.find(found)

    def save(self, name: str, changed_by: str | Author) -> FeatureSet:
        """Keep what all features are now that the configuration does not pin. The caller commits.

        :param name: at most 64 characters; two that differ in case, or in blanks around them, are the same name.
        :param changed_by: who does it, as Feature Management shows it.
        :returns: the :class:`FeatureSet`.
        :raises Invalid: ``errors["name"]`` says what is wrong with the name: ``"missing"``, ``"long"``, ``"blank"`` or
            ``"control"`` (a character that no name has).
        :raises Conflict: there is one of that name (``set_exists``), or there are 50 (``too_many_sets``).
        """
        name = _checked(name)
        digest = _digest(name)

        def check(sets: Sequence[FeatureSetRecord]) -> None:
            _check_is_new(sets, digest)
            if len(sets) >= MOST_SETS:
                raise Conflict(code="too_many_sets")

        return self._keep(name, author_of(changed_by), check)

    def replace(self, set_id: str, changed_by: str | Author) -> FeatureSet:
        """Keep what all features are now under the name of this set, in its place. The caller commits.

        :param set_id: ``id`` of the set.
        :param changed_by: who does it, as Feature Management shows it.
        :returns: the new :class:`FeatureSet`, which has another ``id``.
        :raises NotFound: there is no such set, or it has been saved anew since.
        """
        found = self.find(set_id)

        def check(sets: Sequence[FeatureSetRecord]) -> None:
            _found_in([each for each in sets if each.digest == _digest(found.name)], set_id)

        return self._keep(found.name, author_of(changed_by), check, set_id)

    def rename(self, set_id: str, name: str, old_name: str | None = None) -> str:
        """Call a set something else. The caller commits.

        :param set_id: ``id`` of the set.
        :param name: as for :meth:`save`.
        :param old_name: only if it is still called that; None: whatever it is called by now.
        :returns: the name.
        :raises Invalid: as :meth:`save` does.
        :raises NotFound: there is no such set, or it has been saved anew since.
        :raises Conflict: another one has that name (``set_exists``), or somebody has renamed it (``set_renamed``).
        """
        name = _checked(name)
        digest = _digest(name)

        def check(sets: Sequence[FeatureSetRecord]) -> None:
            present = _found_in(sets, set_id).name
            if old_name is not None and present not in (old_name, name):  # one that came twice is no mistake
                raise Conflict(code="set_renamed")
            _check_is_new([each for each in sets if each.id != set_id], digest)

        self._store.rename_feature_set(set_id, name, digest, check)
        return name

    def delete(self, set_id: str) -> None:
        """Delete a set; the features stay what they are. The caller commits.

        :param set_id: ``id`` of the set.
        :raises NotFound: there is no such set, or it has been saved anew since.
        """
        if not self._store.drop_feature_set(set_id):
            raise NotFound(code="no_such_set")

    def plan(self, found: FeatureSet, states: Mapping[str, State] | None = None) -> Plan:
        """What putting it back would do now.

        :param found: the set.
        :param states: what :meth:`.Features.states` answers, for whoever has it already.
        :returns: a :class:`Plan`.
        """
        features = self._features
        states = features.states() if states is None else states
        changes, left_out = {}, {}
        for name, text in found.rules.items():
            rule, state = kept_rule(text), states.get(name)
            if state is None:
                left_out[name] = "unknown"
            elif rule is None:
                left_out[name] = "unreadable"
            elif rule == state.rule:
                continue
            elif state.locked:
                left_out[name] = "pinned"
            elif features.asks_for_roles(rule):
                left_out[name] = "no_roles"
            else:
                changes[name] = Change(state.rule, rule)
        return Plan(changes, left_out, [name for name in states if name not in found.rules and not states[name].locked])

    def put_back(self, set_id: str, changed_by: str | Author, version: str | None = None) -> dict[str, Change]:
        """Make the features what they are in the set, but for those that :meth:`plan` leaves out. The caller commits.

        :param set_id: ``id`` of the set.
        :param changed_by: who does it, as Feature Management shows it.
        :param version: only if nobody has saved any feature since :meth:`.Features.version` was this.
        :returns: feature -> what it was before, and after.
        :raises NotFound: there is no such set, or it has been saved anew since.
        :raises Conflict: somebody has saved a feature.
        """
        found = self.find(set_id)
        states = self._features.states()
        left_out = self.plan(found, states).left_out
        taken = [name for name in found.rules if name not in left_out and not states[name].locked]
        values = {name: rule_or_off(found.rules[name]) for name in taken}
        return self._features.change(values, changed_by, version, set_name=found.name)

    def _keep(
        self,
        name: str,
        author: Author,
        check: Callable[[Sequence[FeatureSetRecord]], None],
        replaces: str | None = None,
    ) -> FeatureSet:
        record = FeatureSetRecord(secrets.token_hex(12), _digest(name), name, author.name, now())
        rules: dict[str, str] = {}

        def compose(sets: Sequence[FeatureSetRecord], records: Mapping[str, FeatureRecord]) -> Mapping[str, str]:
            check(sets)
            rules.clear()
            states = {each: self._features.state_in(each, records) for each in self._features.names()}
            rules.update((each, text_of(state.rule)) for each, state in states.items() if not state.locked)
            return rules

        self._store.add_feature_set(record, author, compose, replaces)
        return _made_of(record, rules)


def _made_of(record: FeatureSetRecord, rules: Mapping[str, str]) -> FeatureSet:
    return FeatureSet(record.id, record.name, record.changed_by, record.changed_at, rules)


def _checked(name: str) -> str:
    name = clean(name)
    wrong = "missing" if not name else "control" if not storable(name) else problem(name)
    if wrong or len(name) > NAME_LENGTH:
        raise Invalid({"name": wrong or "long"})
    return name


def _digest(name: str) -> str:
    """Here and not in the database: each has its own idea of which letters are the same."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    return hashlib.sha256(folded.encode(errors="surrogatepass")).hexdigest()


def _check_is_new(sets: Sequence[FeatureSetRecord], digest: str) -> None:
    if any(each.digest == digest for each in sets):
        raise Conflict(code="set_exists")


def _found_in(sets: Sequence[FeatureSetRecord], set_id: str) -> FeatureSetRecord:
    found = next((each for each in sets if each.id == set_id), None)
    if found is None:
        raise NotFound(code="no_such_set")
    return found
