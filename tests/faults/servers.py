"""Databases that restart: at the same address, with all that they had committed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.support import services


class Server:
    """:ivar url: where it is, once it has started."""

    url: str

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        self._folder, self._who, self._port = folder, who, services.free_port()
        self._running = ExitStack()
        self._process: Any = None

    def start(self) -> None:
        log = str(Path(self._folder) / "log")
        self._process = self._running.enter_context(services.process(self._command(), self._answers, self._who, log))

    def kill(self) -> None:
        """It ends at once, in the middle of whatever it is doing."""
        for process in self._all_processes():
            process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._running.close()

    def _all_processes(self) -> list[Any]:
        return [self._process]

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class PostgresServer(Server):
    """What is committed is written before it is said; only a computer that falls over would lose it here."""

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        super().__init__(folder, who)
        binaries = "/usr/lib/postgresql/*/bin/"
        initdb = services.find("initdb", "postgresql", binaries + "initdb")
        self._program = services.find("postgres", "postgresql", binaries + "postgres")
        make = [initdb, "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        make += ["--no-sync", "--no-instructions"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/", **who)
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def kill(self) -> None:
        """As by ``pg_ctl stop -m immediate``: by SIGQUIT, which each of its processes hears of."""
        self._process.send_signal(3)
        self._process.wait(30)

    def _command(self) -> list[str]:
        where = ["-D", f"{self._folder}/data", "-h", "127.0.0.1", "-p", str(self._port), "-k", self._folder]
        return [self._program, *where, "-c", "fsync=off", "-c", "lock_timeout=20s"]

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self) -> psycopg.Connection[Any]:
        where = {"host": "127.0.0.1", "port": self._port, "user": "postgres", "dbname": "postgres"}
        return psycopg.connect(**where, connect_timeout=1, autocommit=True)

    def drop_connections(self) -> None:
        with self.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


class RedisServer(Server):
    """Writes down each command before it is answered."""

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        super().__init__(folder, who)
        self._program = services.find("redis-server", "redis-server")
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def _command(self) -> list[str]:
        settings = {"port": self._port, "bind": "127.0.0.1", "dir": self._folder, "save": ""}
        settings |= {"appendonly": "yes", "appendfsync": "always"}
        return [self._program, *(part for name, value in settings.items() for part in (f"--{name}", str(value)))]

    def _answers(self) -> bool:
        try:
            return bool(self.tell("PING"))
        except redis.RedisError:  # it may still be reading what it had
            return False

    def tell(self, *command: Any) -> Any:
        with redis.Redis.from_url(self.url) as client:
            return client.execute_command(*command)

    def drop_connections(self) -> None:
        self.tell("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


@contextmanager
def running(kind: type[Server], account: str) -> Iterator[Any]:
    who = services.account(account)
    with services.workdir("mp-faults-", who) as folder:
        server = kind(folder, who)
        server.start()
        try:
            yield server
        finally:
            server.stop()
