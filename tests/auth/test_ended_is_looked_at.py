"""Nobody is told that a session has ended which has not: a row that may not be changed, and a rollback that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.exc import DBAPIError

from flask_myprofile import current_profile
from flask_myprofile.errors import StoreDown
from tests.support.devices import live, sent_to_login
from tests.support.host import Host
from tests.support.kept import in_each_database, in_these
from tests.support.refusing import connected
from tests.support.trouble import failing

TABLE = "myprofile_session"


@contextmanager
def row_level_security(host: Host) -> Iterator[None]:
    """Whoever set it up has thought of everything but UPDATE. The app is a role that it holds for."""
    host.sql("CREATE ROLE app_of_tests")
    host.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO app_of_tests")
    host.sql("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app_of_tests")
    host.sql(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    host.sql(f"CREATE POLICY sees ON {TABLE} FOR SELECT USING (true)")
    host.sql(f"CREATE POLICY adds ON {TABLE} FOR INSERT WITH CHECK (true)")
    with host.app.app_context():
        engine = host.db.engine
    try:
        with connected(engine, lambda cursor: cursor.execute("SET ROLE app_of_tests")):
            yield
    finally:
        for name in ("sees", "adds", "changes"):
            host.sql(f"DROP POLICY IF EXISTS {name} ON {TABLE}")
        host.sql(f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY")
        host.sql("DROP OWNED BY app_of_tests")
        host.sql("DROP ROLE app_of_tests")


#: How somebody ends sessions, of which one is another browser's.
ENDS: dict[str, Callable[..., Any]] = {
    "logout_user()": lambda b, other: b.post("/logout"),
    "the menu": lambda b, other: b.post("/profile/sign-out"),
    "another session": lambda b, other: b.post("/profile/sessions/sign-out", {"id": other}),
    "all others": lambda b, other: b.post("/profile/sessions/sign-out-others"),
}


@in_these("postgres")
def test_a_row_that_may_not_be_changed_has_not_ended(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with row_level_security(host):
        alice, other = host.browser(), host.browser()
        for browser in (alice, other):
            assert browser.login("alice").status_code == 302
        for how, end in ENDS.items():
            caplog.clear()
            assert end(alice, other.session_id()).status_code == 503, how
            assert "row level security" in caplog.text
            assert live(host) == 2
            assert alice.is_in()
            assert other.is_in()
        with host.app.app_context(), pytest.raises(StoreDown, match="row level security"):
            current_profile.sessions.end_everyone()
        with host.app.app_context():
            host.db.engine.dispose()
    assert alice.post("/logout").status_code == 302


@in_each_database
def test_a_session_that_has_ended_already_has_ended(host: Host) -> None:
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
    its_id = other.session_id()
    for _ in range(2):
        assert alice.post_json("/profile/sessions/sign-out", {"id": its_id}).status_code == 200
    assert sent_to_login(other)


@pytest.mark.parametrize("url", ["/page", "/profile/", "/profile/sessions", "/profile/password"])
def test_a_rollback_that_fails_hides_nothing(url: str, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """As in a cluster without a quorum, which takes no statement at all: 503 as for every outage, and heals."""
    alice = host.browser()
    alice.login("alice")
    with host.app.app_context():
        dialect = host.db.engine.dialect
    undo = failing(host)
    refusal = DBAPIError("ROLLBACK", None, Exception("not a primary component"))
    with mock.patch.object(dialect, "do_rollback", side_effect=refusal):
        for ask in (alice.get, alice.json):
            answer = ask(url)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    undo()
    assert "the server has gone away" in caplog.text
    assert alice.is_in()
