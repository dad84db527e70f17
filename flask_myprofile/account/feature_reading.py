"""What a request reads of administrators' choices: all of them or, where they are many, those that its view asks for.

A thousand rows cost more than all else in a request. What a view has asked for it asks for again, so that is read in
one statement: from the tables in each request, so that a switch holds at once. Only the names are remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..store.feature_protocols import FeatureStore
from ..store.feature_records import FeatureChoice

#: So many are read whatever is asked for. Of more, whoever asks for so many gets all.
MANY, MOST_ASKED = 100, 64


class Choices(Protocol):
    """Of an administrator, by the feature's name: a mapping will do."""

    def get(self, name: str, /) -> FeatureChoice | None: ...


class FeatureReading:
    """For all requests of an app: it knows which features each view asks for."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self._are_many = False
        self._asked: dict[str | None, frozenset[str]] = {}

    def all(self) -> Mapping[str, FeatureChoice]:
        found = self._store.features()
        self._are_many = len(found) > MANY
        return found

    def of_view(self, view: str | None) -> Choices:
        """One statement, and another one where the view asks for what it has never asked for before.

        :param view: its endpoint; None where a request has no view.
        """
        names = self._asked.get(view, frozenset())
        if self._are_many and 0 < len(names) <= MOST_ASKED:
            return _OfView(self, view, names, self._store.features(names), is_all=False)
        found = self.all()
        return _OfView(self, view, names, found, is_all=True) if self._are_many else found

    def note(self, view: str | None, name: str) -> frozenset[str]:
        """That the view asks for it; what is known now. One more than are read by name is as good as all."""
        names = self._asked.get(view, frozenset())
        if len(names) <= MOST_ASKED:
            names = self._asked[view] = names | {name}
        return names


class _OfView:
    """What one request has read."""

    def __init__(
        self,
        reading: FeatureReading,
        view: str | None,
        names: frozenset[str],
        found: Mapping[str, FeatureChoice],
        *,
        is_all: bool,
    ) -> None:
        self._reading, self._view, self._names, self._found, self._is_all = reading, view, names, found, is_all

    def get(self, name: str) -> FeatureChoice | None:
        if name not in self._names:
            self._names = self._reading.note(self._view, name)
            if not self._is_all:
                self._found, self._is_all = self._reading.all(), True
        return self._found.get(name)
