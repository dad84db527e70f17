"""Redis Clusters of one's own, on loopback: nodes that are started, killed and stopped, and slots that move."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from tests.support import services

SLOTS = 16_384
#: Seconds in which nodes find each other, or agree on a new primary.
PATIENCE = 30
#: Milliseconds after which a node is given up that is only slow, on a busy machine: never.
PATIENT = 60_000


class Node:
    """One server. It writes nothing to disk, and knows of a cluster only while it runs.

    :param file: its settings, which it may change.
    """

    def __init__(
        self, folder: str, who: dict[str, Any], *options: str, password: str | None = None, file: str | None = None
    ) -> None:
        self.port = services.free_port()
        self.bus = 0
        self.running = ExitStack()
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        program = [services.find("redis-server", "redis-server"), *([file] if file else [])]
        log = str(Path(folder) / f"{self.port}.log")
        started = services.process([*program, *where, *options], services.answers(self.port), who, log)
        self.process = self.running.enter_context(started)
        self._client = redis.Redis(port=self.port, password=password, socket_timeout=5)
        self.running.callback(self._client.close)

    def tell(self, *command: Any) -> Any:
        return self._client.execute_command(*command)

    @property
    def version(self) -> str:
        return str(self._client.info("server")["redis_version"])

    @property
    def id(self) -> str:
        return str(self.tell("CLUSTER MYID").decode())

    @property
    def is_primary(self) -> bool:
        return bool(self.tell("ROLE")[0] == b"master")

    def kill(self) -> None:
        """It ends at once, in the middle of whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)


class Cluster:
    """
    :param node_timeout: milliseconds after which a node that does not answer is given up.
    """

    def __init__(self, folder: str, who: dict[str, Any], node_timeout: int) -> None:
        self._folder, self._who, self._timeout = folder, who, node_timeout
        self.nodes: list[Node] = []

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def form(self, primaries: int = 3) -> None:
        for number in range(primaries):
            node = self._start()
            first, last = (SLOTS * each // primaries for each in (number, number + 1))
            node.tell("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
            node.tell("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            self._meet(node)
        wait_until(lambda: all(self._is_complete(node, primaries) for node in self.nodes))

    def add_replica(self, of: Node) -> Node:
        node = self.add_node()
        wait_until(lambda: of.id in str(node.tell("CLUSTER NODES")))
        node.tell("CLUSTER", "REPLICATE", of.id)
        wait_until(lambda: node.tell("INFO", "replication")["master_link_status"] == "up")
        return node

    def add_node(self) -> Node:
        """A primary that has no slots yet."""
        node, number = self._start(), len(self.nodes)
        self._meet(node)
        wait_until(lambda: all(self._is_complete(each, number) for each in self.nodes))
        return node

    def move(self, slot: int, there: Node, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Key by key, as an administrator does it, with a moment in the middle."""
        here = next(node for node in self.nodes if self._has(node, slot))
        there.tell("CLUSTER", "SETSLOT", slot, "IMPORTING", here.id)
        here.tell("CLUSTER", "SETSLOT", slot, "MIGRATING", there.id)
        meanwhile()
        while keys := here.tell("CLUSTER", "GETKEYSINSLOT", slot, 10):
            here.tell("MIGRATE", "127.0.0.1", there.port, "", 0, 5000, "KEYS", *keys)
            meanwhile()
        for node in (there, here):
            node.tell("CLUSTER", "SETSLOT", slot, "NODE", there.id)

    def empty(self) -> None:
        for node in self.nodes:
            if node.is_primary:
                node.tell("FLUSHALL")

    def stop(self) -> None:
        for node in self.nodes:
            node.running.close()

    def node_of(self, key: str) -> Node:
        return next(node for node in self.nodes if self._has(node, key_slot(key.encode())))

    def _start(self) -> Node:
        bus = services.free_port()
        options = {"cluster-enabled": "yes", "cluster-port": bus, "cluster-node-timeout": self._timeout}
        options |= {"cluster-require-full-coverage": "no", "cluster-config-file": f"{bus}.conf"}
        options |= {"repl-diskless-sync-delay": 0}
        node = Node(self._folder, self._who, *(part for name, at in options.items() for part in (f"--{name}", str(at))))
        node.bus = bus
        self.nodes.append(node)
        return node

    def _meet(self, node: Node) -> None:
        self.nodes[0].tell("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)

    @staticmethod
    def _is_complete(node: Node, number: int) -> bool:
        said = node.tell("CLUSTER INFO")
        return said["cluster_state"] == "ok" and int(said["cluster_known_nodes"]) >= number

    @staticmethod
    def _has(node: Node, slot: int) -> bool:
        if node.process.poll() is not None or not node.is_primary:
            return False
        mine = node.id.encode()
        return any(first <= slot <= last and nodes[0][2] == mine for first, last, *nodes in _slots(node))


def _slots(node: Node) -> list[Any]:
    with redis.Redis(port=node.port, socket_timeout=5) as client:
        client.response_callbacks.pop("CLUSTER SLOTS", None)
        return list(client.execute_command("CLUSTER SLOTS"))


def wait_until(check: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)  # as services.process does


@contextmanager
def cluster(node_timeout: int = PATIENT) -> Iterator[Cluster]:
    """Of three primaries."""
    who = services.account("redis")
    with services.workdir("mp-rc-", who) as folder:
        made = Cluster(folder, who, node_timeout)
        try:
            made.form()
            yield made
        finally:
            made.stop()


def cluster_fixture(name: str, scope: Any, node_timeout: int = PATIENT) -> Any:
    """A fixture of that name: a cluster that nobody else uses."""

    @pytest.fixture(scope=scope, name=name)
    def fixture() -> Iterator[Cluster]:
        try:
            with cluster(node_timeout) as made:
                yield made
        except services.Missing as error:
            (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(error))

    return fixture
