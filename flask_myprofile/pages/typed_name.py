"""A question that is answered by typing a user's name: nobody means somebody else, or does it by a slip."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, ValidationError

from ..account.text import printable
from ..globals import current_profile
from ..i18n import gettext

_LONGEST = 500


def form_of(user: Any) -> type[FlaskForm]:
    """Its field ``name`` takes the name by which this user is greeted, in any case."""
    name = current_profile.users.display_name(user)

    def check(form: FlaskForm, field: StringField) -> None:
        if _plain(field.data or "") != _plain(name):
            raise ValidationError(gettext("This is not the name. Type %(name)s", name=name))

    attributes = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "dir": "auto"}
    label = gettext("Type %(name)s to go on", name=name)
    return type("NameForm", (FlaskForm,), {"name": StringField(label, validators=[check], render_kw=attributes)})


def _plain(text: str) -> str:
    """As one reads it: a keyboard has one way to write a letter, and no mark that cannot be seen."""
    return " ".join(unicodedata.normalize("NFKC", printable(text, _LONGEST)).casefold().split())
