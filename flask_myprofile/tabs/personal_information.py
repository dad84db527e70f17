"""Personal Information: the name and contact details that the host's user model has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_wtf import FlaskForm
from sqlalchemy import String
from sqlalchemy.exc import IntegrityError
from wtforms import StringField, ValidationError
from wtforms.validators import StopValidation

from ..account import text
from ..errors import Invalid
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..pages.held_user import held_user
from ..tab import Part, Tab, action

_FIRST = lazy_gettext("First name")
_LAST = lazy_gettext("Last name")
_NAME = lazy_gettext("Name")
_PHONE = lazy_gettext("Phone number")
_TITLE = lazy_gettext("Job title")

#: The conventional attributes, in the order they are shown: label, and what the browser should know of the input.
CONVENTIONAL: Mapping[str, tuple[Any, Mapping[str, str]]] = {
    "first_name": (_FIRST, {"autocomplete": "given-name"}),
    "given_name": (_FIRST, {"autocomplete": "given-name"}),
    "last_name": (_LAST, {"autocomplete": "family-name"}),
    "family_name": (_LAST, {"autocomplete": "family-name"}),
    "name": (_NAME, {"autocomplete": "name"}),
    "full_name": (_NAME, {"autocomplete": "name"}),
    "display_name": (lazy_gettext("Display name"), {"autocomplete": "nickname"}),
    "email": (
        lazy_gettext("Email address"),
        {"type": "email", "inputmode": "email", "autocomplete": "email", "dir": "ltr", "spellcheck": "false"},
    ),
    "phone": (_PHONE, {"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    "phone_number": (_PHONE, {"type": "tel", "autocomplete": "tel", "dir": "ltr"}),
    "title": (_TITLE, {"autocomplete": "organization-title"}),
    "job_title": (_TITLE, {"autocomplete": "organization-title"}),
    "company": (lazy_gettext("Company"), {"autocomplete": "organization"}),
    "department": (lazy_gettext("Department"), {}),
    "location": (lazy_gettext("Location"), {}),
    "username": (
        lazy_gettext("User name"),
        {"autocomplete": "username", "dir": "ltr", "autocapitalize": "none", "spellcheck": "false"},
    ),
}
_NEEDED: Mapping[str, Any] = {
    **dict.fromkeys(("first_name", "given_name"), lazy_gettext("Enter your first name")),
    **dict.fromkeys(("last_name", "family_name"), lazy_gettext("Enter your last name")),
    **dict.fromkeys(("name", "full_name", "display_name"), lazy_gettext("Enter your name")),
    **dict.fromkeys(("phone", "phone_number"), lazy_gettext("Enter your phone number")),
    "email": lazy_gettext("Enter your email address"),
}
#: Characters of a field whose column takes any number. Nothing is computed for more: to check 60,000 letters of an
#: address takes a second. And of an address at most, whatever its column takes: no longer one is valid.
_LONGEST, _LONGEST_EMAIL = 5_000, 320
_SIDE_BY_SIDE = (("first_name", "last_name"), ("given_name", "family_name"))


class PersonalInformation(Tab):
    name = "personal_information"
    label = lazy_gettext("Personal Information")
    summary = lazy_gettext("Your name and contact details, as your colleagues see them.")
    meaning = lazy_gettext("Users edit their own name and contact details.")
    icon = "user-round"
    open_parts = True

    def all_parts(self) -> list[Part]:
        return [Part(name, label_of(name)) for name in self.fields()]

    def fields(self) -> list[str]:
        """The declared fields that the user model has."""
        declared, known = current_profile.config.personal_fields, current_profile.users.fields_of_model()
        if declared is not None:
            return [name for name in declared if name in known]
        return [name for name in CONVENTIONAL if name in known and _is_text(known[name])]

    def shown(self) -> list[str]:
        return [name for name in self.fields() if current_profile.features[f"{self.name}.{name}"]]

    def values(self, user: Any) -> dict[str, Any]:
        return {name: current_profile.users.get(user, name) for name in self.shown()}

    def context(self, user: Any) -> dict[str, Any]:
        shown = self.shown()
        pairs = {first: last for first, last in _SIDE_BY_SIDE if first in shown and last in shown}
        return {
            "rows": [[name, pairs[name]] if name in pairs else [name] for name in shown if name not in pairs.values()]
        }

    @action(lambda tab, user: form_of(tab.shown(), managed_fields(user)))
    def save(self, user: Any, form: FlaskForm) -> str:
        users, user = current_profile.users, held_user(user)
        locked = {*current_profile.config.personal_readonly, *managed_fields(user)}
        editable = [name for name in form.data if name not in locked]
        # an empty optional value is stored as no value, which a unique column may hold more than once
        values = {name: form[name].data or ("" if users.required(name) else None) for name in editable}
        changed = {name: value for name, value in values.items() if (users.get(user, name) or None) != (value or None)}
        if any(map(users.is_handle, changed)):  # what one signs in with, and where a forgotten password is sent to
            current_profile.sessions.require_fresh(user)
        users.update(user, changed)
        try:
            current_profile.db.session.flush()
        except IntegrityError as error:
            current_profile.db.session.rollback()
            raise Invalid(
                {name: _taken(name) for name in changed if _is_unique(name)},
                gettext("These values clash with another account."),
            ) from error
        return gettext("Your personal information has been saved.")


def label_of(name: str) -> Any:
    return CONVENTIONAL[name][0] if name in CONVENTIONAL else name.replace("_", " ").capitalize()


def managed_fields(user: Any) -> Collection[str]:
    """The fields that are not the user's to edit, because the identity provider has them."""
    names = current_profile.config.personal_sso_fields
    return names if names and current_profile.passwords.is_sso(user) else ()


