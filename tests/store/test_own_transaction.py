"""What is written once a request is over, is written in one transaction, if anything is written at all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from flask_myprofile import current_profile
from flask_myprofile.transactions import unit_of_work
from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.support.stores import session


@pytest.fixture
def begun(host: Host) -> list[Any]:
    """The transactions that have begun."""
    begun: list[Any] = []
    with host.app.app_context():
        event.listen(host.db.engine, "begin", begun.append)
    return begun


def test_all_that_is_written_apart_is_kept_or_none_of_it(host: Host, begun: list[Any]) -> None:
    with host.app.app_context():
        store = current_profile.sessions._store
        store.add_session(session(1))
        begun.clear()
        with pytest.raises(RuntimeError), current_profile.own_transaction():
            assert store.end_sessions("7", 1, "x") == [session(1).id]
            assert store.add_session(session(2))
            assert store.session(session(2).id)
            raise RuntimeError("the third write fails")
        assert len(begun) == 1
    assert host.rows.all() == [session(1)]
    with host.app.app_context(), current_profile.own_transaction():
        assert store.end_sessions("7", 1, "x") == [session(1).id]
        assert store.add_session(session(2))
        assert not store.add_session(session(2)), "and a clash undoes nothing else"
    assert [row.ended_at for row in host.rows.all()] == [1, None]


@in_each_database
def test_so_it_is_where_the_first_of_it_is_a_new_row(host: Host) -> None:
    """Which has a savepoint: in SQLite the end of one commits, unless a transaction has begun before."""
    with host.app.app_context():
        store = current_profile.sessions._store
        with pytest.raises(RuntimeError), current_profile.own_transaction():
            assert store.add_session(session(1))
            raise RuntimeError("the second write fails")
    assert host.rows.all() == []


@in_each_database
def test_so_it_is_in_a_view_of_ours(host: Host) -> None:
    """Which writes through ``db.session``, and rolls back."""
    with host.app.test_request_context("/profile/preferences", method="POST"):
        with pytest.raises(RuntimeError), unit_of_work(current_profile.db.session):
            current_profile.sessions._store.save_preferences("7", {"language": "de"})
            raise RuntimeError("the second write fails")
        assert current_profile.sessions._store.preferences("7") == {}


def test_where_nothing_is_written_no_transaction_begins(host: Host, begun: list[Any]) -> None:
    with host.app.app_context(), current_profile.own_transaction():
        pass
    assert begun == []
