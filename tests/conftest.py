"""A small host app, browsers that are separate clients, and real services."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import services
from tests.host import Host, make_host


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """pytest-flask's fixture of this name makes two clients of one test share a user; this one does nothing."""


@pytest.fixture
def host(tmp_path: Any) -> Iterator[Host]:
    """The common test bench: users A, B, ADM; views /login, /logout, /page, /pub, /api; all tabs on; file database."""
    made = make_host(f"sqlite:///{tmp_path / 'host.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def new_host(tmp_path: Any) -> Iterator[Callable[..., Host]]:
    """Make hosts with other settings: ``new_host(MYPROFILE_…=…, csrf=False, …)``; see :func:`tests.host.make_host`."""
    made: list[Host] = []

    def make(database_url: str | None = None, **options: Any) -> Host:
        url = database_url or f"sqlite:///{tmp_path / f'host{len(made)}.sqlite'}"
        made.append(make_host(url, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def _service(name: str, start: Callable[[], Any]) -> Any:
    @pytest.fixture(scope="session", name=f"{name}_url")
    def fixture() -> Iterator[str]:
        if url := os.environ.get(f"MYPROFILE_TEST_{name.upper()}_URL"):
            yield url
            return
        try:
            with start() as url:
                yield url
        except services.Missing as error:
            if os.environ.get("MYPROFILE_REQUIRE_SERVICES"):
                pytest.fail(f"{error} (MYPROFILE_REQUIRE_SERVICES is set)", pytrace=False)
            warnings.warn(f"NOT TESTED against {name}: {error}", stacklevel=1)
            pytest.skip(str(error))

    return fixture


postgres_url = _service("postgres", services.postgres)
mariadb_url = _service("mariadb", services.mariadb)
redis_url = _service("redis", services.redis)


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """Every test that asks for this runs once for each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'db.sqlite'}"
    return str(request.getfixturevalue(f"{request.param}_url"))
