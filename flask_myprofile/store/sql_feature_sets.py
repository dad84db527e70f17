"""Sets of features under a name, in the host's own database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from .database import Execute, in_one_transaction
from .feature_records import Author, FeatureRecord, FeatureSetRecord
from .sql_features import SqlFeatures

#: Told of all sets and features as they are while nobody else can change them: the rules of a new set.
Compose = Callable[[Sequence[FeatureSetRecord], Mapping[str, FeatureRecord]], Mapping[str, str]]


class SqlFeatureSets(SqlFeatures):
    """See :class:`~.feature_protocols.FeatureSetStore`. Whoever writes keeps others from saving features until the end:
    a set is what they were at one moment, and there is one of each name."""

    def feature_sets(self) -> list[FeatureSetRecord]:
        return [FeatureSetRecord._make(row) for row in self._read(self._all_sets)]

    def feature_set_rules(self, set_id: str | None = None) -> dict[str, dict[str, str]]:
        table = self._tables.feature_set_rule
        found: dict[str, dict[str, str]] = {}
        asked = select(table.c.set_id, table.c.name, table.c.rule)
        rows: Iterable[Any] = self._read(asked if set_id is None else asked.where(table.c.set_id == set_id))
        for each, name, rule in rows:
            found.setdefault(each, {})[name] = rule
        return found

    @in_one_transaction
    def add_feature_set(
        self, record: FeatureSetRecord, author: Author, compose: Compose, replaces: str | None = None
    ) -> None:
        table, rules = self._tables.feature_set, self._tables.feature_set_rule
        with self._write() as execute:
            self._hold_features(execute)
            composed = compose(self._held_sets(execute), self._held_features(execute)[0])
            if replaces is not None:
                self._drop_set(execute, replaces)
            execute(insert(table), record._asdict())
            rows = [{"set_id": record.id, "name": name, "rule": rule} for name, rule in composed.items()]
            if rows:
                execute(insert(rules), rows)
            self._note_author(execute, author)

    @in_one_transaction
    def rename_feature_set(
        self, set_id: str, name: str, digest: str, check: Callable[[Sequence[FeatureSetRecord]], None]
    ) -> None:
        table = self._tables.feature_set
        with self._write() as execute:
            self._hold_features(execute)
            check(self._held_sets(execute))
            execute(update(table).where(table.c.id == set_id).values(name=name, digest=digest))

    @in_one_transaction
    def drop_feature_set(self, set_id: str) -> bool:
        with self._write() as execute:
            self._hold_features(execute)
            there = any(each.id == set_id for each in self._held_sets(execute))
            if there:
                self._drop_set(execute, set_id)
            return there

    def _drop_set(self, execute: Execute, set_id: str) -> None:
        table, rules = self._tables.feature_set, self._tables.feature_set_rule
        execute(delete(rules).where(rules.c.set_id == set_id))
        execute(delete(table).where(table.c.id == set_id))

    def _held_sets(self, execute: Execute) -> list[FeatureSetRecord]:
        """By a locking read, as :meth:`_held_features`."""
        return [FeatureSetRecord._make(row) for row in execute(self._all_sets.with_for_update())]

    @property
    def _all_sets(self) -> Select[Any]:
        table = self._tables.feature_set
        return select(*(table.c[name] for name in FeatureSetRecord._fields)).order_by(
            table.c.changed_at.desc(), table.c.id
        )
