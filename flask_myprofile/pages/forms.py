"""What was sent, as a form or as JSON: read into the same WTForms form, and nothing that no text can have."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from wtforms import BooleanField, Form

from ..account import text
from ..errors import Invalid
from ..i18n import gettext


def fill(form_class: type[Form], values: dict[str, Any]) -> Form:
    """The form with what was sent; fields that were not sent keep their ``values``.

    :raises Invalid: the body has unknown fields or wrong types, or none of the form's fields at all.
    """
    form = form_class(formdata=_body(form_class, values), data=values, meta={"csrf": False})
    # a browser sends nothing for a box without a tick, and something, if empty, for every other field
    expected = [field for field in form if not isinstance(field, BooleanField)]
    if expected and not any(field.raw_data for field in form):
        raise Invalid({expected[0].name: gettext("Nothing was sent")})
    return form


def _body(form_class: type[Form], values: dict[str, Any]) -> MultiDict[str, str]:
    if not request.is_json:
        body = MultiDict(request.form)
        _check_characters(dict(body.items(multi=True)))
        return body
    sent = json_object()
    known = form_class(formdata=None, meta={"csrf": False})
    errors = {name: gettext("There is no such field") for name in sent if name not in known}
    for name, value in sent.items():
        is_box = name in known and isinstance(known[name], BooleanField)
        if name in known and not isinstance(value, str | None) and not (is_box and isinstance(value, bool)):
            errors[name] = gettext("This must be a text")
    if errors:
        raise Invalid(errors)
    _check_characters(sent)
    body = MultiDict(
        {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in sent.items()
            if value is not None
        }
    )
    body.update({name: "" for name, value in sent.items() if value is None})
    # a box that a browser leaves out is unticked; one that a program leaves out stays as it is
    body.update(
        {
            f.name: str(bool(values.get(f.name))).lower()
            for f in known
            if isinstance(f, BooleanField) and f.name not in sent
        }
    )
    return body


def json_object() -> dict[str, Any]:
    """The JSON body, which is an object. :raises BadRequest: it is not, or not JSON, or nested beyond reason."""
    try:
        sent = request.get_json()
    except RecursionError as error:
        raise BadRequest("The JSON is nested too deeply") from error
    if not isinstance(sent, dict):
        raise BadRequest("The body must be a JSON object")
    if not all(map(text.storable, sent)):
        raise BadRequest("A name in the JSON has a character that cannot be used")
    return sent


def _check_characters(sent: dict[str, Any]) -> None:
    """NUL and lone surrogates are in no text that a database or a hash takes."""
    wrong = [name for name, value in sent.items() if isinstance(value, str) and not text.storable(value)]
    if wrong:
        raise Invalid(dict.fromkeys(wrong, gettext("This has a character that cannot be used. Type it again")))
