"""Columns of thirty kinds, TypeDecorators among them, and values that may be in them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    Unicode,
    UnicodeText,
    Uuid,
    types,
)


class Title(enum.Enum):
    MR = "Mr"
    MS = "Ms"
    NONE = 0


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Lower(types.TypeDecorator[str]):
    impl, cache_ok = String(20), True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value.lower() if value is not None else None


class Listed(types.TypeDecorator[list[str]]):
    """A list, kept as a text: what was typed is none."""

    impl, cache_ok = String(200), True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return json.dumps([each.strip() for each in value]) if value is not None else None

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return json.loads(value) if value is not None else None


class Seconds(types.TypeDecorator[dt.datetime]):
    """A moment, kept as a number."""

    impl, cache_ok = Integer, True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return int(value.replace(tzinfo=dt.timezone.utc).timestamp()) if value is not None else None

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return dt.datetime.fromtimestamp(value, dt.timezone.utc).replace(tzinfo=None) if value is not None else None


class Cents(types.TypeDecorator[decimal.Decimal]):
    impl, cache_ok = BigInteger, True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return int(value * 100) if value is not None else None

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return decimal.Decimal(value) / 100 if value is not None else None


class Picky(types.TypeDecorator[str]):
    impl, cache_ok = String(20), True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if value is not None and not value.startswith("+"):
            raise ValueError("begin with +")
        return value


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
_MOMENTS = st.datetimes()
#: What a column may be -> what may be stored in it.
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (String(20), _TEXT),
    (String(), _TEXT),
    (Unicode(5), _TEXT),
    (Text(), _TEXT),
    (UnicodeText(), st.text(st.sampled_from("a \r\n\t\u202e"), max_size=20)),
    (Text(), st.just("x\n" * 6_000)),
    (Enum("sales", "it", name="dep"), st.sampled_from(["sales", "it"])),
    (Enum(Title), st.sampled_from(list(Title))),
    (Enum(Level), st.sampled_from(list(Level))),
    (Enum(Title, values_callable=lambda which: [str(each.value) for each in which]), st.sampled_from(list(Title))),
    (Enum("", "a", native_enum=False), st.sampled_from(["", "a"])),
    (Boolean(), st.booleans()),
    (Integer(), st.integers(-(2**31), 2**31 - 1)),
    (SmallInteger(), st.integers(-(2**15), 2**15 - 1)),
    (BigInteger(), st.integers(-(2**63), 2**63 - 1)),
    (Float(), st.floats(allow_nan=False)),
    (Double(), st.floats(allow_nan=False)),
    (Float(asdecimal=True), st.decimals(-9, 9, places=3)),
    (Numeric(asdecimal=False), st.floats(-1e9, 1e9)),
    (Date(), st.dates()),
    (Time(), st.times()),
    (DateTime(), _MOMENTS),
    (DateTime(timezone=True), _MOMENTS),
    (Interval(), st.timedeltas(dt.timedelta(0), dt.timedelta(days=9999))),
    (Uuid(), st.uuids()),
    (JSON(), st.dictionaries(_TEXT, st.integers(), max_size=2)),
    (LargeBinary(), st.binary(max_size=9)),
    (Lower(), _TEXT.map(str.lower)),
    (Listed(), st.lists(st.text("ab", max_size=3), max_size=3)),
    (Seconds(), st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)).map(lambda d: d.replace(microsecond=0))),
    (Cents(), st.integers(-10_000, 10_000).map(lambda cents: decimal.Decimal(cents) / 100)),
    (Picky(), st.text("1", max_size=5).map("+".__add__)),
]
#: What somebody may send in the place of any of them.
SENT = st.one_of(
    _TEXT,
    st.sampled_from(
        ["", "y", "true", "sales", "MS", "Ms", "7", "-7.5", "1e400", "NaN", "sNaN", "9" * 5000, "Infinity"]
    ),
    st.sampled_from(["1e999999999", "2026-01-02", "0001-01-01T00:00", "9999-12-31T23:59:59Z", "23:59", "+1"]),
)
