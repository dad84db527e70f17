"""What a form takes, as JSON Schema: once as JSON has it, and once as a browser sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    FieldList,
    FileField,
    FloatField,
    Form,
    FormField,
    IntegerField,
    MultipleFileField,
    PasswordField,
    SelectField,
    SelectMultipleField,
)
from wtforms.validators import Length, NumberRange
from wtforms.widgets import PasswordInput

from .schemas import Schema

#: Codes of a long choice that are shown, where others are taken as well.
_EXAMPLES = 3
#: What cannot be said in one value, and what is no value.
_WITHOUT_SCHEMA = (FormField, FieldList)


def as_json(form_class: type[Form], *, needs_all: bool) -> Schema:
    """What a program sends. Nothing but the form's fields is taken.

    :param needs_all: whether fields that must be filled in have to be sent: not where they keep what they have.
    """
    fields = [each for each in _fields(form_class) if not isinstance(each, FileField)]
    found: dict[str, Any] = {
        "type": "object",
        "properties": {each.name: _of_field(each, null=True) for each in fields},
        "additionalProperties": False,
    }
    return found | _required(fields, needs_all)


def as_sent(form_class: type[Form], *, needs_all: bool, further: Mapping[str, Schema]) -> Schema:
    """What a browser sends; ``further`` is what stands in the form besides its fields."""
    fields = _fields(form_class)
    properties = {each.name: _of_field(each, null=False) for each in fields} | dict(further)
    return {"type": "object", "properties": properties} | _required(fields, needs_all)


def _fields(form_class: type[Form]) -> list[Field]:
    return [each for each in form_class(formdata=None, meta={"csrf": False}) if not isinstance(each, _WITHOUT_SCHEMA)]


def _required(fields: Iterable[Field], needs_all: bool) -> dict[str, Any]:
    needed = [each.name for each in fields if needs_all and each.flags.required]
    return {"required": needed} if needed else {}


def _of_field(field: Field, *, null: bool) -> dict[str, Any]:
    found: dict[str, Any] = _value(field, null=null)
    if label := str(getattr(field.label, "text", "") or ""):
        found["title"] = label
    if field.description:
        found["description"] = str(field.description)
    if (field.render_kw or {}).get("readonly"):
        found["readOnly"] = True
    return found


def _value(field: Field, *, null: bool) -> dict[str, Any]:
    """:param null: whether null may stand for nothing; a browser sends an empty text."""
    if isinstance(field, FileField):
        file = {"type": "string", "format": "binary"}
        return {"type": "array", "items": file} if isinstance(field, MultipleFileField) else file
    if isinstance(field, BooleanField):
        # a browser sends something for a box with a tick, and nothing for one without
        return {"type": "boolean"} if null else {"type": "string", "examples": ["y"]}
    if isinstance(field, SelectMultipleField):
        return {"type": "array", "items": {"type": "string", **_choices(field, [])}}
    if isinstance(field, IntegerField | FloatField | DecimalField):
        return {**_kind("integer" if isinstance(field, IntegerField) else "number", null), **_limits(field)}
    return {**_kind("string", null), **_text(field, null)}


def _kind(name: str, null: bool) -> dict[str, Any]:
    return {"type": [name, "null"] if null else name}


def _text(field: Field, null: bool) -> dict[str, Any]:
    if isinstance(field, PasswordField) or isinstance(field.widget, PasswordInput):
        return {"format": "password", "writeOnly": True, **_limits(field)}
    if isinstance(field, SelectField):
        return _choices(field, [None] if null else [])
    if isinstance(field, DateField) and "%Y-%m-%d" in field.format:  # months and weeks are dates as well
        return {"format": "date"}
    return _limits(field)


def _choices(field: SelectField, besides: list[None]) -> dict[str, Any]:
    codes = [str(next(iter(choice))) for choice in field.iter_choices()] if field.choices is not None else []
    if field.validate_choice and codes:
        return {"enum": [*codes, *besides]}
    return {"examples": [code for code in codes if code][:_EXAMPLES]} if any(codes) else {}


def _limits(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {}
    checks: Sequence[Any] = field.validators
    for check in checks:
        if isinstance(check, Length) and check.max > 0:
            found["maxLength"] = check.max
        elif isinstance(check, NumberRange):
            limits = {"minimum": check.min, "maximum": check.max}
            found |= {name: limit for name, limit in limits.items() if isinstance(limit, int | float)}
    return found
