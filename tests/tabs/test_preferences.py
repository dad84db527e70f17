"""Preferences: the language that a user chose, on every page of the app and at once."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask_babel import Babel, get_locale, get_timezone

from flask_myprofile import MyProfile, preferred_language
from flask_myprofile.i18n.languages import TRANSLATIONS
from tests.support.host import Browser, Host, signed_in

TAB = "/profile/preferences"
SAVED = "Your preferences have been saved."


def in_language(code: str, text: str) -> str:
    return gettext.translation("myprofile", str(TRANSLATIONS), [code]).gettext(text)


def host_page(app: Flask) -> None:
    """A page of the host's own, in the language that Flask-Babel says, for visitors too."""

    @app.get("/where")
    def where() -> Any:
        return {"locale": str(get_locale()), "preferred": preferred_language(), "zone": str(get_timezone())}


def choose(browser: Browser, code: str) -> None:
    assert browser.post(TAB, {"language": code}).status_code == 303


def where(browser: Browser, query: str = "", **headers: str) -> str:
    locale: str = browser.get(f"/where{query}", headers=headers).json["locale"]
    return locale


def drop_down(page: str) -> str:
    """The languages to choose from."""
    return page.partition('<select class="mp-input" id="language"')[2].partition("</select>")[0]


def stored(host: Host) -> list[Any]:
    return host.sql("SELECT user_key, name, value FROM myprofile_preference")


# ---- Flask-Babel, whenever and however it was set up


def babel_before(**options: Any) -> dict[str, Any]:
    return {"babel": False, "before": lambda app, db: Babel(app, **options)}


def babel_after(**options: Any) -> dict[str, Any]:
    return {"babel": False, "after": lambda host: Babel(host.app, **options)}


def factory(*order: str, **options: Any) -> dict[str, Any]:
    """Extensions made first, of no app; then an app inits them in this order."""
    extensions = {"babel": (Babel(), options), "myprofile": (MyProfile(), {})}

    def init(host: Host) -> None:
        for name in order:
            extension, given = extensions[name]
            extension.init_app(host.app, **given)

    return {"babel": False, "myprofile": False, "after": init}


WAYS: dict[str, Callable[..., dict[str, Any]]] = {
    "before": babel_before,
    "after": babel_after,
    "in a factory, before": lambda **options: factory("babel", "myprofile", **options),
    "in a factory, after": lambda **options: factory("myprofile", "babel", **options),
}


def with_page(way: dict[str, Any]) -> dict[str, Any]:
    finish = way.get("after")

    def after(host: Host) -> None:
        if finish:
            finish(host)
        host_page(host.app)

    return {**way, "after": after}


@pytest.mark.parametrize("way", WAYS)
def test_a_choice_takes_effect_whenever_babel_was_set_up(way: str, new_host: Callable[..., Host]) -> None:
    """B77: on the host's pages and on ours; visitors and other users have the app's own language."""
    host = new_host(**with_page(WAYS[way]()), BABEL_DEFAULT_LOCALE="fr")
    alice, bob, visitor = signed_in(host), signed_in(host, "bob"), host.browser()
    assert [where(each) for each in (alice, bob, visitor)] == ["fr", "fr", "fr"]
    choose(alice, "de")
    assert [where(each) for each in (alice, bob, visitor)] == ["de", "fr", "fr"]
    assert where(visitor, **{"Accept-Language": "de"}) == "fr"
    assert 'lang="de"' in alice.get("/profile/password").text
    assert 'lang="fr"' in bob.get("/profile/password").text
    alice.post("/logout")
    assert where(alice) == "fr"
    again = signed_in(host)
    assert where(again) == "de", "it follows the user"


