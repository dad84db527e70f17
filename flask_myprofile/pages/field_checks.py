"""What is looked at in a field before its value is taken; each check is a validator of WTForms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from wtforms import Field, ValidationError
from wtforms.fields.core import UnboundField
from wtforms.validators import StopValidation
from wtforms.widgets import TextArea

from ..account import addresses, text
from ..account.columns import Attribute, bound
from ..account.host_code import check_refuses
from ..i18n import gettext
from .column_values import fault_in

Check = Callable[[Any, Any], None]


def stored(field: Any) -> Any:
    """The value that is written for what a field holds; what is empty is none."""
    value = field.stored() if hasattr(field, "stored") else field.data
    return None if value == "" else value  # which a unique column may hold more than once


def around(own: Any, first: list[Check], last: list[Check]) -> Any:
    """The (unbound) field of a host with these before and after its own checks."""
    args, options = list(own.args), dict(own.kwargs)
    if len(args) > 1:  # after the label
        args[1] = [*first, *(args[1] or ()), *last]
    else:
        options["validators"] = [*first, *(options.get("validators") or ()), *last]
    return UnboundField(own.field_class, *args, **options)


def given(sentence: str) -> Check:
    def check(form: Any, field: Field) -> None:
        if field.errors:  # it could not be read
            raise StopValidation
        if field.data is None or field.data is False or field.data == "":
            raise StopValidation(sentence)

    return check


def optional(form: Any, field: Field) -> None:
    if field.errors or field.data is None or field.data == "":
        raise StopValidation


optional.field_flags = {"optional": True}  # type: ignore[attr-defined]


def proper(label: str, most: int) -> Check:
    """:param most: of characters; nothing is computed for more."""

    def check(form: Any, field: Field) -> None:
        typed = field.data or ""
        if len(typed) > most:
            raise StopValidation(gettext("%(field)s must be %(max)s characters or fewer", field=label, max=most))
        several = isinstance(field.widget, TextArea)
        match text.problem(typed.replace("\n", " ").replace("\t", " ") if several else typed):
            case "control":
                raise StopValidation(
                    gettext("%(field)s has a character that cannot be used. Type it again", field=label)
                )
            case "blank":
                raise StopValidation(gettext("%(field)s has no visible character", field=label))

    return check


def phone(form: Any, field: Field) -> None:
    """A number that was pasted comes with marks that nobody sees."""
    field.data = addresses.clean_phone(field.data or "")


def email(intranet: bool | None, before: Any) -> Check:
    """What was checked takes the place of what was typed.

    :param intranet: whether addresses are taken that other networks do not know; None: from who has one.
    """

    def check(form: Any, field: Field) -> None:
        try:
            found = addresses.parse_email(field.data or "")
        except addresses.NoAddress:
            raise StopValidation(gettext("Enter an email address in the form name@example.com")) from None
        if found.internal and not (addresses.is_internal(before) if intranet is None else intranet):
            if "." not in found.text.rpartition("@")[2]:
                raise StopValidation(gettext("Enter an email address in the form name@example.com"))
            raise StopValidation(gettext("Enter an email address that can be reached from the Internet"))
        field.data = found.text

    return check


def fits(label: str, attribute: Attribute, dialect: Any) -> Check:
    """Whether the column's type takes it: a type of the host's may have rules of its own.

    :raises HostFailed: its code is broken.
    """

    def check(form: Any, field: Field) -> None:
        if field.errors:
            return
        try:
            value = stored(field)
            if fault := fault_in(attribute, value, dialect.name == "sqlite"):
                raise ValidationError(fault)
            if attribute.type is not None:
                bound(attribute.type, value, dialect)
        except ValidationError:
            raise
        except Exception as error:
            check_refuses(f"the field {field.name}", error)
            current_app.logger.info("MyProfile: %s did not take a value: %s", attribute.type, type(error).__name__)
            raise ValidationError(gettext("%(field)s cannot have this value", field=label)) from error

    return check
