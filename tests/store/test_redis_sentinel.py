"""Sessions in the primary that Sentinel names, whichever that is: two servers and a Sentinel of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from flask_myprofile.errors import StoreDown
from flask_myprofile.store.redis import RedisSessions
from tests.support import services
from tests.support.redis_cluster import wait_until
from tests.support.redis_sentinel import OTHER, Watched, watched
from tests.support.redis_server import PASSWORD, at
from tests.support.stores import ANY, NOW, session


@pytest.fixture
def those() -> Iterator[Watched]:
    try:
        with watched() as found:
            yield found
    except services.Missing as error:
        (pytest.fail if os.environ.get("MYPROFILE_REQUIRE_SERVICES") else pytest.skip)(str(error))


def said_while_down(store: RedisSessions) -> set[str]:
    """What was said until a session could be stored again."""
    said: set[str] = set()

    def works() -> bool:
        try:
            return store.add_session(session(len(said) + 100))
        except StoreDown as down:
            said.add(str(down))
            return False

    wait_until(works)
    return said


def test_the_primary_is_the_one_that_sentinel_names(those: Watched) -> None:
    """The first of the Sentinels is not there. The old primary would go on for some seconds, and lose what it is told,
    but for min-replicas-to-write."""
    store = at(those.url)
    assert store.add_session(session(1))
    store.try_writing()
    assert those.first.tell("WAIT", 1, 5000) == 1
    those.first.tell("CONFIG", "SET", "min-replicas-to-write", "1")
    wait_until(those.begins_to_switch_over)
    wait_until(lambda: those.second.is_primary)
    assert said_while_down(store) == {"Redis: ResponseError (NOREPLICAS)"}
    assert store.end_sessions("7", NOW, "x", only=[session(1).id]) == [session(1).id]
    assert those.second.tell("HLEN", store._key_of(session(1).id)) == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_whatever_befalls_the_primary_it_heals_without_a_restart(how: signal.Signals, those: Watched) -> None:
    store = at(those.url)
    revoked, other = session(1), session(2)
    for record in (revoked, other):
        assert store.add_session(record)
    assert store.end_sessions("7", NOW, "x", only=[revoked.id]) == [revoked.id]
    assert those.first.tell("WAIT", 1, 5000) == 1
    those.first.signal(how)
    said = said_while_down(store)
    assert said
    assert all(each.startswith("Redis: ") and PASSWORD not in each and OTHER not in each for each in said)
    assert store.find_live(other.id, "7", ANY)
    assert store.find_live(revoked.id, "7", ANY) is None
    if how == signal.SIGSTOP:
        assert store.end_sessions("7", NOW, "x", only=[other.id]) == [other.id]
        those.first.signal(signal.SIGCONT)
        assert store.find_live(other.id, "7", ANY) is None


def test_a_write_that_lands_at_a_replica_is_named_by_the_word_of_redis(those: Watched) -> None:
    """Somebody has swapped the roles behind the back of Sentinel."""
    store = at(those.url)
    assert store.add_session(session(1))
    those.sentinel.signal(signal.SIGSTOP)
    try:
        those.first.tell("REPLICAOF", "127.0.0.1", those.second.port)
        with pytest.raises(StoreDown, match=r"\(READONLY\)"):
            store.add_session(session(2))  # to end one writes nothing, where it has no copy of the session yet
    finally:
        those.sentinel.signal(signal.SIGCONT)


def test_where_no_sentinel_answers_nothing_is_known_and_no_password_said() -> None:
    store = at(f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:2/sessions?sentinel_password={OTHER}")
    with pytest.raises(StoreDown, match="MasterNotFoundError") as caught:
        store.session(session(1).id)
    assert PASSWORD not in str(caught.value)
    assert OTHER not in str(caught.value)
