"""The user menu as it is drawn on pages of the host's: by its template, once for all whose menu is the same.

In the places of what differs from user to user and from request to request the template gets marks, and that is put in
their place. A menu of the host's own template is drawn anew each time: what else is in it is not known here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import current_app, render_template
from jinja2 import Environment
from markupsafe import Markup, escape

from ..globals import EXTENSION

TEMPLATE = "myprofile/_user_menu.html"
_PACKAGED = Path(__file__).parent.parent / "templates" / TEMPLATE
_KEPT = EXTENSION + "_menus"
#: Menus of one app: a few for each language, and for each place where it is.
_MOST = 512
#: Nobody can guess it, and so write a mark where the host's own entries are called as somebody likes.
_BOUNDARY = secrets.token_hex(16)
_MARK = f"{_BOUNDARY}-([a-z]+)-{_BOUNDARY}"


def mark(name: str) -> str:
    """What stands in the template's output where the value of that name belongs."""
    return f"{_BOUNDARY}-{name}-{_BOUNDARY}"


def draw(key: Any, values: Mapping[str, str], context: Callable[[], Mapping[str, Any]]) -> Markup | None:
    """The menu of this key, with these values; None where it has to be drawn as it is.

    :param key: what the menu depends on besides the values.
    :param context: what the template gets, with a :func:`mark` for each value. Asked where the menu is not known yet.
    """
    menus: dict[Any, list[str]] = current_app.extensions.setdefault(_KEPT, {})
    parts = menus.get(key)
    if parts is None:
        if not _is_kept(current_app.jinja_env):
            return None
        if len(menus) >= _MOST:
            menus.clear()
        # every other one is the name of a value
        parts = menus[key] = re.split(_MARK, render_template(TEMPLATE, **context()))
    filled = parts.copy()
    filled[1::2] = [escape(values[name]) for name in parts[1::2]]
    return Markup("".join(filled))  # noqa: S704 (a template of ours)


def _is_kept(environment: Environment) -> bool:
    """Whether the template is ours, and nobody is at work on it."""
    if environment.auto_reload:
        return False
    found = environment.get_template(TEMPLATE).filename
    return found is not None and Path(found).resolve() == _PACKAGED.resolve()