@pytest.mark.parametrize("way", WAYS)
def test_the_hosts_own_rule_is_not_replaced_and_can_ask_for_the_choice(way: str, new_host: Callable[..., Host]) -> None:
    """B77: by the address first, then what the user chose, then what the browser says."""

    def select() -> str | None:
        accepted = request.accept_languages.best_match(["fr", "he"])
        return request.args.get("lang") or preferred_language() or accepted

    host = new_host(**with_page(WAYS[way](locale_selector=select, timezone_selector=lambda: "Asia/Tokyo")))
    alice, visitor = signed_in(host), host.browser()
    choose(alice, "de")
    assert [where(alice), where(alice, "?lang=ar"), where(visitor, "?lang=ar")] == ["de", "ar", "ar"]
    assert where(alice, **{"Accept-Language": "fr"}) == "de"
    assert where(visitor, **{"Accept-Language": "fr"}) == "fr"
    assert alice.get("/where").json == {"locale": "de", "preferred": "de", "zone": "Asia/Tokyo"}
    assert visitor.get("/where").json["preferred"] is None
    assert 'lang="ar"' in alice.get("/profile/password?lang=ar").text
    assert 'dir="rtl"' in alice.get("/profile/password?lang=ar").text


def test_a_hosts_rule_that_does_not_ask_stands(new_host: Callable[..., Host]) -> None:
    host = new_host(**with_page(babel_before(locale_selector=lambda: "es")))
    alice = signed_in(host)
    choose(alice, "de")
    assert (where(alice), alice.get("/where").json["preferred"]) == ("es", "de")
    assert 'lang="es"' in alice.get(TAB).text


@pytest.mark.parametrize("codes", [("en",), ("de", "no such language")])
def test_where_there_is_one_language_the_page_says_so(codes: tuple[str, ...], new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_LANGUAGES=codes)
    alice = signed_in(host)
    page = alice.get(TAB)
    assert 'name="language"' not in page.text
    assert "language" not in alice.json(TAB).json
    assert alice.post_json(TAB, {"language": "fr"}).status_code == 422
    assert stored(host) == []


# ---- at once, and everywhere


@pytest.mark.parametrize("code", ["de", "es", "fr", "he"])
def test_the_answer_is_in_the_new_language_already(code: str, host: Host) -> None:
    """B90: the message, the page and the errors; the other device at its next request; nobody else."""
    host_page(host.app)
    here, phone, bob = signed_in(host), signed_in(host), signed_in(host, "bob")
    assert where(phone) == "en"
    choose(here, code)
    page = here.get(TAB).text
    said = in_language(code, SAVED)
    assert said != SAVED
    assert said in page
    assert SAVED not in page
    assert f'lang="{code}"' in page
    assert f'<option value="{code}" lang="{code}" selected' in page
    assert said not in here.get(TAB).text, "said once"
    assert where(phone) == code
    assert in_language(code, "Sign out") in phone.get("/menu").text
    wrong = in_language(code, "Your current password is not correct")
    sent = {"current_password": "x", "new_password": "y" * 20}
    assert here.post_json("/profile/password", sent).json["errors"]["current_password"] == [wrong]
    assert where(bob) == "en"
    assert bob.post_json(TAB, {"language": code}).json == {"message": said}, "JSON is in it at once, too"
    assert bob.post_json(TAB, {"language": ""}).json == {"message": SAVED}, "and out of it"


# ---- what is taken and what is kept

JUNK = ["xx", "de ", "../../de", "de\r\nX: y", "d", "e" * 5000, "en'; DROP", "<script>", "None"]


