"""Forms that change only what somebody has changed in them, and nothing that was changed elsewhere meanwhile.

A browser sends every field of a form. Those which come as they were shown are neither checked nor written. What they
were shown as, the page says in a hidden field, ``version``; a program may send it, or leave it out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from flask import has_request_context, request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, FieldList, FileField, FormField, HiddenField, SelectMultipleField
from wtforms.fields.core import UnboundField
from wtforms.utils import unset_value
from wtforms.widgets import TextArea

from ..account import text
from ..errors import Conflict
from ..i18n import gettext, join_list
from ..tab import Done
from .choice_words import in_words

VERSION = "version"


class OnlyChanged(Field):
    """Goes before the class of a field.

    ``changed``: whether somebody has; ``overtaken``: whether somebody else has as well, since the page was made;
    ``touched``: whether it was sent as another than the page has shown, be it what is stored by now.
    """

    changed = False
    touched = False
    overtaken = False
    shown: Sequence[str] = ()

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        before, self.shown = self.data, _as_sent(self)
        if formdata is None:
            return
        super().process(formdata, data, extra_filters)
        known = _version_sent(formdata)
        self.changed = self._differs(before, data, extra_filters)
        if known is not None:
            self.touched = bool(self.raw_data) and _mark(self, self._sent()) not in known
        if self.changed and known is not None:
            self.changed = _mark(self, self._sent()) not in known
            self.overtaken = self.changed and _mark(self, self.shown) not in known
        if not self.changed:  # and so what is shown again is what there is now
            was_sent = bool(self.raw_data)
            super().process(None, data, extra_filters)
            self.raw_data = list(self.shown) if was_sent else []

    def _sent(self) -> Sequence[str]:
        return _as_sent(self) if isinstance(self, BooleanField) else self.raw_data or ()

    def _differs(self, before: Any, data: Any, extra_filters: Any) -> bool:
        is_optional = isinstance(self, BooleanField | SelectMultipleField)  # of which a browser may send nothing
        if not self.raw_data and (not is_optional or _is_disabled(self)):
            return False
        if _plain(self, self._sent()) == _plain(self, self.shown):
            return False
        if self.process_errors:
            return True
        typed, raw = self.data, self.raw_data
        if is_optional or typed == before:
            return bool(typed != before)
        # a browser may write what it was shown in another way: 9:30:00.0 as 09:30
        super().process(MultiDict([(self.name, each) for each in self.shown]), data, extra_filters)
        same = not self.process_errors and self.data == typed
        self.data, self.raw_data, self.process_errors = typed, raw, []
        return not same

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        if self.changed:
            return super().validate(form, extra_validators)
        self.errors = ()
        return True


class VersionedForm(FlaskForm):
    """A form of such fields; made by :func:`versioned`."""

    def __init__(self, *args: Any, data: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, data=data, **kwargs)
        if data is not None and VERSION in self:
            self[VERSION].data = "-".join(_mark(field, field.shown) for field in self.fields())

    def fields(self) -> list[Any]:
        return [field for field in self if isinstance(field, OnlyChanged)]

    def changed(self) -> list[Any]:
        """The fields that somebody has changed.

        :raises Conflict: one of them has another value by now than the page has shown.
        """
        errors = {field.name: _overtaken(field) for field in self.fields() if field.overtaken}
        if errors:
            sentence = gettext("This was changed elsewhere since you opened the page. Nothing was saved yet.")
            raise Conflict(sentence, errors=errors)
        return [field for field in self.fields() if field.changed]


def nothing_changed(form: VersionedForm, changed: Collection[Any]) -> Done | None:
    """What to say where nothing is to be saved. A form that came twice was saved, by the first."""
    if changed or any(field.touched for field in form.fields()):
        return None
    return Done(gettext("Nothing was changed."), kind="info")


def versioned(name: str, fields: dict[str, Any]) -> type[VersionedForm]:
    """The class of a form of these (unbound) fields."""
    made = {each: UnboundField(only_changed(one.field_class), *one.args, **one.kwargs) for each, one in fields.items()}
    made.setdefault(VERSION, HiddenField(VERSION))  # type: ignore[arg-type]
    return type(name, (VersionedForm,), made)


def why_not(name: str, own: Any) -> str | None:
    """Why a setting cannot name such a field; ``own``: a field of the host's, or None."""
    if name.startswith("_") or name in (VERSION, "csrf_token") or hasattr(VersionedForm, name):
        return f"no field of a form can be called {name!r}: give it another name by Users(fields={{…: {name!r}}})"
    if own is not None and issubclass(own.field_class, FormField | FieldList | FileField):
        return f"the field for {name!r} must hold one value, and no {own.field_class.__name__}"
    return None


@cache
def only_changed(field_class: type[Field]) -> type[Field]:
    return type(field_class.__name__, (OnlyChanged, field_class), {})


def _overtaken(field: Any) -> str:
    if hasattr(field, "spoken"):
        value = field.spoken(field.object_data)
    else:
        value = join_list([in_words(field, each) for each in field.shown])
    if not value:
        return gettext("This is empty now. Save again to put yours in its place.")
    return gettext("This is “%(value)s” now. Save again to put yours in its place.", value=value)


def _version_sent(formdata: Any) -> Sequence[str] | None:
    sent = [each for each in formdata.getlist(VERSION) if each] if VERSION in formdata else []
    if not sent and has_request_context():
        # one that a proxy has made weak, as it does where it compresses, is compared as well
        sent = [each for each in request.if_match.as_set(include_weak=True) if each]
    # by its marks: where it compresses, Apache makes "…-gzip" of it, and Flask-Compress "…:gzip"
    return [mark for each in sent for mark in re.findall("[0-9a-f]{16}", each)] if sent else None


def _mark(field: Field, texts: Iterable[str]) -> str:
    """Of what was shown in this field."""
    content = json.dumps([field.short_name, *_plain(field, texts)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _is_disabled(field: Field) -> bool:
    """By the validator of WTForms, or by the host: a browser sends nothing of it, whatever it holds."""
    return bool(field.flags.disabled or (field.render_kw or {}).get("disabled"))


def _as_sent(field: Any) -> Sequence[str]:
    """What a browser sends of a field that nobody touches."""
    if isinstance(field, BooleanField):
        return ["y"] if field.data else []
    if isinstance(field, SelectMultipleField):
        return [str(value) for value in field.data or ()]
    if not hasattr(field, "_value"):  # a list, or buttons
        return ["" if field.data is None else str(field.data)]
    return [str(field._value() or "")]


def _plain(field: Field, texts: Iterable[Any]) -> list[Any]:
    """Without what a browser makes of a text on its own."""
    if isinstance(field.widget, TextArea):
        return [str(each).replace("\r\n", "\n").replace("\r", "\n") for each in texts]
    return [text.clean(str(each).replace("\r", "").replace("\n", "")) for each in texts]
