"""What goes wrong during a request, or before it: each fault is started, and stopped after the request."""

from __future__ import annotations

import os
import random
import signal
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import operations
from tests.faults.disk import Disk
from tests.faults.operations import ALL, OF_DATABASE, OF_SESSIONS, Make
from tests.faults.servers import RedisServer, Server
from tests.support import services

#: Seconds by which a clock jumps. While it is behind, cookies are from the future: only signing in is left.
AHEAD, BEHIND = (100, 5_000, 40 * 86_400), (-100, -5_000)


def _nothing() -> None:
    pass


@dataclass
class Fault:
    """
    :ivar start: is given the process id of the worker that serves the request.
    :ivar lasts: until it is stopped, so that it may have started before the request.
    :ivar operations: those that could fail because of it.
    :ivar fired: for a fault that waits for something in the request, whether that has come.
    :ivar clock_is_ahead: cookies that are given out meanwhile are from the future afterwards.
    :ivar is_undone: 503 says that nothing was done, where else nobody knows.
    :ivar weight: how often, beside the others.
    """

    name: str
    start: Callable[[int], object]
    stop: Callable[[], object] = _nothing
    lasts: bool = False
    operations: Sequence[Make] = ALL
    fired: Callable[[], bool] | None = None
    clock_is_ahead: bool = False
    is_undone: bool = False
    weight: int = 10


def killed_worker() -> Fault:
    return Fault("kill -9 of the worker", lambda worker: os.kill(worker, signal.SIGKILL))


def of_clocks(path: Path, chance: random.Random) -> list[Fault]:
    def set_to(seconds: float) -> None:
        with path.open("r+b") as file:
            file.write(struct.pack("d", seconds))

    def jump(by: Sequence[int]) -> dict[str, Any]:
        return {"start": lambda worker: set_to(chance.choice(by)), "stop": lambda: set_to(0), "lasts": True}

    return [
        Fault("the clock jumps ahead", **jump(AHEAD), clock_is_ahead=True, weight=4),
        Fault("the clock jumps back", **jump(BEHIND), operations=(operations.sign_in,), weight=3),
    ]


def of_disk(disk: Disk, has_sessions: bool) -> list[Fault]:
    """
    :param has_sessions: whether they are there as well. If not, those may have ended before 503 is the answer.
    """
    if not disk.is_own:
        return []
    those = ALL if has_sessions else OF_DATABASE
    return [Fault("the disk is full", lambda worker: disk.fill(), disk.free, True, those, is_undone=has_sessions)]


def of_server(server: Server, command: bytes, chance: random.Random) -> list[Fault]:
    """:param command: after which something is done for good."""

    def break_at_command(deliver: bool) -> Callable[[int], None]:
        return lambda worker: server.proxy.arm(command, chance.choice((1, 1, 1, 2)), deliver)

    def restart(worker: int) -> None:
        server.kill()
        server.start()

    waits: dict[str, Any] = {"stop": server.proxy.disarm, "lasts": True, "fired": lambda: server.proxy.fired}
    return [
        Fault(f"{server.name} restarts", restart, weight=3),
        Fault(f"all connections to {server.name} break", lambda worker: server.proxy.drop_connections()),
        Fault(f"{command.decode()} does not reach {server.name}", break_at_command(False), **waits, weight=5),
        Fault(f"the reply to {command.decode()} is lost", break_at_command(True), **waits),
    ]


def of_redis(server: RedisServer) -> list[Fault]:
    """Which then takes no writes: what only reads there cannot fail."""

    def fill(worker: int) -> None:
        server.tell("CONFIG", "SET", "maxmemory", "1")

    def follow(worker: int) -> None:
        server.tell("REPLICAOF", "127.0.0.1", services.free_port())

    def let_grow() -> None:
        server.tell("CONFIG", "SET", "maxmemory", "0")

    def lead() -> None:
        server.tell("REPLICAOF", "NO", "ONE")

    return [
        Fault("Redis has no memory left", fill, let_grow, lasts=True, operations=OF_SESSIONS),
        Fault("Redis is read-only", follow, lead, lasts=True, operations=OF_SESSIONS),
    ]
