"""A sign-in or sign-out that waits to be written takes nothing from the host: no connection, no work, no session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import Flask, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, text

from tests.auth.test_unfinished_work import notes
from tests.support.devices import inside, live, sent_to_login
from tests.support.host import Browser, Host, make_host
from tests.support.kept import in_each_database, in_these
from tests.support.refusing import connected, locked, ours_refused

NewHost = Callable[..., Host]
ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1}


class Working:
    """A host that has work in its transaction when it signs somebody in or out, and may keep it or not."""

    def before(self, app: Flask, db: SQLAlchemy) -> None:
        self.Note = notes(db)

    def after(self, host: Host) -> None:
        db = host.db

        def begin() -> None:
            db.session.add(self.Note(text="work"))
            db.session.flush()

        @host.app.post("/in/<keep>")
        def sign_in(keep: str) -> str:
            begin()
            flask_login.login_user(db.session.get(host.User, 1))
            if keep == "keep":
                db.session.commit()
            return "in"

        @host.app.post("/out/<keep>")
        def sign_out(keep: str) -> str:
            begin()
            flask_login.logout_user()
            if keep == "keep":
                db.session.commit()
            return "out"


def count(host: Host) -> int:
    return int(host.sql("SELECT count(*) FROM note")[0][0])


@pytest.mark.parametrize("keep", ["keep", "leave"])
@in_each_database
def test_the_hosts_work_is_its_own_whether_ours_is_written_or_not(keep: str, new_host: NewHost) -> None:
    """In a pool of one connection, which the host has while its view runs."""
    work = Working()
    host = new_host(before=work.before, after=work.after, SQLALCHEMY_ENGINE_OPTIONS=ONE_CONNECTION)
    alice, kept = host.browser(), 0
    for refused in (True, False):
        for url, in_before in (("/in", False), ("/out", True)):
            if refused and in_before:
                alice.login("alice")
            if refused:
                with ours_refused(host):
                    answer = alice.post(f"{url}/{keep}")
            else:
                answer = alice.post(f"{url}/{keep}")
            kept += keep == "keep"
            assert answer.status_code == (503 if refused else 200)
            assert alice.is_in() is (in_before if refused else not in_before)
            assert count(host) == kept
        if refused:
            alice.post("/logout")


def test_a_database_in_memory_has_one_connection_for_us_and_the_host() -> None:
    work = Working()
    host = make_host("sqlite://", before=work.before, after=work.after)
    alice = host.browser()
    assert alice.post("/in/leave").text == "in"
    assert alice.is_in()
    assert count(host) == 0
    with ours_refused(host):
        assert alice.post("/out/leave").status_code == 503
    assert alice.is_in()
    copy = alice.copy()
    assert alice.post("/out/keep").text == "out"
    assert sent_to_login(copy)
    assert count(host) == 1
    host.close()


# ---- somebody is in the way


def test_what_somebody_was_in_the_way_of_is_tried_again(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"timeout": 0.01}})
    alice = host.browser()
    tries: list[float] = []
    with locked(host) as other:

        def pause(seconds: float) -> None:
            tries.append(seconds)
            if len(tries) == 2:
                other.execute("COMMIT")

        monkeypatch.setattr("flask_myprofile.transactions.time.sleep", pause)
        assert alice.login("alice").location == "/page"
        assert len(tries) == 2
        other.execute("BEGIN IMMEDIATE")
    assert alice.is_in()


def test_whoever_has_waited_for_long_is_told_and_not_kept_waiting_thrice(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"timeout": 0.01}})
    monkeypatch.setattr("flask_myprofile.transactions.PATIENCE", 0)
    monkeypatch.setattr("flask_myprofile.transactions.time.sleep", pytest.fail)
    with locked(host):
        assert host.browser().login("alice").status_code == 503


@in_these("mariadb")
def test_a_lock_that_was_waited_for_too_long_is_waited_for_again(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL's 1205."""
    host = new_host()
    alice = host.browser()
    alice.login("alice")
    copy, tries = alice.copy(), []
    with host.app.app_context():
        engine = host.db.engine
    impatient = connected(engine, lambda cursor: cursor.execute("SET innodb_lock_wait_timeout = 1"))
    with impatient, engine.connect() as other:
        other.execute(text("SELECT * FROM myprofile_session FOR UPDATE"))

        def pause(seconds: float) -> None:
            tries.append(seconds)
            other.rollback()

        monkeypatch.setattr("flask_myprofile.transactions.PATIENCE", 60)
        monkeypatch.setattr("flask_myprofile.transactions.time.sleep", pause)
        assert alice.post("/logout").location == "/login"
    assert len(tries) == 1
    assert sent_to_login(copy)


