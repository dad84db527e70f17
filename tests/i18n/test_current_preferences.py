"""``current_preferences``: what the signed-in user chose, for the host's own pages and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import render_template_string
from flask_babel import Babel, get_locale, get_timezone
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flask_myprofile import current_preferences, preferred_language
from tests.support.host import Browser, Host, user_class
from tests.support.kept import everywhere, in_each_database

TAB = "/profile/preferences"
CHOICES = {"language": "pt-BR", "timezone": "Asia/Kolkata", "theme": "dark"}
SEEN = {"language": "pt_BR", "timezone": "Asia/Kolkata", "theme": "dark"}
NOTHING = dict.fromkeys(SEEN)
TEMPLATE = "{{ current_preferences.language }} {{ current_preferences.timezone }} {{ current_preferences.theme }}"


def seen() -> dict[str, str | None]:
    return {name: getattr(current_preferences, name) for name in SEEN}


def with_pages(host: Host) -> None:
    host.app.add_url_rule("/seen", "seen", seen)
    host.app.add_url_rule("/template", "template", lambda: render_template_string(TEMPLATE))


def signed_in(host: Host, name: str = "alice", **how: bool) -> Browser:
    browser = host.browser()
    browser.login(name, **how)
    return browser


@everywhere
def test_each_browser_sees_what_its_user_chose(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_pages, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    alice, bob, visitor = signed_in(host), signed_in(host, "bob"), host.browser()
    assert alice.get("/seen").json == NOTHING
    alice.post_json(TAB, CHOICES)
    assert [each.get("/seen").json for each in (alice, bob, visitor)] == [SEEN, NOTHING, NOTHING]
    assert alice.get("/template").text == "pt_BR Asia/Kolkata dark"
    assert bob.get("/template").text == "None None None"
    bob.post_json(TAB, {"theme": "light"})
    assert [each.get("/seen").json["theme"] for each in (alice, bob)] == ["dark", "light"]
    alice.post("/logout")
    assert alice.get("/seen").json == NOTHING
    assert signed_in(host).get("/seen").json == SEEN, "it follows the user"


@everywhere
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_all_of_them_come_with_the_query_that_checks_the_session(remember: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_pages, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    alice = signed_in(host, remember=remember)
    statements = host.count_statements()
    for choices, wanted in (({}, NOTHING), ({"theme": "dark"}, {**NOTHING, "theme": "dark"}), (CHOICES, SEEN)):
        if choices:
            alice.post_json(TAB, choices)
        if remember:
            alice.restart()
        statements.clear()
        assert alice.get("/seen").json == wanted
        assert len(statements) == 1, statements


@in_each_database
def test_without_flask_babel_only_a_page_that_asks_pays_for_it(new_host: Callable[..., Host]) -> None:
    host = new_host(babel=False, after=with_pages)
    alice = signed_in(host)
    alice.post_json(TAB, {"theme": "dark", "timezone": "Asia/Kolkata"})
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1
    assert "preference" not in statements[0]
    statements.clear()
    assert alice.get("/seen").json == {**SEEN, "language": None}
    assert len(statements) == 2, statements


def with_notes(db: Any) -> type[Any]:
    """A user model that brings a collection along whenever a user is loaded."""

    class Note(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    user = user_class(db)
    user.notes = relationship(Note, lazy="joined")
    return user


def test_a_model_that_loads_a_collection_along_mixes_nothing_up(new_host: Callable[..., Host]) -> None:
    """The query then has a row for every pair of a note and a preference."""
    host = new_host(after=with_pages, model=with_notes, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    host.app.add_url_rule("/notes", "notes", lambda: [note.id for note in flask_login.current_user.notes])
    host.sql("INSERT INTO note (id, user_id) VALUES (1, 1), (2, 1), (3, 1)")
    alice = signed_in(host)
    alice.post_json(TAB, CHOICES)
    statements = host.count_statements()
    assert sorted(alice.get("/notes").json) == [1, 2, 3]
    assert len(statements) == 1, statements
    assert alice.get("/seen").json == SEEN


def test_rules_of_the_hosts_can_ask_for_them(new_host: Callable[..., Host]) -> None:
    def rules(host: Host) -> None:
        Babel(
            host.app,
            locale_selector=lambda: current_preferences.language or "fr",
            timezone_selector=lambda: current_preferences.timezone or "Asia/Tokyo",
        )
        host.app.add_url_rule("/rules", "rules", lambda: [str(get_locale()), str(get_timezone())])

    host = new_host(babel=False, after=rules, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    alice, visitor = signed_in(host), host.browser()
    assert [each.get("/rules").json for each in (alice, visitor)] == [["fr", "Asia/Tokyo"]] * 2
    alice.post_json(TAB, CHOICES)
    assert [each.get("/rules").json for each in (alice, visitor)] == [["pt_BR", "Asia/Kolkata"], ["fr", "Asia/Tokyo"]]


def test_a_program_with_a_token_has_made_no_choice(new_host: Callable[..., Host]) -> None:
    """What it is told does not change with how a person likes to read."""
    host = new_host(after=with_pages, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    alice = signed_in(host)
    alice.post_json(TAB, CHOICES)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    assert host.browser().get("/seen", headers={"Authorization": f"Bearer {token}"}).json == NOTHING


def test_a_user_loader_that_asks_is_told_nothing_yet(new_host: Callable[..., Host]) -> None:
    """Whose preferences they are is what it is there to find out."""
    told: list[Any] = []

    def load(db: Any, user: type[Any], login_id: str) -> Any:
        told.append(seen())
        return db.session.get(user, int(login_id))

    host = new_host(load=load, after=with_pages)
    alice = signed_in(host)
    alice.post_json(TAB, {"theme": "dark"})
    told.clear()
    assert alice.get("/seen").json["theme"] == "dark"
    assert told == [NOTHING]


def test_outside_a_request_nobody_has_chosen_anything(host: Host) -> None:
    assert seen() == NOTHING
    with host.app.app_context():
        assert seen() == NOTHING
        assert preferred_language() is None


def test_the_first_page_after_signing_in_has_them_already(new_host: Callable[..., Host]) -> None:
    """Even the very request that signs in."""

    def greeting(host: Host) -> None:
        @host.app.post("/enter")
        def enter() -> Any:
            flask_login.login_user(host.db.session.get(host.User, 1))
            return seen()

    host = new_host(after=greeting, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    signed_in(host).post_json(TAB, CHOICES)
    assert host.browser().post("/enter").json == SEEN


def test_who_signs_in_in_the_place_of_somebody_else_has_made_their_own_choices(new_host: Callable[..., Host]) -> None:
    def swap(host: Host) -> None:
        @host.app.post("/swap")
        def enter() -> Any:
            before = seen()
            flask_login.login_user(host.db.session.get(host.User, 2))
            return [before, seen()]

    host = new_host(after=swap, WTF_CSRF_CHECK_DEFAULT=False, MYPROFILE_LANGUAGES=("en", "pt-BR"))
    alice = signed_in(host)
    alice.post_json(TAB, CHOICES)
    assert alice.client.post("/swap").json == [SEEN, NOTHING]
