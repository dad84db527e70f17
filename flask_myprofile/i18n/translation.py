"""Translated text: the package's own catalogues, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global, parse_locale
from babel.support import LazyProxy, NullTranslations, Translations
from markupsafe import escape

from . import languages
from .reader import locale


def gettext(text: str, **values: Any) -> str:
    """``text`` in the reader's language, with ``%(name)s`` filled in."""
    return texts_in(locale())[0](text, **values)


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """The right plural form for ``num``, which is also filled in as ``%(num)s``."""
    return texts_in(locale())[1](singular, plural, num, **values)


@cache
def texts_in(which: Locale) -> tuple[Callable[..., str], Callable[..., str]]:
    """The same two in that language: for a page, which has many texts."""
    catalogue = _catalogue(which)

    def one(text: str, **values: Any) -> str:
        said = str(catalogue.ugettext(text))
        return said % values if values else said

    def number(singular: str, plural: str, num: int, **values: Any) -> str:
        return str(catalogue.ungettext(singular, plural, num)) % {"num": num, **values}

    return one, number


def _catalogue(which: Locale) -> NullTranslations:
    """In Taiwan, "zh_TW", one reads "zh_Hant", and "pt_BR" is better than no Portuguese."""
    likely = parse_locale(get_global("likely_subtags").get(which.language, which.language))
    subtags = (which.script, *likely[1:3])
    names = [str(which), *(f"{which.language}_{subtag}" for subtag in subtags if subtag)]
    return Translations.load(languages.TRANSLATIONS, names, "myprofile")


def lazy_gettext(text: str) -> Any:
    """For texts in class bodies: looked up each time it is printed, so one process speaks many languages."""
    return _Lazy(gettext, text, enable_cache=False)


class _Lazy(LazyProxy):
    """A template asks for its HTML, and would look it up once to hear that it has none, and once more to escape it."""

    __slots__ = ()

    def __html__(self) -> str:
        return escape(str(self.value))
