"""The host of the races, as a worker of gunicorn makes it: ``RACES_KEY`` is what its provider signs with."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import Any

from joserfc.jwk import RSAKey

from tests.races.stage import leave_passwords_to_the_extension, make, quick_hashes
from tests.support import providers
from tests.workers.app import prepare

#: Of the worker: what nobody holds is left again.
_to_the_end = ExitStack()


def create() -> Any:
    settings = json.loads(os.environ["HOST"])
    signs = RSAKey.import_key(json.loads(os.environ["RACES_KEY"]))
    providers.key = lambda: signs
    _to_the_end.enter_context(quick_hashes())
    host = make(settings.pop("SQLALCHEMY_DATABASE_URI"), **settings)
    prepare(host)
    leave_passwords_to_the_extension(host)
    host.close(drop=False)  # made once for all workers, which must not share its connections
    return host.app
