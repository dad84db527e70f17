"""The host of :mod:`tests.auth.test_held_answer`, as a worker of gunicorn makes it: ``HOST`` is its database."""

from __future__ import annotations

import os
from typing import Any

from tests.auth.test_held_answer import with_answers
from tests.support.host import make_host


def create() -> Any:
    return make_host(os.environ["HOST"], after=with_answers).app
