"""The host, as a worker of gunicorn makes it, with a clock that is set from outside: by the file ``CLOCK``."""

from __future__ import annotations

import json
import mmap
import os
import struct
import time
from typing import Any

from flask_myprofile.account import clock
from tests.support.host import make_host
from tests.workers.app import prepare


def use_clock(path: str) -> None:
    """All workers read the seconds by which it is wrong from the same page of memory."""
    with open(path, "r+b") as file:
        wrong_by = mmap.mmap(file.fileno(), 8)
    right = time.time

    def wrong() -> float:
        return right() + float(struct.unpack("d", wrong_by[:8])[0])

    clock.time = time.time = wrong  # type: ignore[attr-defined]


def create() -> Any:
    settings = json.loads(os.environ["HOST"])
    host = make_host(settings.pop("SQLALCHEMY_DATABASE_URI"), **settings)
    prepare(host)
    host.close(drop=False)  # made once for all workers, which must not share its connections
    use_clock(os.environ["CLOCK"])
    return host.app
