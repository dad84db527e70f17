"""What a user says of a token: what it is called, and what it may do, when it is made and later."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectMultipleField, StringField, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ..account import token_networks
from ..account.text import printable
from ..auth.client import client_address
from ..errors import Invalid
from ..globals import current_profile
from ..i18n import gettext
from ..store.token_records import TokenRecord
from ..tab import Tab
from . import field_checks as checks
from .column_fields import Line, option
from .forms import UnreadableBody, json_object
from .only_changed import VersionedForm, versioned
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


def change_form_of(tab: Tab, user: Any) -> type[FlaskForm]:
    """The same of a token that there is, but for its life: with what it has, whatever the app has meanwhile. Which one
    it is about comes with it; whether there is such a token, the action says."""
    record, config = _asked_about(user), current_profile.config
    scopes, networks = (record.scopes, record.networks) if record else (None, None)
    fields: dict[str, Any] = {"name": _name(record.name if record else "")}
    if config.api_scopes or scopes is not None:
        fields |= _scopes_of(scopes)
    if config.api_token_networks or networks is not None:
        fields["networks"] = _networks((networks or "").replace(" ", ", "))
    which = HiddenField("id", default=current_profile.tokens.version(record))
    return type("TokenChangeForm", (versioned("TokenChangeForm", fields),), {"id": which})


def _asked_about(user: Any) -> TokenRecord | None:
    """Found before anything else is looked at, since the form is made of it."""
    id_: Any = None
    if request.is_json:
        with suppress(UnreadableBody):  # which is said where the form is filled in
            id_ = json_object().get("id")
    else:
        id_ = request.form.get("id", request.args.get("id"))
    tokens = current_profile.tokens
    if isinstance(id_, str) and id_:
        return tokens.find(user, id_)
    candidates = tokens.candidates(tokens.list(user))
    return candidates[0] if len(candidates) == 1 else None


def _name(now: str = "") -> StringField:
    label = gettext("Token name")
    validators = [checks.given(gettext("Say what the token is for")), checks.proper(label, NAME_LENGTH)]
    hint = gettext("What it is for, such as the program or the machine that uses it.")
    return Line(label, validators, default=now, description=hint, render_kw={"dir": "auto", "autocomplete": "off"})


def _scopes() -> dict[str, Any]:
    """Nobody gets a token that may do everything by leaving something out."""

    def check_together(form: Any, field: SelectMultipleField) -> None:
        access = form["access"].data
        if access in (EVERYTHING, SOME) and (wrong := _wrong_with(access == EVERYTHING, field.data)):
            raise ValidationError(wrong)

    return _scope_fields(list(current_profile.config.api_scopes), SOME, (), [check_together])


def _scopes_of(kept: str | None) -> dict[str, Any]:
    """The same of a token that has these: what is said together is looked at once it is known what was changed."""
    chosen, known = (kept or "").split(), list(current_profile.config.api_scopes)
    others = [scope for scope in chosen if scope not in known]
    return _scope_fields([*known, *others], EVERYTHING if kept is None else SOME, chosen, [])


def _wrong_with(everything: bool, scopes: Any) -> str:
    if everything:
        return gettext("Choose scopes or everything, not both") if scopes else ""
    return "" if scopes else gettext("Choose at least one scope, or everything")


def _scope_fields(scopes: Sequence[str], access: str, chosen: Sequence[str], checks: Sequence[Any]) -> dict[str, Any]:
    """:param access: what it may do, until somebody says otherwise; likewise ``chosen``."""

    def check_access(form: Any, field: RadioField) -> None:
        if field.data not in (EVERYTHING, SOME):
            raise ValidationError(gettext("Say what the token may do"))

    def check_known(form: Any, field: SelectMultipleField) -> None:
        if not set(field.data or ()) <= set(scopes):
            raise ValidationError(gettext("Choose from the list"))

    offered = [
        option(SOME, gettext("Only what is ticked below")),
        option(EVERYTHING, gettext("Everything you can do")),
    ]
    return {
        "access": RadioField(
            gettext("What it may do"), [check_access], choices=offered, default=access, validate_choice=False
        ),
        "scopes": SelectMultipleField(
            gettext("Scopes"),
            [check_known, *checks],
            default=list(chosen),
            choices=[option(name, words_of(name)) for name in scopes],
            option_widget=CheckboxInput(),
            widget=ListWidget(prefix_label=False),
            validate_choice=False,
        ),
    }


def _networks(now: str = "") -> Line:
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
    hint = f"{hint} {own}".strip()
    return Line(label, [checks.optional, check], default=now, description=hint, render_kw=attributes)


def networks_of(form: Any) -> str | None:
    return form["networks"].data or None if "networks" in form else None


def scopes_of(form: Any) -> list[str] | None:
    """What the token is limited to; None: to nothing."""
    if "scopes" not in form or form["access"].data == EVERYTHING:
        return None
    return list(form["scopes"].data)


def changes_of(form: VersionedForm, record: TokenRecord) -> dict[str, Any]:
    """What is to be changed of the token.

    :raises Conflict: something was changed elsewhere since the page was made.
    :raises Invalid: it may do everything, and only some things; or neither.
    """
    names = {field.name for field in form.changed()}
    found = {name: form[name].data for name in names & {"name", "networks"}}
    if names & {"access", "scopes"}:
        access, scopes = form["access"], form["scopes"]
        # a program that says which scopes has said that they are not all
        everything = access.data == EVERYTHING and bool(access.raw_data or not scopes.data)
        ticked = scopes.data if scopes.changed or not everything else ()  # those from before mean nothing then
        if wrong := _wrong_with(everything, ticked):
            raise Invalid({"scopes": wrong})
        found["scopes"] = None if everything else ticked
    return found