def form_of(names: list[str], managed: Collection[str] = ()) -> type[FlaskForm]:
    """A form with one text field a name, as long as its column and required where its column is."""
    return type("PersonalInformationForm", (FlaskForm,), {name: _field(name, name in managed) for name in names})


def _field(name: str, managed: bool) -> StringField:
    users, attributes = current_profile.users, dict(CONVENTIONAL.get(name, ("", {}))[1])
    if managed or name in current_profile.config.personal_readonly:
        hint = (
            gettext("Your organization manages this.") if managed else gettext("Only an administrator can change this.")
        )
        return StringField(label_of(name), description=hint, render_kw={**attributes, "readonly": True})
    checks = [_given(name) if users.required(name) else _optional, _proper(name, users.max_length(name))]
    return StringField(
        label_of(name), filters=[lambda value: text.clean(value or "")], validators=checks, render_kw=attributes
    )


def _given(name: str) -> Any:
    def check(form: FlaskForm, field: StringField) -> None:
        if not field.data:
            sentence = _NEEDED.get(name) or gettext("%(field)s must not be empty", field=label_of(name))
            raise StopValidation(str(sentence))

    return check


def _optional(form: FlaskForm, field: StringField) -> None:
    if not field.data:
        raise StopValidation


_optional.field_flags = {"optional": True}  # type: ignore[attr-defined]


def _proper(name: str, longest: int | None) -> Any:
    room = longest or _LONGEST
    room = min(room, _LONGEST_EMAIL) if name == "email" else room

    def check(form: FlaskForm, field: StringField) -> None:
        label = str(label_of(name))
        typed = field.data or ""
        stored = typed == (field.object_data or "")  # what is stored already was good enough
        most = longest if stored else room
        if most is not None and len(typed) > most:
            raise ValidationError(gettext("%(field)s must be %(max)s characters or fewer", field=label, max=most))
        match text.problem(typed):
            case "control":
                raise ValidationError(
                    gettext("%(field)s has a character that cannot be used. Type it again", field=label)
                )
            case "blank":
                raise ValidationError(gettext("%(field)s has no visible character", field=label))
        if name == "email" and not stored:
            _check_email(typed)

    return check


def _check_email(address: str) -> None:
    # takes 20 ms to load, and addresses are read-only unless the host says otherwise
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValidationError(gettext("Enter an email address in the form name@example.com")) from error


def _is_text(column: Any) -> bool:
    return column is None or isinstance(column.type, String)


def _is_unique(name: str) -> bool:
    column = current_profile.users.fields_of_model().get(name)
    return column is not None and bool(column.unique)


def _taken(name: str) -> str:
    return gettext("%(field)s is already in use", field=str(label_of(name)))
