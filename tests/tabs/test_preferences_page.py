"""What goes beyond tabs/test_preferences.py: without the package, what it costs, and whose words are whose."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, get_locale
from flask_babel import gettext as host_gettext

from flask_myprofile import preferred_language
from flask_myprofile.i18n import languages
from tests.support.host import Browser, Host, signed_in

URL = "/profile/preferences"


def with_locale_view(app: Flask) -> None:
    @app.get("/locale")
    def locale() -> str:
        return str(get_locale())


def language_of(browser: Browser) -> str:
    return str(browser.get("/locale").text)


@pytest.mark.parametrize("how", ["not set up", "not installed"])
def test_without_flask_babel_all_works_in_each_language(
    how: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B77"""
    if how == "not installed":
        monkeypatch.setattr(languages, "flask_babel", None)
    host = new_host(babel=False)
    alice = signed_in(host)
    assert list(alice.json(URL).json) == ["language", "theme", "timezone"]
    for code, direction in (("en", "ltr"), ("de", "ltr"), ("he", "rtl")):
        assert alice.post_json(URL, {"language": code}).status_code == 200
        for tab in ("personal-information", "password", "api-token", "sessions", "api-token/regenerate"):
            assert f' lang="{code}" dir="{direction}">' in alice.get(f"/profile/{tab}").text
    alice.post_json(URL, {"language": "de"})
    alice.post_json("/profile/api-token/regenerate")
    assert "Jetzt aktiv" in alice.get("/profile/sessions").text
    assert alice.post("/profile/sessions/sign-out-others").status_code == 303
    assert "Es gab keine andere Sitzung zum Abmelden." in alice.get("/profile/sessions").text


def test_texts_for_the_script_follow_the_page(host: Host) -> None:
    """B90: the script has no words of its own."""
    alice = signed_in(host)
    alice.post(URL, {"language": "de"})
    page = alice.get("/profile/password").text
    assert 'data-show="Show"' not in page
    assert re.search(r'data-show="[^"]+" data-hide="[^"]+"', page)


def test_the_choice_follows_the_user_and_not_the_browser(host: Host) -> None:
    with_locale_view(host.app)
    alice = signed_in(host)
    alice.post(URL, {"language": "de"})
    alice.post("/logout")
    assert language_of(alice) == "en", "on the login page"
    alice.login("bob")
    assert language_of(alice) == "en"
    alice.login("alice")
    assert language_of(alice) == "de"


def options_of(html: str) -> list[tuple[str, str, bool]]:
    """(value, text, selected) of each language in the drop-down."""
    languages = html.partition('<select class="mp-input" id="language"')[2].partition("</select>")[0]
    found = re.findall(r'<option value="([^"]*)"[^>]*?( selected)?>([^<]*)</option>', languages)
    return [(value, text, bool(selected)) for value, selected, text in found]


def test_languages_are_listed_by_their_own_names(new_host: Callable[..., Host]) -> None:
    alice = signed_in(new_host(MYPROFILE_LANGUAGES=("he", "en", "fr", "de", "es")))
    shown = options_of(alice.get(URL).text)
    assert shown == [
        ("", "Automatic (English)", True),
        ("de", "Deutsch", False),
        ("en", "English", False),
        ("es", "Español", False),
        ("fr", "Français", False),
        ("he", "עברית", False),
    ]
    assert 'value="he" lang="he"' in alice.get(URL).text
    alice.post(URL, {"language": "fr"})
    assert [code for code, _, selected in options_of(alice.get(URL).text) if selected] == ["fr"]


@pytest.mark.parametrize("babel", [True, False], ids=["Flask-Babel", "without"])
@pytest.mark.parametrize("chosen", ["", "fr"])
def test_automatic_says_which_language_it_gives(chosen: str, babel: bool, new_host: Callable[..., Host]) -> None:
    """By what the browser asks for, whatever is chosen now."""
    alice = signed_in(new_host(babel=babel, MYPROFILE_LANGUAGES=("en", "fr", "de")))
    alice.post(URL, {"language": chosen})
    for asked, name in (("de-AT, en", "Deutsch"), ("xx", "English")):
        page = alice.get(URL, headers={"Accept-Language": asked}).text
        assert name in options_of(page)[0][1]


def test_automatic_says_nothing_that_a_rule_of_the_host_would_have_to_say(new_host: Callable[..., Host]) -> None:
    def with_rule(app: Flask, db: Any) -> None:
        Babel(app, locale_selector=lambda: preferred_language() or "de")

    alice = signed_in(new_host(babel=False, before=with_rule, MYPROFILE_LANGUAGES=("en", "fr", "de")))
    assert options_of(alice.get(URL).text)[0][1].endswith("(Deutsch)")
    alice.post(URL, {"language": "en"})
    assert options_of(alice.get(URL).text)[0][1] == "Automatic"


def test_the_choice_costs_no_query_of_its_own(host: Host) -> None:
    with_locale_view(host.app)
    alice = signed_in(host)
    alice.post(URL, {"language": "de"})
    alice.get("/page")
    statements = host.count_statements()
    assert alice.get("/page").status_code == 200
    alone = len(statements)
    statements.clear()
    assert language_of(alice) == "de"
    assert len(statements) == alone == 1


def test_the_hosts_own_texts_are_translated_by_the_hosts_own_catalogue(host: Host) -> None:
    """Ours are of a domain of their own, and take nothing away from it."""

    @host.app.get("/word")
    def word() -> str:
        return str(host_gettext("My Profile"))

    alice = signed_in(host)
    alice.post(URL, {"language": "de"})
    assert alice.get("/word").text == "My Profile"
    assert "Mein Profil" in alice.get(URL).text
