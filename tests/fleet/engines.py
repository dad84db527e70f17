"""The engines that a fleet runs on: how each is started, and what the app has to set at each of its two nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import create_engine, make_url, text

from tests.fleet import galera, in_redis, pgbouncer, standby
from tests.support import services

Settings = dict[str, Any]


class Running(NamedTuple):
    """
    :ivar version: of the servers, for the table.
    :ivar nodes: the settings of the app, for each of its processes.
    :ivar troubles: what may befall the servers, besides the app; in this order, because not all of it passes.
    """

    version: str
    nodes: tuple[Settings, Settings]
    troubles: Mapping[str, Callable[[], object]] = {}


Start = Callable[[Path], AbstractContextManager[Running]]


def _everywhere(version: str, **settings: Any) -> Running:
    return Running(version, (settings, settings))


@contextmanager
def _sqlite(folder: Path) -> Iterator[Running]:
    url = f"sqlite:///{folder / 'fleet.sqlite'}"
    yield _everywhere(f"SQLite {_asked(url, 'SELECT sqlite_version()')}", SQLALCHEMY_DATABASE_URI=url)


def _postgres(options: dict[str, Any] | None = None) -> Start:
    @contextmanager
    def start(folder: Path) -> Iterator[Running]:
        with services.postgres() as url:
            version = f"PostgreSQL {_asked(url, 'SHOW server_version').split()[0]}"
            yield _everywhere(version, SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=options or {})

    return start


@contextmanager
def _pgbouncer(folder: Path) -> Iterator[Running]:
    """Pooled by transactions, so that no two transactions of the app need have the same connection."""
    with services.postgres() as url, pgbouncer.before(url) as (pooled, version):
        options = {"connect_args": {"prepare_threshold": None}, "isolation_level": "SERIALIZABLE"}
        yield _everywhere(version, SQLALCHEMY_DATABASE_URI=pooled, SQLALCHEMY_ENGINE_OPTIONS=options)


def _standby(*, waits: bool) -> Start:
    """Where the primary is lost, the app connects to the other one by itself."""

    @contextmanager
    def start(folder: Path) -> Iterator[Running]:
        with standby.pair(waits=waits) as both:
            settings = {"SQLALCHEMY_DATABASE_URI": both.url}
            yield Running(both.version, (settings, settings), {"primary killed": both.fail_over})

    return start


@contextmanager
def _pgpool(folder: Path) -> Iterator[Running]:
    """What names neither our tables nor that of the users is asked at a standby that is a second late."""
    with standby.pair(late="1s") as both, standby.pooled(both) as (pooled, version):
        yield _everywhere(version, SQLALCHEMY_DATABASE_URI=pooled)


def _mariadb(each_connection: str = "", options: dict[str, Any] | None = None) -> Start:
    @contextmanager
    def start(folder: Path) -> Iterator[Running]:
        with services.mariadb() as url:
            arguments = {"connect_args": {"init_command": each_connection}} if each_connection else {}
            version = f"MariaDB {_asked(url, 'SELECT version()').partition('-')[0]}"
            set_up = {**arguments, **(options or {})}
            yield _everywhere(version, SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=set_up)

    return start


@contextmanager
def _galera(folder: Path) -> Iterator[Running]:
    """Each process of the app at a node of its own; what has been committed at the other is waited for."""
    options = {"connect_args": {"init_command": "SET SESSION wsrep_sync_wait = 1"}}
    with galera.two_nodes() as (urls, version):
        first, second = ({"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": options} for url in urls)
        yield Running(version, (first, second))


def _in_redis(place: str) -> Start:
    @contextmanager
    def start(folder: Path) -> Iterator[Running]:
        with services.postgres() as url, in_redis.PLACES[place]() as (sessions, version, troubles):
            patient = sessions + ("&" if "?" in sessions else "?") + "socket_timeout=10"
            settings = {"SQLALCHEMY_DATABASE_URI": url, "MYPROFILE_SESSION_STORE": patient}
            yield Running(version, (settings, settings), troubles)

    return start


def _asked(url: str, question: str) -> str:
    engine = create_engine(make_url(url))
    with engine.connect() as connection:
        found = str(connection.execute(text(question)).scalar())
    engine.dispose()
    return found


#: By the names that ``--engine`` takes. Where sessions are kept elsewhere is one more, with its setting at each node.
ENGINES: dict[str, Start] = {
    "sqlite": _sqlite,
    "postgres": _postgres(),
    "postgres-repeatable-read": _postgres({"isolation_level": "REPEATABLE READ"}),
    "postgres-serializable": _postgres({"isolation_level": "SERIALIZABLE"}),
    "postgres-autocommit": _postgres({"isolation_level": "AUTOCOMMIT"}),
    "postgres-pgbouncer": _pgbouncer,
    "postgres-pgpool": _pgpool,
    "postgres-standby": _standby(waits=False),
    "postgres-standby-waits": _standby(waits=True),
    "mariadb": _mariadb(),
    "mariadb-snapshot": _mariadb("SET SESSION innodb_snapshot_isolation = ON"),
    "mariadb-serializable": _mariadb(options={"isolation_level": "SERIALIZABLE"}),
    "mariadb-autocommit": _mariadb(options={"isolation_level": "AUTOCOMMIT"}),
    "galera": _galera,
    **{place: _in_redis(place) for place in in_redis.PLACES},
}