@pytest.mark.parametrize("code", JUNK, ids=lambda code: ascii(code[:12]))
@pytest.mark.parametrize("before", ["", "fr"])
def test_a_code_that_is_not_on_the_list_is_refused(code: str, before: str, host: Host) -> None:
    """Whatever a form or a program sends; the choice of before stays, and nothing is told twice."""
    alice = signed_in(host)
    if before:
        choose(alice, before)
    kept = stored(host)
    page, program = alice.post(TAB, {"language": code}), alice.post_json(TAB, {"language": code})
    assert (page.status_code, program.status_code) == (422, 422)
    sentence = "Choose a language from the list"
    assert program.json["errors"] == {"language": [in_language(before, sentence) if before else sentence]}
    assert f'lang="{before or "en"}"' in page.text
    assert 'id="language-error"' in page.text
    assert "<script>" not in page.text
    assert stored(host) == kept


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("DE", "de"), ("de_DE", "de"), ("de-AT", "de"), ("pt", "pt-BR"), ("zh_CN", "zh-Hans"), ("en-GB", "en")],
)
def test_a_language_on_the_list_may_be_spelt_otherwise(sent: str, meant: str, new_host: Callable[..., Host]) -> None:
    """By a program, in a row from elsewhere, and by the browser; it is kept as the list has it."""
    host = new_host(MYPROFILE_LANGUAGES=("en", "de", "pt-BR", "pt-PT", "zh-Hans", "zh-Hant"))
    host_page(host.app)
    alice, bob = signed_in(host), signed_in(host, "bob")
    assert alice.post_json(TAB, {"language": sent}).status_code == 200
    assert [row[2] for row in stored(host)] == [meant]
    host.sql("UPDATE myprofile_preference SET value = :value", value=sent)
    assert alice.json(TAB).json["language"] == meant
    assert f'<option value="{meant}" lang="{meant}" selected' in alice.get(TAB).text
    seen = bob.get("/where", headers={"Accept-Language": sent.replace("_", "-")}).json["locale"]
    assert where(alice) == seen == meant.replace("-", "_")


def test_a_language_that_is_no_longer_offered_is_not_in_effect_either(new_host: Callable[..., Host]) -> None:
    """The list says "Automatic", and so it is; the choice is there again once it is offered again."""
    host = new_host(MYPROFILE_LANGUAGES=("en", "de", "fr"))
    host_page(host.app)
    alice = signed_in(host)
    choose(alice, "fr")
    host.app.extensions["myprofile"].config.__dict__["languages"] = ("en", "de")
    assert where(alice) == "en"
    assert alice.json(TAB).json["language"] is None
    assert 'lang="en"' in alice.get(TAB).text


@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_choice_takes_it_back_and_stores_nothing(nothing: str | None, host: Host) -> None:
    host_page(host.app)
    alice = signed_in(host)
    assert alice.json(TAB).json["language"] is None
    assert alice.post_json(TAB, {"language": nothing}).status_code == 200
    assert stored(host) == [], "nothing chosen, nothing kept"
    choose(alice, "de")
    assert stored(host) == [(str(host.user("alice").id), "language", "de")]
    choose(alice, "fr")
    assert [row[2] for row in stored(host)] == ["fr"], "one row a user"
    assert alice.post_json(TAB, {"language": nothing}).status_code == 200
    assert stored(host) == []
    assert alice.json(TAB).json["language"] is None
    assert where(alice) == "en"


def test_the_host_says_which_languages_there_are(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_LANGUAGES=("de", "pt-BR", "ja", "no such language"))
    host_page(host.app)
    alice = signed_in(host)
    page = drop_down(alice.get(TAB).text)
    for option in ('<option value="de" lang="de">Deutsch', '<option value="pt-BR" lang="pt-BR">Português (Brasil)'):
        assert option in page
    assert page.count("<option") == 4, "with the choice to have no choice"
    assert page.index("Deutsch") < page.index("Português") < page.index("日本語")
    choose(alice, "pt-BR")
    assert where(alice) == "pt_BR"
    assert 'lang="pt-BR"' in alice.get(TAB).text
    assert alice.post_json(TAB, {"language": "fr"}).status_code == 422


@pytest.mark.parametrize("value", ["tlh", "x" * 60, "../de", "de-"])
def test_a_choice_that_is_no_language_any_more_breaks_no_page(value: str, host: Host) -> None:
    """Languages are taken off the list, and rows are edited by hand."""
    host_page(host.app)
    alice = signed_in(host)
    choose(alice, "de")
    host.sql("UPDATE myprofile_preference SET value = :value", value=value)
    for url in ("/where", "/menu", TAB, "/profile/password"):
        assert alice.get(url).status_code == 200
    choose(alice, "fr")
    assert where(alice) == "fr"
