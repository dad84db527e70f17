"""Preferences: the language."""

from __future__ import annotations

from typing import Any

from babel import Locale
from flask_wtf import FlaskForm
from wtforms import SelectField, ValidationError

from .. import i18n, language
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext
from ..tab import Part, Tab, action


class Preferences(Tab):
    name = "preferences"
    label = lazy_gettext("Preferences")
    summary = lazy_gettext("They follow you to every device you sign in from.")
    meaning = lazy_gettext("Users choose how the application looks to them.")
    icon = "sliders-horizontal"
    parts = (Part("language", lazy_gettext("Language")),)

    def values(self, user: Any) -> dict[str, Any]:
        return {"language": current_profile.preferences.of(user).get("language")} if self._offers_language() else {}

    def context(self, user: Any) -> dict[str, Any]:
        missing = "" if i18n.in_use() else gettext("This application is available in one language only.")
        return {"missing": missing, "languages": choices() if self._offers_language() else []}

    @action(lambda tab, user: form_of(tab._offers_language()))
    def save(self, user: Any, form: FlaskForm) -> Any:
        if "language" in form:
            language.choose(user, form["language"].data or None)
        # printed after the commit, in the language just chosen
        return lazy_gettext("Your preferences have been saved.")

    def _offers_language(self) -> bool:
        return i18n.in_use() and current_profile.features["preferences.language"]


def form_of(with_language: bool) -> type[FlaskForm]:
    fields = {}
    if with_language:
        codes: Any = [code for code, _, _ in choices()]  # the names stand beside them in the template
        fields["language"] = SelectField(
            gettext("Language"), choices=codes, validate_choice=False, validators=[_on_the_list]
        )
    return type("PreferencesForm", (FlaskForm,), fields)


def _on_the_list(form: FlaskForm, field: SelectField) -> None:
    if field.data and field.data not in list(field.choices or ()):
        raise ValidationError(gettext("Choose a language from the list"))


def choices() -> list[tuple[str, str, str | None]]:
    """(code, the language's name in itself, lang attribute); first the choice to have no choice."""
    found = [(i18n.tag_of(each), i18n.native_name(each), i18n.tag_of(each)) for each in offered()]
    # by own name, those in Latin letters first, as one looks for it
    found.sort(key=lambda item: (ord(item[1][0]) > 0x24F, item[1].casefold()))
    return [("", gettext("Automatic"), None), *found]


def offered() -> list[Locale]:
    codes = current_profile.config.languages or i18n.host_languages()
    return [each for each in map(i18n.parse, codes) if each is not None]
