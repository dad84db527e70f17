"""The host's pages with the extension are what they were without it: no slower, and no query more."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

from tests.support.devices import age, live, pass_time, sent_to_login, sign_out
from tests.support.host import Host
from tests.support.kept import everywhere, first_everywhere, however_kept, in_each_database


def writes(statements: list[str]) -> list[str]:
    return [text for text in statements if text.startswith(("INSERT", "UPDATE", "DELETE"))]


def with_static_files(folder: Path) -> Callable[..., None]:
    def after(host: Host) -> None:
        (folder / "app.css").write_text("a {}")
        host.app.static_folder = str(folder)
        host.app.add_url_rule("/static/<path:filename>", "static", host.app.send_static_file)

    return after


FREE = ("/static/app.css", "/profile/static/myprofile.css", "/pub", "/login", "/nowhere")


@first_everywhere("who", ["signed in", "remembered", "signed out", "anonymous"])
def test_pages_that_do_not_ask_who_is_there_cost_nothing(
    who: str, new_host: Callable[..., Host], tmp_path: Path
) -> None:
    """B45: no statement, no cookie and no header more."""
    host, plain = (new_host(after=with_static_files(tmp_path), myprofile=mine) for mine in (True, False))
    browser, other = host.browser(), host.browser()
    other.login("alice")
    if who != "anonymous":
        browser.login("alice", remember=who == "remembered")
    if who == "remembered":
        browser.restart()
    if who == "signed out":
        sign_out(other, browser)
    age(host, 300)
    statements = host.count_statements()
    for url in FREE:
        with browser.get(url) as answer, plain.browser().get(url) as without:
            if "/profile/" not in url:
                assert answer.data == without.data
                assert [h for h in answer.headers if h[0] != "Date"] == [h for h in without.headers if h[0] != "Date"]
            assert "Set-Cookie" not in answer.headers
    assert statements == []


@everywhere
def test_who_is_not_signed_in_costs_nothing(host: Host) -> None:
    stranger = host.browser()
    statements = host.count_statements()
    assert sent_to_login(stranger)
    assert stranger.get("/menu").text == "<nav></nav>"
    assert stranger.json("/profile/sessions").status_code == 401
    assert statements == []


@first_everywhere("remember", [True, False])
def test_a_page_that_asks_costs_one_statement_in_all(remember: bool, host: Host) -> None:
    """B45: the one that brings the host's own user along, so it is as many as without the extension."""
    alice = host.browser()
    alice.login("alice", remember=remember)
    statements = host.count_statements()
    for url in ("/page", "/api", "/page"):
        assert alice.get(url).status_code == 200
        assert len(statements) == 1, statements
        assert statements[0].startswith("SELECT")
        statements.clear()
    if remember:
        alice.restart()
        for _ in range(2):
            assert alice.is_in()
            assert len(statements) == 1, statements
            statements.clear()


#: Of a sign-in: the host asks for its user, and MySQL's databases are told the isolation level of ours.
SIGN_IN = {"sqlite": 3, "postgresql": 3, "mysql": 4}


@in_each_database
def test_a_sign_in_costs_a_few_statements_and_changes_no_row_that_another_one_changes(host: Host) -> None:
    alice, phone = host.browser(), host.browser()
    alice.login("alice")
    phone.csrf()
    statements = host.count_statements()
    assert phone.login("alice").status_code == 302
    with host.app.app_context():
        assert len(statements) == SIGN_IN[host.db.engine.dialect.name], statements
    new, recorded = writes(statements)
    assert new.startswith("INSERT INTO myprofile_session ")
    assert recorded.startswith("INSERT INTO myprofile_event ")


@everywhere
def test_where_users_are_of_several_classes_it_costs_one_statement_as_well(
    new_host: Callable[..., Host],
) -> None:
    classes: list[type[Any]] = []  # SQLAlchemy holds them weakly

    def another(app: Flask, db: SQLAlchemy) -> None:
        class Customer(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)

        classes.append(Customer)

    host = new_host(before=another)
    alice = host.browser()
    alice.login("alice")
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1, statements


def selecting(host: Host) -> None:
    @host.app.login_manager.user_loader  # type: ignore[attr-defined]
    def load(login_id: str) -> Any:
        return host.db.session.scalars(host.db.select(host.User).where(host.User.id == int(login_id))).one_or_none()


