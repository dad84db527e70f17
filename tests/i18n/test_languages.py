"""The pages in every language: what they say, how they say which language it is, and whose language it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from html import escape, unescape
from threading import Barrier
from typing import Any

import pytest
from babel import Locale, localedata
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from flask import Flask
from flask_babel import Babel

from flask_myprofile.i18n.languages import offered_as
from tests.i18n.test_translations import TRANSLATED
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.live import example
from tests.support.spoken import check_language, said
from tests.support.states import pages, somebody_busy
from tests.support.walks import all_tabs
from tools.translations import EXAMPLE

NAMES = {
    "ar": "العربية",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "he": "עברית",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt-BR": "Português (Brasil)",
    "ru": "Русский",
    "tr": "Türkçe",
    "uk": "Українська",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
SSO = "Your account uses Single Sign On (SSO). Password is managed by your organization."


#: Of each kind one: none, Latin, from right to left, with a country, with a script. What each says is asked of the
#: catalogues, in test_translations.py.
SHOWN = ["en", "de", "ar", "pt_BR", "zh_Hant"]


@pytest.mark.parametrize("language", SHOWN)
def test_every_page_is_in_the_language_and_its_direction(language: str, new_host: Callable[..., Host]) -> None:
    host, tag = new_host(myprofile_options=all_tabs()), language.replace("_", "-")
    for what, answer in pages(somebody_busy(host, tag)):
        check_language(answer, tag, what)
        assert said(language, "Sign out") in answer.text, what


# ---- one process, many languages


def reader(host: Host, language: str, username: str) -> Browser:
    browser = host.browser()
    browser.login(username)
    assert browser.post_json("/profile/preferences", {"language": language.replace("_", "-")}).status_code == 200
    return browser


STALE = "This page was opened before you signed in as %(name)s. Check it and send it again."


def check_answers(browser: Browser, language: str) -> None:
    """Forms in which everything is wrong, one that is right, and a page of another session."""

    def errors(url: str, **sent: str) -> Any:
        return browser.post_json(url, sent).json["errors"]

    assert errors("/profile/personal-information", first_name="", last_name="x" * 99, phone="\u200b") == {
        "first_name": [said(language, "Enter your first name")],
        "last_name": [
            said(language, "%(field)s must be %(max)s characters or fewer", field=said(language, "Last name"), max=40)
        ],
        "phone": [said(language, "%(field)s has no visible character", field=said(language, "Phone number"))],
    }
    length = said(language, "at least %(number)s characters", number=15)
    assert errors("/profile/password", current_password=PASSWORD, new_password="short", confirm_password="other") == {
        "new_password": [said(language, "Your new password must have %(clauses)s", clauses=length)],
        "confirm_password": [said(language, "Enter the same new password twice")],
    }
    assert errors("/profile/password", current_password="wrong", new_password="a quiet walk in the rain") == {
        "current_password": [said(language, "Your current password is not correct")],
    }
    assert errors("/profile/preferences", language="tlh") == {
        "language": [said(language, "Choose a language from the list")]
    }
    stale = browser.client.post("/profile/preferences", json={}, headers={**JSON, "X-CSRFToken": "old"})
    me = browser.json("/profile/personal-information").json
    assert stale.json["title"] == said(language, STALE, name=f"{me['first_name']} {me['last_name']}")
    other = {"first_name": "A", "last_name": "C" if me["last_name"] == "B" else "B"}
    saved = browser.post("/profile/personal-information", other, follow_redirects=True)
    assert escape(said(language, "Your personal information has been saved.")) in saved.text
    assert said(language, "My Profile") in saved.text


def test_each_answer_is_wholly_in_its_readers_language_whatever_came_before(host: Host) -> None:
    """B76: labels, validators and policy are no words of the one who asked first."""
    readers = {"de": reader(host, "de", "alice"), "en": reader(host, "en", "bob"), "ar": reader(host, "ar", "admin")}
    for language in ("de", "en", "ar", "de"):
        check_answers(readers[language], language)
    host.sql("UPDATE myprofile_session SET method = 'sso'")
    for language in ("de", "en", "ar", "de"):
        assert said(language, SSO) in unescape(readers[language].get("/profile/password").text)
        assert readers[language].post_json("/profile/password", {}).json["title"] == said(language, SSO)


def test_two_readers_at_the_same_time_each_have_their_own(host: Host) -> None:
    readers = {"ja": reader(host, "ja", "alice"), "ar": reader(host, "ar", "bob")}
    start = Barrier(len(readers))

    def read(language: str) -> None:
        start.wait(timeout=30)
        for url in ("/profile/password", "/profile/sessions", "/profile/personal-information") * 5:
            answer = readers[language].get(url)
            check_language(answer, language, url)
            assert said(language, "My Profile") in answer.text

    with ThreadPoolExecutor(len(readers)) as threads:
        for done in [threads.submit(read, language) for language in readers]:
            done.result(timeout=60)


# ---- which languages there are, and what they are called


def test_languages_are_offered_by_their_own_names(host: Host) -> None:
    page = host.browser()
    page.login("alice")
    html = page.get("/profile/preferences").text
    offered = re.findall(r'<option value="([^"]+)" lang="([^"]+)"[^>]*>([^<]+)</option>', html)
    assert {code: name for code, _, name in offered} == NAMES
    assert all(code == tag for code, tag, _ in offered)


def test_a_language_is_named_to_babel_or_to_the_web(new_host: Callable[..., Host]) -> None:
    """``zh_Hans`` is a locale, ``zh-Hans`` a ``lang``; the setting takes both."""
    shown = []
    for languages in (("en", "pt_BR", "zh_Hans"), ("en", "pt-BR", "zh-Hans")):
        host = new_host(MYPROFILE_LANGUAGES=languages)
        alice = reader(host, "zh-Hans", "alice")
        check_language(alice.get("/profile/preferences"), "zh-Hans", "preferences")
        shown.append(re.findall(r'<option value="([^"]+)" lang', alice.get("/profile/preferences").text))
    assert shown == [["en", "pt-BR", "zh-Hans"]] * 2


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        *(
            ("zh_TW", "zh_Hant"),
            ("zh_HK", "zh_Hant"),
            ("zh_CN", "zh_Hans"),
            ("zh", "zh_Hans"),
            ("zh_Hans_SG", "zh_Hans"),
        ),
        *(("pt", "pt_BR"), ("pt_PT", "pt_BR"), ("de_AT", "de"), ("es_MX", "es"), ("fr_CA", "fr"), ("iw", "he")),
        *(("en_GB", "en"), ("da", "en")),
    ],
)
def test_a_host_may_know_its_readers_language_by_another_name(
    asked: str, spoken: str, new_host: Callable[..., Host]
) -> None:
    """A browser in Taiwan says ``zh-TW``; our catalogue is called ``zh_Hant``."""
    host = new_host(babel=False, before=lambda app, db: Babel(app, locale_selector=lambda: asked))
    alice = host.browser()
    alice.login("alice")
    answer = alice.get("/profile/password")
    assert said(spoken, "Current password") in unescape(answer.text)
    check_language(answer, str(Locale.parse(asked)).replace("_", "-"), asked)


@pytest.mark.parametrize("code", ["de@{}", "de-DE-{}", "{}", "de-{}", "qa-{}"])
def test_what_browsers_ask_for_is_not_kept_for_ever(code: str) -> None:
    """Babel remembers each code that it has been asked about."""
    offered, before = [Locale("de"), Locale("en")], localedata.exists.cache_info().currsize
    for number in range(200):
        offered_as(code.format(chr(97 + number % 26) * 3 + chr(97 + number // 26)), offered)
    assert localedata.exists.cache_info().currsize - before < 10


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        *(("de@euro", "de"), ("DE-1996", "de"), ("de-x-private", "de"), ("en-Abcd", "en"), ("iw", None)),
        *(("ca-es-valencia", "ca_ES_VALENCIA"), ("ca", "ca"), ("ca-FR", "ca"), ("x", None), ("*", None), ("", None)),
    ],
)
def test_what_else_a_code_says_than_language_script_and_territory_is_left_out(code: str, meant: str | None) -> None:
    offered = [Locale.parse(each) for each in ("de", "en", "ca", "ca_ES_VALENCIA")]
    found = offered_as(code, offered)
    assert meant == (None if found is None else str(found))


def test_days_and_times_are_as_the_language_writes_them(host: Host) -> None:
    """By Babel: the name of the month, the order of a date, the form of "hours" after 3."""
    now = datetime.now(timezone.utc)
    day, hours = now - timedelta(days=20), timedelta(hours=3, seconds=1)
    here, there = reader(host, "en", "alice"), reader(host, "en", "alice")
    host.sql(
        "UPDATE myprofile_session SET created_at = :day, last_seen_at = :seen WHERE id = :id",
        **{"day": int(day.timestamp()), "seen": int((now - hours).timestamp()), "id": there.session_id()},
    )
    for language in TRANSLATED:
        here.post_json("/profile/preferences", {"language": language.replace("_", "-")})
        html = here.get("/profile/sessions").text
        same_year = day.year == now.year
        date = format_skeleton("MMMd", day, locale=language) if same_year else format_date(day, locale=language)
        assert re.search(f">{re.escape(date)}[^<]*{re.escape(format_time(day, 'short', locale=language))}</time>", html)
        assert f">{format_timedelta(-hours, add_direction=True, locale=language)} · " in html


# ---- the example app


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with example(tmp_path_factory.mktemp("example")) as app:
        yield app


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_the_example_app_speaks_every_language(language: str, site: Flask) -> None:
    answer = site.test_client().get("/sign-in", headers={"Accept-Language": language.replace("_", "-")})
    check_language(answer, language.replace("_", "-"), "sign-in")
    assert said(language, "Keep me signed in", EXAMPLE) in unescape(answer.text)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        *(("zh-TW,zh;q=0.9,en;q=0.8", "zh_Hant"), ("zh-CN,zh;q=0.9", "zh_Hans"), ("zh", "zh_Hans"), ("pt-PT", "pt_BR")),
        *(("de-AT", "de"), ("en-GB,en;q=0.9,fr;q=0.5", "en"), ("da,nb;q=0.7,fr;q=0.5", "fr"), ("tlh", "en")),
        *(("de-AT,en;q=0.7", "de"), ("zh-TW,fr;q=0.5", "zh_Hant"), ("de;q=0,fr;q=0.5", "fr")),
    ],
)
def test_the_example_app_understands_what_browsers_ask_for(asked: str, spoken: str, site: Flask) -> None:
    answer = site.test_client().get("/sign-in", headers={"Accept-Language": asked})
    assert said(spoken, "Keep me signed in", EXAMPLE) in unescape(answer.text)
