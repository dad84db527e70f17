"""Two transactions that got in each other's way are a conflict for one of them; a database that is down is none."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from psycopg import errors as postgres
from pymysql import err as mysql
from sqlalchemy.exc import OperationalError

from flask_myprofile.store.sqlalchemy import SqlStore
from tests.host import Host
from tests.walks import busy, everything

CLASHES = {
    "PostgreSQL cannot serialise": postgres.SerializationFailure("could not serialize access due to concurrent update"),
    "PostgreSQL finds a deadlock": postgres.DeadlockDetected("deadlock detected"),
    "MySQL finds a deadlock": mysql.OperationalError(1213, "Deadlock found when trying to get lock"),
    "MariaDB 11.6 has read another row": mysql.OperationalError(1020, "Record has changed since last read"),
}
OUTAGES = {
    "PostgreSQL is shut down": postgres.AdminShutdown("terminating connection"),
    "MySQL has gone away": mysql.OperationalError(2006, "MySQL server has gone away"),
    "SQLite is locked": sqlite3.OperationalError("database is locked"),
}
SAVES = [("/profile/api-token/revoke", "delete_token"), ("/profile/admin/features", "save_features")]


@pytest.mark.parametrize("what", [*CLASHES, *OUTAGES])
@pytest.mark.parametrize(("url", "step"), SAVES)
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_who_loses_a_race_in_the_database_hears_that_it_was_one(
    as_json: bool, url: str, step: str, what: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, before = busy(host), everything(host)

    def lose(*args: Any) -> Any:
        raise OperationalError("UPDATE", {}, {**CLASHES, **OUTAGES}[what])

    monkeypatch.setattr(SqlStore, step, lose)
    answer = here.post_json(url) if as_json else here.post(url)
    assert answer.status_code == (409 if what in CLASHES else 503)
    if as_json:
        assert answer.json["code"] == ("conflict" if what in CLASHES else "unavailable")
    else:
        assert ("Somebody" in answer.text) is (what in CLASHES)
    assert ("Retry-After" in answer.headers) is (what in OUTAGES)
    assert everything(host) == before
    assert here.is_in()
