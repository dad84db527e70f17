"""What befalls a request: each kind strikes at a moment of its own, and is over when it is told so."""

from __future__ import annotations

import errno
import os
import random
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import operations
from tests.faults.operations import ALL, BY_COOKIE, Kind
from tests.faults.servers import PostgresServer, RedisServer
from tests.support import services
from tests.workers.fleet import Wire

#: Seconds by which a clock jumps; one that is behind makes cookies be of the future, so that only sign-ins are left.
AHEAD, BEHIND = (100, 5_000, 40 * 86_400), (-100, -5_000)


@dataclass
class Fault:
    """``strike`` is told the connection of the request; ``lasts``: until it is over, so that it may be there before."""

    name: str
    strike: Callable[[Wire], object]
    heal: Callable[[], object] = lambda: None
    lasts: bool = False
    meets: Sequence[Kind] = ALL
    #: How often, beside the others.
    weight: int = 10


def killed_worker() -> Fault:
    return Fault("kill -9 of the worker", lambda wire: os.kill(int(wire.worker), signal.SIGKILL))


def clocks(path: Path, chance: random.Random) -> list[Fault]:
    def jump(seconds: Sequence[int]) -> Callable[[Wire], None]:
        return lambda wire: set_clock(path, chance.choice(seconds))

    def right() -> None:
        set_clock(path, 0)

    return [
        Fault("the clock jumps ahead", jump(AHEAD), right, True, BY_COOKIE[:-1], 3),
        Fault("the clock jumps back", jump(BEHIND), right, True, (operations.sign_in,), 3),
    ]


def set_clock(path: Path, seconds: float) -> None:
    with path.open("r+b") as file:
        file.write(struct.pack("d", seconds))


# ---- a disk


class Disk:
    """Where SQLite keeps its database: one of its own where that can be had, else one that is said to be full."""

    def __init__(self, folder: Path, full: Path) -> None:
        self.folder, self._full = folder, full
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
        self.is_own = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0

    def fill(self, wire: Wire) -> None:
        if not self.is_own:
            self._full.touch()
            return
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            try:
                for size in (65_536, 4096, 1):
                    _write_all(file, size)
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def free(self) -> None:
        self._full.unlink(missing_ok=True)
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        self.free()
        if self.is_own:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


def _write_all(file: Any, size: int) -> None:
    try:
        while file.write(b"\0" * size):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC or size == 1:
            raise


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    (folder / "disk").mkdir()
    made = Disk(folder / "disk", folder / "full")
    try:
        yield made
    finally:
        made.close()


# ---- servers


def of_disk(found: Disk) -> list[Fault]:
    name = "the disk is full" if found.is_own else "the database may not grow"
    return [Fault(name, found.fill, found.free, lasts=True)]


def of_postgres(server: PostgresServer) -> list[Fault]:
    return [
        Fault("PostgreSQL restarts", lambda wire: server.kill(), server.start, weight=2),
        Fault("connections are dropped", lambda wire: server.drop_connections()),
    ]


def of_redis(server: RedisServer) -> list[Fault]:
    def fill(wire: Wire) -> None:
        server.tell("CONFIG", "SET", "maxmemory", "1")

    def follow(wire: Wire) -> None:
        server.tell("REPLICAOF", "127.0.0.1", services.free_port())

    return [
        Fault("Redis restarts", lambda wire: server.kill(), server.start, weight=2),
        Fault("Redis drops its connections", lambda wire: server.drop_connections()),
        Fault("Redis has no memory left", fill, lambda: server.tell("CONFIG", "SET", "maxmemory", "0"), lasts=True),
        Fault("Redis is a replica", follow, lambda: server.tell("REPLICAOF", "NO", "ONE"), lasts=True),
    ]
