"""Sessions in Redis, everything else in PostgreSQL: one server, the primary of a Sentinel, a cluster of three nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import redis

from tests.support import services
from tests.support.redis_cluster import cluster, wait_until
from tests.support.redis_sentinel import watched

#: Milliseconds after which the nodes of a cluster give one of them up, on a machine that has other work.
_NODE_TIMEOUT = 3000


class Where(NamedTuple):
    """Where sessions are kept, the version of that, and what may befall it."""

    url: str
    version: str
    troubles: Mapping[str, Callable[[], object]] = {}


@contextmanager
def one_server() -> Iterator[Where]:
    with services.redis() as url, redis.Redis.from_url(url) as client:
        yield Where(url, f"Redis {client.info('server')['redis_version']}")


@contextmanager
def at_sentinel() -> Iterator[Where]:
    with watched() as those:

        def switch_over() -> None:
            wait_until(those.begins_to_switch_over)
            wait_until(lambda: those.second.is_primary)

        def kill() -> None:
            """Not before the first has all that the second has, which it follows by now."""
            wait_until(lambda: those.first.tell("INFO", "replication")["master_link_status"] == "up")
            those.second.kill()

        troubles = {"primary and replica swapped": switch_over, "primary killed": kill}
        yield Where(those.url, f"Redis {those.first.version}, Sentinel", troubles)


@contextmanager
def three_nodes() -> Iterator[Where]:
    with cluster(_NODE_TIMEOUT) as made:
        first, replica = made.nodes[0], made.add_replica(made.nodes[0])

        def kill() -> None:
            first.kill()
            wait_until(lambda: replica.is_primary)

        yield Where(made.url, f"Redis {first.version}, 3 nodes", {"a node killed": kill})


PLACES: dict[str, Callable[[], AbstractContextManager[Where]]] = {
    "redis": one_server,
    "redis-sentinel": at_sentinel,
    "redis-cluster": three_nodes,
}
