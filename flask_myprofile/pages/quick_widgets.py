"""WTForms' own widgets, whose attributes are written in a fifth of the time: that was a quarter of a page."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from markupsafe import escape
from wtforms import Field
from wtforms.widgets import Input, html_params
from wtforms.widgets.core import clean_key  # type: ignore[attr-defined]

#: Of each widget, itself with :func:`attributes`. Most are there once for all fields of their kind.
_quick: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def attributes(**given: Any) -> str:
    """What ``wtforms.widgets.html_params()`` answers."""
    written: list[str] = []
    for name, value in sorted(given.items()):
        key = _key(name)
        if value is True:
            written.append(key)
        elif value is not False:
            text = str.replace(escape(value), '"', "&quot;")
            written.append(f'{key}="{text}"')
    return " ".join(written)


@lru_cache(256)
def _key(name: str) -> str:
    """As it is written. Attributes are named by templates and in the code of forms."""
    return escape(clean_key(name))


def quicken(fields: Iterable[Field]) -> None:
    """Let these draw so. A widget that has a function of its own for its attributes keeps that."""
    for field in fields:
        widget = field.widget
        if isinstance(widget, Input) and widget.html_params is html_params:
            field.widget = _quick.get(widget) or _copy(widget)


def _copy(widget: Any) -> Any:
    made = copy(widget)
    made.html_params = attributes
    _quick[widget] = made
    return made
