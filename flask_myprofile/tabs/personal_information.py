"""Personal Information: the name and contact details that the host's user model has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import flask_login
from flask import current_app
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError, StatementError

from ..account.avatars import AVATAR
from ..account.columns import READ_ONLY, Attribute
from ..account.events import FIELDS_CHANGED, MOST_NAMED
from ..account.field_settings import field_names, mistakes_in, own_field
from ..account.host_code import check_refuses
from ..errors import Conflict, Invalid
from ..globals import current_profile, profile_of_app
from ..i18n import gettext, lazy_gettext
from ..pages import avatar
from ..pages import field_checks as checks
from ..pages.avatar import AvatarActions
from ..pages.column_fields import field_of, has_field, read_only, why_read_only
from ..pages.column_schemas import schema_of
from ..pages.column_values import is_editable, json_value
from ..pages.conventional_fields import CONVENTIONAL, NEEDED, label_of
from ..pages.email_change import EmailChangeActions, is_verified, may_change
from ..pages.held_user import check_readable, check_saved, held_user
from ..pages.only_changed import VERSION, VersionedForm, nothing_changed, versioned, why_not
from ..pages.refusals import of_the_model
from ..store.database_errors import broken_rule
from ..tab import Done, Part, Tab, action
from ..transactions import after_commit

#: Characters of a field whose column takes any number, and of an e-mail address: no longer one is valid. Nothing is
#: computed for more: to check 60,000 letters of an address takes a second.
_LONGEST, _LONGEST_EMAIL = 5_000, 320
_HINTS = (lazy_gettext("Users see and change it."), lazy_gettext("Users see it, and cannot change it here."))
_SIDE_BY_SIDE = (("first_name", "last_name"), ("given_name", "family_name"))
#: Of the conventional attributes, those of such a kind are shown unless the host says which are.
_USUAL = ("text", "lines", "choice")
#: In the place of a value that the host's code cannot read.
_UNREADABLE = object()


class PersonalInformation(EmailChangeActions, AvatarActions, Tab):
    name = "personal_information"
    label = lazy_gettext("Personal Information")
    summary = lazy_gettext("Your name and contact details, as your colleagues see them.")
    meaning = lazy_gettext("Users edit their own name and contact details.")
    icon = "user-round"
    open_parts = True

    # ---- which fields there are

    def all_parts(self) -> list[Part]:
        models = current_profile.users.models() or [type(flask_login.current_user._get_current_object())]
        names = dict.fromkeys(name for each in models for name in self.fields(each))
        config = current_profile.config
        if config.avatar is not None:
            names[AVATAR] = None
        return [Part(name, label_of(name), _HINTS[name in config.personal_readonly]) for name in names]

    def __init__(self) -> None:
        self._known: dict[type[Any], list[str]] = {}

    def fields(self, model: type[Any]) -> list[str]:
        """The declared fields that this class of users has, or the conventional ones."""
        if model not in self._known:  # the menu of each page asks
            self._known[model] = self._find_fields(model)
        return self._known[model]

    @staticmethod
    def _find_fields(model: type[Any]) -> list[str]:
        config, describe = current_profile.config, current_profile.users.describe
        if config.personal_fields is not None:
            return [name for name in field_names(config) if describe(model, name) is not None]
        found = {name: describe(model, name) for name in CONVENTIONAL}
        return [name for name, attribute in found.items() if attribute is not None and _is_usual(name, attribute)]

    def shown(self, user: Any) -> list[str]:
        names = self.fields(current_profile.users.class_of(user))
        return [name for name in names if current_profile.features[f"{self.name}.{name}"]]

    def is_offered(self, user: Any) -> bool:
        profile = profile_of_app()
        names, features = self.fields(profile.users.class_of(user)), profile.features
        return any(features[f"{self.name}.{name}"] for name in names) or avatar.is_on(user)

    def mistakes(self) -> list[str]:
        models = current_profile.users.models()
        if models and not any(map(self.fields, models)):
            names = " and ".join(model.__name__ for model in models)
            sentence = "MyProfile: Personal Information is not offered, since %s has none of its usual attributes; "
            current_app.logger.warning(
                sentence + "map some by Users(fields=…), or name others in MYPROFILE_PERSONAL_FIELDS", names
            )
        config = current_profile.config
        cannot = [wrong for name in field_names(config) if (wrong := why_not(name, own_field(config, name)))]
        if config.avatar is not None and AVATAR in field_names(config):
            cannot.append(f"MYPROFILE_PERSONAL_FIELDS: {AVATAR!r} is the picture of MYPROFILE_AVATAR: take it out")
        of_fields = mistakes_in(config, current_profile.users.describe, models)
        return [*cannot, *of_fields, *current_profile.avatars.mistakes()]

    # ---- what is in them

    def values(self, user: Any) -> dict[str, Any]:
        user = current_profile.users.held(user) or user
        return {name: current_profile.users.shown(user, name) for name in self.shown(user)}

    def json(self, user: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        picture = {AVATAR: avatar.picture_url(user)} if avatar.is_on(user) else {}
        return {**{name: json_value(_attribute(user, name), value) for name, value in values.items()}, **picture}

    def json_schema(self, user: Any) -> dict[str, Any]:
        found = {name: schema_of(_attribute(user, name), label_of(name)) for name in self.shown(user)}
        return {"type": "object", "properties": found, "required": list(found)}

    def version(self, user: Any, values: Mapping[str, Any]) -> str:
        return str(self.form(user)(formdata=None, data=values, meta={"csrf": False})[VERSION].data)

    def context(self, user: Any) -> dict[str, Any]:
        shown = self.shown(user)
        pair = {first: last for first, last in _SIDE_BY_SIDE if first in shown and last in shown}
        rows = [[name, pair[name]] if name in pair else [name] for name in shown if name not in pair.values()]
        return {"rows": rows, **self.email_change_context(self, user), **self.avatar_context(user)}

    def form(self, user: Any) -> type[VersionedForm]:
        user = current_profile.users.held(user) or user
        managed = managed_fields(user)
        return versioned("PersonalInformationForm", {n: _field(user, n, n in managed) for n in self.shown(user)})

    @action(lambda tab, user: tab.form(user), purpose=lazy_gettext("change what you sign in with"))
    def save(self, user: Any, form: VersionedForm) -> str | Done:
        users, row = current_profile.users, held_user(user)
        typed = ((field.name, checks.stored(field)) for field in form.changed())
        changed = {name: value for name, value in typed if users.get(row, name) != value}
        if (nothing := nothing_changed(form, changed)) is not None:
            return nothing
        if any(map(users.is_handle, changed)):  # what one signs in with, and where a forgotten password is sent to
            current_profile.sessions.require_fresh(user)
        if nowhere := [name for name in changed if not users.has_place(row, name)]:
            raise Invalid(dict.fromkeys(nowhere, gettext("There is no record yet in which this could be kept.")))
        if form[VERSION].raw_data:
            _look_again(row, form, changed)
        before = current_profile.sessions.owner(row)
        _write(row, changed)
        current_profile.activity.note(FIELDS_CHANGED, row, {"fields": list(changed)[:MOST_NAMED]})
        current_profile.sessions.follow(row, before)  # who is signed in by the address, or the name, that was changed
        return gettext("Your personal information has been saved.")


# ---- saving


def _look_again(user: Any, form: VersionedForm, changed: Collection[str]) -> None:
    """Somebody may be saving the same field at this moment."""
    for name in changed:
        before = form[name].object_data
        if current_profile.users.lock(user, name) != before:
            raise Conflict(gettext("Somebody has changed this at the same moment. Look at it before you try again."))


def _write(user: Any, changed: Mapping[str, Any]) -> None:
    users, session = current_profile.users, current_profile.db.session
    before = {name: users.get(user, name) for name in changed}
    if any(_is_taken(user, name, value) for name, value in changed.items()):
        raise _clash(user, changed)
    try:
        users.update(user, changed)
        session.flush()
    except Invalid as refusal:
        raise Invalid(of_the_model(refusal)) from None
    except DBAPIError as error:
        match broken_rule(error):
            case "unique":
                raise _clash(user, changed) from error
            case "other":
                raise Invalid({}, gettext("The database does not allow one of these values.")) from error
        raise
    except (ValueError, AssertionError) as error:  # of what listens to the model
        raise Invalid(dict.fromkeys(changed, str(error)) if len(changed) == 1 else {}, str(error)) from error
    except StatementError as error:
        if isinstance(error.orig, Exception):
            check_refuses(f"one of the fields {', '.join(changed)}", error.orig)
        current_app.logger.exception("MyProfile: the type of a column did not take a value")
        raise Invalid({}, gettext("The database does not take one of these values.")) from error
    check_readable(user, changed)
    new = [name for name in changed if users.get(user, name) != before[name]]
    after_commit(partial(check_saved, user, {name: before[name] for name in new}))


def _is_taken(user: Any, name: str, value: Any) -> bool:
    """An address that somebody else has written in another way: the database does not see that it is the same."""
    attribute = _attribute(user, name)
    is_address = attribute.unique and _input_type(name, attribute) == "email"
    return bool(is_address and value and current_profile.users.is_address_taken(user, name, value))


def _clash(user: Any, changed: Collection[str]) -> Invalid:
    unique = [name for name in changed if _attribute(user, name).unique]
    taken = {name: gettext("%(field)s is already in use", field=str(label_of(name))) for name in unique}
    return Invalid(taken, gettext("These values clash with another account."))


# ---- the form


def _is_usual(name: str, attribute: Attribute) -> bool:
    """Whether it is shown unless the host says what is: what is computed of other fields is not."""
    if current_profile.users.is_placed(name):
        return attribute.kind is not None
    is_told = attribute.writable or name in current_profile.config.personal_readonly
    return attribute.is_mapped and attribute.kind in _USUAL and is_told


def managed_fields(user: Any) -> Collection[str]:
    """The fields that are not the user's to edit, because the identity provider has them."""
    names = current_profile.config.personal_sso_fields
    return names if names and current_profile.passwords.is_sso(user) else ()


