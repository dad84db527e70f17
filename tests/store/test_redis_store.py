"""Sessions in Redis: what is kept there, and for how long. What every store must do is in test_session_stores."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from flask_myprofile.store.records import LiveSince, SessionRecord, tag_of
from flask_myprofile.store.redis import FOREVER, LEAST_ENDED, MARGIN, RedisSessions
from tests.support.redis_server import at, client_fixture
from tests.support.rounds import rounds
from tests.support.stores import ANY, NOW, session

HOUR, DAY = 3600, 86_400
client = client_fixture()


#: Of the sessions of user 7.
KEY = f"mp_sessions:{tag_of('7')}"


def kept_for(client: redis.Redis, record: SessionRecord) -> float:
    """Seconds from now until when Redis keeps it."""
    return float(stored(client, record)["kept_until"] - client.time()[0])


def stored(client: redis.Redis, record: SessionRecord) -> dict[str, Any]:
    return dict(json.loads(client.hget(KEY, record.id)))


def put(client: redis.Redis, record: SessionRecord, **changes: Any) -> None:
    """As if this had been stored; a value that is ... is gone."""
    now = {name: value for name, value in (stored(client, record) | changes).items() if value is not ...}
    client.hset(KEY, record.id, json.dumps(now))


# ---- how long


@pytest.mark.parametrize(
    ("lifetime", "idle", "remembered", "seconds"),
    [
        (None, None, None, FOREVER),
        (HOUR, None, None, HOUR - 300),
        (None, HOUR, None, HOUR),
        (HOUR, 2 * HOUR, None, HOUR - 300),
        (2 * HOUR, HOUR, None, HOUR),
        (HOUR, HOUR, 9 * HOUR, 9 * HOUR),
        (None, None, HOUR, HOUR),
        (HOUR, None, -HOUR, 0),
    ],
)
def test_a_session_is_kept_for_as_long_as_it_can_get_in(
    lifetime: int | None, idle: int | None, remembered: int | None, seconds: int, client: redis.Redis, redis_url: str
) -> None:
    """And a day more, on the app's clock, which here is not the one of Redis."""
    until = None if remembered is None else NOW + remembered
    record = session(1, created_at=NOW - 300, last_seen_at=NOW, remember_until=until)
    store = at(redis_url, lifetime=lifetime, idle=idle)
    store.add_session(record)
    for left in (kept_for(client, record), client.ttl(KEY)):
        assert seconds + MARGIN - 5 <= left <= seconds + MARGIN
    store.touch_session(record.id, NOW + 100, "", "")
    later = seconds if idle in (None, 2 * HOUR) else seconds + 100
    later = FOREVER + 100 if seconds == FOREVER else later
    assert kept_for(client, record) <= later + MARGIN


def test_a_session_that_nothing_limits_is_kept_for_as_long_as_it_is_used(client: redis.Redis, redis_url: str) -> None:
    store, record = at(redis_url), session(1)
    store.add_session(record)
    put(client, record, kept_until=client.time()[0] + 5)
    client.expire(KEY, 5)
    store.touch_session(record.id, NOW, "", "")
    assert client.ttl(KEY) > FOREVER
    assert kept_for(client, record) > FOREVER


def test_the_sessions_of_a_user_are_there_as_long_as_the_longest_of_them(client: redis.Redis, redis_url: str) -> None:
    store = at(redis_url, lifetime=HOUR)
    store.add_session(session(1, remember_until=NOW + 99 * HOUR))
    store.add_session(session(2))
    assert client.ttl(KEY) > 98 * HOUR
    store.end_sessions("7", NOW, "x", only=[session(1).id])
    assert client.ttl(KEY) <= 30 * DAY


@pytest.mark.parametrize(("keep_ended", "seconds"), [(0, LEAST_ENDED), (5 * HOUR, 5 * HOUR)])
def test_what_ended_is_kept_without_its_address_for_as_long_as_is_set(
    keep_ended: int, seconds: int, client: redis.Redis, redis_url: str
) -> None:
    """And for an hour at least, lest a request that was under way brings it back."""
    store, record = at(redis_url, keep_ended=keep_ended), session(1, name="Kitchen")
    store.add_session(record)
    store.end_sessions("7", NOW, "signed_out")
    assert all(seconds - 5 <= client.ttl(key) <= seconds for key in client.scan_iter())
    assert {"ip", "user_agent", "name"}.isdisjoint(stored(client, record))
    assert not store.add_session(record)


