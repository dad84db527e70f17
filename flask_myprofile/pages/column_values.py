"""The values of columns: which of them a browser can send back, and how they read in words and in JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import types

from ..account import text
from ..account.columns import Attribute, choices_of, survives
from ..i18n import gettext

#: Characters of which a browser sends all back; a longer text is shown and cannot be edited.
LONGEST_SENT = 10_000
_BITS = ((types.SmallInteger, 16), (types.BigInteger, 64), (types.Integer, 32))
_NATURAL: Mapping[str, tuple[type[Any], ...]] = {
    "text": (str,),
    "lines": (str,),
    "box": (bool,),
    "whole": (int,),
    "number": (int, float, Decimal),
    "date": (date,),
    "time": (time,),
    "moment": (datetime,),
}


def is_editable(attribute: Attribute, kind: str, value: Any, dialect: Any) -> bool:
    """Whether a browser sends this value back as it is: what it cannot say is shown and not edited."""
    if value is None:
        return True
    if _is_lost_on_its_way(value):
        return False
    if kind == "choice":
        return code_of(choices_of(attribute.plain_type), value) != ""
    if isinstance(value, _NATURAL[kind]) and not (kind == "date" and isinstance(value, datetime)):
        return True
    return kind in ("text", "lines") and survives(attribute.type, value, str(value), dialect)


def _is_lost_on_its_way(value: Any) -> bool:
    match value:
        case str():
            return len(value) > LONGEST_SENT or not text.storable(value)
        case float():
            return not math.isfinite(value)
        case Decimal():
            return not value.is_finite()
        case datetime():
            return not 1 < value.year < 9999  # another zone may have no such day
        case time():
            return value.tzinfo is not None
    return False


def fault_in(attribute: Attribute, value: Any, is_wide: bool) -> str | None:
    """Why this number is none that the column takes.

    :param is_wide: whether the database has whole numbers of 64 bits only, as SQLite does
    """
    found = attribute.plain_type
    if isinstance(value, int) and not isinstance(value, bool):
        bits = 64 if is_wide else next((bits for known, bits in _BITS if isinstance(found, known)), 64)
        least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        if not least <= value <= most:
            return gettext("Enter a number from %(min)s to %(max)s", min=least, max=most)
    if isinstance(value, Decimal) and value:
        is_numeric = isinstance(found, types.Numeric) and not isinstance(found, types.Float)
        scale = found.scale if is_numeric and found.scale is not None else 30
        whole = (found.precision - scale if found.scale is not None else 30) if is_numeric and found.precision else 30
        if -int(value.normalize().as_tuple().exponent) > scale:
            return gettext("Enter a number with %(max)s digits after the decimal point or fewer", max=scale)
        if value.adjusted() >= whole:
            most_digits = "9" * max(whole, 1) if whole > 0 else "0"
            return gettext("Enter a number from %(min)s to %(max)s", min=f"-{most_digits}", max=most_digits)
    return None


# ---- a value in words


def code_of(options: Sequence[tuple[str, Any]], value: Any) -> str:
    """What stands for this value of a choice; nothing where it is none of them."""
    return next((code for code, known in options if value is not None and known == value), "")


def spoken(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return gettext("Yes") if value else gettext("No")
        case Enum():
            return words(value)
        case datetime() | date() | time():
            return iso(value).replace("T", " ")
    return str(value)


def json_value(attribute: Attribute, value: Any) -> Any:
    """As JSON has it, and takes it."""
    if attribute.kind == "choice" and value is not None:
        return code_of(choices_of(attribute.plain_type), value) or str(value)
    match value:
        case None | bool() | int() | str():
            return value.value if isinstance(value, Enum) else value
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            is_of_zone = value.tzinfo is not None or getattr(attribute.plain_type, "timezone", False)
            return as_utc(value).isoformat().replace("+00:00", "Z") if is_of_zone else value.isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def words(choice: Any) -> str:
    if not isinstance(choice, Enum):
        return str(choice)
    label = getattr(choice, "label", choice.value)
    return label if isinstance(label, str) else choice.name.replace("_", " ").capitalize()


def as_utc(value: datetime) -> datetime:
    """A column that knows zones has UTC where the database has none."""
    with suppress(OverflowError):  # the first day that there is, and the last
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    return value


def iso(value: Any) -> str:
    """To the minute, second or millisecond: no browser takes less."""
    if isinstance(value, time | datetime):
        exact = "milliseconds" if value.microsecond else "seconds" if value.second else "minutes"
        return value.isoformat(timespec=exact)
    return str(value.isoformat())
