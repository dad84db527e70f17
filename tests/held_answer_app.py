"""The host of :mod:`tests.test_held_answer`, as a worker process of gunicorn makes it: ``HOST`` is its database."""

from __future__ import annotations

import os
from typing import Any

from tests.host import make_host
from tests.test_held_answer import with_answers


def create() -> Any:
    return make_host(os.environ["HOST"], after=with_answers).app