@in_these("postgres")
def test_a_transaction_of_ours_need_not_be_put_into_an_order(new_host: NewHost) -> None:
    """READ COMMITTED, whatever the host's are: between its look and its write, somebody else has written."""
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS={"isolation_level": "REPEATABLE READ"})
    alice = host.browser()
    alice.login("alice")
    copy = alice.copy()
    with host.app.app_context():
        engine = host.db.engine
    tries: list[str] = []

    def interfere(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("UPDATE myprofile_session SET ended_at"):
            tries.append(statement)
            if len(tries) == 1:
                with engine.connect() as other:
                    other.execute(text("UPDATE myprofile_session SET name = 'x'"))
                    other.commit()

    event.listen(engine, "before_cursor_execute", interfere)
    assert alice.post("/logout").location == "/login"
    assert len(tries) == 1
    assert sent_to_login(copy)


@in_these("postgres", "mariadb")
def test_a_connection_that_was_lost_meanwhile_is_replaced(new_host: NewHost) -> None:
    """The one that the view has used is the one that comes out of the pool again."""

    def losing(host: Host) -> None:
        def lose(error: Any) -> None:
            if lost:
                lost.pop()(host)

        host.app.teardown_appcontext_funcs.insert(1, lose)  # the last of the host's, after Flask-SQLAlchemy's

    def kill_others(host: Host) -> None:
        with host.db.engine.connect() as mine:
            if mine.dialect.name == "postgresql":
                others = (
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                mine.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS other"))
            else:
                others = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
                for (number,) in mine.execute(text(others)).all():
                    mine.execute(text(f"KILL {number}"))
            mine.detach()

    lost: list[Callable[[Host], None]] = []
    host = new_host(after=losing)
    alice = host.browser()
    alice.login("alice")
    copy = alice.copy()
    csrf = alice.csrf()
    lost.append(kill_others)
    assert alice.client.post("/logout", data={"csrf_token": csrf}).status_code == 302
    assert not lost
    assert sent_to_login(copy)


# ---- sessions that are kept on the server


@in_these("flask-session-files", "flask-session-redis", "flask-session-memory")
@pytest.mark.parametrize("what", ["sign in", "logout", "clear", "confirm"])
def test_a_session_on_the_server_goes_back_to_what_it_was(what: str, new_host: NewHost) -> None:
    """It was saved with the answer that was not given."""

    def shop(host: Host) -> None:
        @host.app.post("/buy")
        def buy() -> str:
            session["cart"] = [*session.get("cart", []), "book"]
            return "bought"

        @host.app.get("/cart")
        def cart() -> Any:
            return session.get("cart", [])

        @host.app.post("/clear")
        def clear() -> str:
            assert flask_login.current_user.is_authenticated
            session.clear()
            return "cleared"

        @host.app.post("/confirm")
        @flask_login.login_required
        def confirm() -> str:
            flask_login.confirm_login()
            return "confirmed"

    host = new_host(after=shop)
    alice = host.browser()
    if what != "sign in":
        alice.login("alice")
    alice.post("/buy")
    ways: dict[str, Callable[[Browser, str], Any]] = {
        "sign in": lambda b, csrf: b.client.post(
            "/login", data={"username": "alice", "password": "correct horse battery", "csrf_token": csrf}
        ),
        "logout": lambda b, csrf: b.client.post("/logout", data={"csrf_token": csrf}),
        "clear": lambda b, csrf: b.client.post("/clear", data={"csrf_token": csrf}),
        "confirm": lambda b, csrf: b.client.post("/confirm", data={"csrf_token": csrf}),
    }
    csrf = alice.csrf()
    with ours_refused(host):
        for _ in range(2):
            assert ways[what](alice, csrf).status_code == 503
            assert alice.json("/cart").json == ["book"]
            assert alice.is_in() is (what != "sign in")
    before = inside(host, alice)
    assert "signed out" not in str(before)
    assert ways[what](alice, csrf).status_code in (200, 302)
    assert alice.is_in() is (what in ("sign in", "confirm"))
    assert live(host) == (what in ("sign in", "confirm"))


# ---- one browser is one session


@pytest.mark.parametrize("asks", [False, True])
@in_each_database
def test_whoever_empties_the_session_before_a_sign_in_leaves_no_row_behind(asks: bool, new_host: NewHost) -> None:
    def again(host: Host) -> None:
        @host.app.post("/again")
        def sign_in_again() -> str:
            if asks:
                assert flask_login.current_user.is_authenticated
            session.clear()
            flask_login.login_user(host.db.session.get(host.User, 1))
            return "in"

    host = new_host(after=again)
    alice = host.browser()
    alice.login("alice")
    for _ in range(3):
        assert alice.post("/again").text == "in"
    assert live(host) == 1
    assert alice.is_in()
