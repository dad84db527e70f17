"""A small host app, browsers that are separate clients, and real services."""

from __future__ import annotations

import gc
import os
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, event
from werkzeug.routing import Rule

from tests.account import visitors as visitors_of_a_day
from tests.hosts.layouts import frameworks as installed_frameworks
from tests.html import checker
from tests.oidc import provider
from tests.providers import foreign
from tests.support import services, spare
from tests.support.host import Host, make_host
from tests.support.kept import Kept
from tests.support.redis_cluster import cluster as redis_cluster_of_all


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """pytest-flask's fixture of this name makes two clients of one test share a user; this one does nothing."""


class Compiled(BytecodeCache):
    """Many tests make an app of their own, and compiling the same templates again would be a third of all time."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": Compiled()}


class Route(Rule):
    """Routes are compiled as well, each twice; a fifth of the time that it takes to make an app."""

    _builders: dict[Any, Any] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        what = (self.rule, *self._trace, repr(self.defaults), append_unknown)
        if what not in self._builders:
            self._builders[what] = super()._compile_builder(append_unknown)
        return self._builders[what]


Flask.url_rule_class = Route


def pytest_collection_finish() -> None:
    """What is there when the first test begins stays to the end: looking for garbage in it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@event.listens_for(Engine, "connect")
def _do_not_wait_for_the_disk(connection: Any, record: Any) -> None:
    """No test pulls the plug; waiting until it would not matter is half of the time that they take."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def kept_in(request: pytest.FixtureRequest) -> str:
    """Where the hosts of this test keep things: see :data:`tests.support.kept.everywhere`."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where those of SQLite are."""
    return tmp_path_factory.mktemp("databases")


@pytest.fixture
def kept(kept_in: str, tmp_path: Path, databases: Path, request: pytest.FixtureRequest) -> Kept:
    service = kept_in.removeprefix("flask-session-")
    needs_one = service in ("postgres", "mariadb", "redis")
    url = str(request.getfixturevalue(f"{service}_url")) if needs_one else None
    in_cluster = kept_in == "redis" and os.environ.get("MYPROFILE_TEST_CLUSTER")
    return Kept(kept_in, tmp_path, databases, url, request.getfixturevalue("redis_cluster") if in_cluster else None)


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    """The common test bench: users A, B, ADM; views /login, /logout, /page, /pub, /api; all tabs on; file database."""
    return new_host()


@pytest.fixture
def new_host(kept: Kept) -> Iterator[Callable[..., Host]]:
    """Make hosts with other settings: ``new_host(MYPROFILE_…=…, csrf=False, …)``; see ``make_host``.

    Each has a database of its own, unless it is told which.

    :param anew: not one that another test has had.
    """
    made: list[tuple[Host, bool]] = []
    lent: list[spare.Spare] = []

    def make(database_url: str | None = None, *, before: Any = None, anew: bool = False, **options: Any) -> Host:
        url = database_url or kept.new_database()
        ours = kept.owns(url)
        if ours:
            options = {**kept.settings(url), **options}
        is_usual = not (database_url or before or anew or kept.has_sessions)
        wanted = spare.wish(url, options) if is_usual else None
        if again := spare.take(wanted, kept):
            lent.append(again)
            made.append((again.host, False))
            return again.host

        def with_sessions(app: Any, db: Any) -> None:
            kept.set_up_sessions(app, db)
            if before:
                before(app, db)

        if ours:
            options = {"make_tables": kept.make_tables, **options}
        host = make_host(url, before=with_sessions, **options)
        made.append((host, not ours))
        if wanted:
            lent.append(spare.new(wanted, host))
        return host

    yield make
    for host, drop in made:
        host.close(drop)
    for each in lent:
        spare.give_back(each)


def _service(name: str, start: Callable[[], Any], given: str | None = None, required: bool = True) -> Any:
    """A fixture that starts it once for the whole run, unless it is there already (``given``)."""

    @pytest.fixture(scope="session", name=name)
    def fixture() -> Iterator[Any]:
        if given:
            yield given
            return
        try:
            with start() as service:
                yield service
        except services.Missing as error:
            if required and os.environ.get("MYPROFILE_REQUIRE_SERVICES"):
                pytest.fail(f"{error} (MYPROFILE_REQUIRE_SERVICES is set)", pytrace=False)
            warnings.warn(f"NOT TESTED with {name}: {error}", stacklevel=1)
            pytest.skip(str(error))

    return fixture


postgres_url = _service("postgres_url", services.postgres, os.environ.get("MYPROFILE_TEST_POSTGRES_URL"))
mariadb_url = _service("mariadb_url", services.mariadb, os.environ.get("MYPROFILE_TEST_MARIADB_URL"))
redis_url = _service("redis_url", services.redis, os.environ.get("MYPROFILE_TEST_REDIS_URL"))
redis_cluster = _service("redis_cluster", redis_cluster_of_all)
chromium = _service("chromium", services.chromium)
firefox = _service("firefox", services.firefox)
webkit = _service("webkit", services.webkit, required=False)
html_checker = _service("html_checker", checker.installed)
openid_provider = _service("openid_provider", provider.start)
frameworks = _service("frameworks", installed_frameworks)
foreign_servers = _service("foreign_servers", foreign.servers)
visitors = _service("visitors", visitors_of_a_day.installed)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Every test that asks for this runs once for each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'db.sqlite'}"
    return str(request.getfixturevalue(f"{request.param}_url"))
