"""What every store of sessions must do with many of them, and with many who write at the same time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from flask_myprofile.store.records import TAG_LENGTH, LiveSince, Owner
from tests.support.rounds import rounds
from tests.support.stores import ANY, ANYBODY, NOW, Bench, of, server_fixture, session, store_fixture

server = server_fixture()
store = store_fixture()


# ---- ending


def test_everyones_sessions_end_and_each_is_told_once(store: Bench) -> None:
    store.fill([session(number, f"user-{number % 7}") for number in range(1, 2501)])
    store.end_sessions("user-0", NOW, "before")
    told = [(user_key, each) for user_key, ids in store.end_everyone(NOW, "everyone") for each in ids]
    assert len(told) == len(set(told))
    right = {
        (user, session(number, user).id) for number in range(1, 2501) if (user := f"user-{number % 7}") != "user-0"
    }
    assert set(told) == right
    assert store.session(session(7, "user-0").id).end_reason == "before"
    assert store.session(session(8, "user-1").id).end_reason == "everyone"
    assert store.end_everyone(NOW, "everyone") == []


def test_ten_thousand_sessions_of_a_user_end_at_once(store: Bench) -> None:
    store.fill([session(number) for number in range(10_000)])
    store.fill([session(number, "8") for number in range(10_000, 10_003)])
    assert store.count("7", ANY) == 10_000
    ended = store.end_sessions("7", NOW, "x", keep=session(5).id)
    assert set(ended) == {session(number).id for number in range(10_000) if number != 5}
    assert len(ended) == 9_999
    assert store.ids() == {session(5).id}
    assert store.count("8", ANY) == 3


def test_a_late_look_ends_what_has_begun_meanwhile(store: Bench) -> None:
    of(store, session(1, user_agent='"ended_at":1'), session(2), session(3, "8"))
    store.end_sessions("7", NOW, "x", only=[session(2).id])
    assert store.end_sessions("7", NOW, "x", keep=session(1).id, late=True) == []
    assert store.end_sessions("7", NOW, "x", keep=session(2).id, late=True) == [session(1).id]
    assert store.end_sessions("7", NOW, "x", late=True) == []
    assert store.ids("8") == {session(3, "8").id}


def test_over_the_limit_the_least_used_end_and_not_the_one_that_has_just_begun(store: Bench) -> None:
    of(store, *(session(number, last_seen_at=NOW - number) for number in range(6)), session(9, "8"))
    late = session(5, last_seen_at=NOW - 5)
    assert store.end_over_limit(late, 6, ANY, "limit") == []
    assert sorted(store.end_over_limit(late, 4, ANY, "limit")) == [session(3).id, session(4).id]
    assert store.ids() == {session(number).id for number in (0, 1, 2, 5)}
    assert store.session(session(4).id).end_reason == "limit"
    assert store.end_over_limit(session(0), 1, ANY, "limit")
    assert store.ids() == {session(0).id}
    assert store.ids("8") == {session(9, "8").id}


def test_what_is_put_is_there_and_nothing_else_of_the_user(store: Bench) -> None:
    of(store, session(1), session(2), session(3, "8"))
    live = session(2, name="phone", secret_hash="e" * 64, method="oidc", idp_session="sid", password_mark="m")
    over = session(4, ended_at=NOW - 5, end_reason="signed_out")
    assert store.put_sessions({"7": [live, over]}) == (2, 1, 0)
    assert store.put_sessions({"7": [live, over]}) == (0, 0, 0)
    assert {record.id for record in store.kept_of(["7", "9"])["7"]} == {live.id, over.id}
    assert store.session(live.id) == live
    assert store.session(over.id).end_reason == "signed_out"
    assert store.session(session(1).id) is None
    assert [record.id for record in store.sessions_at_provider("sid", ANY)] == [live.id]
    assert store.ids("8") == {session(3, "8").id}
    assert sorted(store.owners()) == ["7", "8"]
    assert store.put_sessions({"7": [], "9": []}) == (0, 2, 0)
    assert store.owners() == ["8"]


# ---- listing


def test_the_list_is_in_one_order_however_it_is_paged(store: Bench) -> None:
    """Last active first, then begun last, then by id; ties on a page's edge neither vanish nor come twice."""
    moments = [(created, seen) for created in (NOW - 90, NOW - 80) for seen in (NOW - 50, NOW - 40, NOW - 30)]
    records = [
        session(number * 7919 % 251, created_at=moments[number % 6][0], last_seen_at=moments[number % 6][1])
        for number in range(250)
    ]
    store.fill(records)
    right = [r.id for r in sorted(records, key=lambda r: (-r.last_seen_at, -r.created_at, r.id))]
    for size in (1000, 250, 100, 7):
        pages = [store.live_sessions("7", ANY, size, first) for first in range(0, 250, size)]
        assert [record.id for page in pages for record in page] == right
    assert [record.id for record in store.live_sessions("7", ANY, 3, 250)] == []
    without = [each for each in right if each != right[1]]
    assert [record.id for record in store.live_sessions("7", ANY, 5, 0, but=right[1])] == without[:5]
    assert [record.id for record in store.live_sessions("7", ANY, 5, 1, but=right[1])] == without[1:6]


