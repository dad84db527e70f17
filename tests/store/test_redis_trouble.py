"""Redis is gone, slow, full, a replica, or somebody else: what is then said of the sessions in it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from unittest import mock

import pytest
import redis
from redis.exceptions import ResponseError

from flask_myprofile.errors import SetupError, StoreDown
from flask_myprofile.store.redis import RedisSessions
from tests.faults.proxy import Proxy
from tests.support.redis_server import (
    PASSWORD,
    SILENT,
    RedisServer,
    always,
    at,
    broken,
    client_fixture,
    new_server,
    server_fixture,
)
from tests.support.stores import ANY, ANYBODY, NOW, session

MANUAL = Path(__file__).parent.parent.parent / "docs" / "many-machines.md"
client = client_fixture()
server = server_fixture()

CALLS: dict[str, Callable[[RedisSessions], Any]] = {
    "find_live": lambda store: store.find_live(session(1).id, "7", ANY),
    "session": lambda store: store.session(session(1).id),
    "add_session": lambda store: store.add_session(session(2)),
    "touch_session": lambda store: store.touch_session(session(1).id, NOW, "", ""),
    "rotate_session": lambda store: store.rotate_session(session(1), "e" * 64, NOW, "7"),
    "name_session": lambda store: store.name_session("7", session(1).id, "x"),
    "end_sessions": lambda store: store.end_sessions("7", NOW, "x"),
    "end_over_limit": lambda store: store.end_over_limit(session(2), 0, ANY, "x"),
    "end_everyone": lambda store: list(store.end_everyone(NOW, "x")),
    "live_sessions": lambda store: store.live_sessions("7", ANY, 10),
    "list_live": lambda store: store.list_live("7", ANY, ANYBODY, 10),
    "login_ids_of": lambda store: store.login_ids_of("7", ANY),
    "drop_ended": lambda store: store.drop_ended("7", 0),
    "prune_sessions": lambda store: store.prune_sessions(ANY, NOW, None, 10),
}
READS = ("find_live", "session", "live_sessions", "list_live", "login_ids_of")


@pytest.mark.parametrize("how", SILENT)
def test_whatever_is_asked_of_a_silent_redis_is_said_to_be_unknown_and_it_heals(how: str, server: RedisServer) -> None:
    store = at(server.url + "?socket_timeout=0.1")
    store.add_session(session(1))
    with broken(server, how):
        for name, call in CALLS.items():
            with pytest.raises(StoreDown) as caught:
                call(store)
            assert session(1).secret_hash not in str(caught.value), name
            assert caught.value.__suppress_context__
    if how != "is_gone":
        assert store.session(session(1).id) == session(1)
    server.tell("FLUSHALL")
    for call in CALLS.values():
        call(store)


def test_a_replica_answers_and_ends_nothing(server: RedisServer) -> None:
    store = at(server.url)
    store.add_session(session(1))
    with broken(server, "is_a_replica"):
        for name, call in CALLS.items():
            if name in READS:
                assert call(store)
            elif name != "prune_sessions":  # finds nothing to do
                with pytest.raises(StoreDown, match="READONLY"):
                    call(store)
    assert store.session(session(1).id) == session(1)
    server.tell("FLUSHALL")


def test_where_memory_is_full_nobody_can_sign_in_but_everybody_out(server: RedisServer) -> None:
    store = at(server.url)
    store.add_session(session(1))
    store.add_session(session(3))
    with broken(server, "is_full"):
        for name in ("add_session", "touch_session", "rotate_session"):
            with pytest.raises(StoreDown, match="OOM"):
                CALLS[name](store)
        assert store.find_live(session(1).id, "7", ANY)
        assert store.end_sessions("7", NOW, "x", only=[session(1).id]) == [session(1).id]
        assert list(store.end_everyone(NOW, "x")) == [("7", [session(3).id])]
    assert store.live_sessions("7", ANY, 10) == []
    server.tell("FLUSHALL")


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("is_a_replica", "READONLY"),
        ("has_no_disk", "MISCONF"),
        ("misses_a_replica", "NOREPLICAS"),
        ("is_full", "OOM"),
        ("has_lost_its_primary", "MASTERDOWN"),
    ],
)
def test_a_refused_write_is_named_by_the_word_of_redis(how: str, word: str, server: RedisServer) -> None:
    store = at(server.url)
    with broken(server, how), pytest.raises(StoreDown, match=rf"Redis: \w+ \({word}\)$"):
        store.add_session(session(1))
    assert store.add_session(session(1))
    server.tell("FLUSHALL")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ResponseError("Error running script (call to f_1): @user_script:9: -READONLY You can't write"), "READONLY"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots"), "MISCONF"),
        (redis.ConnectionError("The previous master is now a slave"), "READONLY"),
    ],
)
def test_also_where_redis_or_redis_py_says_it_otherwise(error: redis.RedisError, says: str) -> None:
    refused = mock.patch.object(redis.Redis, "execute_command", side_effect=error)
    with refused, pytest.raises(StoreDown, match=rf"\({says}\)$"):
        at("redis://127.0.0.1:1/0").add_session(session(1))


def test_where_the_primary_has_become_a_replica_it_is_looked_for_anew(server: RedisServer) -> None:
    """Behind a name, or an address, that leads to another server now: nobody has to restart."""
    proxy = Proxy(server.port)
    store = at(server.url.replace(f":{server.port}/", f":{proxy.port}/"))
    assert store.add_session(session(1))
    with new_server() as other:
        other.tell("CONFIG", "SET", "masterauth", PASSWORD)
        other.tell("REPLICAOF", "127.0.0.1", server.port)
        while other.tell("ROLE")[3] != b"connected":
            pass
        other.tell("REPLICAOF", "NO", "ONE")
        with broken(server, "is_a_replica"):
            proxy.lead_to(other.port)
            assert store.session(session(1).id), "reads go on meanwhile"
            with pytest.raises(StoreDown, match="READONLY"):
                store.end_sessions("7", NOW, "x")
            assert store.end_sessions("7", NOW, "x") == [session(1).id]
            assert store.find_live(session(1).id, "7", ANY) is None
    proxy.close()
    server.tell("FLUSHALL")


def test_scripts_that_redis_has_forgotten_are_sent_again(client: redis.Redis, redis_url: str) -> None:
    store = at(redis_url)
    assert store.add_session(session(1))
    client.script_flush()
    assert store.add_session(session(2))


def test_an_account_that_may_do_what_the_documentation_says_may_do_enough(server: RedisServer) -> None:
    rights = re.findall(r"`~myprofile_\*`.*?`(.+?)`", MANUAL.read_text(encoding="utf-8"))
    server.tell("ACL", "SETUSER", "app", "on", ">" + PASSWORD, "~myprofile_*", *rights[0].split())
    store = at(server.url.replace("//:", "//app:"), "myprofile_")
    assert store.add_session(session(1))
    for call in CALLS.values():
        call(store)
    with pytest.raises(StoreDown, match="NOPERM"):
        at(server.url.replace("//:", "//app:"), "other_").add_session(session(1))
    server.tell("ACL", "DELUSER", "app")
    server.tell("FLUSHALL")


def asked(heard: list[bytes]) -> list[bytes]:
    """What is more than saying who one is."""
    return [sent for sent in heard if sent.split()[2] not in (b"AUTH", b"CLIENT")]


@pytest.mark.parametrize(
    "answer",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-ERR unknown command 'AUTH', with args beginning with: 'pa55word' \r\n",
        b"-NOPERM this user has no permissions to run the 'hmget' command\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        None,
    ],
)
@pytest.mark.parametrize("password", ["", ":pa55word@"])
def test_no_error_says_the_password_or_asks_twice(answer: bytes | None, password: str) -> None:
    with always(answer) as (port, heard):
        store = at(f"redis://{password}127.0.0.1:{port}/0")
        for call in CALLS.values():
            heard.clear()
            with pytest.raises(StoreDown) as caught:
                call(store)
            assert PASSWORD not in f"{caught.value!r}{store!r}{vars(store)!r}"
            assert PASSWORD not in "".join(map(str, caught.value.args))
            assert len(asked(heard)) <= 1
            assert len(asked(heard)) == 1 or answer is not None


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pa55word@localhost:port/0",
        "redis://:pa55/word@localhost:6379/0",
        "redis://:pa55word@localhost/0?socket_timeout=soon",
        "redis://:pa55word@localhost/0?pa55word=1",
        "http://:pa55word@localhost/0",
    ],
)
def test_a_url_that_cannot_be_right_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_SESSION_STORE") as caught:
        at(url)
    assert "pa55" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("path", ["shop", "1/2", "-1", "1.5"])
@pytest.mark.parametrize("kind", ["redis://localhost", "rediss+sentinel://one:1,two:1/mymaster"])
def test_a_database_that_is_no_number_is_not_taken_for_another_one(kind: str, path: str) -> None:
    """By redis-py, /shop is 0, and /1/2 is 12: two apps would have their sessions in one."""
    with pytest.raises(SetupError, match="the number of its database"):
        at(f"{kind}/{path}")


@pytest.mark.parametrize(("url", "number"), [("", 0), ("/", 0), ("/7", 7), ("/7/", 7), ("?db=7", 7)])
def test_a_database_is_named_by_its_number_or_left_out(url: str, number: int) -> None:
    assert at(f"redis://localhost{url}")._server._client.connection_pool.connection_kwargs.get("db", 0) == number


def test_the_url_may_say_how_long_to_wait_and_how_to_connect() -> None:
    def settings(options: str) -> dict[str, Any]:
        pool = at(f"rediss://:pa55word@localhost:6380/3{options}")._server._client.connection_pool
        return dict(pool.connection_kwargs)

    usual, chosen = settings(""), settings("?socket_timeout=2.5&socket_connect_timeout=3&decode_responses=true")
    assert (usual["socket_timeout"], usual["socket_connect_timeout"], usual["db"]) == (1, 1, 3)
    assert (chosen["socket_timeout"], chosen["socket_connect_timeout"]) == (2.5, 3)
    assert not chosen["decode_responses"]


def test_a_forked_worker_has_a_connection_of_its_own(client: redis.Redis, redis_url: str) -> None:
    """As under gunicorn with --preload, where the app has been used before the workers are made."""
    program = f"""
        import os
        from tests.support.redis_server import at
        from tests.support.stores import ANY, session

        store = at({redis_url!r})
        for number in range(5):
            assert store.add_session(session(number))
        mine = store._server._client.client_id()
        child = os.fork()
        for number in range(5, 300):
            assert store.add_session(session(number + 1000 * (child == 0)))
            assert store.find_live(session(1).id, "7", ANY).user == "user 7"
        if child == 0:
            os._exit(0 if store._server._client.client_id() != mine else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert store._server._client.client_id() == mine
    """
    args = [sys.executable, "-c", dedent(program)]
    ran = subprocess.run(args, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(at(redis_url).live_sessions("7", ANY, 10_000)) == 5 + 2 * 295
