"""Preferences: the language, the time zone and the look of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from babel import Locale
from flask import request
from wtforms import SelectField, ValidationError

from .. import i18n, pages
from ..account import timezones
from ..account.preferences import THEMES
from ..errors import NotFound
from ..globals import current_profile
from ..i18n import gettext, lazy_gettext, ngettext
from ..openapi.schemas import OPTIONAL_TEXT
from ..tab import Action, Done, Effect, Part, Tab, action

#: (value, how it reads, ``lang`` attribute where it is in a language of its own)
Option = tuple[str, str, str | None]

_LANGUAGE, _TIMEZONE, _THEME = lazy_gettext("Language"), lazy_gettext("Time zone"), lazy_gettext("Appearance")
_NEW_DEVICE = lazy_gettext("Sign-in from a new device")

#: Whether a choice would have any effect.
_POSSIBLE: Mapping[str, Callable[[], bool]] = {
    "language": lambda: len(i18n.offered()) > 1,
    "timezone": timezones.are_known,
    "theme": lambda: pages.layout.follows_theme(),  # noqa: PLW0108 (loaded when it is asked)
    "new_device": lambda: current_profile.config.tells_of_new_devices,
}


_EXAMPLES = {"language": ["de"], "timezone": ["Europe/Berlin"], "theme": ["dark"], "new_device": ["off"]}


class Preferences(Tab):
    name = "preferences"
    label = lazy_gettext("Preferences")
    summary = lazy_gettext("They follow you to every device you sign in from.")
    meaning = lazy_gettext("Users choose how the application looks to them.")
    icon = "sliders-horizontal"
    parts = (
        Part("language", _LANGUAGE, lazy_gettext("Users choose the language of the pages.")),
        Part("timezone", _TIMEZONE, lazy_gettext("Users choose the zone in which times are shown.")),
        Part("theme", _THEME, lazy_gettext("Users choose light or dark, where the layout follows it.")),
        Part("new_device", _NEW_DEVICE, lazy_gettext("Users choose whether they are told of it.")),
    )

    def shown(self) -> list[str]:
        switched_on = [part.name for part in self.parts if current_profile.features[f"{self.name}.{part.name}"]]
        return [name for name in switched_on if _POSSIBLE[name]()]

    def effects(self) -> dict[str, Effect]:
        chosen = current_profile.preferences.count()
        return {f"{self.name}.{name}": Effect(_kept(number)) for name, number in chosen.items()}

    def values(self, user: Any) -> dict[str, Any]:
        chosen = current_profile.preferences.of(user)
        return {name: _on_offer(name, chosen.get(name)) for name in self.shown()}

    def context(self, user: Any) -> dict[str, Any]:
        shown, every = self.shown(), request.values.get("zones") == "all"
        return {
            "all_off": any(is_possible() for is_possible in _POSSIBLE.values()),  # and none of it is shown
            "languages": languages() if "language" in shown else [],
            "zones": zones(i18n.current_preferences.timezone, every) if "timezone" in shown else [],
            "every_zone": every,
            "zone_of_the_app": i18n.automatic_timezone_name(),
            "themes": themes(),
            "new_device": _TOLD_OR_NOT,
        }

    def check(self, user: Any, action: Action) -> None:
        if not self.shown():
            raise NotFound(code="feature_off")

    def json_schema(self, user: Any) -> dict[str, Any]:
        found = {name: {**OPTIONAL_TEXT, "examples": _EXAMPLES[name]} for name in self.shown()}
        return {"type": "object", "properties": found, "required": list(found)}

    def version(self, user: Any, values: Mapping[str, Any]) -> str:
        return str(form_of(values)(formdata=None, data=values, meta={"csrf": False})[pages.only_changed.VERSION].data)

    @action(lambda tab, user: form_of(tab.shown()))
    def save(self, user: Any, form: pages.only_changed.VersionedForm) -> Any:
        if request.form.get("zones"):  # the button beside the list, which keeps what is chosen already
            said = gettext("All cities are in the list now. Nothing has been saved yet.")
            return Done(said, template=self.template, context={"form": form, **self.context(user)}, kind="info")
        # the rest is not written back: it may have been chosen elsewhere since it was read
        changed = {field.name: _on_offer(field.name, field.data) for field in form.changed()}
        if (nothing := pages.only_changed.nothing_changed(form, changed)) is not None:
            return nothing
        if changed.get("new_device"):  # or a stranger would see to it first that nobody is told of them
            current_profile.sessions.require_fresh(user)
        i18n.choose_preferences(user, changed)
        i18n.refresh_locale()
        # printed after the commit, in the language just chosen
        return lazy_gettext("Your preferences have been saved.")


def _kept(number: int) -> str:
    return ngettext(
        "%(num)s user has made a choice and keeps it. Nobody can make another one.",
        "%(num)s users have made a choice and keep it. Nobody can make another one.",
        number,
    )


def _on_offer(name: str, value: str | None) -> str | None:
    """A language as the list has it: it may have been spelt otherwise, or been taken off the list since."""
    found = i18n.offered_as(value) if value and name == "language" else None
    return i18n.tag_of(found) if found is not None else None if name == "language" else value or None


# ---- the form


def form_of(names: Iterable[str]) -> type[pages.only_changed.VersionedForm]:
    return pages.only_changed.versioned("PreferencesForm", {name: _FIELDS[name]() for name in names})


class _Codes(SelectField):
    """The words for what there is to choose stand beside the codes in the template."""

    def __init__(self, label: Any, *, said: Callable[[str], str], **kwargs: Any) -> None:
        self._said = said
        super().__init__(label, **kwargs)

    def in_words(self, code: str) -> str:
        return self._said(code)


def _language_field() -> SelectField:
    tags = [i18n.tag_of(each) for each in i18n.offered()]
    return _field(_LANGUAGE, tags, i18n.offered_as, gettext("Choose a language from the list"), said=_language)


def _language(tag: str) -> str:
    found = i18n.offered_as(tag)
    return tag if found is None else i18n.native_name(found)


def _timezone_field() -> SelectField:
    sentence = gettext("Choose a time zone from the list")
    hint = gettext("Times on these pages are shown in this zone.")
    return _field(_TIMEZONE, timezones.common(), timezones.find, sentence, hint, said=_zone)


def _zone(name: str) -> str:
    return name if timezones.find(name) is None else timezones.city(name, i18n.locale())


def _theme_field() -> SelectField:
    sentence = gettext("Choose an appearance from the list")
    return _field(_THEME, THEMES, THEMES.__contains__, sentence, said=_among(themes()))


def _new_device_field() -> SelectField:
    hint = gettext("From a browser that you have not signed in from before. Of a new password you are always told.")
    sentence = gettext("Choose one from the list")
    return _field(_NEW_DEVICE, ["off"], ["off"].__contains__, sentence, hint, said=_among(_TOLD_OR_NOT))


def _among(options: Iterable[Option]) -> Callable[[str], str]:
    words = {code: text for code, text, _ in options}
    return lambda code: str(words.get(code, code))


def _field(
    label: Any,
    codes: Iterable[str],
    takes: Callable[[str], Any],
    sentence: str,
    hint: str = "",
    *,
    said: Callable[[str], str],
) -> SelectField:
    def check(form: pages.only_changed.VersionedForm, field: SelectField) -> None:
        if field.data and not takes(field.data):
            raise ValidationError(sentence)

    choices: Any = ["", *codes]  # the words for them stand beside them in the template
    return _Codes(label, said=said, choices=choices, validate_choice=False, validators=[check], description=hint)


_FIELDS = {
    "language": _language_field,
    "timezone": _timezone_field,
    "theme": _theme_field,
    "new_device": _new_device_field,
}


# ---- what there is to choose from; first the choice to have no choice


def languages() -> list[Option]:
    found = [(i18n.tag_of(each), i18n.native_name(each), i18n.tag_of(each)) for each in i18n.offered()]
    # by own name, those in Latin letters first, as one looks for it
    found.sort(key=lambda option: (ord(option[1][0]) > 0x24F, option[1].casefold()))
    given = i18n.automatic_language()
    automatic = gettext("Automatic (%(language)s)", language=i18n.native_name(given)) if given else gettext("Automatic")
    return [("", automatic, None), *found]


def themes() -> list[Option]:
    words = {"": gettext("Same as my device"), "light": gettext("Light"), "dark": gettext("Dark")}
    return [(value, text, None) for value, text in words.items()]


_TOLD_OR_NOT: list[Option] = [("", lazy_gettext("Tell me"), None), ("off", lazy_gettext("Do not tell me"), None)]

_CONTINENTS = {
    **{"Africa": "002", "America": "019", "Antarctica": "AQ", "Asia": "142"},
    **{"Arctic": "150", "Europe": "150", "Australia": "009", "Pacific": "009"},
}
_QUARTER = 15 * 60
_OCEANS = {"Atlantic": lazy_gettext("Atlantic Ocean"), "Indian": lazy_gettext("Indian Ocean")}


def zones(chosen: str | None, every: bool) -> list[tuple[str, list[Option]]]:
    """The zones by continent, those of none first: a well-known city's for each clock, or ``every`` city's; and the
    one that is chosen. UTC, which is beside the app's own zone, is not said twice where it is that."""
    given, spoken = i18n.automatic_timezone_name(), i18n.locale()
    groups = _by_continent(given, chosen, every, spoken, int(datetime.now(timezone.utc).timestamp()) // _QUARTER)
    of_none = ("", [("", _of_the_app(given, spoken), None), *groups.get("", ())])
    of_others = ((continent, list(options)) for continent, options in groups.items() if continent)
    return [of_none, *sorted(of_others, key=lambda group: group[0].casefold())]


@lru_cache(256)
def _by_continent(
    given: str | None, chosen: str | None, every: bool, spoken: Locale, quarter: int
) -> Mapping[str, Sequence[Option]]:
    utc = {} if given and timezones.canonical(given) == "Etc/UTC" else {"Etc/UTC": "UTC"}
    names = {**utc, **{name: name for name in (timezones.of_cities() if every else timezones.common())}}
    if chosen:
        names[timezones.canonical(chosen)] = chosen
    groups: dict[str, list[Option]] = {}
    for usual, name in names.items():
        if (words := _in_words(usual, name, spoken, quarter)) is not None:
            groups.setdefault(words[0], []).append((name, words[1], None))
    for options in groups.values():
        options.sort(key=lambda option: option[1].casefold())
    return groups


@lru_cache(4096)
def _in_words(usual: str, name: str, spoken: Locale, quarter: int) -> tuple[str, str] | None:
    """The continent of a zone, and the city with the time of its clocks, which are changed at quarters of an hour; None
    where the machine has no data of it."""
    zone = timezones.find(name)
    if zone is None:
        return None
    now = datetime.fromtimestamp(quarter * _QUARTER, zone)
    return _continent(usual, spoken), _city(usual, now, spoken)


def _of_the_app(given: str | None, spoken: Locale) -> str:
    """With its name, unless a rule of the host's would have to say it: that is not asked what it would say if."""
    if given is None or timezones.find(given) is None:
        return gettext("Same as the application")
    return gettext("Same as the application (%(zone)s)", zone=timezones.city(given, spoken))


def _continent(zone: str, spoken: Locale) -> str:
    area = zone.partition("/")[0]
    return str(_OCEANS.get(area) or spoken.territories.get(_CONTINENTS.get(area), ""))


def _city(zone: str, now: datetime, spoken: Locale) -> str:
    """ "Berlin (GMT+01:00)", as its clocks go now."""
    offset = f"{now:%z}"
    gmt = spoken.zone_formats["gmt"] % f"{offset[:3]}:{offset[3:5]}"
    return f"{timezones.city(zone, spoken)} ({gmt})"
