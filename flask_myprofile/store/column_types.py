"""Types that each database is told in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy
from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeEngine

#: The largest number that a column takes.
_LAST = 2**63 - 1


class BigInteger(sqlalchemy.BigInteger):
    """A whole number, such as a moment. SQLite keeps anything in any column, and what another program has written there
    may be a text: it is read as what SQLite takes it for where it compares, which is more than any number."""

    #: Where a migration imports it from: it is SQLAlchemy's in each database, and needs nothing of ours.
    __module__ = sqlalchemy.BigInteger.__module__

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None] | None:
        return _as_number if dialect.name == "sqlite" else None


def exact(length: int) -> TypeEngine[str]:
    """A key that is compared letter by letter; MySQL's usual collations take "A" for "a"."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def _as_number(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value
    return int(value) if isinstance(value, float) and abs(value) < _LAST else _LAST
