"""``MyProfile(app)`` is all that it takes: without Flask-Babel, Babel and the package's own catalogues do."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from flask_myprofile import current_preferences
from tests.support.host import Host, signed_in

TAB = "/profile/preferences"
GERMAN = {"Accept-Language": "tlh, de-AT;q=0.9, fr;q=0.8"}


def of_another_extension(app: Flask, db: Any) -> None:
    """Flask-BabelPlus, for one, takes the place of Flask-Babel there."""
    app.extensions["babel"] = SimpleNamespace(locale_selector=None)


@pytest.mark.parametrize("before", [None, of_another_extension], ids=["alone", "beside another Babel"])
def test_users_choose_a_language_for_our_pages_and_the_menu(before: Any, new_host: Callable[..., Host]) -> None:
    host = new_host(babel=False, before=before)
    host.app.add_url_rule("/language", "language", lambda: [current_preferences.language])
    alice = signed_in(host)
    assert alice.get("/language").json == [None]
    answer = alice.post_json(TAB, {"language": "de"})
    assert answer.json == {"message": "Ihre Einstellungen wurden gespeichert."}
    page = alice.get(TAB).text
    assert ' lang="de" dir="ltr">' in page
    assert '<option value="de" lang="de" selected' in page
    assert "Abmelden" in alice.get("/menu").text
    assert alice.get("/language").json == ["de"]
    assert alice.get("/page").text == "Hello alice"
    assert alice.get("/profile/sessions").status_code == 200, "with its dates"


def test_automatic_is_the_language_that_the_browser_asks_for(new_host: Callable[..., Host]) -> None:
    host = new_host(babel=False)
    alice = signed_in(host)
    assert ' lang="de" dir="ltr">' in alice.get(TAB, headers=GERMAN).text
    assert ' lang="en" dir="ltr">' in alice.get(TAB).text
    alice.post_json(TAB, {"language": "he"})
    page = alice.get(TAB, headers=GERMAN).text
    assert ' lang="he" dir="rtl">' in page


def test_the_list_is_that_of_the_setting(new_host: Callable[..., Host]) -> None:
    host = new_host(babel=False, MYPROFILE_LANGUAGES=("en", "fr"))
    alice = signed_in(host)
    assert ' lang="fr" dir="ltr">' in alice.get(TAB, headers=GERMAN).text, "German is not offered"
    assert alice.post_json(TAB, {"language": "de"}).status_code == 422


def test_beside_flask_babel_without_a_selector_automatic_is_the_browsers_as_well(new_host: Callable[..., Host]) -> None:
    assert ' lang="de" dir="ltr">' in signed_in(new_host()).get(TAB, headers=GERMAN).text


@pytest.mark.parametrize("asked", ["x" * 5000, "../../de", "*", "de;q=0", ";;;,,,=", ",".join(["tlh"] * 900)])
def test_whatever_a_browser_asks_for_the_page_is_there(asked: str, new_host: Callable[..., Host]) -> None:
    page = signed_in(new_host(babel=False)).get(TAB, headers={"Accept-Language": asked})
    assert page.status_code == 200
    assert ' lang="en" dir="ltr">' in page.text
