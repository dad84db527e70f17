"""What happens to an account is written down with what happened: both or neither, and no sign-in fails by it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from flask_myprofile import current_profile, signals
from flask_myprofile.account.events import KINDS
from flask_myprofile.store.records import EventRecord
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import everywhere, in_each_database
from tests.support.refusing import ours_refused

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


def events(host: Host, name: str = "alice") -> list[EventRecord]:
    """The oldest first."""
    with host.app.app_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar_one()
        return [*current_profile.activity.list(user, limit=1000)][::-1]


def kinds(host: Host, name: str = "alice") -> list[str]:
    return [each.kind for each in events(host, name)]


def details(record: EventRecord) -> dict[str, Any]:
    return json.loads(record.details or "{}")


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    browser.client.environ_base.update(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    browser.login(name)
    return browser


@everywhere
def test_what_a_user_does_is_recorded_with_who_and_where(host: Host) -> None:
    alice, other = signed_in(host), signed_in(host)
    alice.post("/profile/sessions/sign-out-others")
    alice.post_json("/profile/api-token/regenerate")
    alice.post_json("/profile/api-token/regenerate")
    alice.post_json("/profile/api-token/reveal")
    alice.post_json("/profile/api-token/revoke")
    alice.post("/profile/personal-information", {"first_name": "Alicia", "last_name": "Liddell"})
    alice.post("/profile/password", CHANGE)
    alice.post("/profile/sign-out")
    assert kinds(host) == [
        *("session.signed_in", "session.signed_in", "session.ended"),
        *("token.made", "token.regenerated", "token.revealed", "token.revoked"),
        *("profile.fields_changed", "password.changed", "session.signed_out"),
    ]
    found = events(host)
    first, second, ended = found[:3]
    assert details(first) == {"method": "password"}
    assert details(ended) == {"reason": "signed_out", "count": 1, "sessions": [second.session_id]}
    assert details(found[7])["fields"] == ["first_name", "last_name"]
    for each in found:
        if each is not second:
            assert (each.actor, each.session_id) == ("user", first.session_id), each.kind
        assert (each.ip, each.user_agent, each.actor_key) == ("192.0.2.7", FIREFOX, None), each.kind
    text = host.rows.text()
    assert not other.is_in() and "Alicia" in text
    assert all("Alicia" not in str(each) and NEW_PASSWORD not in str(each) for each in found)


@in_each_database
def test_a_password_or_token_is_not_changed_without_its_event(host: Host) -> None:
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    before = kinds(host)
    with ours_refused(host, "myprofile_event"):
        assert alice.post("/profile/password", CHANGE).status_code == 503
        for action in ("regenerate", "reveal", "revoke"):
            assert alice.post_json(f"/profile/api-token/{action}").status_code == 503, action
        with host.app.app_context(), pytest.raises(Exception, match="not today"):
            current_profile.tokens.regenerate(host.user("alice"))
    assert kinds(host) == before
    assert host.user("alice").check_password(PASSWORD)
    assert alice.post_json("/profile/api-token/reveal").json["token"] == token


@in_each_database
def test_all_else_is_done_where_its_event_cannot_be_written(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    alice, other = signed_in(host), signed_in(host)
    before = kinds(host)
    with ours_refused(host, "myprofile_event"):
        third = signed_in(host)
        assert third.is_in()
        assert alice.post("/profile/sessions/sign-out-others").status_code == 303
        assert not other.is_in() and not third.is_in()
        assert alice.post("/profile/personal-information", {"first_name": "Alicia"}).status_code == 303
        with host.app.app_context():
            assert current_profile.sessions.end_all(host.user("alice")) == 1
        assert not alice.is_in()
    assert host.user("alice").first_name == "Alicia"
    assert kinds(host) == before
    assert "not today" in caplog.text


@in_each_database
@pytest.mark.parametrize("table", ["event", "token"])
def test_a_connection_that_is_lost_between_the_two_loses_both(table: str, host: Host) -> None:
    """Killed after the one was written, and before the other is or both are committed."""
    alice = signed_in(host)
    before = kinds(host)
    with host.app.app_context():
        engine = host.db.engine

    lives = [1]

    def kill(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if f"INSERT INTO myprofile_{table}" in statement and lives:
            lives.pop()
            _end(engine, connection)

    event.listen(engine, "after_cursor_execute", kill)
    with host.app.app_context():
        # what is lost is tried again, in a transaction that has both
        token = current_profile.tokens.regenerate(host.user("alice"))
    with host.app.app_context():
        assert current_profile.tokens.verify(token)
    assert kinds(host) == [*before, "token.made"]
    # which a page of ours, whose transaction is the host's as well, does not do
    assert alice.post_json("/profile/api-token/revoke").status_code == 200
    lives.append(1)
    assert alice.post_json("/profile/api-token/regenerate").status_code in (500, 503)
    assert alice.json("/profile/api-token").json["hint"] is None
    assert not lives and kinds(host) == [*before, "token.made", "token.revoked"]
    event.remove(engine, "after_cursor_execute", kill)


def _end(engine: Any, connection: Any) -> None:
    """What a server does to a connection that an operator kills."""
    match engine.dialect.name:
        case "postgresql":
            number = connection.connection.dbapi_connection.info.backend_pid
            statement = f"SELECT pg_terminate_backend({number})"
        case "sqlite":
            connection.connection.dbapi_connection.rollback()
            raise sqlite3.OperationalError("database is locked")
        case _:
            statement = f"KILL {connection.connection.dbapi_connection.thread_id()}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.exec_driver_sql(statement)


def test_a_request_costs_what_it_did_and_a_sign_in_one_statement_more(new_host: Callable[..., Host]) -> None:
    def costs(**settings: Any) -> tuple[int, int, int]:
        host = new_host(**settings)
        signed_in(host).get("/profile/preferences")  # what is asked once is asked
        alice = host.browser()
        form = {"csrf_token": alice.csrf(), "username": "alice", "password": PASSWORD}
        statements, numbers = host.count_statements(), []
        for request in (
            lambda: alice.client.post("/login", data=form),
            lambda: alice.get("/page"),
            lambda: alice.get("/profile/preferences"),
        ):
            statements.clear()
            assert request().status_code < 400
            numbers.append(len(statements))
        return tuple(numbers)  # type: ignore[return-value]

    not_kept, kept = costs(MYPROFILE_ACTIVITY_KEEP=None), costs()
    assert kept == (not_kept[0] + 1, *not_kept[1:])


@pytest.mark.parametrize("keep", [None, 0])
def test_nothing_is_written_where_nothing_is_kept(keep: int | None, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ACTIVITY_KEEP=keep)
    told: list[str] = []

    def tell(app: Flask, user_key: str, kind: str, event: EventRecord, **extra: Any) -> None:
        told.append(kind)

    with signals.activity_recorded.connected_to(tell, host.app):
        alice = signed_in(host)
        alice.post("/profile/password", CHANGE)
    assert host.sql("SELECT count(*) FROM myprofile_event") == [(0,)]
    assert told == ["session.signed_in", "password.changed"], "who listens is told all the same"


def test_five_wrong_passwords_are_one_event_that_outlives_their_request(host: Host) -> None:
    alice = signed_in(host)
    for _ in range(8):
        alice.post("/profile/password", {**CHANGE, "current_password": "wrong"})
    assert kinds(host) == ["session.signed_in", "password.refused"]


def test_an_administrator_is_named_and_a_users_word_is_not_theirs(host: Host) -> None:
    signed_in(host)
    adm = signed_in(host, "admin")
    adm.post("/profile/admin/sessions/sign-out-all", {"user": "alice"})
    adm.post_json("/profile/admin/features", {"sessions.rename": False})
    ended = events(host)[-1]
    assert (ended.kind, ended.actor, ended.actor_key) == ("session.ended", "admin", str(host.user("admin").id))
    assert ended.actor_name and details(ended)["reason"] == "admin"
    moved = events(host, "admin")[-1]
    assert (moved.kind, moved.actor) == ("features.changed", "user")
    assert details(moved) == {"before": {"sessions.rename": True}, "after": {"sessions.rename": False}}


def test_an_operator_and_the_app_itself_are_told_apart(host: Host) -> None:
    signed_in(host)
    runner = host.app.test_cli_runner()
    assert runner.invoke(args=["myprofile", "sessions", "end", "--user", "alice", "--all", "--yes"]).exit_code == 0
    signed_in(host)
    with host.app.app_context():
        current_profile.sessions.end_all(host.user("alice"))
    ended = [each.actor for each in events(host) if each.kind == "session.ended"]
    assert ended == ["command_line", "host"]


@everywhere
def test_to_end_everyones_sessions_is_an_event_of_each(host: Host) -> None:
    for name in ("alice", "alice", "bob"):
        signed_in(host, name)
    with host.app.app_context():
        assert current_profile.sessions.end_everyone("incident") == 3
    for name, count in (("alice", 2), ("bob", 1)):
        assert [details(each) for each in events(host, name)][-1]["count"] == count


def test_a_token_from_a_new_address_is_news_once(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    host = new_host(MYPROFILE_SESSION_TOUCH=1)
    token = signed_in(host).post_json("/profile/api-token/regenerate").json["token"]
    passed = [0]
    real = __import__("time").time
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: real() + passed[0])
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"):
        passed[0] += 5
        sent = {"Authorization": f"Bearer {token}"}
        host.app.test_client().get("/api", headers=sent, environ_base={"REMOTE_ADDR": address})
    used = [each.ip for each in events(host) if each.kind == "token.used_elsewhere"]
    assert used == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]


def test_an_app_records_its_own_kinds_of_events(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ACTIVITY_KINDS={"billing.card_changed": "Payment card changed"})
    record = host.app.extensions["myprofile"].activity.record
    with host.app.app_context():
        user = host.user("alice")
        record("billing.card_changed", user, {"brand": "Visa"}, by=host.user("admin"))
        with pytest.raises(ValueError, match="MYPROFILE_ACTIVITY_KINDS"):
            record("billing.paid", user)
        with pytest.raises(ValueError, match="longer than"):
            record("billing.card_changed", user, {"all": "x" * 3000})
        record("billing.card_changed", user, with_session=True)
        host.db.session.rollback()
    (event_,) = events(host)
    assert (event_.topic, details(event_), event_.actor) == ("billing", {"brand": "Visa"}, "admin")
    with host.app.app_context():
        record("billing.card_changed", user, with_session=True)
        host.db.session.commit()
    assert len(events(host)) == 2


def test_what_is_old_is_not_shown_and_goes_with_pruning(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    host = new_host(MYPROFILE_ACTIVITY_KEEP=1000)
    signed_in(host)
    real = __import__("time").time
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: real() + 900)
    signed_in(host)
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: real() + 1100)
    assert len(events(host)) == 1
    assert host.sql("SELECT count(*) FROM myprofile_event") == [(2,)]
    monkeypatch.setattr("flask_myprofile.account.pruning.FIRST", 1)
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert host.sql("SELECT count(*) FROM myprofile_event") == [(1,)]


def test_of_whom_is_forgotten_only_that_is_kept(host: Host) -> None:
    signed_in(host)
    key = str(host.user("alice").id)
    with host.app.app_context():
        current_profile.forget(host.user("alice"), by=host.user("admin"))
        assert [*current_profile.activity.list(key)] == []
    (row,) = host.sql("SELECT user_key, kind, actor, actor_key, ip, session_id, details FROM myprofile_event")
    assert row[0].startswith("#") and tuple(row[1:]) == (
        *("account.forgotten", "admin", str(host.user("admin").id)),
        *("", None, None),
    )
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert host.sql("SELECT count(*) FROM myprofile_event") == [(1,)], "no user, and nobody who is gone"


def test_every_kind_is_documented() -> None:
    from tests.extension.test_docs import cells

    first = [row[0] for row in cells("docs/tabs/activity.md")]
    assert {name for cell in first for name in re.findall(r"`([a-z]+\.[a-z_]+)`", cell)} == KINDS.keys()


def test_an_operator_lists_what_has_happened(host: Host) -> None:
    alice, key = signed_in(host), str(host.user("alice").id)
    alice.client.environ_base["HTTP_USER_AGENT"] = "\x1b[2J evil\u202e"
    alice.post_json("/profile/api-token/regenerate")

    def listed(*more: str) -> Any:
        return host.app.test_cli_runner().invoke(args=["myprofile", "activity", "list", *more])

    lines = listed("alice").output.splitlines()
    assert [line.split()[1:3] for line in lines] == [
        *(["kind", "actor"], ["token.made", "user"], ["session.signed_in", "user"]),
    ]
    assert "192.0.2.7" in lines[2] and "Firefox on Linux" in lines[2] and "\x1b" not in lines[1]
    (only,) = json.loads(listed("alice", "--topic", "session", "--json").output)
    assert (only["kind"], only["details"]) == ("session.signed_in", {"method": "password"})
    assert listed("bob").output == "Nothing is recorded.\n"
    assert listed("nobody").exit_code == 1
    with host.app.app_context():
        current_profile.forget(key)
    host.sql("DELETE FROM user WHERE username = 'alice'")
    (gone,) = json.loads(listed(key, "--json").output)
    assert (gone["kind"], gone["actor"], gone["address"]) == ("account.forgotten", "host", "")


@in_each_database
def test_a_key_that_changes_takes_the_activity_along(host: Host) -> None:
    signed_in(host)
    signed_in(host)
    before = [each.id[-20:] for each in events(host)]
    with host.app.app_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
        user.id = 77
        host.db.session.commit()
    after = events(host)
    assert [each.id[-20:] for each in after] == before and {each.user_key for each in after} == {"77"}
    signed_in(host)
    assert kinds(host) == 3 * ["session.signed_in"]
