"""What a page has acknowledged holds, and what was ended gets in no more, whatever interrupts requests: a short run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.bench import STORES, bench
from tests.support import services

#: Operations that are interrupted on each store. Outside the tests, ``python -m tests.faults`` takes thousands.
SHORT = 6


#: MariaDB takes longer to install than all else here; it is for the long run.
QUICK = [store for store in STORES if store != "mariadb"]


@pytest.mark.parametrize("store", QUICK)
def test_what_is_acknowledged_holds(store: str, tmp_path: Path) -> None:
    try:
        with bench(store, tmp_path, seed=1) as made:
            while made.interrupted < SHORT:
                made.interrupt()
            made.check("all of them", thorough=True)
            assert made.wrong == []
    except services.Missing as error:
        (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(error))
