"""What every store of sessions must do with one session, said once and asked of each technology."""

from __future__ import annotations

from itertools import product

import pytest

from flask_myprofile.store.records import LiveSince, SessionRecord
from tests.support.stores import ANY, NOW, Bench, of, server_fixture, session, store_fixture

server = server_fixture()
store = store_fixture()


def whole() -> SessionRecord:
    """A session that has all there can be, at its greatest length and in letters that are no Latin ones."""
    return session(
        1,
        user_key="ключ-" + "é" * 250,
        login_id="他" * 255,
        previous_hash="b" * 64,
        rotated_at=NOW,
        method="sso",
        provider="ö" * 128,
        issuer="https://issuer.example/" + "x" * 232,
        subject="s\u0301|😀",
        idp_session="{}[]\"'\\\n",
        remember_until=NOW + 10**9,
        ip="2001:db8:85a3:8d3:1319:8a2e:370:7348",
        user_agent="Ünïcode 😀 " + "a" * 502,
        name="Küche 🍳",
    )


# ---- one session


def test_a_session_comes_back_as_it_was_stored(store: Bench) -> None:
    record, plain = of(store, whole(), session(2))
    assert store.session(record.id) == record
    assert store.session(plain.id) == plain
    assert store.live_sessions(record.user_key, ANY, 10) == [record]


def test_an_id_that_does_not_exist_is_nobodys(store: Bench) -> None:
    (record,) = of(store, session(1))
    unknown = session(2)
    assert store.session(unknown.id) is None
    assert store.find_live(unknown.id, "7", ANY) is None
    assert not store.rotate_session(unknown, "f" * 64, NOW, "7")
    assert not store.name_session("7", unknown.id, "x")
    assert store.end_sessions("7", NOW, "x", only=[unknown.id]) == []
    assert store.end_sessions(None, NOW, "x", only=[unknown.id], secret_hash=record.secret_hash) == []
    store.touch_session(unknown.id, NOW, "", "")
    assert store.session(unknown.id) is None
    assert store.live_sessions("8", ANY, 10) == []
    assert store.count("8", ANY) == 0
    assert store.end_sessions("8", NOW, "x") == []
    store.drop_ended("8", 1)
    assert store.session(record.id) == record


def test_a_taken_id_is_not_stored_again(store: Bench) -> None:
    (record,) = of(store, session(1))
    assert not store.add_session(session(1, user_key="8", secret_hash="f" * 64)._replace(id=record.id))
    assert store.session(record.id) == record
    assert store.ids("8") == set()


def test_a_live_session_is_found_by_its_id_and_its_login_id_only(store: Bench) -> None:
    (record,) = of(store, session(1, login_id="token-a"))
    found = store.find_live(record.id, "token-a", ANY)
    assert found == (record.secret_hash, record.last_seen_at, "7", None, "password", None, None)
    for other in ("7", "token-A", "token-ab", "token", ""):
        assert store.find_live(record.id, other, ANY) is None


def test_who_gets_in_is_the_same_for_a_request_the_list_and_the_count(store: Bench) -> None:
    moments, until = (NOW - 30, NOW - 20, NOW - 10), (None, NOW - 1, NOW, NOW + 1)
    records = of(
        store,
        *(
            session(number, created_at=created, last_seen_at=seen, remember_until=remember)
            for number, (created, seen, remember) in enumerate(product(moments, moments, until))
        ),
    )
    over = of(store, session(100), session(101, remember_until=NOW + 1))
    store.end_sessions("7", NOW, "x", only=[record.id for record in over])
    for created, seen in product((1, NOW - 20), (1, NOW - 19, NOW - 10)):
        since = LiveSince(created, seen, NOW)
        right = {record.id for record in records if since.admits(record)}
        assert right
        assert {record.id for record in (*records, *over) if store.find_live(record.id, "7", since)} == right
        assert store.ids(since=since) == right
        assert store.count("7", since) == len(right)
    for since in (LiveSince(None, None, NOW), LiveSince(None, NOW - 10, NOW), LiveSince(NOW - 10, None, NOW)):
        assert store.ids(since=since) == {record.id for record in records if since.admits(record)}


def test_activity_is_written_down_unless_it_is_older_news(store: Bench) -> None:
    record, other = of(store, whole(), session(2))
    store.touch_session(record.id, NOW + 5, "198.51.100.1", "Ü" * 512)
    touched = record._replace(last_seen_at=NOW + 5, ip="198.51.100.1", user_agent="Ü" * 512)
    assert store.session(record.id) == touched
    for late in (NOW + 5, NOW + 4):
        store.touch_session(record.id, late, "late", "late")
    assert store.session(record.id) == touched
    assert store.session(other.id) == other