@everywhere
def test_a_user_loader_that_asks_by_a_query_costs_no_second_one(new_host: Callable[..., Host]) -> None:
    host = new_host(after=selecting)
    alice = host.browser()
    alice.login("alice")
    assert alice.is_in()  # its first answer shows the form of the others
    statements = host.count_statements()
    for _ in range(2):
        assert alice.is_in()
        assert len(statements) == 1, statements
        statements.clear()


@everywhere
def test_a_stored_language_costs_no_statement(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    alice.post("/profile/preferences", {"language": "de"})
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1, statements


@in_each_database
def test_last_activity_is_one_update_a_minute(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """B14"""
    alice, phone = host.browser(), host.browser()
    alice.login("alice")
    phone.login("alice", remember=True)
    statements = host.count_statements()
    seen = {row["id"]: row["last_seen_at"] for row in alice.sessions()}
    for minute in range(1, 4):
        pass_time(monkeypatch, 61)
        statements.clear()
        for _ in range(30):
            assert alice.is_in()
        assert len(writes(statements)) == 1, minute
        assert re.match(
            r"UPDATE myprofile_session SET last_seen_at=\S+, ip=\S+, user_agent=\S+ WHERE", writes(statements)[0]
        )
        now = {row["id"]: row["last_seen_at"] for row in alice.sessions()}
        assert now[alice.session_id()] > seen[alice.session_id()]
        assert now[phone.session_id()] >= seen[phone.session_id()]
        seen = now


@pytest.mark.parametrize("due", [False, True], ids=["", "last activity is due"])
def test_a_locked_database_keeps_no_page_waiting(due: bool, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """B14: SQLite has one writer, and somebody else is it."""
    alice = host.browser()
    alice.login("alice")
    if due:
        age(host, 300)
    before = host.sql("SELECT last_seen_at FROM myprofile_session")
    file = host.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    for _ in range(3):
        assert alice.get("/page").text == "Hello alice"
    took = time.perf_counter() - began
    other.execute("ROLLBACK")
    other.close()
    assert took < 2, "the busy timeout is five seconds"
    assert len(caplog.records) <= (3 if due else 0)
    assert host.sql("SELECT last_seen_at FROM myprofile_session") == before
    assert alice.is_in()
    assert (host.sql("SELECT last_seen_at FROM myprofile_session") > before) is due, "made up for at the next page"


@everywhere
def test_writing_needs_no_second_connection(new_host: Callable[..., Host]) -> None:
    """A pool of one, and a page that uses it."""
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 1, "max_overflow": 0, "pool_timeout": 1})
    alice, phone = host.browser(), host.browser()
    for _ in range(3):
        alice.login("alice", remember=True)
        phone.login("alice")
        age(host, 300)
        assert alice.is_in()
        sign_out(alice, phone)
        assert sent_to_login(phone)
        phone.login("alice")
        phone.post("/logout")
    assert live(host) == 1


@however_kept
def test_two_browsers_within_one_app_context_are_two_people(new_host: Callable[..., Host]) -> None:
    """B44: as pytest-flask does it. Flask up to 3.1 then shares ``g`` between all requests, and Flask-Login keeps the
    user there (and Flask-WTF its token, so such a suite has CSRF switched off)."""
    host = new_host(WTF_CSRF_ENABLED=False)
    with host.app.app_context():
        c1, c2, c3 = host.browser(), host.browser(), host.browser()
        c1.login("alice")
        c2.login("bob")
        for _ in range(2):
            assert c1.get("/page").text == "Hello alice"
            assert c2.get("/page").text == "Hello bob"
            assert sent_to_login(c3)
        host.db.session.rollback()  # MariaDB's repeatable reads: the context's own session sees what was there before
        assert [len(browser.sessions()) for browser in (c1, c2)] == [1, 1]
        assert c1.session_id() != c2.session_id()
        c3.login("bob")
        sign_out(c3, c2)
        assert c1.get("/page").text == "Hello alice"
        assert sent_to_login(c2)
        assert c3.get("/page").text == "Hello bob"
        c1.post("/logout")
        assert sent_to_login(c1)
        assert c3.is_in()
    assert live(host, "alice") == 0
    assert live(host, "bob") == 1
