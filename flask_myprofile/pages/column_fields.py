"""A form field for each kind of column, by WTForms' own fields, which read what was typed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from decimal import Decimal
from typing import Any

from markupsafe import Markup
from sqlalchemy import types
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    DecimalField,
    Field,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import choices
from wtforms.fields.core import UnboundField
from wtforms.widgets import TextArea

from .. import i18n
from ..account import text
from ..account.columns import Attribute, choices_of
from ..globals import current_profile
from ..i18n import gettext
from .column_values import LONGEST_SENT, as_utc, code_of, iso, spoken, words


def option(value: str, label: str) -> Any:
    """WTForms 3.3 deprecates the pairs that it had before."""
    made = getattr(choices, "SelectChoice", None)
    return made(value, label) if made is not None else (value, label)


class _Typed(Field):
    """Goes before the field that reads what was typed: nothing is no value, and what cannot be read is said in words
    of ours."""

    def process_formdata(self, valuelist: Any) -> None:
        typed = valuelist[0].strip() if valuelist else None
        if not typed:
            self.data = None if valuelist else self.data
            return
        try:
            self.data = self.read(typed)
        except (ValueError, ArithmeticError) as error:
            self.data = None
            raise ValueError(self.wrong()) from error

    def read(self, typed: str) -> Any:
        super().process_formdata([typed])
        return self.data

    def wrong(self) -> str:
        raise NotImplementedError


class Line(StringField):
    def process_formdata(self, valuelist: Any) -> None:
        if valuelist:
            self.data = text.clean(valuelist[0])


class Lines(TextAreaField):
    """Line ends stay what they are: as typed, and of the kind that the stored text has."""

    def process_formdata(self, valuelist: Any) -> None:
        if valuelist:
            typed = valuelist[0].replace("\r\n", "\n").replace("\r", "\n")
            self.data = typed if typed.strip() else ""

    def stored(self) -> Any:
        is_of_dos = isinstance(self.object_data, str) and "\r\n" in self.object_data
        return self.data.replace("\n", "\r\n") if is_of_dos and self.data else self.data


class Choice(SelectField):
    """:param options: what is sent -> the value that it stands for."""

    def __init__(
        self, label: Any, options: Sequence[tuple[str, Any]] = (), may_be_empty: bool = True, **kw: Any
    ) -> None:
        self._options, self._may_be_empty = list(options), may_be_empty
        super().__init__(label, choices=[], validate_choice=False, **kw)

    def process_data(self, value: Any) -> None:
        self.data = code_of(self._options, value)
        blank = [("", gettext("Not specified"))] if self._may_be_empty or not self.data else []
        self.choices = [option(*each) for each in (*blank, *((code, words(value)) for code, value in self._options))]

    def process_formdata(self, valuelist: Any) -> None:
        if valuelist:
            self.data = valuelist[0]
            if self.data and self.data not in dict(self._options):
                raise ValueError(gettext("Choose one from the list"))

    def stored(self) -> Any:
        return dict(self._options).get(self.data or "")

    def spoken(self, value: Any) -> str:
        return "" if value is None else words(value)


class Box(BooleanField):
    def spoken(self, value: Any) -> str:
        return spoken(bool(value))


class Whole(_Typed, IntegerField):
    def wrong(self) -> str:
        return gettext("Enter a whole number")


class Number(_Typed, DecimalField):
    def __init__(self, label: Any, is_float: bool = False, **kw: Any) -> None:
        self._is_float = is_float
        super().__init__(label, places=None, **kw)

    def read(self, typed: str) -> Any:
        found = Decimal(typed)
        if not found.is_finite() or (self._is_float and not math.isfinite(float(found))):
            raise ValueError(typed)
        return found

    def wrong(self) -> str:
        return gettext("Enter a number")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        is_plain = isinstance(self.data, Decimal) and abs(self.data.adjusted()) < 40
        return "" if self.data is None else f"{self.data:f}" if is_plain else str(self.data)

    def stored(self) -> Any:
        return float(self.data) if self._is_float and self.data is not None else self.data


_TIMES = ["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"]


class _Iso(_Typed):
    """Written as ISO 8601 has it, which is how browsers send it."""

    raw_data: Any

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return "" if self.data is None else iso(self.data)


class Day(_Iso, DateField):
    def wrong(self) -> str:
        return gettext("Enter a date such as %(example)s", example="2026-12-31")


class TimeOfDay(_Iso, TimeField):
    def __init__(self, label: Any, **kw: Any) -> None:
        super().__init__(label, format=_TIMES, **kw)

    def wrong(self) -> str:
        return gettext("Enter a time such as %(example)s", example="14:30")


class Moment(_Iso, DateTimeLocalField):
    """:param zone: the one in which it is read and shown, for a column that knows the zone of what it has."""

    def __init__(self, label: Any, zone: tzinfo | None = None, **kw: Any) -> None:
        self._zone = zone
        formats = [f"%Y-%m-%d{between}{time}{offset}" for between in "T " for time in _TIMES for offset in ("", "%z")]
        super().__init__(label, format=formats, **kw)

    def process_data(self, value: Any) -> None:
        self.data = as_utc(value).astimezone(self._zone).replace(tzinfo=None) if value and self._zone else value

    def read(self, typed: str) -> datetime:
        found: datetime = super().read(typed)
        if found.tzinfo is None:
            return found
        return found.astimezone(self._zone or timezone.utc).replace(tzinfo=None)

    def wrong(self) -> str:
        return gettext("Enter a date and a time such as %(example)s", example="2026-12-31T14:30")

    def stored(self) -> Any:
        if self.data is None or self._zone is None:
            return self.data
        return self.data.replace(tzinfo=self._zone).astimezone(timezone.utc)


class ReadOnly(StringField):
    """Any value, in words."""

    def process_data(self, value: Any) -> None:
        self.data = spoken(value)

    def process_formdata(self, valuelist: Any) -> None:
        """What is sent is not looked at."""


_FIELDS: Mapping[str, type[Field]] = {
    "text": Line,
    "lines": Lines,
    "choice": Choice,
    "box": Box,
    "whole": Whole,
    "number": Number,
    "date": Day,
    "time": TimeOfDay,
    "moment": Moment,
}


def field_of(kind: str, attribute: Attribute, label: Any, **options: Any) -> Any:
    """The (unbound) field for values of that kind."""
    found = attribute.plain_type
    match kind:
        case "choice":
            options |= {"options": choices_of(found), "may_be_empty": not attribute.required}
        case "number":
            options["is_float"] = isinstance(found, types.Float) and not found.asdecimal
        case "moment" if found is not None and found.timezone:
            options["zone"] = i18n.reader_zone()
    field: Callable[..., Any] = _FIELDS[kind]
    return field(label, **options)


def read_only(label: Any, hint: str, attributes: Mapping[str, Any], value: Any) -> Any:
    # a browser sends the text of a field that is read-only as well, and may not of one that is disabled
    too_long = isinstance(value, str) and len(value) > LONGEST_SENT
    kw = {**attributes, "readonly": True, **({"disabled": True} if too_long else {})}
    widget = TextArea() if len(spoken(value).splitlines()) > 1 else None
    return UnboundField(ReadOnly, label, description=hint, render_kw=kw, widget=widget)


def why_read_only(user: Any) -> str:
    """In the host's words where it has some, and where else to go."""
    config = current_profile.config
    told, url = config.personal_readonly_hint, config.personal_readonly_url
    if told is not None:
        sentence = str(told() if callable(told) else told)
    elif current_profile.passwords.is_sso(user):
        sentence = gettext("Your organization manages this.")
    else:
        sentence = gettext("This cannot be changed here.")
    return Markup('{} <a href="{}">{}</a>').format(sentence, url, gettext("Where to change it")) if url else sentence


def has_field(attribute: Attribute) -> bool:
    return attribute.kind in _FIELDS
