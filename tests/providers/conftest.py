"""Apps whose people come from providers that are not ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.oidc.relying_party import RelyingParty, served
from tests.providers.foreign import Foreign, tried
from tests.support.host import Host

collect_ignore = [] if os.environ.get("MYPROFILE_TEST_PROVIDERS") else ["test_recipes.py"]


@pytest.fixture(params=tried(), ids=lambda kind: kind.name)
def foreign(request: pytest.FixtureRequest, foreign_servers: Callable[[str], str]) -> Foreign:
    return Foreign(request.param, foreign_servers(request.param.server))


@pytest.fixture
def relying_party(foreign: Foreign, new_host: Callable[..., Host]) -> Iterator[RelyingParty]:
    settings: dict[str, Any] = {"MYPROFILE_SSO_LOGOUT": True, "MYPROFILE_SSO_LOGOUT_RETURN": "/pub"}
    with served(new_host, foreign, {}, **settings) as made:
        yield made
