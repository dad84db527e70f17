"""Sessions in a Redis Cluster of three nodes, which nobody notices."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_myprofile.errors import SetupError, StoreDown
from flask_myprofile.store.redis import RedisSessions
from tests.support.devices import live, pass_time, sent_to_login, sign_out
from tests.support.host import Host
from tests.support.redis_cluster import Cluster, cluster_fixture
from tests.support.redis_server import at
from tests.support.stores import ANY, NOW, session

cluster = cluster_fixture("cluster", "module")
NewHost = Callable[..., Host]


@pytest.fixture
def store(cluster: Cluster) -> RedisSessions:
    cluster.empty()
    return at(cluster.url + "?socket_timeout=10")


def calls(cluster: Cluster, do: Callable[[], Any]) -> dict[str, int]:
    """What all nodes were asked for meanwhile, and how often."""
    for node in cluster.nodes:
        node.tell("CONFIG", "RESETSTAT")
    do()
    found: dict[str, int] = {}
    for node in cluster.nodes:
        for name, each in node.tell("INFO", "commandstats").items():
            word = name.removeprefix("cmdstat_")
            if word.partition("|")[0] not in ("config", "info", "ping", "replconf", "client"):
                found[word] = found.get(word, 0) + each["calls"]
    return found


# ---- all is well


def test_of_a_thousand_sessions_each_is_listed_and_ended(store: RedisSessions, cluster: Cluster) -> None:
    users = [f"user {number}" for number in range(200)]
    records = [session(number, user) for user in users for number in range(5)]
    assert all(store.add_session(record) for record in records)
    assert all(node.tell("DBSIZE") > 30 for node in cluster.nodes), "there are some on each"
    assert {record.id for user in users for record in store.live_sessions(user, ANY, 10)} == {r.id for r in records}
    assert {*store.owners()} == {*users}
    ended = [store.end_sessions(user, NOW, "x", only=[session(0, user).id]) for user in users[:100]]
    assert ended == [[session(0, user).id] for user in users[:100]]
    assert len(store.end_sessions(None, NOW, "x", only=[session(1, user).id for user in users])) == 200
    told = [each for _, ids in store.end_everyone(NOW, "x") for each in ids]
    assert len(told) == len({*told}) == 1000 - 100 - 200
    assert not any(store.find_live(record.id, record.user_key, ANY) for record in records)
    after, deleted = None, 0
    while True:
        after, number = store.prune_sessions(ANY, NOW + 1, after, 10)
        deleted += number
        if after is None:
            break
    assert deleted == 1000
    assert [node.tell("DBSIZE") for node in cluster.nodes] == [0, 0, 0]


def test_a_request_is_one_round_trip(new_host: NewHost, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.empty()
    host = new_host(MYPROFILE_SESSION_STORE=cluster.url + "?socket_timeout=10")
    alice, other = host.browser(), host.browser()
    alice.login("alice")
    alice.get("/page")
    assert calls(cluster, lambda: alice.get("/page")) == {"hget": 1}
    pass_time(monkeypatch, 61)
    alice.get("/page")
    pass_time(monkeypatch, 61)
    asked = calls(cluster, lambda: alice.get("/page"))
    assert asked["evalsha"] == 1
    assert asked["hset"] == 1
    other.login("alice", remember=True)
    other.restart()
    assert other.is_in()
    assert live(host) == 2
    assert sign_out(alice, other).status_code == 303
    assert sent_to_login(other)
    assert alice.is_in()


def test_sessions_of_a_provider_are_found_wherever_they_lie(store: RedisSessions, cluster: Cluster) -> None:
    users = [f"user {number}" for number in range(20)]
    for user in users:
        assert store.add_session(session(1, user, idp_session="one"))
    found = store.sessions_at_provider("one", ANY)
    assert {record.user_key for record in found} == {*users}
    assert store.rotate_session(found[0]._replace(idp_session="two"), "e" * 64, NOW, found[0].login_id)
    store.end_sessions(found[1].user_key, NOW, "x")
    assert len(store.sessions_at_provider("one", ANY)) == 18
    assert [record.id for record in store.sessions_at_provider("two", ANY)] == [found[0].id]


def test_the_doctor_writes_to_each_node(store: RedisSessions, cluster: Cluster) -> None:
    assert calls(cluster, store.try_writing)["set"] == 3
    assert abs(store.clock() - time.time()) < 60
    cluster.nodes[1].tell("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreDown, match="OOM"):
            store.try_writing()
    finally:
        cluster.nodes[1].tell("CONFIG", "SET", "maxmemory", "0")


def test_an_account_that_may_do_what_the_documentation_says_may_do_enough(
    store: RedisSessions, cluster: Cluster
) -> None:
    manual = (Path(__file__).parent.parent.parent / "docs" / "many-machines.md").read_text(encoding="utf-8")
    rights = re.findall(r"`~myprofile_\*`.*?`(.+?)`.*?in a cluster `(.+?)`", manual)[0]
    for node in cluster.nodes:
        node.tell("ACL", "SETUSER", "app", "on", ">pa55word", "~myprofile_*", *" ".join(rights).split())
    theirs = at(cluster.url.replace("//", "//app:pa55word@") + "?socket_timeout=10", "myprofile_")
    assert all(theirs.add_session(session(1, user, idp_session="one")) for user in "abcdef")
    assert theirs.end_sessions("a", NOW, "x") == [session(1, "a").id]
    assert len(theirs.sessions_at_provider("one", ANY)) == 5
    assert len(list(theirs.end_everyone(NOW, "x"))) == 5
    theirs.try_writing()
    theirs.clock()


# ---- the wrong URL


def test_a_plain_url_is_refused_by_each_node_at_first_use(store: RedisSessions, cluster: Cluster) -> None:
    for node in cluster.nodes:
        plain = at(f"redis://127.0.0.1:{node.port}/0")
        for user in "abcdef":
            with pytest.raises(StoreDown, match=r"begins with redis\+cluster://"):
                plain.add_session(session(1, user))
    assert [node.tell("DBSIZE") for node in cluster.nodes] == [0, 0, 0]


def test_a_host_with_a_plain_url_is_told_so_in_its_log(
    new_host: NewHost, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(MYPROFILE_SESSION_STORE=f"redis://127.0.0.1:{cluster.nodes[0].port}/0")
    assert host.browser().login("alice").status_code == 503
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "MYPROFILE_SESSION_STORE begins with redis+cluster://" in said[0]


def test_a_cluster_that_is_none_is_refused(redis_url: str) -> None:
    store = at(redis_url.replace("redis://", "redis+cluster://"))
    with pytest.raises(StoreDown, match="no Redis Cluster: MYPROFILE_SESSION_STORE begins with redis://"):
        store.add_session(session(1))


@pytest.mark.parametrize("scheme", ["redis+cluster", "redis+sentinel", "rediss+cluster", "rediss+sentinel"])
@pytest.mark.parametrize(
    "rest", [":pa55word@one:port", ":pa55/word@one:1", "one:1,other:two/x", "one:1/x/0?socket_timeout=soon"]
)
def test_a_url_that_cannot_be_right_is_refused_without_repeating_it(scheme: str, rest: str) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_SESSION_STORE") as caught:
        at(f"{scheme}://{rest}")
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis+cluster://one:1/3", "redis+sentinel://one:1", "redis+sentinel://one:1/"])
def test_a_cluster_has_no_databases_and_a_primary_has_a_name(url: str) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_SESSION_STORE"):
        at(url)


def test_no_node_at_all_is_like_any_redis_that_is_down() -> None:
    store = at("redis+cluster://:pa55word@127.0.0.1:1,127.0.0.1:2")
    with pytest.raises(StoreDown) as caught:
        store.session(session(1).id)
    assert "pa55word" not in str(caught.value)
