"""Sessions in Redis, everything else in PostgreSQL: one server, the primary of a Sentinel, a cluster of three nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import redis

from tests.support import services
from tests.support.redis_cluster import cluster
from tests.support.redis_sentinel import watched

#: Where sessions are kept, and the version of that.
Where = tuple[str, str]


@contextmanager
def one_server() -> Iterator[Where]:
    with services.redis() as url, redis.Redis.from_url(url) as client:
        yield url, f"Redis {client.info('server')['redis_version']}"


@contextmanager
def at_sentinel() -> Iterator[Where]:
    with watched() as those:
        yield those.url, f"Redis {those.first.version}, Sentinel"


@contextmanager
def three_nodes() -> Iterator[Where]:
    with cluster() as made:
        yield made.url, f"Redis {made.nodes[0].version}, 3 nodes"


PLACES: dict[str, Callable[[], AbstractContextManager[Where]]] = {
    "redis": one_server,
    "redis-sentinel": at_sentinel,
    "redis-cluster": three_nodes,
}
