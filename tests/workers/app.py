"""The host of :mod:`tests.support.host`, as a worker of gunicorn makes it: ``HOST`` has its settings, in JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from flask import Response, request
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.support.host import Host, make_host


def prepare(host: Host) -> None:
    with host.app.app_context():
        if host.db.engine.dialect.name == "sqlite":  # no test pulls the plug, so none waits for the disk
            event.listen(host.db.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF").close())

    @host.app.errorhandler(OperationalError)
    def say_later(error: OperationalError) -> Any:
        """Of what the host asks for itself, before anybody has signed in."""
        if request.endpoint != "login":
            raise error
        return "later", 503

    @host.app.after_request
    def name(response: Response) -> Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response


def create() -> Any:
    settings = json.loads(os.environ["HOST"])
    host = make_host(settings.pop("SQLALCHEMY_DATABASE_URI"), after=prepare, **settings)
    host.close(drop=False)  # made once for all workers, which must not share its connections
    return host.app
