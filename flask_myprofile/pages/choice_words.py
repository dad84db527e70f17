"""What is chosen in a field, as the page says it: a browser sends the code of it."""

from __future__ import annotations

from contextlib import suppress

from wtforms import BooleanField, Field

from ..i18n import gettext


def in_words(field: Field, code: str) -> str:
    """The words that stand beside what is sent; of a field for texts, that text."""
    if isinstance(field, BooleanField):
        return gettext("Yes")  # nothing comes of a box without a tick
    if hasattr(field, "in_words"):
        return str(field.in_words(code))
    if hasattr(field, "iter_choices"):
        with suppress(Exception):  # a field of the host's
            return next((str(label) for value, label, *_ in field.iter_choices() if str(value) == code), code)
    return code
