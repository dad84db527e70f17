"""The columns of the tables of features: what administrators have chosen, have changed, and keep as sets.

A row says by a name who has made it: it is of the app, and stays without the name when that account is closed. Which
names those are, :func:`feature_author_columns` has.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, String, Text

from .column_types import BigInteger, exact


def _by_whom() -> list[Column[object]]:
    return [
        Column("changed_by", String(255), nullable=False),
        Column("changed_at", BigInteger, nullable=False),
    ]


def feature_columns() -> list[Column[object]]:
    return [
        Column("name", exact(128), primary_key=True),
        Column("enabled", Boolean, nullable=False),
        *_by_whom(),
    ]


def feature_audience_columns() -> list[Column[object]]:
    """Of the features that are on for some, as :mod:`..audiences` writes it; in the row of the feature they are off."""
    return [
        Column("name", exact(128), primary_key=True),
        Column("audience", Text, nullable=False),
    ]


def feature_change_columns() -> list[Column[object]]:
    """``set_name``: the change has put that set back."""
    return [
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("name", exact(128), primary_key=True),
        *_by_whom(),
        Column("rule_before", Text),
        Column("rule_after", Text),
        Column("set_name", String(64)),
    ]


def feature_author_columns() -> list[Column[object]]:
    """What each administrator was called when they saved something, so that it can be found by whose it is."""
    return [
        Column("user_key", exact(255), primary_key=True),
        Column("name", exact(255), primary_key=True),
    ]


def feature_set_columns() -> list[Column[object]]:
    """``id``: a new one each time that the set is saved, so that it names what is in it. ``digest``: of the name, the
    same for names that differ in case alone; databases do not agree which those are."""
    return [
        Column("id", exact(24), primary_key=True),
        Column("digest", exact(64), nullable=False, unique=True),
        Column("name", String(64), nullable=False),
        *_by_whom(),
    ]


def feature_set_rule_columns() -> list[Column[object]]:
    """A row a feature, because no text of MySQL's holds those of a thousand."""
    return [
        Column("set_id", exact(24), primary_key=True),
        Column("name", exact(128), primary_key=True),
        Column("rule", Text, nullable=False),
    ]


def version_columns() -> list[Column[object]]:
    return [
        Column("name", exact(32), primary_key=True),
        Column("number", BigInteger, nullable=False),
    ]
