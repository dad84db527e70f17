"""A primary, its replica and a Sentinel that watches them, on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import redis

from tests.support import services
from tests.support.redis_cluster import Node, wait_until
from tests.support.redis_server import PASSWORD

#: Sentinel's own.
OTHER = "another-pa55word"


class Watched(NamedTuple):
    """
    :ivar url: of the primary that this Sentinel knows.
    """

    url: str
    sentinel: Node
    first: Node
    second: Node

    def begins_to_switch_over(self) -> bool:
        """Not before Sentinel has looked at the replica."""
        with suppress(redis.ResponseError):
            return bool(self.sentinel.tell("SENTINEL", "FAILOVER", "sessions"))
        return False


@contextmanager
def watched() -> Iterator[Watched]:
    who = services.account("redis")
    with services.workdir("mp-rs-", who) as folder:
        login = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]
        first = Node(folder, who, *login, password=PASSWORD)
        second = Node(folder, who, *login, "--replicaof", f"127.0.0.1 {first.port}", password=PASSWORD)
        file = Path(folder) / "sentinel.conf"
        file.write_text(
            f"sentinel monitor sessions 127.0.0.1 {first.port} 1\n"
            f"sentinel auth-pass sessions {PASSWORD}\n"
            "sentinel down-after-milliseconds sessions 1000\n"
            "sentinel failover-timeout sessions 5000\n",
            encoding="utf-8",
        )
        if who:
            os.chown(file, who["user"], who["group"])
        sentinel = Node(folder, who, "--sentinel", "--requirepass", OTHER, password=OTHER, file=str(file))
        nodes = (sentinel, second, first)
        try:
            wait_until(lambda: second.tell("ROLE")[3] == b"connected")
            wait_until(lambda: sentinel.tell("INFO", "sentinel")["master0"]["slaves"] == 1)
            url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:{sentinel.port}/sessions/0"
            yield Watched(f"{url}?sentinel_password={OTHER}", sentinel, first, second)
        finally:
            for node in nodes:
                node.running.close()