def test_no_key_is_kept_for_ever(client: redis.Redis, redis_url: str) -> None:
    store = at(redis_url)
    records = [session(number) for number in range(5)]
    for record in records:
        store.add_session(record)
    store.touch_session(records[0].id, NOW, "", "")
    store.rotate_session(records[0], "e" * 64, NOW, "7")
    store.name_session("7", records[0].id, "x")
    store.touch_session(session(9).id, NOW, "", "")
    store.name_session("7", session(9).id, "x")
    store.rotate_session(session(9), "e" * 64, NOW, "7")
    store.end_sessions("7", NOW, "x", only=[records[1].id, session(9).id])
    store.add_session(session(5, idp_session="one"))
    assert sorted(client.scan_iter()) == [KEY.encode(), b"mp_sid:one"]
    assert all(client.ttl(key) > 0 for key in client.scan_iter())


# ---- how much


def test_signing_in_and_out_for_ever_fills_no_memory(client: redis.Redis, redis_url: str) -> None:
    store = at(redis_url)
    for number in range(1000):
        store.add_session(session(number))
        store.end_sessions("7", NOW + number, "x")
        store.drop_ended("7", 10)
    assert client.hlen(KEY) == 10


def test_what_need_not_be_kept_any_more_goes_with_the_next_sign_in_or_out(client: redis.Redis, redis_url: str) -> None:
    store = at(redis_url, keep_ended=HOUR)
    for tidy in (lambda: store.drop_ended("7", 10), lambda: store.end_sessions("7", NOW, "x", only=[session(0).id])):
        for number in range(2500):
            store.add_session(session(number))
        client.hset(KEY, "garbage", "{")
        for number in range(10, 2500):
            put(client, session(number), kept_until=client.time()[0] - 1)
        tidy()
        assert client.hlen(KEY) == 10
        client.delete(KEY)


def test_an_id_that_is_used_again_is_not_dropped_with_the_ended(client: redis.Redis, redis_url: str) -> None:
    store, record = at(redis_url), session(1)
    store.add_session(record)
    store.end_sessions("7", NOW, "x")
    client.hdel(KEY, record.id)
    assert store.add_session(record)
    store.drop_ended("7", 0)
    assert store.session(record.id) == record


@pytest.mark.parametrize("limit", [1, 3])
def test_of_sign_ins_at_once_exactly_as_many_are_left_as_may_be(
    limit: int, client: redis.Redis, redis_url: str
) -> None:
    """And never none."""
    store = at(redis_url)

    def sign_in(number: int) -> None:
        record = session(number, last_seen_at=NOW)
        store.add_session(record)
        store.end_over_limit(record, limit, ANY, "limit")

    with ThreadPoolExecutor(8) as pool:
        for first in range(0, 8 * rounds(25), 8):
            list(pool.map(sign_in, range(first, first + 8)))
            assert len(store.live_sessions("7", ANY, 100)) == limit


# ---- what is not ours


GARBAGE: dict[str, dict[str, Any] | bytes] = {
    "no JSON": b"\xff{}",
    "a list": b"[1]",
    "a number": b"1",
    **{f"no {field}": {field: ...} for field in ("user_key", "login_id", "secret_hash", "created_at", "kept_until")},
    **{f"{field} no number": {field: "1"} for field in ("created_at", "last_seen_at", "ended_at", "remember_until")},
    **{f"{field} no text": {field: 7} for field in ("user_key", "login_id", "secret_hash")},
}


