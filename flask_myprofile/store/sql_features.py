"""Feature toggles in the host's own database, under one version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select, update

from .database import Database, Execute, in_one_transaction
from .records import FeatureRecord

#: What has one version for all of its rows.
_FEATURES = "features"


class SqlFeatures(Database):
    """See :class:`~.protocols.FeatureStore`."""

    def features(self) -> dict[str, FeatureRecord]:
        return {row.name: FeatureRecord._make(row) for row in self._read(self._all_features)}

    @cached_property
    def _all_features(self) -> Select[Any]:
        return select(*self._tables.feature.c)

    def features_version(self) -> int:
        return int(self._read(self._features_version).scalar() or 0)

    @in_one_transaction
    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, bool]],
        changed_by: str,
        at: int,
    ) -> None:
        table, number = self._tables.feature, self._tables.version.c.number
        with self._write() as execute:
            version = self._hold_features(execute)
            # locking, too: it reads what is there now, whatever this transaction has seen before
            rows = execute(select(*table.c).with_for_update())
            changes = values(version, {row.name: FeatureRecord._make(row) for row in rows})
            for name, on in changes.items():
                self._put(table, {"name": name}, {"enabled": on, "changed_by": changed_by, "changed_at": at})
            if changes:
                execute(update(self._tables.version).where(self._is_features).values(number=number + 1))

    def _hold_features(self, execute: Execute) -> int:
        """Keep everybody else from saving features until the transaction ends; their version."""
        table = self._tables.version
        # looks first, for the same reason as _put()
        if execute(self._features_version).scalar() is None:
            self._insert(table, {"name": _FEATURES, "number": 0})
        # SQLite knows no FOR UPDATE: whoever has written is alone there
        execute(update(table).where(self._is_features).values(number=table.c.number))
        return int(execute(self._features_version.with_for_update()).scalar_one())

    @property
    def _is_features(self) -> Any:
        return self._tables.version.c.name == _FEATURES

    @cached_property
    def _features_version(self) -> Any:
        return select(self._tables.version.c.number).where(self._is_features)
