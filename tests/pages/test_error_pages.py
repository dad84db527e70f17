"""An error on a page of ours is in the layout and keeps what was typed, unless the host has a handler for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, render_template_string, request
from flask_wtf import FlaskForm
from jinja2 import DictLoader
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from wtforms import (
    BooleanField,
    FieldList,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)

from flask_myprofile import Part, Tab, action, current_profile, error_page
from flask_myprofile.pages.column_fields import option
from flask_myprofile.pages.pending_form import Purpose
from flask_myprofile.pages.typed_again import _seen, note, typed_again
from tests.pages.test_refusals import HTML, REFUSALS, without_database
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Host, signed_in, token_in
from tests.support.walks import CHANGING, READABLE, busy, right_for, walked_host

OURS = 'id="myprofile"'
#: What is no page: an answer to a program with a token, and one that Flask gives before it knows whose page it is.
NO_PAGES = ("insufficient_scope", "method_not_allowed")
SIGN_OUT, PERSONAL, PREFERENCES = "/profile/sign-out", "/profile/personal-information", "/profile/preferences"


def switch_off(host: Host, *features: str) -> None:
    signed_in(host, "admin").post("/profile/admin/features", dict.fromkeys(features, "off"))


@pytest.mark.parametrize("code", [code for code in REFUSALS if code not in NO_PAGES])
def test_a_refusal_is_in_the_layout_with_one_alert_that_gets_the_focus(code: str, host: Host) -> None:
    status, ask = REFUSALS[code]
    page = ask(host, HTML)
    assert page.status_code == status
    assert OURS in page.text
    assert page.text.count('role="alert"') == 1
    assert page.text.count("data-mp-focus") == 1
    assert "<title>Error: " in page.text


@pytest.mark.parametrize("code", NO_PAGES)
def test_what_is_no_page_is_answered_as_by_any_app(code: str, host: Host) -> None:
    assert OURS not in REFUSALS[code][1](host, HTML).text


def test_each_address_says_that_it_is_off_in_the_layout(new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, MYPROFILE_FEATURES_PINNED={"my_profile": False})
    alice = signed_in(host)
    for url in READABLE:
        page = alice.get(url)
        assert page.status_code in (200, 302, 403, 404), url
        assert page.status_code < 400 or OURS in page.text, url


def test_what_was_typed_is_there_when_a_tab_was_switched_off_meanwhile(host: Host) -> None:
    """As text to copy: nothing of it was saved, and nothing of it can be sent."""
    alice = signed_in(host)
    alice.get(PERSONAL)
    switch_off(host, "personal_information")
    page = alice.post(PERSONAL, {"first_name": "Ada <b>", "last_name": "Love & lace", "version": "of the page"})
    assert page.status_code == 404
    for text in ("What you typed", "First name", "Ada &lt;b&gt;", "Love &amp; lace"):
        assert text in page.text
    assert "of the page" not in page.text
    assert "Ada" not in alice.get(PERSONAL).text
    assert host.user("alice").first_name == "Alice"


def test_what_was_typed_is_named_in_the_language_of_whoever_typed_it(new_host: Callable[..., Host]) -> None:
    """And not in that of whoever was at the same form before, in the same process."""
    host = new_host(anew=True, MYPROFILE_FEATURES={"api_token": True}, MYPROFILE_API_TOKENS=3)
    create, german = "/profile/api-token/create", {"Accept-Language": "de"}
    alice, bob = signed_in(host), signed_in(host, "bob")
    assert "Name des Tokens" in bob.post(create, {"name": ""}, headers=german).text
    switch_off(host, "api_token")
    page = alice.post(create, {"name": "nightly"})
    assert page.status_code == 404
    assert all(text in page.text for text in ("What you typed", "Token name", "nightly"))
    assert "Name des Tokens" not in page.text


class Meals(FlaskForm):
    kind = SelectField("Kind", choices=[option("v", "Vegetarian"), option("w", "With fish")])
    when = RadioField("When", choices=[option("1", "At noon"), option("2", "In the evening")])
    sides = SelectMultipleField("With", choices=[option("r", "Rice"), option("s", "Salad")])
    warm = BooleanField("Warm")
    note = StringField("Note")


class Kitchen(Tab):
    name, label = "kitchen", "Kitchen"

    @action(Meals)
    def save(self, user: Any, form: Meals) -> str:
        return "Saved."


@pytest.mark.parametrize("was_shown", [True, False])
def test_what_was_chosen_is_shown_in_the_words_of_the_page(was_shown: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(anew=True, myprofile_options={"tabs": [Kitchen]})
    alice = signed_in(host)
    if was_shown:
        alice.get("/profile/kitchen")
        alice.get("/profile/preferences")
    switch_off(host, "kitchen")
    switch_off(host, "preferences")
    sent = {"kind": "w", "when": "2", "sides": ["r", "s"], "warm": "y", "note": "w"}
    page = alice.post("/profile/kitchen", sent).text
    shown = re.findall(r'for="mp-typed-\d+">([^<]*)</label>\s*<input[^>]*value="([^"]*)"', page)
    assert dict(shown) == {
        "Kind": "With fish",
        "When": "In the evening",
        "With": "Rice and Salad",
        "Warm": "Yes",
        "Note": "w",
    }
    page = alice.post("/profile/preferences", {"language": "de", "timezone": "Europe/Berlin", "theme": "dark"}).text
    shown = re.findall(r'for="mp-typed-\d+">[^<]*</label>\s*<input[^>]*value="([^"]*)"', page)
    assert shown == ["Deutsch", "Berlin", "Dark"]


def test_what_a_token_was_to_do_is_shown_in_words(new_host: Callable[..., Host]) -> None:
    scopes = {"MYPROFILE_API_TOKENS": 3, "MYPROFILE_API_SCOPES": {"r": "Read reports", "w": "Correct reports"}}
    host = new_host(**scopes)
    alice = signed_in(host)
    switch_off(host, "api_token")
    sent = {"name": "CI", "access": "scopes", "scopes": ["r", "w"], "lifetime": "604800"}
    page = alice.post("/profile/api-token/create", sent).text
    assert all(words in page for words in ("Only what is ticked below", "Read reports and Correct reports", "7 days"))
    assert "604800" not in page


def test_what_others_had_to_choose_from_is_shown_to_nobody_else(new_host: Callable[..., Host]) -> None:
    def form_of(tab: Tab, user: Any) -> type[FlaskForm]:
        if not current_profile.features["kitchen.own"]:
            raise RuntimeError
        field = SelectField("Project", choices=[option("1", f"The secret of {user.username}")])
        return type("Form", (FlaskForm,), {"project": field})

    class Projects(Tab):
        name, label = "kitchen", "Kitchen"
        parts = (Part("own", "Own"),)

        @action(form_of)
        def save(self, user: Any, form: Any) -> str:
            return "Saved."

    host = new_host(anew=True, myprofile_options={"tabs": [Projects]}, MYPROFILE_FEATURES={"kitchen": True})
    alice, bob = signed_in(host), signed_in(host, "bob")
    assert "The secret of alice" in alice.get("/profile/kitchen").text
    switch_off(host, "kitchen")
    page = bob.post("/profile/kitchen", {"project": "1"}).text
    assert "What you typed" in page and "The secret of alice" not in page


def test_what_a_choice_is_now_is_said_in_its_words(host: Host) -> None:
    here, there = signed_in(host), signed_in(host)
    version = there.json("/profile/preferences").headers["ETag"].strip('"')
    here.post_json("/profile/preferences", {"language": "de"})
    page = there.post("/profile/preferences", {"language": "fr", "version": version})
    assert page.status_code == 409
    assert "Deutsch" in page.text.partition("mp-summary")[2].partition("</div>")[0]


class OfSome(Tab):
    name, label = "payroll", "Payroll 2027"

    def is_offered(self, user: Any) -> bool:
        assert current_profile.features["payroll"], "it is not asked while it is off"
        return bool(user.is_admin)


class OfAll(Tab):
    name, label = "news", "News & more"


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("personal_information", "“Personal Information” has been turned off."),
        ("api_token", "“API Token” has been turned off."),
        ("news", "“News &amp; more” has been turned off."),
        ("payroll", "There is no such page, or it has been turned off."),
    ],
)
def test_the_page_says_which_tab_is_off_unless_not_everybody_has_it(
    tab: str, said: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(myprofile_options={"tabs": [OfSome, OfAll]})
    alice, url = signed_in(host), f"/profile/{tab.replace('_', '-')}"
    switch_off(host, tab)
    for page in (alice.get(url), alice.post(url, {"first_name": "x"})):
        assert page.status_code == 404
        assert said in page.text
        assert "Payroll" not in page.text
    told = alice.json(url).json
    assert (told["status"], told["code"], "Payroll" in str(told)) == (404, "feature_off", False)


def test_no_password_comes_back(host: Host) -> None:
    alice = signed_in(host)
    switch_off(host, "password")
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    page = alice.post("/profile/password", sent)
    assert (page.status_code, OURS in page.text) == (404, True)
    assert not {PASSWORD, NEW_PASSWORD} & set(page.text.split("<"))
    assert PASSWORD not in page.text
    assert NEW_PASSWORD not in page.text


def test_fields_without_end_are_not_remembered_without_end(host: Host) -> None:
    class Many(FlaskForm):
        names = FieldList(StringField("Name"))
        password = PasswordField("Password")

    with host.app.test_request_context("/profile/personal-information"):
        for first in range(0, 2000, 500):
            sent = MultiDict({f"names-{number}": "x" for number in range(first, first + 500)})
            note(Many(formdata=sent, meta={"csrf": False}))
        assert len(_seen[host.app]["myprofile.personal_information"]) <= 200


def test_what_was_a_password_once_is_never_shown(host: Host) -> None:
    def form_with(field: Any) -> Any:
        return type("Form", (FlaskForm,), {"word": field("Word")})(formdata=None, meta={"csrf": False})

    with host.app.test_request_context(
        "/profile/notifications-of-nobody", method="POST", data={"word": "x", "more": "y"}
    ):
        purpose = Purpose(lambda: "", lambda sent: "")
        note(form_with(StringField))
        assert typed_again(purpose, None) == [("Word", "x")]
        note(form_with(PasswordField))
        note(form_with(StringField))
        assert typed_again(purpose, None) == []


def test_another_site_puts_no_words_onto_such_a_page(host: Host) -> None:
    alice = signed_in(host)
    switch_off(host, "personal_information")
    page = alice.post(PERSONAL, {"first_name": "Call this number"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (page.status_code, "Call this number" in page.text) == (404, False)


def test_a_person_whom_an_old_page_did_not_sign_out_can_sign_out_by_the_page_that_says_so(host: Host) -> None:
    alice = signed_in(host)
    page = alice.client.post(SIGN_OUT, data={"csrf_token": "of another session"})
    assert (page.status_code, OURS in page.text) == (400, True)
    form = page.text.partition('id="mp-error-title"')[2]
    assert f'action="{SIGN_OUT}"' in form
    assert alice.client.post(SIGN_OUT, data={"csrf_token": token_in(form)}).status_code == 303
    assert not alice.is_in()


def test_an_administrators_error_keeps_the_administrators_frame(host: Host) -> None:
    admin = signed_in(host, "admin")
    headers = {"X-CSRFToken": admin.csrf()}
    page = admin.client.post(
        "/profile/admin/sessions/sign-out-all", data="{}", content_type="text/plain", headers=headers
    )
    assert (page.status_code, OURS in page.text) == (415, True)
    assert 'aria-label="Administration"' in page.text
    assert 'aria-label="Administration"' not in signed_in(host).get("/profile/admin/features").text


@pytest.mark.parametrize("url", ["/profile/api-token", "/profile/admin/features/audience?feature=none"])
def test_nobody_is_told_to_ask_themselves(url: str, host: Host) -> None:
    """Administrators are the ones to ask."""
    switch_off(host, "api_token")
    for who, told in (("admin", False), ("alice", True)):
        page = signed_in(host, who).get(url)
        assert page.status_code in (403, 404)
        assert "Nothing was changed." in page.text
        assert ("Ask your administrator" in page.text) == told, who


@pytest.mark.parametrize("url", READABLE)
def test_without_a_database_the_page_says_so_in_the_layout(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here = busy(host)
    token, sent = here.csrf(), right_for(url, here)
    here.get(url)
    heal = without_database(host)
    try:
        answers = [here.get(url)]
        if url in CHANGING:
            answers.append(here.client.post(url, data={"csrf_token": token, **sent}))
        for page in answers:
            assert (page.status_code, OURS in page.text) == (503, True)
            assert int(page.headers["Retry-After"]) > 0
            assert "Your data cannot be reached at the moment." in page.text
            assert "<title>Error: " in page.text
        typed = {"language": "Deutsch"} if url == PREFERENCES else sent if url in (PERSONAL, "/profile/notes") else {}
        assert [text for text in typed.values() if f'value="{text}"' not in answers[-1].text] == []
    finally:
        heal()


BLOCKS = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


@pytest.mark.parametrize("asks_for", ["is_authenticated", "what.nobody.has"])
def test_a_layout_that_cannot_be_drawn_gives_way_to_our_own(asks_for: str, new_host: Callable[..., Host]) -> None:
    """Such as one that shows who is there, whom the database does not tell."""

    def with_layout(app: Flask, db: Any) -> None:
        app.jinja_loader = DictLoader({"base.html": f"<nav>{{{{ current_user.{asks_for} }}}}</nav>{BLOCKS}"})

    host = new_host(before=with_layout, MYPROFILE_BASE_TEMPLATE="base.html", MYPROFILE_FEATURES={"password": False})
    page = signed_in(host).get("/profile/password")
    assert (page.status_code, OURS in page.text) == (404, True)
    assert ("<nav>True</nav>" in page.text) == (asks_for == "is_authenticated")


@pytest.mark.parametrize("kind", [404, HTTPException, Exception], ids=["the status", "all of HTTP", "all"])
def test_the_handler_of_the_host_is_asked_and_nobody_else(kind: Any, new_host: Callable[..., Host]) -> None:
    def with_handler(app: Flask, db: Any) -> None:
        app.register_error_handler(kind, lambda error: (f"our own words: {error.code}", error.code))

    host = new_host(before=with_handler, MYPROFILE_FEATURES={"password": False})
    alice = signed_in(host)
    page = alice.get("/profile/password")
    assert (page.status_code, page.text) == (404, "our own words: 404")
    assert alice.json("/profile/password").json["code"] == "feature_off"
    refused = alice.get("/profile/admin/features")
    assert (OURS in refused.text) == (kind == 404), "of another status"


@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_program_gets_a_problem_also_of_what_the_host_refuses_before_our_page(
    status: int, new_host: Callable[..., Host]
) -> None:
    """Such as a limit of requests, or maintenance."""

    def refuses(app: Flask, db: Any) -> None:
        app.before_request(lambda: abort(status) if request.path.startswith("/profile/") else None)

    visitor = new_host(before=refuses).browser()
    for url in ("/profile/password", "/profile/admin/features", "/profile/sso/nobody/backchannel-logout"):
        answer = visitor.client.post(url, headers=JSON)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["status"] == status
        assert visitor.client.post(url).mimetype == "text/html"


def test_a_program_gets_a_problem_where_nothing_is_below_our_prefix(host: Host) -> None:
    alice = signed_in(host)
    for browser in (alice, host.browser()):
        for url in ("/profile/nothing", "/profile/sessions/nothing", "/profile/sessions/"):
            for method in ("GET", "POST", "DELETE"):
                answer = browser.client.open(url, method=method, headers=JSON)
                assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
                assert answer.json == {"title": "Not Found", "status": 404, "code": "not_found"}
                assert answer.headers["Cache-Control"] == "no-store"
            assert browser.get(url).mimetype == "text/html"
        elsewhere = browser.json("/profiles/nothing")
        assert (elsewhere.status_code, elsewhere.mimetype) == (404, "text/html"), "the host's"


def test_a_handler_of_the_host_can_ask_for_our_page(new_host: Callable[..., Host]) -> None:
    def with_handler(app: Flask, db: Any) -> None:
        @app.errorhandler(HTTPException)
        def errors(error: HTTPException) -> Any:
            return error_page(error) or (render_template_string("not {{ path }}", path=request.path), error.code)

    host = new_host(before=with_handler, MYPROFILE_FEATURES={"password": False})
    alice = signed_in(host)
    page, elsewhere = alice.get("/profile/password"), alice.get("/nowhere")
    assert (page.status_code, OURS in page.text) == (404, True)
    assert (elsewhere.status_code, elsewhere.text) == (404, "not /nowhere")
    with alice.get("/profile/static/nothing.css") as static:
        assert (static.status_code, OURS in static.text) == (404, False)
    assert host.browser().get("/profile/nothing", headers=JSON).status_code == 404


def test_the_page_extends_what_a_host_puts_in_its_place(new_host: Callable[..., Host], tmp_path: Path) -> None:
    def with_template(app: Flask, db: Any) -> None:
        own = '{% extends "myprofile-original/error.html" %}{% block mp_actions %}Call 555{% endblock %}'
        app.jinja_loader = DictLoader({"myprofile/error.html": own})

    host = new_host(before=with_template, MYPROFILE_FEATURES={"password": False})
    assert "Call 555" in signed_in(host).get("/profile/password").text
