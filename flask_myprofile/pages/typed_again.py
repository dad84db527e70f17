"""What was typed into a form, for a page that shows it as text: where the form itself cannot be drawn any more."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from wtforms import BooleanField, Field

from .forms import each_field, never_kept
from .pending_form import Purpose

#: Names of fields of one endpoint that are remembered: those of a list within a form are as many as somebody sends.
_MOST = 200
#: Of each app and endpoint, the fields that its forms have had: their labels, and None for those for passwords and
#: files. To make the form again may need what is down, or what is switched off now.
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
    is_hidden = getattr(field.widget, "input_type", "") in ("hidden", "submit") or isinstance(field, BooleanField)
    return not is_hidden and not (field.render_kw or {}).get("readonly")


def typed_again(purpose: Purpose | None, user: Any) -> list[tuple[Any, str]]:
    """Label and text of each field that came. Nothing that another site has sent, and no passwords."""
    if purpose is None or request.method != "POST" or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return []
    with suppress(Exception):  # of this process nobody may have asked for the page
        form_class = purpose.form(user)
        note(form_class(formdata=None, meta={"csrf": False}) if form_class else ())
    try:
        sent = request.form
    except Exception:  # too large
        return []
    known = list(_fields().items())
    return [(label, text) for name, label in known if label is not None for text in sent.getlist(name) if text]


def _fields() -> dict[str, Any]:
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    return _seen.setdefault(app, {}).setdefault(request.endpoint or "", {})
