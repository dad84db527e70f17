"""A usual sign-in stores its session in one step; where it is not usual, that step finds out and does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.store.notice_records import KnownDevice
from flask_myprofile.store.records import SKEW
from flask_myprofile.store.sql_notices import SEEN_AGAIN
from flask_myprofile.store.sql_sign_ins import AT_ONCE
from tests.support.devices import live
from tests.support.host import Host
from tests.support.kept import in_each_database
from tests.support.stores import NOW, session

pytestmark = in_each_database
LIMIT = AT_ONCE + 10


@pytest.fixture
def store(host: Host) -> Iterator[Any]:
    with host.app.app_context():
        yield current_profile.stores[0]


def test_it_is_stored_for_whoever_has_signed_in_before(store: Any) -> None:
    record = session(1, "1", remember_until=NOW, password_mark="a" * 64)
    assert not store.add_far_from(LIMIT, record)
    assert store.session(record.id) is None
    store.note_sign_in("1")
    assert not store.add_far_from(LIMIT, session(1, "2")), "nobody else"
    assert store.add_far_from(LIMIT, record)
    with store.own_transaction():
        assert store.session(record.id) == record


def test_whoever_comes_near_the_limit_takes_each_step(store: Any) -> None:
    store.note_sign_in("1")
    for number in range(LIMIT - AT_ONCE):
        assert store.add_far_from(LIMIT, session(number, "1"))
    assert not store.add_far_from(LIMIT, session(99, "1"))
    store.end_sessions("1", NOW, "x", only=[session(0, "1").id])
    assert store.add_far_from(LIMIT, session(99, "1"))
    assert not store.add_far_from(AT_ONCE, session(100, "1")), "nobody is far from so small a limit"


def test_so_does_whoever_has_too_many_that_have_ended(store: Any) -> None:
    store.note_sign_in("1")
    for number in range(3):
        assert store.add_far_from(LIMIT, session(number, "1"))
    store.end_sessions("1", NOW, "x")
    assert store.add_far_from(LIMIT, session(3, "1"))
    with store.own_transaction():
        for number in range(10, 10 + LIMIT):
            store.add_session(session(number, "1", ended_at=NOW, end_reason="x"))
    assert not store.add_far_from(LIMIT, session(4, "1"))


def test_a_taken_id_spoils_nothing_of_the_transaction(store: Any) -> None:
    store.note_sign_in("1")
    record = session(1, "1")
    assert store.add_far_from(LIMIT, record)
    with store.own_transaction():
        assert not store.add_far_from(LIMIT, record._replace(secret_hash="f" * 64))
        assert store.session(record.id) == record
        assert store.add_far_from(LIMIT, session(2, "1"))
    with store.own_transaction():
        assert store.session(session(2, "1").id) is not None


def test_the_limit_holds_for_who_was_far_from_it(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIMIT=AT_ONCE + 2)
    for _ in range(AT_ONCE + 5):
        browser = host.browser()
        browser.login("alice")
    assert browser.is_in()
    assert live(host) == AT_ONCE + 2


def test_a_device_that_is_known_takes_no_further_step(store: Any) -> None:
    device = KnownDevice("d" * 64, "1", session(0, "1").id, NOW)
    store.note_sign_in("1")
    assert not store.add_far_from(LIMIT, session(1, "1"), device), "it is new"
    store.note_sign_in("1", device)
    assert store.add_far_from(LIMIT, session(1, "1"), device)
    assert store.add_far_from(LIMIT, session(2, "1"), device._replace(at=NOW + SEEN_AGAIN - 1))
    assert not store.add_far_from(LIMIT, session(3, "1"), device._replace(id="e" * 64)), "another one"
    for at in (NOW + SEEN_AGAIN, NOW - SKEW - 1):
        assert not store.add_far_from(LIMIT, session(3, "1"), device._replace(at=at)), "to be written down again"
    store.forget_devices_of("1", device.session_id)
    assert not store.add_far_from(LIMIT, session(3, "1"), device)