def test_a_page_of_the_list_tells_how_many_there_are_in_all(store: Bench) -> None:
    """Of those with the owner's password, and the login ids that are asked for."""
    mine, old = Owner("7", "m"), NOW - 50
    of(
        store,
        *(session(number, last_seen_at=NOW - number, password_mark="m") for number in range(5)),
        session(11, last_seen_at=old, login_id="token-1"),
        session(12, last_seen_at=old - 1, login_id="token-2", password_mark="m"),
        session(13, last_seen_at=NOW, password_mark="another"),
        session(14, last_seen_at=old, ended_at=NOW, end_reason="x"),
        session(15, "8"),
    )

    def page(limit: int, offset: int = 0, **which: Any) -> tuple[list[int], int, int, int]:
        rows, *numbers = store.list_live("7", ANY, mine, limit, offset, **which)
        return [int(row.id[TAG_LENGTH:], 16) for row in rows], *numbers

    every = (7, 2, 2)
    assert page(3, unused_since=old + 1) == ([0, 1, 2], *every)
    assert page(3, 4, unused_since=old + 1) == ([4, 11, 12], *every)
    assert page(3, 7, unused_since=old + 1) == ([], *every)
    assert page(0, unused_since=old + 1) == ([], *every)
    assert page(2, 1, unused_since=old + 1, but=session(1).id) == ([2, 3], 6, 2, 2)
    assert page(9, unused_since=old, login_ids=["token-2", "token-3"]) == ([0, 1, 2, 3, 4, 12], 6, 1, 1)
    assert page(9, login_ids=[]) == ([0, 1, 2, 3, 4], 5, 0, 0)
    assert store.list_live("9", ANY, mine, 5) == ([], 0, 0, 0)
    assert store.list_live("7", ANY, ANYBODY, 0).total == 8
    assert sorted(store.login_ids_of("7", ANY)) == ["7", "token-1", "token-2"]


def test_who_was_active_comes_to_the_front_of_the_list(store: Bench) -> None:
    of(store, *(session(number, last_seen_at=NOW - number) for number in range(1, 6)))
    store.touch_session(session(4).id, NOW, "203.0.113.9", "x")
    assert [int(r.id[TAG_LENGTH:], 16) for r in store.live_sessions("7", ANY, 10)] == [4, 1, 2, 3, 5]


# ---- what is over


def test_of_the_ended_the_newest_are_kept(store: Bench) -> None:
    of(store, *(session(number) for number in range(1, 9)), session(9, "8"))
    for number in (3, 1, 4, 2, 5):
        store.end_sessions("7", NOW + number, "x", only=[session(number).id])
    store.end_sessions("8", NOW, "x")
    store.drop_ended("7", 2)
    assert [number for number in range(1, 9) if store.session(session(number).id)] == [4, 5, 6, 7, 8]
    store.drop_ended("7", 2)
    assert store.ids() == {session(6).id, session(7).id, session(8).id}
    store.drop_ended("7", 0)
    assert [number for number in range(1, 9) if store.session(session(number).id)] == [6, 7, 8]
    assert store.session(session(9, "8").id)


