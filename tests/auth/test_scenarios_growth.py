"""What is stored grows with people's devices, not with their requests."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import flask_myprofile
from flask_myprofile import current_profile
from flask_myprofile.account.credentials import new_device
from flask_myprofile.testing import sign_in
from tests.support.devices import live, pass_time
from tests.support.host import Host
from tests.support.kept import everywhere, in_each_database

DAY = 86_400


@everywhere
def test_only_a_sign_in_is_stored(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """B68: no bot, no health check, no program with a token, no wrong password."""
    alice, bot, program = host.browser(), host.browser(), host.browser()
    for number in range(30):
        bot.client.environ_base["HTTP_USER_AGENT"] = f"bot/{number}"
        assert bot.get(("/pub", "/page", "/profile/sessions")[number % 3]).status_code in (200, 302)
    assert host.rows.all() == []
    alice.login("alice")
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    for _ in range(10):
        assert program.get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    for _ in range(6):
        assert bot.login("alice", "wrong").status_code == 422
    assert len(host.rows.all()) == 1
    for _ in range(4):
        host.browser().login("alice")
    assert len(host.rows.all()) == 5
    pass_time(monkeypatch, 31 * DAY)
    with host.app.app_context():
        assert [current_profile.sessions.prune() for _ in range(2)] == [5, 0]
    assert host.rows.all() == []


def test_hundreds_of_sign_ins_leave_no_more_than_the_limit(new_host: Callable[..., Host]) -> None:
    """S16, B68: of live and of ended rows; the newest always gets in."""
    limit = 10
    host = new_host(MYPROFILE_SESSION_LIMIT=limit)
    alice = host.user("alice")
    for _ in range(200):
        browser = host.browser()
        sign_in(browser.client, alice)
    assert live(host) == limit
    assert len(host.rows.all()) <= 2 * limit
    assert browser.is_in()


@everywhere
def test_signing_in_and_out_in_a_loop_fills_nothing(new_host: Callable[..., Host]) -> None:
    """B68"""
    host = new_host(MYPROFILE_SESSION_LIMIT=3)
    alice = host.browser()
    for _ in range(7):
        alice.login("alice", remember=True)
        alice.post("/logout")
    assert live(host) == 0
    assert len(host.rows.all()) <= 4


@in_each_database
def test_the_list_of_one_user_is_found_by_an_index(host: Host) -> None:
    """B68: a table with everybody's sessions is not read from end to end."""
    alice = host.browser()
    alice.login("alice")
    (row,) = host.rows.all()
    columns = ", ".join(row._fields)
    values = ", ".join(f":{name}" for name in row._fields)
    with host.app.app_context(), host.db.engine.begin() as connection:
        others = [{**row._asdict(), "id": f"{n:024x}", "user_key": f"user {n}"} for n in range(2000)]
        connection.execute(host.db.text(f"INSERT INTO myprofile_session ({columns}) VALUES ({values})"), others)
    statements = host.count_statements()
    assert len(alice.sessions()) == 1
    listing = next(text for text in statements if "ORDER BY" in text)
    assert "user_key = " in listing
    assert "ix_myprofile_session_user_key" in plan(host)


def plan(host: Host) -> str:
    """How the database finds one user's sessions."""
    with host.app.app_context():
        kind = host.db.engine.dialect.name
    if kind == "postgresql":
        host.sql("ANALYZE myprofile_session")
    explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
    return str(host.sql(f"{explain} SELECT * FROM myprofile_session WHERE user_key = '1' AND ended_at IS NULL"))


def test_secrets_are_long_and_never_the_same() -> None:
    """S04: 256 bits each."""
    made = [new_device("7") for _ in range(10_000)]
    assert len({device.secret for device in made}) == len({device.id for device in made}) == len(made)
    assert {(len(device.secret), len(device.id)) for device in made} == {(43, 24)}
    assert len({device.of_session().secret for device in made}) == len(made)


def test_no_module_makes_secrets_of_anything_but_secrets() -> None:
    """S04: neither ``random`` nor ``uuid`` is for that."""
    folder = Path(flask_myprofile.__file__).parent
    for module in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {"random", "uuid"} & set(names), module.name
