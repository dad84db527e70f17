"""What a store of features must be able to do: see :mod:`.protocols`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from .feature_records import Author, FeatureChange, FeatureChoice, FeatureRecord, FeatureSetRecord
from .records import Pruned


class FeatureStore(Protocol):
    def features(self, names: Collection[str] | None = None) -> Mapping[str, FeatureChoice]:
        """What administrators have chosen: no more of it than a request needs.

        :param names: of these features, at most 64; None: of all.
        """
        ...

    def feature_records(self) -> Mapping[str, FeatureRecord]:
        """The same with who has chosen it, and when."""
        ...

    def features_version(self) -> int:
        """How often they have been saved: all of them together have one version."""
        ...

    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, FeatureChoice | None]],
        author: Author,
        at: int,
        set_name: str | None = None,
    ) -> None:
        """Save what ``values`` answers, which is told the version and the features as they are while nobody else can
        change them; None: no choice any more. Nothing to save is no new version. Each is in the history."""
        ...

    def feature_changes(self, before: tuple[int, str] | None, limit: int) -> Sequence[FeatureChange]:
        """The newest changes, or the next ones after this one (its number, and its feature)."""
        ...

    def feature_changes_of(self, number: int) -> Sequence[FeatureChange]:
        """All that were saved at once."""
        ...

    def author_names(self, user_key: str) -> Sequence[str]:
        """What this administrator was called when they saved something."""
        ...

    def prune_feature_changes(self, before: int, limit: int) -> Pruned:
        """One batch of deleting the oldest, if they are from before that moment, with what was saved at once."""
        ...


class FeatureSetStore(FeatureStore, Protocol):
    """Also sets of features under a name."""

    def feature_sets(self) -> Sequence[FeatureSetRecord]:
        """All of them, the one saved last first."""
        ...

    def feature_set_rules(self, set_id: str | None = None) -> Mapping[str, Mapping[str, str]]:
        """The id of a set -> feature -> its rule, of all sets or of this one."""
        ...

    def add_feature_set(
        self,
        record: FeatureSetRecord,
        author: Author,
        compose: Callable[[Sequence[FeatureSetRecord], Mapping[str, FeatureRecord]], Mapping[str, str]],
        replaces: str | None = None,
    ) -> None:
        """Keep the rules that ``compose`` answers, which is told the sets and the features as they are while nobody
        else can change them, and delete the set that this one replaces."""
        ...

    def rename_feature_set(
        self, set_id: str, name: str, digest: str, check: Callable[[Sequence[FeatureSetRecord]], None]
    ) -> None:
        """The same with ``check``."""
        ...

    def drop_feature_set(self, set_id: str) -> bool:
        """Whether there was one."""
        ...
