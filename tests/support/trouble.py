"""What can befall the place where sessions are kept, and be over again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import redis
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.support.host import Host
from tests.support.kept import DATABASES

COMMAND = "flask myprofile create-tables"
OURS = ("session", "feature", "preference", "token", "guess")

Breakage = Callable[[Host], Callable[[], None]]


def renamed(*tables: str) -> Breakage:
    """These tables are gone, as before a migration; undoing it brings their rows back."""

    def do(host: Host) -> Callable[[], None]:
        for table in tables:
            host.sql(f"ALTER TABLE myprofile_{table} RENAME TO away_{table}")

        def undo() -> None:
            for table in tables:
                host.sql(f"ALTER TABLE away_{table} RENAME TO myprofile_{table}")

        return undo

    return do


def failing(host: Host) -> Callable[[], None]:
    """Every statement on a table of ours fails."""

    def fail(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "myprofile_" in statement:
            raise OperationalError(statement, {}, Exception("the server has gone away"))

    with host.app.app_context():
        engine = host.db.engine
    event.listen(engine, "before_cursor_execute", fail)
    return lambda: event.remove(engine, "before_cursor_execute", fail)


def no_redis(host: Host) -> Callable[[], None]:
    """Redis, where the sessions are, does not answer."""
    down = mock.patch.object(redis.Connection, "send_packed_command", side_effect=redis.ConnectionError("refused"))
    down.start()
    return down.stop


BROKEN: dict[str, Breakage] = {
    "all tables missing": renamed(*OURS),
    "session table missing": renamed("session"),
    "every statement fails": failing,
    "Redis does not answer": no_redis,
}
#: What the log says of it.
WHY = {
    "all tables missing": COMMAND,
    "session table missing": COMMAND,
    "every statement fails": "the server has gone away",
    "Redis does not answer": "Redis: ConnectionError",
}
#: Where sessions are kept, and what can befall that.
TROUBLES = [*((place, how) for place in DATABASES for how in [*BROKEN][:3]), ("redis", "Redis does not answer")]
#: The same in short: all of that on SQLite, and one thing for each of the other places.
IN_SHORT = [(place, how) for place, how in TROUBLES if place == "sqlite" or "statement" in how or place == "redis"]
in_trouble = pytest.mark.parametrize(("kept_in", "how"), TROUBLES, indirect=["kept_in"])
in_short = pytest.mark.parametrize(("kept_in", "how"), IN_SHORT, indirect=["kept_in"])


def sessions_gone(host: Host) -> Callable[[], None]:
    return no_redis(host) if "MYPROFILE_SESSION_STORE" in host.app.config else renamed("session")(host)
