"""Feature toggles in the host's own database, under one version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select, update

from .database import Database, Execute, in_one_transaction
from .records import FeatureChoice, FeatureRecord

#: What has one version for all of its rows.
_FEATURES = "features"


class SqlFeatures(Database):
    """See :class:`~.protocols.FeatureStore`."""

    def features(self) -> dict[str, FeatureChoice]:
        rows: Iterable[Any] = self._read(self._all_choices)
        return {name: (enabled, audience) for name, enabled, audience in rows}

    def feature_records(self) -> dict[str, FeatureRecord]:
        return {row.name: FeatureRecord._make(row) for row in self._read(self._all_records)}

    @cached_property
    def _all_records(self) -> Select[Any]:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return select(*feature.c, audience.c.audience).select_from(self._with_audiences)

    @cached_property
    def _all_choices(self) -> Select[Any]:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return select(feature.c.name, feature.c.enabled, audience.c.audience).select_from(self._with_audiences)

    @property
    def _with_audiences(self) -> Any:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return feature.outerjoin(audience, audience.c.name == feature.c.name)

    def features_version(self) -> int:
        return int(self._read(self._features_version).scalar() or 0)

    @in_one_transaction
    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, FeatureChoice]],
        changed_by: str,
        at: int,
    ) -> None:
        number = self._tables.version.c.number
        with self._write() as execute:
            version = self._hold_features(execute)
            records, audiences = self._held_features(execute)
            changes = values(version, records)
            for name, (on, audience) in changes.items():
                chosen = {"enabled": on, "changed_by": changed_by, "changed_at": at}
                self._put(self._tables.feature, {"name": name}, chosen)
                if audience is not None or name in audiences:
                    self._put_audience(name, audience)
            if changes:
                execute(update(self._tables.version).where(self._is_features).values(number=number + 1))

    def _held_features(self, execute: Execute) -> tuple[dict[str, FeatureRecord], dict[str, str]]:
        """By locking reads: they read what is there now, whatever this transaction has seen before. Also the audiences
        by themselves, of which a row deleted by hand may have left one behind."""
        rows: Iterable[Any] = execute(select(*self._tables.feature.c).with_for_update()).all()
        held = execute(select(*self._tables.feature_audience.c).with_for_update())
        audiences = {row.name: row.audience for row in held}
        return {row.name: FeatureRecord._make((*row, audiences.get(row.name))) for row in rows}, audiences

    def _put_audience(self, name: str, audience: str | None) -> None:
        self._put(self._tables.feature_audience, {"name": name}, None if audience is None else {"audience": audience})

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
