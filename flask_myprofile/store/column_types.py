"""Types that each database is told in its own words."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.types import TypeEngine


def exact(length: int) -> TypeEngine[str]:
    """A key that is compared letter by letter; MySQL's usual collations take "A" for "a"."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")
