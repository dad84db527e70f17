"""Some errors undo the whole transaction, savepoints and all: what is said is that error, not that one is missing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, text, update

from flask_myprofile import current_profile
from flask_myprofile.errors import StoreDown
from tests.support.host import Host
from tests.support.kept import in_these
from tests.support.stores import session


def test_a_database_that_may_not_grow_is_said_to_be_full(new_host: Callable[..., Host]) -> None:
    host = new_host(anew=True)
    with host.app.app_context():
        store = current_profile.sessions._store
        with pytest.raises(StoreDown, match="database or disk is full"), current_profile.own_transaction():
            store._own().execute(text("PRAGMA max_page_count = 1"))
            for number in range(1000):
                store.add_session(session(number))
    assert host.rows.all() == []


@in_these("mariadb")
def test_a_deadlock_at_a_new_row_passes(host: Host) -> None:
    """MariaDB undoes the transaction that has done less; it is worth trying again."""
    with host.app.app_context(), ThreadPoolExecutor(1) as thread:
        store = current_profile.sessions._store
        table = store._tables.session
        store.add_session(session(0))
        with host.db.engine.begin() as other:
            other.execute(insert(table), [session(number)._asdict() for number in range(1, 30)])
            with pytest.raises(StoreDown, match="Deadlock") as down, current_profile.own_transaction():
                store.end_sessions(None, 1, "x", only=[session(0).id])
                waiting = thread.submit(
                    other.execute, update(table).where(table.c.id == session(0).id).values(name="x")
                )
                store.add_session(session(1))
            waiting.result(10)
    assert down.value.passes
