"""Feature toggles in the host's own database, under one version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from itertools import zip_longest
from typing import Any

from sqlalchemy import Result, Select, and_, bindparam, delete, func, insert, or_, select, update

from .database import Database, Execute, in_one_transaction
from .feature_records import Author, FeatureChange, FeatureChoice, FeatureRecord, text_of_choice
from .records import Pruned

#: What has one version for all of its rows.
_FEATURES = "features"
#: The columns of a change, as :class:`FeatureChange` has them.
_CHANGE = ("number", "name", "changed_by", "changed_at", "rule_before", "rule_after", "set_name")
#: For how many features a statement asks, so that there are few statements, each compiled once. One that needs fewer
#: says one of them again.
_SIZES = (4, 16, 64)


class SqlFeatures(Database):
    """See :class:`~.feature_protocols.FeatureStore`."""

    def features(self, names: Collection[str] | None = None) -> dict[str, FeatureChoice]:
        found = self._read(self._all_choices) if names is None else self._some(names)
        rows: Iterable[Any] = found.all()  # at once: one by one takes half as long again
        return {name: (enabled, audience) for name, enabled, audience in rows}

    def _some(self, names: Collection[str]) -> Result[Any]:
        size = next(size for size in _SIZES if len(names) <= size)
        statement, given = self._some_choices[size]
        some = next(iter(names))
        return self._read(statement, dict(zip_longest(given, names, fillvalue=some)))

    def feature_records(self) -> dict[str, FeatureRecord]:
        return {row[0]: FeatureRecord._make(row) for row in self._read(self._all_records).all()}

    @cached_property
    def _all_records(self) -> Select[Any]:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return select(*feature.c, audience.c.audience).select_from(self._with_audiences)

    @cached_property
    def _all_choices(self) -> Select[Any]:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return select(feature.c.name, feature.c.enabled, audience.c.audience).select_from(self._with_audiences)

    @cached_property
    def _some_choices(self) -> dict[int, tuple[Select[Any], list[str]]]:
        name = self._tables.feature.c.name
        given = {size: [f"name_{at}" for at in range(size)] for size in _SIZES}
        return {
            size: (self._all_choices.where(name.in_([bindparam(each) for each in names])), names)
            for size, names in given.items()
        }

    @property
    def _with_audiences(self) -> Any:
        feature, audience = self._tables.feature, self._tables.feature_audience
        return feature.outerjoin(audience, audience.c.name == feature.c.name)

    def features_version(self) -> int:
        return int(self._read(self._features_version).scalar() or 0)

    @in_one_transaction
    def save_features(
        self,
        values: Callable[[int, Mapping[str, FeatureRecord]], Mapping[str, FeatureChoice | None]],
        author: Author,
        at: int,
        set_name: str | None = None,
    ) -> None:
        with self._write() as execute:
            version = self._hold_features(execute)
            records, audiences = self._held_features(execute)
            changes = values(version, records)
            for name, choice in changes.items():
                on, audience = choice or (False, None)
                chosen = {"enabled": on, "changed_by": author.name, "changed_at": at}
                self._put(self._tables.feature, {"name": name}, None if choice is None else chosen)
                if audience is not None or name in audiences:
                    self._put_audience(name, audience)
            if changes:
                number = self._next_number(execute, version)
                texts = {name: text_of_choice(records[name].choice if name in records else None) for name in changes}
                history = [
                    FeatureChange(number, name, author.name, at, texts[name], text_of_choice(choice), set_name)
                    for name, choice in changes.items()
                ]
                execute(insert(self._tables.feature_change), [_as_row(each) for each in history])
                execute(update(self._tables.version).where(self._is_features).values(number=number))
                self._note_author(execute, author)

    def _note_author(self, execute: Execute, author: Author) -> None:
        """Looks first, for the same reason as :meth:`_put`."""
        table, row = self._tables.feature_author, {"user_key": author.key, "name": author.name}
        known = select(table.c.name).where(table.c.user_key == author.key, table.c.name == author.name)
        if author.key is not None and execute(known).first() is None:
            self._insert(table, row)

    def author_names(self, user_key: str) -> list[str]:
        table = self._tables.feature_author
        return list(
            self._read(select(table.c.name).where(table.c.user_key == user_key).order_by(table.c.name)).scalars()
        )

    def _next_number(self, execute: Execute, version: int) -> int:
        """No change has it, also where somebody has deleted the version by hand."""
        last = execute(select(func.max(self._tables.feature_change.c.number))).scalar()
        return max(version, int(last or 0)) + 1

    def feature_changes(self, before: tuple[int, str] | None, limit: int) -> list[FeatureChange]:
        table = self._tables.feature_change
        found = self._changes.order_by(table.c.number.desc(), table.c.name).limit(limit)
        if before is not None:
            number, name = before
            found = found.where(or_(table.c.number < number, and_(table.c.number == number, table.c.name > name)))
        return [FeatureChange._make(row) for row in self._read(found)]

    def feature_changes_of(self, number: int) -> list[FeatureChange]:
        table = self._tables.feature_change
        found = self._changes.where(table.c.number == number).order_by(table.c.name)
        return [FeatureChange._make(row) for row in self._read(found)]

    @cached_property
    def _changes(self) -> Select[Any]:
        return select(*(self._tables.feature_change.c[name] for name in _CHANGE))

    @in_one_transaction
    def prune_feature_changes(self, before: int, limit: int) -> Pruned:
        table = self._tables.feature_change
        oldest = select(table.c.number).where(table.c.changed_at < before).order_by(table.c.number).limit(limit)
        with self._write() as execute:
            numbers = list(execute(oldest).scalars())
            deleted = execute(delete(table).where(table.c.number.in_(set(numbers)))).rowcount if numbers else 0
        return Pruned(str(numbers[-1]) if deleted and len(numbers) == limit else None, deleted)

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


def _as_row(change: FeatureChange) -> dict[str, Any]:
    return dict(zip(_CHANGE, change, strict=True))