def prune(store: Bench, since: LiveSince, ended_before: int, limit: int) -> int:
    after, total = None, 0
    while True:
        after, deleted = store.prune_sessions(since, ended_before, after, limit)
        total += deleted
        if after is None:
            return total


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_what_can_no_longer_get_in_is_deleted_and_nothing_else(limit: int, store: Bench) -> None:
    since = LiveSince(NOW - 100, NOW - 60, NOW)
    stay = of(
        store,
        session(1),
        session(2, "8", created_at=NOW - 900, last_seen_at=NOW - 900, remember_until=NOW),
        session(3),
    )
    go = of(
        store,
        session(11, created_at=NOW - 101),
        session(12, last_seen_at=NOW - 61),
        session(13, "8", remember_until=NOW - 1),
        session(14),
        session(15, "9"),
    )
    store.end_sessions("7", NOW - 500, "x", only=[session(3).id])
    store.end_sessions("7", NOW - 501, "x", only=[session(14).id])
    store.end_sessions("9", NOW - 502, "x")
    assert prune(store, since, NOW - 500, limit) == len(go)
    assert [record for record in go if store.session(record.id)] == []
    assert all(store.session(record.id) for record in stay)
    assert store.ids(since=since) == {session(1).id}
    assert prune(store, since, NOW - 500, limit) == 0


# ---- at the same time


def hurried(call: Callable[[], Any]) -> Callable[[], None]:
    """A write that may be left out where others are busy."""

    def run() -> None:
        with suppress(OperationalError):
            call()

    return run


@pytest.mark.parametrize("attempt", range(rounds(1)))
def test_of_racing_sign_ins_with_one_id_one_is_stored(attempt: int, store: Bench) -> None:
    records = [session(1, secret_hash=f"{number:064x}") for number in range(8)]
    stored = store.all_at_once(*((lambda r=record: store.add_session(r)) for record in records))
    assert stored.count(True) == 1
    assert store.session(records[0].id) == records[stored.index(True)]
    assert store.count("7", ANY) == 1


@pytest.mark.parametrize("attempt", range(rounds(1)))
def test_of_racing_rotations_exactly_one_wins(attempt: int, store: Bench) -> None:
    (record,) = of(store, session(1))
    rotations = [
        lambda secret=f"{number:064x}": store.rotate_session(record, secret, NOW, "7") for number in range(50, 58)
    ]
    won = store.all_at_once(*rotations)
    assert won.count(True) == 1
    now = store.session(record.id)
    assert int(now.secret_hash, 16) == 50 + won.index(True)
    assert now.previous_hash == record.secret_hash


@pytest.mark.parametrize("attempt", range(rounds(2)))
def test_an_ended_session_does_not_return_whoever_writes_meanwhile(attempt: int, store: Bench) -> None:
    (record,) = of(store, session(1))
    store.all_at_once(
        lambda: store.end_sessions("7", NOW, "x"),
        lambda: store.rotate_session(record, "e" * 64, NOW, "7"),
        lambda: store.end_sessions(None, NOW, "x", only=[record.id], secret_hash=record.secret_hash),
        hurried(lambda: store.touch_session(record.id, NOW + 1, "198.51.100.1", "x")),
        lambda: store.name_session("7", record.id, "x"),
        lambda: store.add_session(record),
        hurried(lambda: store.touch_session(record.id, NOW + 2, "198.51.100.2", "y")),
        lambda: store.rotate_session(record, "f" * 64, NOW, "7"),
    )
    assert store.session(record.id).ended_at == NOW
    assert store.find_live(record.id, "7", ANY) is None
    assert store.ids() == set()
    assert store.count("7", ANY) == 0
