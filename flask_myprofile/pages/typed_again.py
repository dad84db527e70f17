"""What was typed into a form, for a page that shows it as text: where the form itself cannot be drawn any more."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext, suppress
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from wtforms import Field, SelectMultipleField

from ..globals import current_profile
from ..i18n import join_list
from .choice_words import in_words
from .forms import each_field, never_kept
from .pending_form import Purpose

#: Names of fields of one endpoint that are remembered: those of a list within a form are as many as somebody sends.
_MOST = 200
#: Of each app and endpoint, the fields that its forms have had: their labels, and None for those for passwords and
#: files. To make the form again may need what is down, or what is switched off now. What there was to choose from is
#: not remembered: it may have been another user's.
_seen: WeakKeyDictionary[Flask, dict[str, dict[str, Any]]] = WeakKeyDictionary()


def note(form: Iterable[Field]) -> None:
    """A form is drawn, or was sent, at this address."""
    fields, secret = _fields(), never_kept(form)
    for field in each_field(form):
        name = field.name
        if name not in fields and len(fields) >= _MOST:
            continue
        if name in secret:
            fields[name] = None
        elif _is_typed(field) and fields.get(name, "") is not None:
            fields[name] = field.label.text


def _is_typed(field: Field) -> bool:
    is_hidden = getattr(field.widget, "input_type", "") in ("hidden", "submit")
    return not is_hidden and not (field.render_kw or {}).get("readonly")


def typed_again(purpose: Purpose | None, user: Any) -> list[tuple[Any, str]]:
    """Label and text of each field that came, choices in words. Nothing that another site has sent, no passwords."""
    if purpose is None or request.method != "POST" or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return []
    forms = _made_again(purpose, user)
    try:
        sent = request.form
    except Exception:  # too large
        return []
    return [
        (label, text)
        for name, label in list(_fields().items())
        if label is not None
        for text in _texts(forms.get(name), sent.getlist(name))
    ]


def _made_again(purpose: Purpose, user: Any) -> dict[str, Field]:
    """The fields, also of what has been switched off since the page was shown."""
    found: dict[str, Field] = {}
    for way in (current_profile.features.as_configured, nullcontext):
        with suppress(Exception), way():  # of this process nobody may have asked for the page
            form_class = purpose.form(user)
            form = form_class(formdata=None, meta={"csrf": False}) if form_class else ()
            note(form)
            found |= {field.name: field for field in each_field(form)}
    return found


def _texts(field: Field | None, sent: list[str]) -> list[str]:
    texts = [text if field is None else in_words(field, text) for text in sent if text]
    return [join_list(texts)] if texts and isinstance(field, SelectMultipleField) else texts


def _fields() -> dict[str, Any]:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    return _seen.setdefault(app, {}).setdefault(request.endpoint or "", {})
