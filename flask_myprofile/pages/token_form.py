"""What a user says of a token that is to be made: what it is called, and what it may do."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ..globals import current_profile
from ..i18n import gettext
from ..tab import Tab
from . import field_checks as checks
from .column_fields import Line, option
from .token_scopes import words_of

NAME_LENGTH = 64
EVERYTHING, SOME = "everything", "scopes"


def form_of(tab: Tab, user: Any) -> type[FlaskForm]:
    fields = {"name": _name(), **(_scopes() if current_profile.config.api_scopes else {})}
    return type("TokenForm", (FlaskForm,), fields)


def _name() -> StringField:
    label = gettext("Name")
    validators = [checks.given(gettext("Say what the token is for")), checks.proper(label, NAME_LENGTH)]
    hint = gettext("What it is for, such as the program or the machine that uses it.")
    return Line(label, validators, description=hint, render_kw={"dir": "auto", "autocomplete": "off"})


def _scopes() -> dict[str, Any]:
    """Nobody gets a token that may do everything by leaving something out."""
    scopes = current_profile.config.api_scopes

    def check_access(form: Any, field: RadioField) -> None:
        if field.data not in (EVERYTHING, SOME):
            raise ValidationError(gettext("Say what the token may do"))

    def check_scopes(form: Any, field: SelectMultipleField) -> None:
        if not set(field.data or ()) <= scopes.keys():
            raise ValidationError(gettext("Choose from the list"))
        if form["access"].data == SOME and not field.data:
            raise ValidationError(gettext("Choose at least one scope, or everything"))
        if form["access"].data == EVERYTHING and field.data:
            raise ValidationError(gettext("Choose scopes or everything, not both"))

    access = [
        option(SOME, gettext("Only what is ticked below")),
        option(EVERYTHING, gettext("Everything you can do")),
    ]
    return {
        "access": RadioField(
            gettext("What it may do"), [check_access], choices=access, default=SOME, validate_choice=False
        ),
        "scopes": SelectMultipleField(
            gettext("Scopes"),
            [check_scopes],
            choices=[option(name, words_of(name)) for name in scopes],
            option_widget=CheckboxInput(),
            widget=ListWidget(prefix_label=False),
            validate_choice=False,
        ),
    }


def scopes_of(form: Any) -> list[str] | None:
    """What the token is limited to; None: to nothing."""
    if "scopes" not in form or form["access"].data == EVERYTHING:
        return None
    return list(form["scopes"].data)