def _attribute(user: Any, name: str) -> Attribute:
    users = current_profile.users
    return users.describe(users.class_of(user), name) or READ_ONLY


def _field(user: Any, name: str, managed: bool) -> Any:
    """The field of the host's own, or the one for its column; read-only where it cannot be written."""
    config, attribute, own = current_profile.config, _attribute(user, name), own_field(current_profile.config, name)
    attributes, value = dict(CONVENTIONAL.get(name, ("", {}))[1]), current_profile.users.shown(user, name, _UNREADABLE)
    label, dialect, kind = str(label_of(name)), _dialect(user), _kind(name, attribute, value)
    known_value = None if value is _UNREADABLE else value
    locked = partial(read_only, label, attributes=attributes, value=known_value)
    fits = checks.fits(label, attribute, dialect)
    if (why := _why_locked(user, name, managed)) is not None:
        return locked(why)
    if value is _UNREADABLE:  # who does not see what is there is not to write over it
        return locked(gettext("This cannot be changed here."))
    required = attribute.required or name in config.personal_required
    if own is not None and attribute.writable:
        return checks.around(own, _given(name, attribute, True) if required else [], [fits])
    if not (attribute.writable and has_field(attribute) and is_editable(attribute, kind, value, dialect)):
        return locked(gettext("This cannot be changed here."))
    known, of_text = _input_type(name, attribute), []
    if kind in ("text", "lines"):
        most = min(attribute.length or _LONGEST, _LONGEST_EMAIL if known == "email" else _LONGEST)
        of_text = [*([checks.phone] if known == "tel" else []), checks.proper(label, most)]
    if known == "email":
        of_text.append(checks.email(config.personal_email_intranet, value))
        attributes = {**CONVENTIONAL["email"][1], "autocomplete": "off", **attributes}
    validators = [*_given(name, attribute, required), *of_text, fits]
    return field_of(kind, attribute, label, validators=validators, render_kw=attributes)


