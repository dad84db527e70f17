"""All other sessions of a user end in few statements, and who ended which of them is right whatever happens at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, inspect, text

from flask_myprofile import current_profile
from tests.store.test_prune import many_rows
from tests.support.host import Host
from tests.support.kept import in_each_database


@contextmanager
def each_statement(host: Host, hear: Callable[[str], object]) -> Iterator[None]:
    """``hear`` is told of each statement about sessions before it is sent."""

    def before(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "myprofile_session" in statement:
            hear(statement)

    event.listen(host.db.engine, "before_cursor_execute", before)
    yield
    event.remove(host.db.engine, "before_cursor_execute", before)


def end_all(host: Host) -> list[str]:
    store = current_profile.sessions._store
    (alice,) = {row.user_key for row in host.sql("SELECT user_key FROM myprofile_session")}
    ended: list[str] = store.end_sessions(alice, 100, "signed_out")
    return ended


@in_each_database
def test_the_ids_of_a_users_many_sessions_are_sent_once_at_most(host: Host) -> None:
    host.browser().login("alice")
    many_rows(host, 1500)
    sent: list[str] = []
    with host.app.app_context(), each_statement(host, sent.append):
        assert len(end_all(host)) == 1501
    assert sum("IN (" in statement for statement in sent) <= 1
    assert len(sent) <= 3  # one is the test's own


@in_each_database
@pytest.mark.parametrize("at", [99, 100])
def test_what_somebody_else_has_just_ended_is_not_told_again(host: Host, at: int) -> None:
    """Even a moment before."""
    alice = host.browser()
    alice.login("alice")
    many_rows(host, 3)
    other = f"UPDATE myprofile_session SET ended_at = {at}, end_reason = 'limit' WHERE id = '{1:024x}'"

    def be_faster(statement: str) -> None:
        if statement.startswith("UPDATE") and not done:
            done.append(statement)
            with host.db.engine.begin() as connection:
                connection.execute(text(other))

    done: list[Any] = []
    with host.app.app_context(), each_statement(host, be_faster):
        ended = end_all(host)
    assert len(ended) == 3
    assert f"{1:024x}" not in ended
    assert not alice.is_in()


@in_each_database
def test_a_users_sessions_lie_together_or_change_in_place(host: Host) -> None:
    """MariaDB's rows lie by their ids anyway, which begin alike for one user."""
    with host.app.app_context():
        options: Any = inspect(host.db.engine).get_table_options("myprofile_session")
        match host.db.engine.dialect.name:
            case "sqlite":
                assert options == {"sqlite_with_rowid": False}
            case "postgresql":
                made = "SELECT reloptions FROM pg_class WHERE relname = 'myprofile_session'"
                assert host.sql(made)[0].reloptions == ["fillfactor=90"]