def test_a_new_secret_takes_the_place_of_the_one_that_was_shown(store: Bench) -> None:
    (record,) = of(store, session(1))
    assert store.rotate_session(record, "e" * 64, NOW, "login-2")
    rotated = record._replace(
        secret_hash="e" * 64, previous_hash=record.secret_hash, rotated_at=NOW, login_id="login-2"
    )
    assert store.session(record.id) == rotated
    assert store.find_live(record.id, "login-2", ANY).secret_hash == "e" * 64
    assert not store.rotate_session(record, "f" * 64, NOW, "login-3"), "that secret is not its own any more"
    assert store.session(record.id) == rotated
    assert store.rotate_session(rotated, "f" * 64, NOW + 1, "login-3")


def test_a_session_is_named_by_its_user_only(store: Bench) -> None:
    (record,) = of(store, session(1, user_key="a"))
    assert store.name_session("a", record.id, "Küche 🍳" + "x" * 57)
    assert store.session(record.id).name == "Küche 🍳" + "x" * 57
    for other in ("A", "b", ""):
        assert not store.name_session(other, record.id, "mine")
    assert store.name_session("a", record.id, None)
    assert store.session(record.id) == record


# ---- ending


def test_only_the_sessions_of_that_user_end(store: Bench) -> None:
    of(store, session(1, "a"), session(2, "a"), session(3, "A"), session(4, "b"), session(5, "ab"))
    assert sorted(store.end_sessions("a", NOW, "signed_out")) == [session(1, "a").id, session(2, "a").id]
    for number, user_key in ((3, "A"), (4, "b"), (5, "ab")):
        assert store.ids(user_key) == {session(number, user_key).id}
    ended = store.session(session(1, "a").id)
    assert (ended.user_key, ended.ended_at, ended.end_reason) == ("a", NOW, "signed_out")
    assert store.ids("a") == set()


def test_some_of_a_users_sessions_end_or_all_but_one(store: Bench) -> None:
    of(store, *(session(number) for number in range(1, 7)), session(9, "b"))
    assert store.end_sessions("7", NOW, "x", only=[session(1).id, session(9, "b").id]) == [session(1).id]
    assert store.end_sessions("7", NOW, "x", only=[]) == []
    assert store.end_sessions("7", NOW, "x", only=[session(2).id], keep=session(2).id) == []
    assert len(store.end_sessions("7", NOW, "x", keep=session(3).id)) == 4
    assert store.ids() == {session(3).id}
    assert store.ids("b") == {session(9, "b").id}


@pytest.mark.parametrize("whose", [None, "7"])
def test_whoever_proves_a_secret_ends_its_session(whose: str | None, store: Bench) -> None:
    record, other = of(store, session(1), session(2))
    for wrong in ("", "f" * 64, other.secret_hash):
        assert store.end_sessions(whose, NOW, "x", only=[record.id], secret_hash=wrong) == []
    assert store.rotate_session(record, "e" * 64, NOW, "7")
    assert store.end_sessions(whose, NOW, "x", only=[record.id], secret_hash=record.secret_hash) == [record.id]
    assert store.end_sessions(whose, NOW, "x", only=[other.id], secret_hash=other.secret_hash) == [other.id]


def test_what_has_ended_stays_as_it_ended(store: Bench) -> None:
    (record,) = of(store, session(1, remember_until=NOW + 1000))
    assert store.end_sessions("7", NOW, "first") == [record.id]
    ended = store.session(record.id)
    assert store.end_sessions("7", NOW + 1, "second") == []
    assert store.end_everyone(NOW + 1, "second") == []
    assert not store.add_session(record)
    assert not store.rotate_session(record, "f" * 64, NOW, "7")
    assert not store.name_session("7", record.id, "x")
    store.touch_session(record.id, NOW + 1, "198.51.100.1", "x")
    assert store.session(record.id) == ended
    assert store.find_live(record.id, "7", ANY) is None
    assert store.ids() == set()
    kept = ("id", "user_key", "login_id", "secret_hash", "created_at", "last_seen_at", "method", "remember_until")
    assert [getattr(ended, name) for name in kept] == [getattr(record, name) for name in kept]