@pytest.mark.parametrize("how", GARBAGE)
def test_what_is_no_session_of_ours_is_no_session(how: str, client: redis.Redis, redis_url: str) -> None:
    store, record, good = at(redis_url), session(1), session(2)
    store.add_session(record)
    store.add_session(good)
    garbage = GARBAGE[how]
    client.hset(KEY, record.id, garbage) if isinstance(garbage, bytes) else put(client, record, **garbage)
    assert store.find_live(record.id, "7", ANY) is None
    assert store.session(record.id) is None
    assert [each.id for each in store.live_sessions("7", ANY, 10)] == [good.id]
    store.touch_session(record.id, NOW, "", "")
    store.name_session("7", record.id, "x")
    store.rotate_session(record, "e" * 64, NOW, "7")
    store.end_over_limit(good, 1, ANY, "x")
    store.prune_sessions(ANY, NOW, None, 10)
    assert good.id in store.end_sessions("7", NOW, "x")
    store.drop_ended("7", 0)
    assert list(store.end_everyone(NOW, "x")) == []


def test_a_field_of_a_later_version_signs_nobody_out_and_is_left_to_it(client: redis.Redis, redis_url: str) -> None:
    """As while one machine after the other gets the new version, or where the old one is installed again."""
    store, record = at(redis_url), session(1)
    store.add_session(record)
    put(client, record, mood="good", kept_on=["shelf"])
    assert store.session(record.id) == record
    assert store.find_live(record.id, "7", ANY) is not None
    assert store.live_sessions("7", ANY, 10) == [record]
    store.touch_session(record.id, NOW + 60, "192.0.2.9", "curl")
    store.name_session("7", record.id, "x")
    assert store.rotate_session(record, "e" * 64, NOW + 60, "7")
    assert (stored(client, record)["mood"], stored(client, record)["kept_on"]) == ("good", ["shelf"])
    assert store.end_sessions("7", NOW + 60, "x") == [record.id]
    ended = store.session(record.id)
    assert ended is not None and ended.ended_at == NOW + 60


@pytest.mark.parametrize("missing", ["method", "ip", "user_agent"])
def test_a_field_that_an_older_version_did_not_write_is_no_fault(
    missing: str, client: redis.Redis, redis_url: str
) -> None:
    store, record = at(redis_url), session(1)
    store.add_session(record)
    put(client, record, **{missing: ...})
    found = store.session(record.id)
    assert found is None if missing == "method" else found == record._replace(**{missing: ""})


@pytest.mark.parametrize(
    ("one", "other"), [("a_", "b_"), ("a_", "a_b_"), ("a*_", "ab_"), ("[ab]_", "a_"), ("a?", "ab")]
)
def test_apps_with_different_table_prefixes_do_not_meet(
    one: str, other: str, client: redis.Redis, redis_url: str
) -> None:
    first, second = at(redis_url, one), at(redis_url, other)
    record = session(1)
    assert first.add_session(record)
    assert second.session(record.id) is None
    assert second.find_live(record.id, "7", ANY) is None
    assert second.add_session(session(1)), "the id is free there"
    assert first.end_sessions("7", NOW, "x") == [record.id]
    assert list(first.end_everyone(NOW, "x")) == []
    first.prune_sessions(LiveSince(NOW, NOW, NOW), NOW + 1, None, 1000)
    assert second.live_sessions("7", ANY, 10) == [record]
    assert list(second.end_everyone(NOW, "x")) == [("7", [record.id])]


def test_the_user_is_asked_for_only_where_the_session_is_live(client: redis.Redis, redis_url: str) -> None:
    asked: list[str] = []

    def find_user(user_key: str) -> tuple[Any, dict[str, str]]:
        asked.append(user_key)
        return "the user", {"language": "fr"}

    limits = {"lifetime": None, "idle": None, "keep_ended": HOUR}
    store = RedisSessions.at(redis_url, prefix="mp_", find_user=find_user, **limits)
    record = session(1, login_id="token")
    store.add_session(record)
    assert store.find_live(record.id, "other", ANY) is None
    assert store.find_live(record.id, "token", LiveSince(NOW, None, NOW)) is None
    assert asked == []
    found = store.find_live(record.id, "token", ANY)
    assert found == (record.secret_hash, record.last_seen_at, "7", None, "password", "the user", {"language": "fr"})
    assert asked == ["7"]
