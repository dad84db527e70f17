"""Sessions kept in Redis, as people and their browsers see it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import event

from tests.support.devices import change_password, live, pass_time, sent_to_login, sign_out
from tests.support.host import JSON, NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.redis_server import PASSWORD as SECRET
from tests.support.redis_server import SILENT, RedisServer, broken, server_fixture

server = server_fixture()
NewHost = Callable[..., Host]


@pytest.fixture
def new_app(new_host: NewHost, server: RedisServer) -> NewHost:
    """Make hosts that keep their sessions in a Redis that has nothing in it."""
    server.tell("FLUSHALL")
    url = server.url + "?socket_timeout=0.2"
    return lambda *args, **settings: new_host(*args, MYPROFILE_SESSION_STORE=url, **settings)


def commands(server: RedisServer, do: Callable[[], Any]) -> dict[str, int]:
    """What Redis was asked for meanwhile, and how often."""
    with redis.Redis.from_url(server.url) as client:
        client.config_resetstat()
        do()
        stats = client.info("commandstats")
    unasked = {"cmdstat_config|resetstat", "cmdstat_info"}
    return {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items() if name not in unasked}


def signed_in(host: Host) -> tuple[Browser, Browser]:
    """One with a session, and one whose browser was closed, with a remember cookie."""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    c2.restart()
    return c1, c2


# ---- when all is well


def test_signing_in_and_out_is_as_anywhere_and_leaves_no_key_for_ever(new_app: NewHost, server: RedisServer) -> None:
    host = new_app()
    c1, c2, c3, c4, bob = (host.browser() for _ in range(5))
    for browser in (c1, c3, c4):
        assert browser.login("alice").location == "/page"
    c2.login("alice", remember=True)
    bob.login("bob", remember=True)
    c2.restart()
    assert c2.is_in(), "remembered"
    assert [row["current"] for row in c1.sessions()].count(True) == 1
    assert len(c1.sessions()) == live(host) == 4
    sign_out(c1, c3)
    assert sent_to_login(c3)
    assert change_password(c1).status_code == 303
    assert c1.is_in()
    for browser in (c2, c4):
        assert sent_to_login(browser)
    c2.login("alice", NEW_PASSWORD, remember=True)
    assert c1.post("/profile/sessions/sign-out-others").status_code == 303
    c2.restart()
    assert sent_to_login(c2)
    copy = c1.copy()
    c1.post("/logout")
    assert sent_to_login(copy)
    assert bob.is_in()
    assert live(host) == 0
    assert live(host, "bob") == 1
    with redis.Redis.from_url(server.url) as client:
        keys = list(client.scan_iter())
        assert keys
        assert all(client.ttl(key) > 0 for key in keys)
        assert all(key.startswith(b"myprofile_") for key in keys)


def test_a_request_costs_one_command_and_one_statement(new_app: NewHost, server: RedisServer) -> None:
    host = new_app()
    alice, stranger = host.browser(), host.browser()
    alice.login("alice")
    alice.get("/page")
    statements = host.count_statements()
    assert commands(server, lambda: alice.get("/page")) == {"hget": 1}
    assert len(statements) == 1
    statements.clear()
    assert commands(server, lambda: [alice.get("/pub"), stranger.get("/page"), stranger.get("/pub")]) == {}
    assert statements == []


def test_writing_down_the_last_activity_costs_the_database_nothing(
    new_app: NewHost, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, began = new_app(), []
    alice = host.browser()
    alice.login("alice")
    pass_time(monkeypatch, 61)
    alice.get("/page")  # sends the script, which Redis then knows
    with host.app.app_context():
        event.listen(host.db.engine, "begin", began.append)
    pass_time(monkeypatch, 61)
    asked = commands(server, lambda: alice.get("/page"))
    assert asked.pop("evalsha") == 1
    assert asked["hset"] == 1
    assert len(began) == 1, "for the user alone"
    assert commands(server, lambda: alice.get("/page")) == {"hget": 1}


def test_the_session_brings_the_users_language_along(new_app: NewHost) -> None:
    host = new_app()
    alice = host.browser()
    alice.login("alice")
    alice.post("/profile/preferences", {"language": "fr"})
    assert 'lang="fr"' in alice.get("/profile/sessions").text


def test_apps_with_different_table_prefixes_share_a_redis(new_app: NewHost) -> None:
    one, other = new_app(), new_app(MYPROFILE_TABLE_PREFIX="shop_")
    here, there, stolen = one.browser(), other.browser(), other.browser()
    here.login("alice")
    there.login("alice")
    assert len(here.sessions()) == len(there.sessions()) == 1
    stolen.set_cookie("session", str(here.cookie("session")))
    assert sent_to_login(stolen), "even where both have the same SECRET_KEY"
    assert here.post("/profile/sessions/sign-out-others").status_code == 303
    assert there.is_in()


# ---- when it is not


@pytest.mark.parametrize("how", SILENT)
def test_nobody_is_let_in_unchecked_and_nobody_is_signed_out(
    how: str, new_app: NewHost, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    host = new_app()
    c1, c2 = signed_in(host)
    stranger = host.browser()
    sent = {"csrf_token": c1.csrf(), "id": c2.copy().session_id() if how != "is_gone" else "0" * 24}
    with broken(server, how):
        for browser in (c1, c2):
            for url in ("/page", "/api", "/profile/", "/profile/sessions", "/profile/password"):
                caplog.clear()
                answer = browser.get(url)
                assert answer.status_code == 503, url
                assert answer.headers["Retry-After"]
                lines = [record for record in caplog.records if record.levelno >= logging.ERROR]
                assert len(lines) == 1
                assert lines[0].exc_info is None
                assert "Redis" in lines[0].getMessage()
            script = browser.get("/profile/sessions", headers=JSON)
            assert (script.status_code, script.json["code"]) == (503, "unavailable")
            assert browser.get("/pub").text == "public"
        assert c1.client.post("/profile/sessions/sign-out", data=sent).status_code == 503
        assert sent_to_login(stranger)
        assert stranger.login("bob").status_code == 503, "nobody is told that they are in who is not"
        assert sent_to_login(stranger)
    assert SECRET not in caplog.text
    if how != "is_gone":
        assert c1.is_in()
        assert c2.is_in()
        assert live(host) == 2


def test_a_host_may_let_signed_in_people_pass_meanwhile(new_app: NewHost, server: RedisServer) -> None:
    host = new_app(MYPROFILE_STORE_DOWN="allow")
    c1, c2 = signed_in(host)
    thief = host.browser()
    thief.set_cookie("remember_token", str(c2.cookie("remember_token")))
    with broken(server, "is_stalled"):
        for browser in (c1, c2):
            assert browser.get("/page").text == "Hello alice"
            assert browser.get("/profile/sessions").status_code == 503, "this page has nothing to show"
        assert not thief.is_in(), "that cookie alone is the same on every device"
    assert c1.is_in()
    assert c2.is_in()
    assert live(host) == 2


def test_a_password_is_not_changed_where_the_other_sessions_cannot_be_ended(
    new_app: NewHost, server: RedisServer
) -> None:
    host = new_app()
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    with broken(server, "is_a_replica"):
        assert change_password(c1).status_code == 503
    assert host.browser().login("alice", PASSWORD).status_code == 302
    assert c1.is_in()
    assert c2.is_in()


def test_on_a_replica_people_go_on_and_nobody_signs_in_or_is_said_to_be_out(
    new_app: NewHost, server: RedisServer
) -> None:
    host = new_app()
    c1, c2 = signed_in(host)
    newcomer = host.browser()
    with broken(server, "is_a_replica"):
        assert c1.is_in()
        assert c2.is_in()
        assert sign_out(c1, c2).status_code == 503
        newcomer.login("bob")
        assert sent_to_login(newcomer)
    assert c2.is_in()
    assert live(host) == 2
    assert live(host, "bob") == 0


def test_where_memory_is_full_a_session_can_still_be_signed_out(new_app: NewHost, server: RedisServer) -> None:
    host = new_app()
    c1, c2 = signed_in(host)
    with broken(server, "is_full"):
        assert sign_out(c1, c2).status_code == 303
        assert sent_to_login(c2)
        assert c1.is_in()


# ---- when it has forgotten everything


def test_whoever_redis_has_forgotten_signs_in_again(new_app: NewHost, server: RedisServer) -> None:
    host = new_app()
    c1, c2 = signed_in(host)
    revoked, out = host.browser(), host.browser()
    revoked.login("alice", remember=True)
    out.login("alice", remember=True)
    copies = [browser.copy(*names) for browser in (revoked, out) for names in ((), ("remember_token",), ("session",))]
    sign_out(c1, revoked)
    out.post("/logout")
    server.tell("FLUSHALL")
    for browser in (c1, c2, revoked, *copies):
        assert sent_to_login(browser)
        assert sent_to_login(browser), "and not at the second try"
    assert live(host) == 0
    c1.login("alice")
    assert c1.is_in()


@pytest.mark.parametrize("remembered", [False, True])
def test_what_was_signed_out_before_is_remembered_elsewhere(
    remembered: bool, new_host: NewHost, new_app: NewHost, server: RedisServer, tmp_path: Path
) -> None:
    """Cookies from before the extension was installed carry nothing of ours to be missed in Redis."""
    url = f"sqlite:///{tmp_path / 'app.sqlite'}"
    old = new_host(url, myprofile=False).browser()
    old.login("alice", remember=remembered)
    if remembered:
        old.restart()
    host = new_app(url)
    names = ("session", "remember_token")

    def with_its_cookies() -> Browser:
        browser = host.browser()
        for name in names:
            if (value := old.cookie(name)) is not None:
                browser.set_cookie(name, value)
        return browser

    adopted, admin = with_its_cookies(), host.browser()
    assert adopted.is_in(), "who was signed in stays so"
    admin.login("alice")
    assert sign_out(admin, adopted).status_code == 303
    assert sent_to_login(adopted)
    server.tell("FLUSHALL")
    for browser in (adopted, with_its_cookies()):
        assert sent_to_login(browser)
        assert sent_to_login(browser)
    assert live(host) == 0
