"""The store of sessions in Redis, a Redis of one's own that may be broken, and a server that is none."""

from __future__ import annotations

import os
import signal
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from flask_myprofile.store.redis import RedisSessions
from tests.support import services

#: What the URL of a Redis says, and nothing else may.
PASSWORD = "pa55word"


def at(url: str, prefix: str = "mp_", **limits: Any) -> RedisSessions:
    """The store, with users that are as good as any."""
    given = {"lifetime": None, "idle": None, "keep_ended": 30 * 86_400, **limits}
    return RedisSessions.at(url, prefix=prefix, find_user=lambda key: (f"user {key}", {"language": "en"}), **given)


def client_fixture() -> Any:
    """A fixture ``client``, of the Redis that all tests share, with nothing in it."""

    @pytest.fixture(name="client")
    def fixture(redis_url: str) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(redis_url) as client:
            client.flushdb()
            yield client

    return fixture


class RedisServer:
    """Starts, stops and starts again at the same address. What it held is gone then: it writes nothing to disk."""

    def __init__(self, folder: str, who: dict[str, Any]) -> None:
        self._program = services.find("redis-server", "redis-server")
        self._folder, self._who, self.port = folder, who, services.free_port()
        self._running = ExitStack()
        self._process: Any = None
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        where = {"port": self.port, "bind": "127.0.0.1", "dir": self._folder}
        settings = {**where, "save": "", "requirepass": PASSWORD}
        args = [self._program, *(part for name, value in settings.items() for part in (f"--{name}", str(value)))]
        log = str(Path(self._folder) / "log")
        started = services.process(args, services.answers(self.port), self._who, log)
        self._process = self._running.enter_context(started)

    def stop(self) -> None:
        self._running.close()

    def stall(self) -> None:
        """It takes connections and says nothing any more."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def tell(self, *command: Any) -> Any:
        """Say something to it as its administrator."""
        with redis.Redis.from_url(self.url) as client:
            return client.execute_command(*command)

    # ---- each of these breaks it, and returns what mends it

    def is_gone(self) -> Callable[[], object]:
        self.stop()
        return self.start

    def is_stalled(self) -> Callable[[], object]:
        self.stall()
        return self.go_on

    def wants_another_password(self) -> Callable[[], object]:
        admin = redis.Redis.from_url(self.url, single_connection_client=True)
        admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">another")
        admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        def mend() -> None:
            admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">" + PASSWORD)
            admin.close()

        return mend

    def has_lost_its_primary(self) -> Callable[[], object]:
        self.tell("CONFIG", "SET", "replica-serve-stale-data", "no")
        return self.is_a_replica()

    def is_a_replica(self) -> Callable[[], object]:
        """It answers what it is asked, and takes no writes."""
        self.tell("REPLICAOF", "127.0.0.1", services.free_port())

        def mend() -> None:
            self.tell("REPLICAOF", "NO", "ONE")
            self.tell("CONFIG", "SET", "replica-serve-stale-data", "yes")

        return mend

    def has_no_disk(self) -> Callable[[], object]:
        """It could not save what it has, and takes no more until it can."""
        Path(self._folder).chmod(0o500)
        self.tell("CONFIG", "SET", "save", "3600 1")
        while self._saving()["rdb_last_bgsave_status"] != "err":
            with suppress(redis.ResponseError):  # it is about to already
                self.tell("BGSAVE")

        def mend() -> None:
            Path(self._folder).chmod(0o700)
            self.tell("CONFIG", "SET", "save", "")

        return mend

    def _saving(self) -> Any:
        with redis.Redis.from_url(self.url) as client:
            return client.info("persistence")

    def misses_a_replica(self) -> Callable[[], object]:
        """That it would have to write to first."""
        self.tell("CONFIG", "SET", "min-replicas-to-write", "1")
        return lambda: self.tell("CONFIG", "SET", "min-replicas-to-write", "0")

    def is_full(self) -> Callable[[], object]:
        self.tell("CONFIG", "SET", "maxmemory", "1")
        return lambda: self.tell("CONFIG", "SET", "maxmemory", "0")


@contextmanager
def new_server() -> Iterator[RedisServer]:
    who = services.account("redis")
    with services.workdir("mp-rd-", who) as folder:
        server = RedisServer(folder, who)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def server_fixture() -> Any:
    """A fixture ``server``: a Redis with nothing in it that nobody else uses."""

    @pytest.fixture(scope="module", name="server")
    def fixture() -> Iterator[RedisServer]:
        try:
            with new_server() as server:
                yield server
        except services.Missing as error:
            (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(error))

    return fixture


#: What may befall a Redis so that nothing can be read.
SILENT = ("is_gone", "is_stalled", "wants_another_password", "has_lost_its_primary")


@contextmanager
def broken(server: RedisServer, how: str) -> Iterator[None]:
    mend = getattr(server, how)()
    try:
        yield
    finally:
        mend()


@contextmanager
def always(answer: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives one answer to everything; its port, and what it was sent.

    :param answer: None: it lets everybody in, and hangs up at the first command.
    """
    heard: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while sent := self.request.recv(65536):
                heard.append(sent)
                greeted = answer is None and sent.split()[2] in (b"AUTH", b"CLIENT")
                if answer is None and not greeted:
                    return
                self.request.sendall(b"+OK\r\n" if greeted else answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()
