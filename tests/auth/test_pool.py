"""A host with one connection to its database, or with a database that is busy elsewhere, is served all the same."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_myprofile import cli
from tests.support.devices import live, sent_to_login, sign_out
from tests.support.host import JSON, Browser, Host
from tests.support.kept import everywhere

#: The pool gives an error where somebody waits for longer than this, as a page would that holds one and wants another.
#: Twelve threads on a busy machine wait for seconds in the queue alone.
ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 30}
THREADS = 12
USERS = ("alice", "bob", "admin")


def last_seen(host: Host, session_id: str) -> int:
    return next(row.last_seen_at for row in host.rows.all() if row.id == session_id)


def busy_day(host: Host, number: int) -> None:
    """Signs in on two devices, looks around when the last activity is due, and signs out of both and in again."""
    name, remember = USERS[number % len(USERS)], number % 2 == 0
    laptop, phone = host.browser(), host.browser()
    for browser in (laptop, phone):
        assert browser.login(name, remember=remember).location == "/page"
    session_id = laptop.session_id()
    host.rows.age(session_id, last_seen_at=300)
    before = last_seen(host, session_id)
    for url in ("/page", "/menu", "/profile/sessions", "/profile/preferences"):
        assert laptop.get(url).status_code == 200
    assert last_seen(host, session_id) >= before + 300
    assert sign_out(laptop, phone).status_code == 303
    assert sent_to_login(phone)
    assert phone.login(name).location == "/page"
    assert phone.post("/logout").location == "/login"
    assert sent_to_login(phone)
    if remember:
        laptop.restart()
    assert laptop.is_in()


@everywhere
def test_one_connection_serves_many_threads(new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture) -> None:
    """B04: pages, sign-ins, sign-outs and last activity, and no request ever needs a second one."""
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS=ONE_CONNECTION)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(busy_day, [host] * THREADS, range(THREADS)))
    assert caplog.records == [], "nothing failed after its page was answered"
    assert [live(host, name) for name in USERS] == [THREADS // len(USERS)] * len(USERS)
    with host.app.app_context():
        assert host.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@everywhere
def test_one_connection_is_enough_for_the_command_line(new_host: Callable[..., Host]) -> None:
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS={**ONE_CONNECTION, "pool_timeout": 1})
    alice = host.browser()
    alice.login("alice")
    operator, which = host.app.test_cli_runner(), ["--user", "alice"]
    commands = [["list", *which], ["end", *which, "--id", alice.session_id()], ["end", *which, "--all"], ["prune"]]
    tokens = [["tokens", "show", "alice"], ["tokens", "revoke", "alice"]]
    for command in [*(["sessions", *each] for each in (*commands, ["end", "--everyone"])), *tokens]:
        done = operator.invoke(cli.group, command, input="y\n")
        assert done.exit_code == 0, (command, done.output)
    assert sent_to_login(alice)


def test_a_database_that_is_locked_elsewhere_serves_every_page_and_loses_nothing(new_host: Callable[..., Host]) -> None:
    """B14: on SQLite, which has one writer. Whoever waited for the lock would do so for 20 seconds."""
    patient = {**ONE_CONNECTION, "connect_args": {"timeout": 20}}
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS=patient)
    people = [host.browser() for _ in USERS]
    for browser, name in zip(people, USERS, strict=True):
        browser.login(name, remember=True)
    token = people[0].post_json("/profile/api-token/regenerate").json["token"]
    people[1].restart()
    host.rows.age(last_seen_at=300)
    rows, database = host.rows.all(), host.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(look_around, people, [token] * len(people)))
    assert time.perf_counter() - began < 20
    assert host.rows.all() == rows, "it was locked indeed"
    other.execute("ROLLBACK")
    other.close()
    for browser in people:
        assert browser.is_in()
    assert all(now.last_seen_at >= then.last_seen_at + 300 for now, then in zip(host.rows.all(), rows, strict=True))
    assert host.sql("PRAGMA busy_timeout") == [(20_000,)], "as the host has set it"


def look_around(browser: Browser, token: str) -> None:
    for url in ("/page", "/menu", "/profile/sessions", "/profile/personal-information", "/profile/api-token"):
        assert browser.get(url).status_code == 200
    program = Browser(browser.client.application.test_client())
    assert program.get("/api", headers={**JSON, "Authorization": f"Bearer {token}"}).json == {"user": "alice"}
