"""What a user says of a token that is to be made: what it is called, and what it may do."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ..account import token_networks
from ..account.text import printable
from ..auth.client import client_address
from ..globals import current_profile
from ..i18n import gettext
from ..tab import Tab
from . import field_checks as checks
from .column_fields import Line, option
from .token_life import life_fields
from .token_scopes import words_of

NAME_LENGTH = 64
EVERYTHING, SOME = "everything", "scopes"


def form_of(tab: Tab, user: Any) -> type[FlaskForm]:
    """In the order in which the fields are made, which is how WTForms shows them: the name, then what limits it."""
    fields: dict[str, Any] = {"name": _name()}
    if current_profile.config.api_scopes:
        fields |= _scopes()
    fields |= life_fields()
    if current_profile.config.api_token_networks:
        fields["networks"] = _networks()
    return type("TokenForm", (FlaskForm,), fields)


def _name() -> StringField:
    label = gettext("Token name")
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


def _networks() -> Line:
    def check(form: Any, field: Line) -> None:
        try:
            kept = token_networks.as_text(field.data or "")
        except token_networks.NoNetwork as error:
            typed = printable(error.text, 60)
            raise ValidationError(gettext("“%(typed)s” is no network, such as 192.0.2.0/24", typed=typed)) from error
        if len((kept or "").split()) > token_networks.MOST:
            raise ValidationError(gettext("No more than %(num)s networks", num=token_networks.MOST))

    hint = gettext("Such as 192.0.2.0/24, with blanks between several. Empty: anywhere.")
    here = client_address()
    own = gettext("Your address now is %(address)s.", address=here) if here else ""
    attributes = {"dir": "ltr", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
    label = gettext("Networks that it may be used from")
    return Line(label, [checks.optional, check], description=f"{hint} {own}".strip(), render_kw=attributes)


def networks_of(form: Any) -> str | None:
    return form["networks"].data or None if "networks" in form else None


def scopes_of(form: Any) -> list[str] | None:
    """What the token is limited to; None: to nothing."""
    if "scopes" not in form or form["access"].data == EVERYTHING:
        return None
    return list(form["scopes"].data)
