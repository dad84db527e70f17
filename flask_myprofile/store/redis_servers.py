"""How a Redis is reached: one server, the primary that Sentinel names, or the nodes of a cluster."""

from __future__ import annotations

import re
import secrets
from threading import Lock
from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import MovedError, NoScriptError, RedisClusterException, RedisError
from redis.exceptions import ReadOnlyError as RedisReadOnly

from ..errors import StoreDown
from .redis_prelude import Script

#: What Redis calls its troubles, which redis-py has in the name of an error at most. In what a script says it may come
#: late: "Error running script …: -READONLY …".
_CODES = ("READONLY", "MISCONF", "NOREPLICAS", "OOM", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")
_SAID = re.compile(rf"(?:^|-)({'|'.join((*_CODES, 'WRONGTYPE'))})\b")
_BY_NAME = {
    "ReadOnlyError": "READONLY",
    "OutOfMemoryError": "OOM",
    "BusyLoadingError": "LOADING",
    "MasterDownError": "MASTERDOWN",
    "ClusterDownError": "CLUSTERDOWN",
    "NoPermissionError": "NOPERM",
}
#: What a server says that may have been the primary until now: another has taken its replicas, or itself as one.
_PRIMARY_NO_MORE = ("READONLY", "NOREPLICAS")
#: What redis-py makes of READONLY where Sentinel has said who the primary is.
_DEMOTED = "The previous master is now a slave"
IS_A_CLUSTER = "this is a Redis Cluster, for which MYPROFILE_SESSION_STORE begins with redis+cluster://"
IS_NO_CLUSTER = "this is no Redis Cluster: MYPROFILE_SESSION_STORE begins with redis:// instead of redis+cluster://"


class Server:
    """One Redis: what is said to it, and what its troubles are called. Raises StoreDown whenever it does not answer.

    :param client: connects when it is used.
    :param prefix: of all keys.
    """

    _troubles: tuple[type[Exception], ...] = (RedisError,)

    def __init__(self, client: Any, prefix: str) -> None:
        self._client, self.prefix = client, prefix

    def ask(self, command: str, *given: Any, **more: Any) -> Any:
        """:param command: a method of redis-py's client."""
        try:
            return getattr(self._connected(), command)(*given, **more)
        except self._troubles as error:
            if _code(error) in _PRIMARY_NO_MORE:
                self._forget_primary()
            raise _down(error) from None

    def run(self, script: Script, key: str | bytes, *given: Any) -> Any:
        """All that it touches is in one key."""
        try:
            return self.ask("evalsha", script.digest, 1, key, *given)
        except _Unknown:
            return self.ask("eval", script.source, 1, key, *given)  # which makes this server know it

    def scan(self, pattern: str, place: str | None, count: int) -> tuple[str | None, list[bytes]]:
        """A step of a walk through all keys of that pattern, from that place on; None is the place after the last."""
        cursor, keys = self.ask("scan", int(place or 0), pattern, count)
        return str(cursor) if cursor else None, keys

    def clock(self) -> float:
        """Seconds since the epoch."""
        seconds, microseconds = self.ask("time")
        return float(seconds + microseconds / 1e6)

    def try_writing(self) -> None:
        """Write something, and take it back; in a second it would be gone by itself."""
        self._write_and_delete(self._any_key())

    def _any_key(self) -> str:
        return f"{self.prefix}doctor:{secrets.token_hex(12)}"

    def _write_and_delete(self, key: str) -> None:
        self.ask("set", key, "", px=1000)
        self.ask("execute_command", "DEL", key)  # redis-py would make a pipeline of it in a cluster

    def _connected(self) -> Any:
        return self._client

    def _forget_primary(self) -> None:
        """Whoever is asked next looks anew for the primary, by name or at Sentinel."""
        self._client.connection_pool.disconnect(inuse_connections=False)


class PlainServer(Server):
    """What a plain URL leads to. Each node of a cluster answers for some keys, and so for some users only."""

    _is_known = False

    def _connected(self) -> Any:
        if not self._is_known:
            try:
                self._client.exists(f"{self.prefix}a", f"{self.prefix}b")  # which lie apart in any cluster
            except redis.exceptions.ClusterCrossSlotError:
                raise StoreDown(f"Redis: {IS_A_CLUSTER}") from None
            self._is_known = True
        return self._client


class ClusterServer(Server):
    """A Redis Cluster. It is asked for its nodes when it is first needed, and again until one of them answers."""

    #: While a node ends, redis-py before 8 also raises AttributeError, ValueError and more where there are threads.
    _troubles = (Exception,)

    def __init__(self, nodes: list[tuple[str, int]], settings: dict[str, Any], prefix: str) -> None:
        super().__init__(None, prefix)
        self._nodes, self._settings = nodes, settings

    def scan(self, pattern: str, place: str | None, count: int) -> tuple[str | None, list[bytes]]:
        """One node after the other."""
        nodes = self._primaries()
        node, cursor = map(int, (place or "0:0").split(":"))
        if node >= len(nodes):
            return None, []
        cursors, keys = self.ask("scan", cursor, pattern, count, target_nodes=nodes[node])
        cursor = cursors[nodes[node].name]
        if cursor == 0:
            node += 1
        return f"{node}:{cursor}" if node < len(nodes) else None, keys

    def clock(self) -> float:
        seconds, microseconds = self.ask("time", target_nodes=self._primaries()[0])
        return float(seconds + microseconds / 1e6)

    def try_writing(self) -> None:
        """To each of them."""
        missing = {node.name for node in self._primaries()}
        while missing:
            key = self._any_key()
            node = self.ask("get_node_from_key", key).name
            if node in missing:
                self._write_and_delete(key)
                missing.discard(node)

    def _primaries(self) -> list[Any]:
        found = sorted(self.ask("get_primaries"), key=lambda node: str(node.name))
        if not found:
            raise StoreDown("Redis: no node of the cluster is known")
        return found

    def _connected(self) -> Any:
        if self._client is None:  # two threads may both do so, where one would have to wait for the failure of another
            self._client = self._connect()
        return self._client

    def _connect(self) -> Any:
        nodes = [ClusterNode(*node) for node in self._nodes]
        # where nobody answers for some users, the others go on
        return _ClusterClient(startup_nodes=nodes, require_full_coverage=False, **self._settings)

    def _forget_primary(self) -> None:
        """It says where to go instead of READONLY."""


class _ClusterClient(RedisCluster):
    """That of redis-py, but for two things that it does not do well (8.1)."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        manager: Any = self.nodes_manager
        self._ask_nodes, self._asking = manager.initialize, Lock()
        manager.initialize = self._ask_nodes_once

    def _ask_nodes_once(self, *given: Any, **more: Any) -> None:
        """Which nodes there are is asked after each failure, by one thread after the other. Where no node answers, each
        would wait for all before it; so whoever finds another at it leaves it to that one, and has failed already."""
        if self._asking.acquire(blocking=False):
            try:
                self._ask_nodes(*given, **more)
            finally:
                self._asking.release()

    def get_node(self, host: Any = None, port: Any = None, node_name: Any = None) -> Any:
        """Also one that has no slot yet, and is about to get its first, where it is not known otherwise."""
        found = super().get_node(host, port, node_name)
        if found is None and node_name is not None:
            at, _, number = node_name.rpartition(":")
            found = ClusterNode(at, int(number))
        return found


class _Unknown(StoreDown):
    """A script that this server has not been told yet."""


def _code(error: Exception) -> str | None:
    """Redis' own word for it."""
    if isinstance(error, RedisReadOnly) or str(error) == _DEMOTED:
        return "READONLY"
    said = _SAID.search(str(error))
    return said[1] if said else _BY_NAME.get(type(error).__name__)


def _down(error: Exception) -> StoreDown:
    """In the words of redis-py about connections, else by name only: of a command that it does not know, Redis quotes
    the arguments, and of AUTH that is the password. For the same reason it is never the cause of what is raised."""
    if isinstance(error, NoScriptError):
        return _Unknown("Redis: NoScriptError")
    if isinstance(error, MovedError):
        return StoreDown(f"Redis: {IS_A_CLUSTER}")
    if "Cluster mode is not enabled" in str(error):
        return StoreDown(f"Redis: {IS_NO_CLUSTER}")
    code = _code(error)
    if type(error) is RedisClusterException:
        return StoreDown("Redis: ConnectionError: no node of the cluster can be asked")
    unreachable = type(error) in (redis.ConnectionError, redis.TimeoutError)
    says = f": {error}" if unreachable else ""
    return StoreDown(f"Redis: {type(error).__name__}{says}" + (f" ({code})" if code else ""))
