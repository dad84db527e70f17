"""``python -m tests.notices --rounds 200``: races of changed e-mail addresses, on SQLite, PostgreSQL and MariaDB.

``python -m tests.notices --waiting``: how long a request takes that causes a notice, whatever the mail server does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import Any

from tests.notices.races import Bench
from tests.notices.waiting import measure
from tests.support import services
from tests.support.host import make_host

SERVERS = {"postgres": services.postgres, "mariadb": services.mariadb}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--store", action="append", choices=("sqlite", *SERVERS))
    parser.add_argument("--waiting", action="store_true")
    options = parser.parse_args()
    if options.waiting:
        measure(options.rounds)
        return 0
    differences = 0
    for store in options.store or ("sqlite", *SERVERS):
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{folder}/db" if store == "sqlite" else str(stack.enter_context(SERVERS[store]()))
            differences += _races(store, url, options.rounds)
    return 1 if differences else 0


def _races(store: str, url: str, rounds: int) -> int:
    told: dict[str, Any] = {}
    host = make_host(
        url,
        MYPROFILE_NOTIFY=lambda user, notice: told.update({notice.to: notice}),
        MYPROFILE_EXTERNAL_URL="https://app.example",
        MYPROFILE_NOTIFY_NEW_DEVICES=False,
        MYPROFILE_EMAIL_CHANGE="verified",
    )
    bench, differences = Bench(host, told), 0
    for race in (bench.two_confirm_one_address, bench.confirm_against_undo):
        began = time.monotonic()
        for number in range(rounds):
            try:
                race(number)
            except AssertionError as error:
                differences += 1
                print(f"{store}: {race.__name__}, round {number}: {error!r}"[:500], flush=True)
        print(f"{store}: {race.__name__}: {rounds} rounds, {time.monotonic() - began:.0f} seconds", flush=True)
    print(f"{store}: {differences} differences", flush=True)
    host.close()
    return differences


if __name__ == "__main__":
    sys.exit(main())
