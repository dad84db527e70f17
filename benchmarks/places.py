"""Where the measured apps keep things: a folder, a database and a Redis of their own, gone when it is over."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from tests.support import services

from .report import say

_services: Any = services


class NotAvailable(Exception):
    """This machine, or this version of the extension, cannot do what is to be measured; the text says why."""


@dataclass(frozen=True)
class Place:
    """One database with what belongs to it."""

    database: str
    database_url: str
    folder: Path
    redis_url: str | None

    def settle(self) -> None:
        """Let the database know its tables, as it does by itself after a while: until then it plans with guesses."""
        if self.database == "PostgreSQL":
            engine = create_engine(self.database_url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
            engine.dispose()

    def redis(self) -> Any:
        """A client of its own for the Redis server."""
        if self.redis_url is None:
            raise NotAvailable("no Redis server")
        try:
            import redis
        except ImportError as error:
            raise NotAvailable(str(error)) from error
        return redis.Redis.from_url(self.redis_url)

    def redis_commands(self) -> Callable[[], int]:
        """Begin counting: ask this how many commands the server has had since. Always 0 where there is none."""
        try:
            client = self.redis()
        except NotAvailable:
            return lambda: 0

        def so_far() -> int:
            return int(client.info("stats")["total_commands_processed"])

        so_far()  # connecting sends commands as well
        start = so_far()
        return lambda: so_far() - start - 1  # asking is one itself


@contextmanager
def places() -> Iterator[list[Place]]:
    """SQLite, and PostgreSQL and MariaDB where their programs are on this machine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mp-bench-", dir=_memory())))
        if (redis_url := _start(stack, _services.redis)) is not None:
            redis_url += "?socket_timeout=20"  # a machine that is busy with other things is no failure
        made = [Place("SQLite", f"sqlite:///{folder / 'bench.sqlite'}", folder, redis_url)]
        postgres_url = _start(stack, _services.postgres)
        if postgres_url is not None:
            made.append(replace(made[0], database="PostgreSQL", database_url=postgres_url))
        mariadb_url = _start(stack, _services.mariadb)
        if mariadb_url is not None:
            made.append(replace(made[0], database="MariaDB", database_url=mariadb_url))
        yield made


def _memory() -> str | None:
    """A folder in memory, if there is one: how long a disk takes is no matter of the extension's, and varies tenfold.

    The databases of the tests do not wait for their disks either.
    """
    shared = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
    if not shared.is_dir():
        say("SQLite is on the disk: its writes are as slow as that.")
        return None
    say("No write waits for a disk: that would be the disk's time.")
    return str(shared)


def _start(stack: ExitStack, service: Any) -> str | None:
    try:
        return str(stack.enter_context(service()))
    except services.Missing as missing:
        say(f"\nNOT MEASURED: {missing}")
        return None
