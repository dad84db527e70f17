"""What a page acknowledged holds, and what was ended gets in no more, whatever befell the request: a short run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.field import STORES, field
from tests.support import services

#: Operations on each store. Outside the tests, ``python -m tests.faults`` takes thousands.
SHORT = 30


@pytest.mark.parametrize("store", STORES)
def test_what_is_acknowledged_holds(store: str, tmp_path: Path) -> None:
    try:
        with field(store, tmp_path, seed=1) as struck:
            for _ in range(SHORT):
                struck.interrupt()
            assert struck.wrong == []
            assert struck.counts["interrupted"] > SHORT / 3
    except services.Missing as error:
        (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(error))
