"""What MYPROFILE_SESSION_STORE says of a Redis, and how it is reached then."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel

from ..errors import SetupError
from .redis_servers import ClusterServer, PlainServer, Server

#: Seconds to wait for an answer, unless the URL says otherwise: nobody waits longer to be told that Redis is down.
TIMEOUT = 1
#: Options of the URL that are for the Sentinels, and not for the primary.
_OF_SENTINEL = {"sentinel_username": "username", "sentinel_password": "password"}


def reach(url: str, prefix: str) -> Server:
    """The Redis of that URL, which nothing connects to before it is used.

    :raises SetupError: redis-py cannot make sense of the URL.
    """
    scheme, _, rest = url.partition("://")
    security, _, kind = scheme.partition("+")
    try:
        if not kind:
            return PlainServer(redis.Redis(connection_pool=_pool(url)), prefix)
        hosts, login, rest = _split(rest)
        if kind == "cluster":
            pools = [_pool(f"{security}://{login}{host}{rest}") for host in hosts]
            settings = _settings(pools[0])
            if settings.pop("db", 0):
                raise ValueError("a cluster has one database only")
            nodes = [(pool.connection_kwargs["host"], pool.connection_kwargs.get("port", 6379)) for pool in pools]
            return ClusterServer(nodes, settings | {"retry": _never()}, prefix)
        return Server(_at_sentinel(security, hosts, login, rest), prefix)
    except (IndexError, KeyError, TypeError, ValueError, RedisError):
        # without redis-py's words, and without the URL: its password may be in them
        raise SetupError(
            "MYPROFILE_SESSION_STORE is a URL that redis-py does not take:"
            " look at its port, at the number of its database, at its options after the ? and at signs in the password"
            " that need %-encoding"
        ) from None


def _at_sentinel(security: str, hosts: list[str], login: str, rest: str) -> Any:
    """``/<name of the primary>/<database>`` is what follows the Sentinels in the URL."""
    path, mark, options = rest.partition("?")
    _, service, *database = path.split("/")
    if not service:
        raise ValueError("which primary?")
    pools = [_pool(f"{security}://{login}{host}/{'/'.join(database)}{mark}{options}", *_OF_SENTINEL) for host in hosts]
    settings = _settings(pools[0])
    of_sentinel = {_OF_SENTINEL[name]: settings.pop(name) for name in _OF_SENTINEL if name in settings}
    alike = {name: value for name, value in settings.items() if name.startswith(("socket_", "ssl"))}
    nodes = [(pool.connection_kwargs["host"], pool.connection_kwargs.get("port", 26379)) for pool in pools]
    sentinel = Sentinel(nodes, sentinel_kwargs=alike | of_sentinel | {"retry": _never()})
    return sentinel.master_for(service, **settings, retry=_never())


def _split(rest: str) -> tuple[list[str], str, str]:
    """``user:password@one:1,other:2/path?options``: the hosts, what stands before them, and what after."""
    netloc = urlsplit(f"//{rest}").netloc
    login, at, hosts = netloc.rpartition("@")
    return hosts.split(","), login + at, rest[len(netloc) :]


def _pool(url: str, *also: str) -> redis.ConnectionPool:
    """
    :param also: options that are not for it.
    """
    parts = urlsplit(url)
    if parts.scheme != "unix" and re.fullmatch("/?[0-9]*/?", parts.path) is None:
        raise ValueError("no number: redis-py takes /shop for the database 0, and /1/2 for 12")
    defaults: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "protocol": 2}
    pool = redis.ConnectionPool.from_url(url, **defaults, retry=_never())
    settings = pool.connection_kwargs
    settings["decode_responses"] = False  # bytes that are no text are ours to judge
    # options that it does not know are refused here
    pool.connection_class(**{name: value for name, value in settings.items() if name not in also})
    return pool


def _settings(pool: redis.ConnectionPool) -> dict[str, Any]:
    """What its connections have in common with those to other hosts."""
    settings = {name: value for name, value in pool.connection_kwargs.items() if name not in ("host", "port", "retry")}
    secure = {"ssl": True} if pool.connection_class is redis.SSLConnection else {}
    return {"max_connections": pool.max_connections, **settings, **secure}


def _never() -> Retry:
    """A command that was sent may have been carried out: sent twice, it would find its own work and call it lost."""
    return Retry(NoBackoff(), 0)
