"""What was sent, as a form or as JSON: read into the same WTForms form, and nothing that no text can have.

A body that is there is read, or refused: one that cannot be read never counts as none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from wtforms import (
    BooleanField,
    DecimalField,
    Field,
    FieldList,
    FileField,
    FloatField,
    Form,
    FormField,
    IntegerField,
    PasswordField,
    SelectMultipleField,
)
from wtforms.widgets import PasswordInput

from ..account import text
from ..auth.request_state import request_state
from ..errors import Invalid, Refused
from ..i18n import gettext
from ..responses import prefers_json
from .csrf import csrf_field


class UnreadableBody(Refused):
    """Something was sent, and it is not known what. Answers 400."""

    status = 400
    code = "bad_request"


def fill(form_class: type[Form], values: dict[str, Any]) -> Form:
    """The form with what was sent; fields that were not sent keep their ``values``.

    :raises Invalid: the body has unknown fields or wrong types, or none of the form's fields at all.
    :raises UnreadableBody: see there.
    """
    body = _body(form_class, values)
    form = form_class(formdata=body, data=values, meta={"csrf": False})
    # a browser sends nothing for boxes without a tick, and something, if empty, for every other field
    expected = [field for field in form if not isinstance(field, BooleanField | SelectMultipleField)]
    if expected and not any(field.raw_data or field.name in body for field in form):  # the second: no file was chosen
        raise Invalid({expected[0].name: gettext("Nothing was sent")})
    return form


def sent_fields() -> dict[str, list[Any]]:
    """Everything that was sent but the CSRF token: each name with all that it came with, files included.

    :raises UnreadableBody: it is neither a form nor a JSON object.
    """
    if request.is_json:
        return {name: [value] for name, value in json_object().items()}
    sent: MultiDict[str, Any] = _form_fields()
    for name, file in request.files.items(multi=True):
        sent.add(name, file)
    return {name: values for name, values in sent.lists() if name != csrf_field()}


def read_condition(names: Collection[str]) -> dict[str, str]:
    """Of ``names``, those that were sent: what an action without a form is to be done for, and for nothing else. It
    needs no body at all.

    :raises Invalid: one of them came twice, or is no text; or a program has sent something else, which may be one of
        them misspelt. A browser sends what is in a page, such as the name of a button.
    :raises UnreadableBody: see there.
    """
    sent = {} if request.is_json and not request.get_data() else sent_fields()
    errors = {name: wrong for name in names if name in sent and (wrong := wrong_with(sent[name]))}
    if request.is_json or prefers_json():
        errors |= {name: gettext("There is no such field") for name in sent if name not in names}
    if errors:
        raise Invalid(errors)
    return {name: sent[name][0] for name in names if name in sent}


def wrong_with(values: list[Any]) -> str | None:
    """Why this is not one text; None where it is."""
    if len(values) != 1:
        return gettext("This must be sent once")
    if not isinstance(values[0], str):
        return gettext("This must be a text")
    return None if text.storable(values[0]) else gettext("This has a character that cannot be used. Type it again")


def json_object() -> dict[str, Any]:
    """The JSON body, which is an object. :raises UnreadableBody: it is not, or not JSON, or nested beyond reason."""
    try:
        sent = request.get_json()
    except (RecursionError, BadRequest) as error:
        raise UnreadableBody(gettext("The body must be a JSON object.")) from error
    if not isinstance(sent, dict) or not all(map(text.storable, sent)):
        raise UnreadableBody(gettext("The body must be a JSON object."))
    return sent


def _form_fields() -> MultiDict[str, Any]:
    fields: MultiDict[str, Any] = MultiDict(request.form)
    if None in fields or None in request.files:  # parts without a name, as no browser sends them
        raise UnreadableBody(gettext("What was sent cannot be read. Nothing was changed."))
    if not fields and not request.files and request_state().resumed is None and _has_content():
        raise UnreadableBody(gettext("What was sent cannot be read. Nothing was changed."))
    return fields


def _has_content() -> bool:
    """Whether there is a body, other than that of a form without fields."""
    length = request.content_length if request.content_length is not None else len(request.get_data())
    boundary = request.mimetype_params.get("boundary")
    return length > (len(f"\r\n--{boundary}--\r\n") if boundary else 0)


def _body(form_class: type[Form], values: dict[str, Any]) -> MultiDict[str, Any]:
    if not request.is_json:
        typed = _form_fields()
        _check_characters(typed)
        return _with_files(typed, form_class, values)
    sent = json_object()
    known = form_class(formdata=None, data=values, meta={"csrf": False})
    errors = {name: gettext("There is no such field") for name in sent if name not in known}
    errors |= {name: wrong for name in sent if name in known and (wrong := _wrong_type(known[name], sent[name]))}
    if errors:
        raise Invalid(errors)
    body: MultiDict[str, Any] = MultiDict()
    for name, value in sent.items():
        body.setlist(name, [_as_typed(each) for each in (value if isinstance(value, list) else [value])])
    _check_characters(body)
    # what a browser leaves out is unticked; what a program leaves out stays as it is
    for field in known:
        if field.name not in sent and isinstance(field, BooleanField):
            body[field.name] = _as_typed(bool(field.data))
        elif field.name not in sent and isinstance(field, SelectMultipleField):
            body.setlist(field.name, [str(each) for each in field.data or ()])
    return body


def _with_files(typed: MultiDict[str, Any], form_class: type[Form], values: dict[str, Any]) -> MultiDict[str, Any]:
    """Files come to the fields that take one, and to no other."""
    if request.files:
        form = form_class(formdata=None, data=values, meta={"csrf": False})
        for name in [field.name for field in form if isinstance(field, FileField) and field.name in request.files]:
            typed.setlist(name, request.files.getlist(name))
    return typed


def _wrong_type(field: Field, value: Any) -> str | None:
    takes: dict[Any, type[Any] | tuple[type[Any], ...]] = {
        BooleanField: bool,
        SelectMultipleField: list,
        (IntegerField, FloatField, DecimalField): (int, float),
    }
    other = next((types for fields, types in takes.items() if isinstance(field, fields)), ())
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, bool):
        return None if other is bool else gettext("This must be a text")
    if isinstance(value, list) and not all(isinstance(each, str) for each in value):
        return gettext("This must be a list of texts")
    return None if isinstance(value, other) else gettext("This must be a text")


def _as_typed(value: Any) -> str:
    """As a browser sends it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def each_field(fields: Iterable[Field]) -> Iterator[Field]:
    """The fields of a form, and in the place of a form or a list within it those which that is made of."""
    for field in fields:
        if isinstance(field, FormField | FieldList):
            yield from each_field(field)
        else:
            yield field


def never_kept(form: Iterable[Field]) -> set[str]:
    """The names of the fields for passwords, whatever they are called, and of those for files."""
    return {
        field.name
        for field in each_field(form)
        if isinstance(field, PasswordField | FileField) or isinstance(field.widget, PasswordInput)
    }


def _check_characters(sent: MultiDict[str, Any]) -> None:
    """NUL and lone surrogates are in no text that a database or a hash takes: not in the second of two either."""
    wrong = [name for name, value in sent.items(multi=True) if not text.storable(value)]
    if wrong:
        raise Invalid(dict.fromkeys(wrong, gettext("This has a character that cannot be used. Type it again")))
