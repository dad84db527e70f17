"""What administrators have chosen of features: shown, saved, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..audiences import Rule, kept_rule
from ..config import Config
from ..errors import Conflict, NotFound
from ..store.feature_protocols import FeatureStore
from ..store.feature_records import (
    Author,
    FeatureChange,
    FeatureChoice,
    FeatureRecord,
    choice_of_text,
    text_of_choice,
)
from .clock import now
from .feature_rules import Change, FeatureRules, State, choice_of_rule, wanted
from .pruning import prune_in_batches


class FeatureSaving(FeatureRules):
    """The part of :class:`~..features.Features` that administrators use."""

    def __init__(self, config: Config, store: FeatureStore) -> None:
        super().__init__(config)
        self._store = store

    def _records(self) -> Mapping[str, FeatureRecord]:
        """What administrators have chosen, who, and when, as this request has read it."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Read it again."""
        raise NotImplementedError

    def state(self, name: str) -> State:
        """One feature as an administrator sees it.

        :param name: of the feature.
        :returns: ``on`` (its own switch), ``locked`` (pinned in the configuration), ``default``, and ``changed``: the
            administrator's choice, or None.
        """
        return self.state_in(name, self._records())

    def states(self) -> dict[str, State]:
        """All features at once, in the order of Feature Management.

        :returns: name -> what :meth:`state` answers.
        """
        records = self._records()
        return {name: self.state_in(name, records) for name in self.names()}

    def unreadable(self) -> list[str]:
        """Those of which nobody can read what is stored of whom they are on for: they are off."""
        found = ((name, *choice) for name, choice in self.choices().items() if self.is_known(name))
        return [name for name, on, audience in found if not on and audience is not None and not kept_rule(audience)]

    def save(
        self, values: Mapping[str, bool | Rule], changed_by: str | Author, version: str | None = None
    ) -> dict[str, bool]:
        """Store an administrator's choices. The caller commits.

        :param values: feature -> on or off, for whomever it is on; or a rule that says that as well.
        :param changed_by: who does it, as Feature Management shows it.
        :param version: only if nobody has saved any feature since :meth:`version` was this (default: whatever others
            have saved). Of several who save at once, each sees what the one before has saved.
        :returns: what really changed: feature -> on or off.
        :raises Conflict: somebody has, or one of the choices is pinned in the configuration.
        """
        return {name: change.after.on for name, change in self.change(values, changed_by, version).items()}

    def change(
        self,
        values: Mapping[str, bool | Rule],
        changed_by: str | Author,
        version: str | None = None,
        set_name: str | None = None,
    ) -> dict[str, Change]:
        """The same as :meth:`save`.

        :param set_name: of the set that is put back by it.
        :returns: feature -> what it was before, and after.
        """
        locked = sorted(name for name in values if self.is_against_pinned(name, values[name]))
        if locked:
            raise Conflict(code="feature_locked", message=", ".join(locked))
        changes: dict[str, Change] = {}

        def differing(number: int, records: Mapping[str, FeatureRecord]) -> Mapping[str, FeatureChoice | None]:
            if version not in (None, str(number)):
                raise Conflict
            changes.clear()
            for name, value in values.items():
                before = self.state_in(name, records).rule
                if (after := wanted(value, before)) != before:
                    changes[name] = Change(before, after)
            return {name: choice_of_rule(change.after) for name, change in changes.items()}

        self._forget()
        self._store.save_features(differing, author_of(changed_by), now(), set_name)
        return changes

    def unset(self, names: Iterable[str], changed_by: str | Author) -> dict[str, Change]:
        """Take administrators' choices back, so that the defaults hold. The caller commits.

        :param names: of features.
        :param changed_by: who does it, as Feature Management shows it.
        :returns: feature -> what it was before, and after, also where that is the same.
        """
        return self._choose(dict.fromkeys(names, (None, None)), changed_by)

    def history(self, before: tuple[int, str] | None = None, limit: int = 50) -> Sequence[FeatureChange]:
        """What administrators have changed, the newest first.

        :param before: ``number`` and ``name`` of a change: only what comes after it in this order.
        :param limit: how many at most.
        :returns: a sequence of ``FeatureChange``.
        """
        return self._store.feature_changes(before, limit)

    def changes_of(self, number: int, name: str | None = None) -> Sequence[FeatureChange]:
        """Of :meth:`history`, all that were saved at once; or of one feature."""
        return [each for each in self._store.feature_changes_of(number) if name in (None, each.name)]

    def choices(self) -> Mapping[str, FeatureChoice]:
        """What administrators have chosen: feature -> on for everyone, and else for whom, as it is kept."""
        return {name: record.choice for name, record in self._records().items()}

    def undo(self, number: int, name: str | None, changed_by: str | Author) -> dict[str, Change]:
        """Take a change back: of one feature, or of all that were saved at once. The caller commits.

        :param number: of the change, as :meth:`history` has it.
        :param name: of the feature; None: all, or none of them.
        :param changed_by: who does it.
        :returns: feature -> what it was before, and after.
        :raises NotFound: there is no such change, or no such feature any more.
        :raises Conflict: a feature has been changed since, or is pinned in the configuration.
        """
        found = {each.name: each for each in self.changes_of(number, name) if self.is_known(each.name)}
        if not found:
            raise NotFound(code="no_such_change")
        if locked := sorted(found.keys() & self._pinned.keys()):
            raise Conflict(code="feature_locked", message=", ".join(locked))
        return self._choose({each.name: (each.before, each) for each in found.values()}, changed_by)

    def prune(self, keep: int) -> int:
        """Delete the history of changes that are older, in short transactions.

        :param keep: seconds.
        :returns: how many changes of a feature were deleted.
        """
        before = now() - keep
        return prune_in_batches(lambda after, limit: self._store.prune_feature_changes(before, limit))

    def _choose(
        self, wishes: Mapping[str, tuple[str | None, FeatureChange | None]], changed_by: str | Author
    ) -> dict[str, Change]:
        """:param wishes: feature -> what is kept of its rule, and the change that has to be the last one."""
        changes: dict[str, Change] = {}

        def chosen(number: int, records: Mapping[str, FeatureRecord]) -> Mapping[str, FeatureChoice | None]:
            changes.clear()
            choices: dict[str, FeatureChoice | None] = {}
            for name, (text, last) in wishes.items():
                record, choice = records.get(name), None if text is None else choice_of_text(text)
                if last is not None and text_of_choice(record.choice if record else None) != last.after:
                    raise Conflict(code="changed_since")
                if choice != (record.choice if record else None):
                    choices[name] = choice
                    changes[name] = Change(self.state_in(name, records).rule, self.rule(name, choice))
            return choices

        self._forget()
        self._store.save_features(chosen, author_of(changed_by), now())
        return changes

    def version(self) -> str:
        """Changes whenever anybody saves a feature: what an open form compares with. What this request reads of them
        after it is that version or a later one, which :meth:`save` then refuses to overwrite.

        :returns: a short text.
        """
        self._forget()
        return str(self._store.features_version())


def author_of(changed_by: str | Author) -> Author:
    """As it can be kept."""
    author = Author(changed_by) if isinstance(changed_by, str) else changed_by
    return author._replace(name=author.name[:255])
