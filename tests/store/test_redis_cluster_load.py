"""A Redis Cluster whose slots move, or one of whose nodes ends, in the middle of a load."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from redis.crc import key_slot

from flask_myprofile.errors import StoreDown
from flask_myprofile.store.redis import RedisSessions
from tests.support.redis_cluster import Cluster, cluster_fixture, wait_until
from tests.support.redis_server import at
from tests.support.stores import ANY, NOW, session

cluster = cluster_fixture("cluster", "function")
#: What takes a busy machine long is no failure.
PATIENTLY = "?socket_timeout=10"

impatient = cluster_fixture("impatient", "function", node_timeout=1000)


def slot_of(store: RedisSessions, user_key: str) -> int:
    return int(key_slot(store._key_of(session(1, user_key).id).encode()))


class Load:
    """Users who sign in, look at a page and sign out, one after the other, each in a thread.

    :ivar ended: what ended, and when that was acknowledged.
    :ivar wrong: what must not be.
    """

    def __init__(self, store: RedisSessions, users: list[str]) -> None:
        self._store, self._users = store, users
        self._over = threading.Event()
        self._numbers = iter(range(1_000_000))
        self.done = self.refused = 0
        self.ended: list[tuple[str, str, float]] = []
        self.wrong: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(len(self._users)) as pool:
            threads = [pool.submit(self._go_on, user) for user in self._users]
            try:
                yield
            finally:
                self._over.set()
        for thread in threads:
            thread.result()

    def goes_on(self) -> None:
        """Wait until all of them have come through again."""
        before = self.done
        wait_until(lambda: self.done > before + 5 * len(self._users))

    def _go_on(self, user: str) -> None:
        while not self._over.is_set():
            try:
                self._once(session(next(self._numbers), user))
                self.done += 1
            except StoreDown:
                self.refused += 1

    def _once(self, record: Any) -> None:
        if not self._store.add_session(record):
            self.wrong.append("refused")
        if self._store.find_live(record.id, record.user_key, ANY) is None:
            self.wrong.append("signed in, and is not in")
        if self._store.end_sessions(record.user_key, NOW, "x", only=[record.id]) != [record.id]:
            self.wrong.append("could not be ended")
        self.ended.append((record.id, record.user_key, time.monotonic()))
        if self._store.find_live(record.id, record.user_key, ANY) is not None:
            self.wrong.append("signed out, and is in")
        self._store.drop_ended(record.user_key, 50)

    def still_in(self, until: float) -> list[str]:
        """What had ended by then and gets in."""
        known = [(each, user) for each, user, at in self.ended if at <= until]
        return [each for each, user in known if self._store.find_live(each, user, ANY) is not None]


def test_nobody_notices_that_slots_move_to_a_node_that_is_new(cluster: Cluster) -> None:
    store = at(cluster.url + PATIENTLY)
    users = [f"user {number}" for number in range(6)]
    kept = [session(1_000_000 + number, user) for user in users for number in range(20)]
    assert all(store.add_session(record) for record in kept)
    load = Load(store, users)
    new = cluster.add_node()
    with load.running():
        for user in users:
            cluster.move(slot_of(store, user), new, load.goes_on)
        load.goes_on()
    assert load.wrong == []
    assert load.refused == 0
    assert load.still_in(time.monotonic()) == []
    assert all(store.find_live(record.id, record.user_key, ANY) for record in kept)
    assert sum(len(ids) for _, ids in store.end_everyone(NOW, "x")) == len(kept)


def test_where_a_node_ends_its_replica_takes_over_and_nobody_has_to_restart(impatient: Cluster) -> None:
    """Its users are refused meanwhile, and those of the others are not."""
    store, lost = at(impatient.url + PATIENTLY), impatient.nodes[0]
    replica = impatient.add_replica(lost)
    on_it = [user for user in map(str, range(100)) if impatient.node_of(store._key_of(session(1, user).id)) is lost]
    elsewhere = next(user for user in map(str, range(100)) if user not in on_it)
    assert store.add_session(session(1, elsewhere))
    load = Load(store, on_it[:4])
    with load.running():
        load.goes_on()
        lost.kill()
        killed = time.monotonic()
        wait_until(lambda: load.refused > 0)
        assert store.find_live(session(1, elsewhere).id, elsewhere, ANY)
        wait_until(lambda: replica.is_primary)
        load.goes_on()
    # what is acknowledged within that time may not have reached the replica: Redis says so
    assert load.still_in(killed - 0.2) == []
    assert {*load.wrong} <= {"refused", "signed in, and is not in", "could not be ended"}
    assert load.ended[-1][2] > killed


def test_where_no_node_answers_nobody_waits_for_the_others_who_ask(cluster: Cluster) -> None:
    store = at(f"{cluster.url}?socket_timeout=0.2&socket_connect_timeout=0.2")
    users = [f"user {number}" for number in range(12)]
    assert all(store.add_session(session(1, user)) for user in users)

    def ask(user: str) -> float:
        began = time.monotonic()
        with pytest.raises(StoreDown):
            store.find_live(session(1, user).id, user, ANY)
        return time.monotonic() - began

    for node in cluster.nodes:
        node.signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(len(users)) as pool:
            assert max(pool.map(ask, users)) < 12 * 0.6 / 2, "one after the other it would be twice that"
    finally:
        for node in cluster.nodes:
            node.signal(signal.SIGCONT)
    wait_until(lambda: store.find_live(session(1, users[0]).id, users[0], ANY) is not None)
