"""Which languages there are, how their codes are read, and what each is called in itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from babel import Locale, UnknownLocaleError
from babel.core import get_global, parse_locale
from babel.localedata import locale_identifiers
from flask import current_app, has_app_context

from ..adapters import adapter_of
from ..globals import current_profile

try:
    import flask_babel as flask_babel  # noqa: PLC0414 (for reader.py)
except ImportError:
    flask_babel = None

TRANSLATIONS = Path(__file__).parent.parent / "translations"
ENGLISH = Locale("en")
#: Characters of a code that is read.
_LONGEST = 35
#: Its language, script and territory; what else it may say, such as a variant or a modifier, is left out.
_CODE = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?(?:[-_@.].*)?")


def flask_babel_of(app: Any) -> Any | None:
    """What Flask-Babel keeps of the app, where it is set up. Other extensions take the same place there."""
    found = app.extensions.get("babel")
    return found if flask_babel is not None and isinstance(found, flask_babel.BabelConfiguration) else None


def has_babel() -> bool:
    """Whether the current app has Flask-Babel set up, which decides about languages and time zones then."""
    return has_app_context() and flask_babel_of(current_app._get_current_object()) is not None  # type: ignore[attr-defined]


def locale_of(code: str) -> Locale | None:
    """``"pt-BR"`` or ``"pt_BR"`` as a Locale; None where there is no such language."""
    try:
        return Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def tag_of(which: Locale) -> str:
    """The code as BCP 47 has it: "pt-BR"."""
    return str(which).replace("_", "-")


def native_name(which: Locale) -> str:
    """The language's name in itself: "Deutsch", "français" with a capital, as a list entry has it."""
    key = "_".join(filter(None, (which.language, which.script, which.territory)))
    name = which.languages.get(key) or which.get_display_name() or str(which)
    # Georgian capitals are another style of the script, not an initial
    return name if which.language == "ka" else name[:1].upper() + name[1:]


# ---- what users may choose


def offered() -> Sequence[Locale]:
    """The languages that users may choose: those of ``MYPROFILE_LANGUAGES``, or else those of the app."""
    own: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    return _locales(tuple(current_profile.config.languages or adapter_of(own).languages or _languages_of(own)))


@lru_cache(32)
def _locales(codes: tuple[str, ...]) -> Sequence[Locale]:
    return [each for each in map(locale_of, codes) if each is not None]


#: Of each app, the languages that it is translated to.
_found: WeakKeyDictionary[Any, Sequence[str]] = WeakKeyDictionary()


def _languages_of(app: Any) -> Sequence[str]:
    if app not in _found:
        _found[app] = _look_for_languages(app)
    return _found[app]


def _look_for_languages(app: Any) -> Sequence[str]:
    """Codes of the languages that the app itself, or else this package, is translated to."""
    own: set[str] = set()
    if (babel := flask_babel_of(app)) is not None:
        with app.app_context():
            own = {tag_of(found) for found in babel.instance.list_translations()}
    if len(own) < 2:
        files = TRANSLATIONS.glob("*/LC_MESSAGES/myprofile.mo")
        own |= {"en", *(tag_of(Locale.parse(path.parent.parent.name)) for path in files)}
    return sorted(own)


def offered_as(code: str, among: Iterable[Locale] | None = None) -> Locale | None:
    """The language on offer that this code means, also where it is spelt otherwise: "DE", "zh_CN" for "zh-Hans", "pt"
    for "pt-BR"; None where there is none."""
    those = list(offered() if among is None else among)
    meant = (_named(code, those) or _meant(code, those)) if code and len(code) <= _LONGEST else None
    if meant is None:
        return None
    alike = [each for each in those if _likely(each)[:2] == _likely(meant)[:2]]
    exact = [each for each in alike if each == meant] or [each for each in alike if _likely(each) == _likely(meant)]
    return next(iter(exact or alike), None)


def _named(code: str, those: Iterable[Locale]) -> Locale | None:
    """One that is more than a language, a script and a territory, such as ca-ES-valencia, by what it is called."""
    for each in those:
        if (each.variant or each.modifier) and tag_of(each).casefold() == code.replace("_", "-").casefold():
            return each
    return None


def _meant(code: str, those: Iterable[Locale]) -> Locale | None:
    """What a code means; None where none of those is of its language.

    Babel keeps for ever each code that it has been asked for, and browsers may ask for whatever they like.
    """
    language, known = _known_parts(code)
    return _read(known) if any(each.language == language for each in those) else None


@lru_cache(1024)
def _known_parts(code: str) -> tuple[str, str]:
    """Its language, and that with the script and the territory: what else it says is left out."""
    found = _CODE.fullmatch(code)
    if found is None:
        return "", ""
    language, script, territory = found.groups()
    usual = get_global("language_aliases").get(language.lower(), language.lower())
    known = script if script is not None and script.title() in _scripts() else None
    return usual.partition("_")[0], "_".join(filter(None, (language, known, territory)))


@lru_cache(1024)
def _read(code: str) -> Locale | None:
    return locale_of(code)


@cache
def _scripts() -> set[str]:
    return {part for each in locale_identifiers() for part in each.split("_")[1:2] if len(part) == 4}


@lru_cache(1024)
def _likely(which: Locale) -> tuple[str, str | None, str | None]:
    """Language, script and territory, the ones that most of its readers have where the code does not say them."""
    subtags: Any = get_global("likely_subtags")
    parts = (which.language, which.script, which.territory)
    for known in (parts, (parts[0], None, parts[2]), (parts[0], parts[1], None), (parts[0], None, None)):
        if (likely := subtags.get("_".join(filter(None, known)))) is not None:
            language, territory, script = parse_locale(likely)[:3]
            return language, which.script or script, which.territory or territory
    return parts
