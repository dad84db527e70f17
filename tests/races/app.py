"""The host of the races, as a worker of gunicorn makes it: ``RACES_KEY`` is what its provider signs with."""

from __future__ import annotations

import json
import os
from typing import Any

from joserfc.jwk import RSAKey

from tests.races.stage import leave_passwords_to_the_extension, make, quick_hashes
from tests.support import providers
from tests.workers.app import prepare


def create() -> Any:
    settings = json.loads(os.environ["HOST"])
    signs = RSAKey.import_key(json.loads(os.environ["RACES_KEY"]))
    providers.key = lambda: signs
    quick_hashes().__enter__()  # to the end of the worker
    host = make(settings.pop("SQLALCHEMY_DATABASE_URI"), **settings)
    prepare(host)
    leave_passwords_to_the_extension(host)
    host.close(drop=False)  # made once for all workers, which must not share its connections
    return host.app
