"""The catalogues, of the package and of the example app: complete in every language, right, and up to date."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from gettext import GNUTranslations, c2py
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tools.translations import EXAMPLE, PACKAGE, ROOT, Part, messages, texts, untranslated

#: Those of a well-known product of this kind, and those that try the machinery: Arabic has six plural forms.
TRANSLATED = (
    *("ar", "de", "es", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt_BR", "ru", "tr", "uk"),
    *("zh_Hans", "zh_Hant"),
)
PARTS = {"package": PACKAGE, "example": EXAMPLE}

catalog = cache(Part.catalog)
every_part = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
every_language = pytest.mark.parametrize("language", TRANSLATED)


def read(path: Path) -> Catalog:
    return read_po(BytesIO(path.read_bytes()))


def ids(found: Iterable[Any]) -> set[tuple[str, ...]]:
    return {texts(message.id) for message in found if message.id}


def translated(own: Catalog) -> list[Message]:
    """What is there already: of what is missing, one test tells."""
    return [message for message in messages(own) if all(texts(message.string or ""))]


def placeholders(text: str) -> Counter[str]:
    return Counter(re.findall(r"%(?:\(\w+\))?.?", text))


@every_part
def test_the_languages_are_those_that_are_promised(part: Part) -> None:
    assert tuple(part.languages) == TRANSLATED


def test_the_documentation_names_them() -> None:
    text = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    assert [code for code in TRANSLATED if str(Locale.parse(code).get_language_name("en")) not in text] == []


@every_part
def test_the_template_has_every_text_of_the_code(part: Part) -> None:
    assert ids(read(part.template)) == ids(part.extracted()), "run tools/translations.py"


@every_language
@every_part
def test_every_text_is_translated_and_none_is_left_over(part: Part, language: str) -> None:
    own = catalog(part, language)
    assert ids(own) == ids(read(part.template))
    assert not own.obsolete
    assert list(untranslated(own)) == []


@every_language
@every_part
def test_no_sentence_is_left_in_english(part: Part, language: str) -> None:
    """A name or a word may be the same in two languages."""
    same = [texts(m.id)[0] for m in translated(catalog(part, language)) if set(texts(m.id)) & set(texts(m.string))]
    assert [text for text in same if len(re.sub(r"%\(\w+\)s|Single Sign On", "", text).split()) > 2] == []


@every_language
@every_part
def test_placeholders_are_those_of_the_original(part: Part, language: str) -> None:
    own = catalog(part, language)
    for message in translated(own):
        wanted = placeholders(texts(message.id)[-1])
        for number, form in enumerate(texts(message.string)):
            # "one session" may say it in a word
            needless = {"%(num)s"} if message.pluralizable and is_of_one_number(own, number) else set()
            missing, extra = wanted - placeholders(form), placeholders(form) - wanted
            assert not extra, message.id
            assert set(missing) <= needless, message.id
        assert not list(message.check(own)), message.id


def is_of_one_number(own: Catalog, form: int) -> bool:
    form_for = c2py(own.plural_expr)
    return sum(form_for(number) == form for number in range(200)) == 1


@every_language
@every_part
def test_plurals_have_the_forms_of_the_language(part: Part, language: str) -> None:
    """By the rule in the catalogue's own header: versions of CLDR differ in how they write one, and for millions."""
    own = catalog(part, language)
    form_of = c2py(own.plural_expr)
    forms = {form_of(number) for number in range(1000)}
    assert forms == set(range(own.num_plurals)), "each form is one that some number takes"
    for message in translated(own):
        assert len(texts(message.string)) == (own.num_plurals if message.pluralizable else 1), message.id


@every_language
@every_part
def test_the_compiled_catalogue_is_up_to_date(part: Part, language: str) -> None:
    with part.po(language).with_suffix(".mo").open("rb") as file:
        compiled = {texts(message.id): texts(message.string) for message in messages(read_mo(file))}
    assert compiled == {texts(m.id): texts(m.string) for m in translated(catalog(part, language))}


@pytest.mark.parametrize(
    ("language", "number", "form"),
    [
        *(("de", number, form) for number, form in ((0, 1), (1, 0), (2, 1))),
        *(("fr", number, form) for number, form in ((0, 0), (1, 0), (2, 1))),
        *(("ja", number, 0) for number in (0, 1, 2)),
        *(("ru", number, form) for number, form in ((1, 0), (21, 0), (11, 2), (2, 1), (5, 2), (0, 2))),
        *(("pl", number, form) for number, form in ((1, 0), (21, 2), (2, 1), (22, 1), (12, 2))),
        *(("ar", number, form) for number, form in ((0, 0), (1, 1), (2, 2), (3, 3), (11, 5), (100, 4), (103, 3))),
    ],
)
def test_a_number_takes_the_form_of_its_language(language: str, number: int, form: int) -> None:
    """In all that is said with it, as gettext reads the compiled file."""
    for part in PARTS.values():
        with part.po(language).with_suffix(".mo").open("rb") as file:
            spoken = GNUTranslations(file)
        for message in translated(catalog(part, language)):
            if message.pluralizable:
                singular, plural = message.id
                assert spoken.ngettext(singular, plural, number) == message.string[form]
