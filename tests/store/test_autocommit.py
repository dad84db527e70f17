"""An engine that commits each statement by itself: our transactions are transactions all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from tests.support.devices import change_password, live, sent_to_login
from tests.support.host import NEW_PASSWORD, Host
from tests.support.kept import in_each_database
from tests.support.stores import session

AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(SQLALCHEMY_ENGINE_OPTIONS=AUTOCOMMIT)


@in_each_database
def test_whoever_signs_in_is_in_and_who_signs_out_is_out(host: Host) -> None:
    alice, phone = host.browser(), host.browser()
    assert alice.login("alice").status_code == 302
    assert phone.login("alice", remember=True).status_code == 302
    assert alice.is_in()
    copy = phone.copy()
    assert phone.post("/logout").location == "/login"
    assert sent_to_login(copy)
    assert live(host) == 1


@in_each_database
def test_the_pages_work(host: Host) -> None:
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
    assert alice.post("/profile/preferences", {"language": "de"}).status_code == 303
    assert alice.post_json("/profile/api-token/regenerate").status_code == 200
    assert alice.post_json("/profile/api-token/revoke").status_code == 200
    assert change_password(alice).status_code == 303
    assert alice.is_in()
    assert sent_to_login(other)
    assert other.login("alice", NEW_PASSWORD).status_code == 302
    assert alice.post_json("/profile/sessions/sign-out-others").status_code == 200
    assert sent_to_login(other)


@in_each_database
def test_of_a_user_who_is_deleted_nothing_is_left_at_once(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """There is no transaction of the host's that a savepoint could be in, and nothing is left for later."""
    alice = host.browser()
    alice.login("alice")
    copy = alice.copy()
    with host.app.app_context():
        host.db.session.delete(host.db.session.get(host.User, 1))
        host.db.session.commit()
    assert [record.getMessage() for record in caplog.records] == []
    assert host.rows.all() == []
    assert sent_to_login(copy)


@in_each_database
def test_all_that_is_written_apart_is_kept_or_none_of_it(host: Host) -> None:
    with host.app.app_context():
        store: Any = current_profile.sessions._store
        with pytest.raises(RuntimeError), current_profile.own_transaction():
            assert store.add_session(session(1))
            assert store.end_sessions("7", 1, "x") == [session(1).id]
            raise RuntimeError("the third write fails")
        assert host.rows.all() == []
        with current_profile.own_transaction():
            assert store.add_session(session(1))
            assert not store.add_session(session(1))
            assert store.end_sessions("7", 1, "x") == [session(1).id]
    assert [row.ended_at for row in host.rows.all()] == [1]
