"""Connections to a server that break at a certain command: before the server gets it, or before its reply arrives."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread


class Proxy:
    """Stands between the workers and a server on this machine.

    :ivar fired: whether a connection has been broken since :meth:`arm`.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._lock = Lock()
        self._at, self._left, self._deliver = b"", 0, False
        self.fired = False
        self._connections: set[_Connection] = set()
        Thread(target=self._accept, daemon=True).start()

    def arm(self, at: bytes, number: int, deliver: bool) -> None:
        """Break the connection on which the so-manieth of these commands is sent.

        :param deliver: the server gets it, and its reply is lost; else the server never gets it.
        """
        with self._lock:
            self._at, self._left, self._deliver, self.fired = at, number, deliver, False

    def disarm(self) -> None:
        with self._lock:
            self._left = 0

    def lead_to(self, server_port: int) -> None:
        """From now on, as a name or an address that has moved; connections that there are stay where they are."""
        self._server_port = server_port

    def drop_connections(self) -> None:
        for connection in list(self._connections):
            connection.end()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # or accept() would go on
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server_port))
                except OSError:
                    client.close()
                    continue
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(self, client, server)
                self._connections.add(connection)
                connection.start()

    def ended(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    def breaks(self, sent: bytes) -> tuple[bool, bool]:
        """Whether the connection on which this is sent breaks, and whether the server gets it still."""
        with self._lock:
            if not self._left or self._at not in sent:
                return False, True
            self._left -= 1
            self.fired = not self._left
            return self.fired, self._deliver or not self.fired


class _Connection:
    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._reply_is_lost = False

    def start(self) -> None:
        for work in (self._requests, self._replies):
            Thread(target=self._until_closed, args=(work,), daemon=True).start()

    def _until_closed(self, work: Callable[[], None]) -> None:
        with suppress(OSError):
            work()
        self.end()
        self._client.close()
        self._server.close()
        self._proxy.ended(self)

    def end(self) -> None:
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # or the other thread would wait on

    def _requests(self) -> None:
        while sent := self._client.recv(65_536):
            breaks, deliver = self._proxy.breaks(sent)
            if breaks and not deliver:
                return
            self._reply_is_lost = breaks
            self._server.sendall(sent)

    def _replies(self) -> None:
        while reply := self._server.recv(65_536):
            if self._reply_is_lost:
                return
            self._client.sendall(reply)