def _why_locked(user: Any, name: str, managed: bool) -> Any:
    """Why the field is shown and not edited, whatever kind it is of; None: it may be."""
    if managed:
        return gettext("Your organization manages this.")
    if name == "email" and is_verified() and may_change(user):
        return gettext("You can change it below.")
    if name in current_profile.config.personal_readonly or (name == "email" and is_verified()):
        return why_read_only(user)
    return None


def _given(name: str, attribute: Attribute, required: bool) -> list[Callable[..., None]]:
    if not required:
        return [checks.optional]
    if attribute.kind == "box" and name not in current_profile.config.personal_required:
        return []  # a box without a tick has a value as well
    sentence = NEEDED.get(name) or gettext("%(field)s must not be empty", field=label_of(name))
    return [checks.given(str(sentence))]


def _kind(name: str, attribute: Attribute, value: Any) -> str:
    """A column of the type Text holds several lines, but for what has one by convention; until it does have several."""
    if attribute.kind not in ("text", "lines"):
        return str(attribute.kind)
    is_one_line = name in CONVENTIONAL or attribute.kind == "text" or _input_type(name, attribute)
    has_several = isinstance(value, str) and len(value.splitlines()) > 1
    return "text" if is_one_line and not has_several else "lines"


def _input_type(name: str, attribute: Attribute) -> str | None:
    """``email`` or ``tel``: by convention, or by a type of SQLAlchemy-Utils."""
    by_type = {"EmailType": "email", "PhoneNumberType": "tel"}
    return CONVENTIONAL.get(name, ("", {}))[1].get("type") or by_type.get(type(attribute.type).__name__)


def _dialect(user: Any) -> Any:
    return current_profile.db.session.get_bind(inspect(current_profile.users.class_of(user), raiseerr=False)).dialect
