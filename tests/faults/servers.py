"""Databases that restart at the same address, with all that they had committed."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import redis

from tests.faults.proxy import Proxy
from tests.support import services


class Server:
    """
    :ivar url: where the workers reach it, by way of :attr:`proxy`.
    """

    name: str
    #: Whose process it is, where we are root.
    account: str

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        self._folder, self._who, self._port = folder, who, services.free_port()
        self.proxy = Proxy(self._port)
        self._running = ExitStack()
        self._process: Any = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def start(self) -> None:
        log = str(Path(self._folder) / "log")
        self._process = self._running.enter_context(services.process(self._command(), self._answers, self._who, log))

    def kill(self) -> None:
        """It ends at once, in the middle of whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._running.close()
        self.proxy.close()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class Postgres(Server):
    """What is committed is with the operating system before the reply; only that of the machine could lose it here."""

    name, account = "PostgreSQL", "postgres"

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        super().__init__(folder, who)
        binaries = "/usr/lib/postgresql/*/bin/"
        initdb = services.find("initdb", "postgresql", binaries + "initdb")
        self._program = services.find("postgres", "postgresql", binaries + "postgres")
        make = [initdb, "-D", f"{folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        make += ["--no-sync", "--no-instructions"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/", **who)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.proxy.port}/postgres"

    def kill(self) -> None:
        """As by ``pg_ctl stop -m immediate``, which all of its processes hear of."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def _command(self) -> list[str]:
        where = ["-D", f"{self._folder}/data", "-h", "127.0.0.1", "-p", str(self._port), "-k", self._folder]
        return [self._program, *where, "-c", "fsync=off", "-c", "lock_timeout=20s"]

    def _answers(self) -> bool:
        where = f"host=127.0.0.1 port={self._port} user=postgres dbname=postgres connect_timeout=1"
        try:
            psycopg.connect(where).close()
        except psycopg.OperationalError:
            return False
        return True


class MariaDB(Server):
    """Like PostgreSQL here."""

    name, account = "MariaDB", "mysql"

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        super().__init__(folder, who)
        install = services.find("mariadb-install-db", "mariadb-server")
        self._program = services.find("mariadbd", "mariadb-server", "/usr/sbin/mariadbd")
        make = [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal"]
        make += ["--skip-test-db", "--skip-name-resolve"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **who)

    @property
    def url(self) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.proxy.port}/myprofile?charset=utf8mb4&ssl_disabled=1"

    def _command(self) -> list[str]:
        folder = self._folder
        where = [f"--datadir={folder}/data", f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        where += [f"--port={self._port}", "--bind-address=127.0.0.1", "--skip-name-resolve"]
        speed = ["--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync", "--debug-no-sync"]
        return [
            self._program,
            "--no-defaults",
            *where,
            *speed,
            "--lock-wait-timeout=20",
            "--character-set-server=utf8mb4",
        ]

    def _answers(self) -> bool:
        where: dict[str, Any] = {"host": "127.0.0.1", "port": self._port, "user": "root", "connect_timeout": 1}
        try:
            with pymysql.connect(**where) as admin, admin.cursor() as cursor:
                cursor.execute("CREATE DATABASE IF NOT EXISTS myprofile CHARACTER SET utf8mb4")
        except pymysql.err.OperationalError:
            return False
        return True


class RedisServer(Server):
    """Writes down each command before it replies."""

    name, account = "Redis", "redis"

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        super().__init__(folder, who)
        self._program = services.find("redis-server", "redis-server")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.proxy.port}/0"

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
        with redis.Redis(port=self._port) as client:
            return client.execute_command(*command)


@contextmanager
def running(kind: type[Server]) -> Iterator[Any]:
    who = services.account(kind.account)
    with services.workdir("mp-faults-", who) as folder:
        server = kind(folder, who)
        server.start()
        try:
            yield server
        finally:
            server.kill()  # a polite end waits for the workers
            server.stop()
