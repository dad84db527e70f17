"""The package's own texts: complete in every language, and shown in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from tests.host import Host

ROOT = Path(__file__).parent.parent
TRANSLATIONS = ROOT / "flask_myprofile" / "translations"
LANGUAGES = ("de", "es", "fr", "he")
KEYWORDS: dict[str, Any] = {
    "mp_text": None,
    "mp_ntext": (1, 2),
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
TABS = {
    "personal-information": "Personal Information",
    "preferences": "Preferences",
    "password": "Password",
    "api-token": "API Token",
    "sessions": "Sessions",
}

every_language = pytest.mark.parametrize("language", LANGUAGES)


def catalog(language: str) -> Catalog:
    return read_po(BytesIO((TRANSLATIONS / language / "LC_MESSAGES" / "myprofile.po").read_bytes()), locale=language)


def messages(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def ids(found: Iterable[Any]) -> set[Any]:
    return {message if isinstance(message, str) else tuple(message) for message in found}


def test_the_template_has_every_text_of_the_package() -> None:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    rows = extract_from_dir(str(ROOT / "flask_myprofile"), methods, keywords=KEYWORDS)
    in_code = ids(message for _, _, message, *_ in rows)
    template = read_po(BytesIO((TRANSLATIONS / "myprofile.pot").read_bytes()))
    assert ids(message.id for message in messages(template)) == in_code, "run the commands of CONTRIBUTING.md"


@every_language
def test_every_text_is_translated(language: str) -> None:
    template = read_po(BytesIO((TRANSLATIONS / "myprofile.pot").read_bytes()))
    own = catalog(language)
    assert ids(message.id for message in messages(own)) == ids(message.id for message in messages(template))
    assert not own.obsolete
    for message in messages(own):
        assert not message.fuzzy, message.id
        assert all(text.strip() for text in texts(message.string)), message.id


@every_language
def test_placeholders_are_those_of_the_original(language: str) -> None:
    for message in messages(catalog(language)):
        wanted, forms = placeholders(texts(message.id)[-1]), texts(message.string)
        for number, form in enumerate(forms):
            # "one session" may say it in a word
            needless = {"%(num)s"} if len(forms) > 1 and number == 0 else set()
            assert placeholders(form) | needless == wanted | needless, message.id
        assert not list(message.check(catalog(language))), message.id


@every_language
def test_plurals_have_the_forms_of_the_language(language: str) -> None:
    own = catalog(language)
    assert own.num_plurals == 2
    for message in messages(own):
        assert len(texts(message.string)) == (own.num_plurals if message.pluralizable else 1)


@every_language
def test_the_compiled_catalogue_is_up_to_date(language: str) -> None:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "myprofile.mo").open("rb") as file:
        compiled = {texts(message.id): texts(message.string) for message in messages(read_mo(file))}
    assert compiled == {texts(message.id): texts(message.string) for message in messages(catalog(language))}


def test_french_takes_nought_for_one() -> None:
    assert catalog("fr").plural_expr == "(n > 1)"
    assert catalog("de").plural_expr == "(n != 1)"


@every_language
def test_each_tab_is_in_the_language_and_its_direction(language: str, host: Host) -> None:
    own = {texts(message.id)[0]: texts(message.string)[0] for message in messages(catalog(language))}
    alice = host.browser()
    alice.login("alice")
    assert alice.post("/profile/preferences", {"language": language}).status_code == 303
    for slug, label in TABS.items():
        html = alice.get(f"/profile/{slug}").text
        tag = re.search(r"<html[^>]*>", html)
        assert tag and f'lang="{language}"' in tag[0], slug
        assert f'dir="{"rtl" if language == "he" else "ltr"}"' in tag[0], slug
        assert f'<h1 class="mp-h1">{own["My Profile"]}</h1>' in html
        assert re.search(rf'<h2 class="mp-h2" id="mp-tab-title">{re.escape(own[label])}</h2>', html), slug
        assert own["Sign out"] in html


@every_language
def test_the_sentence_of_single_sign_on_is_translated(language: str, new_host: Callable[..., Host]) -> None:
    host = new_host()
    sentence = "Your account uses Single Sign On (SSO). Password is managed by your organization."
    translated = texts(catalog(language).get(sentence).string)[0]  # type: ignore[union-attr]
    alice = host.browser()
    alice.login("alice")
    alice.post("/profile/preferences", {"language": language})
    host.sql("UPDATE myprofile_session SET method = 'sso'")
    assert translated in alice.get("/profile/password").text
    assert alice.post_json("/profile/password", {}).json["title"] == translated
