"""MYPROFILE_SESSION_IDLE, _LIFETIME, _LIMIT and _TOUCH: when a session ends by itself, and what the list says of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flask_myprofile import current_profile
from tests.devices import age, ended, live, pass_time, sent_to_login
from tests.host import Browser, Host
from tests.kept import everywhere

pytestmark = everywhere

MINUTE, HOUR, DAY = 60, 3600, 86_400
LIMITS = {"MYPROFILE_SESSION_IDLE": 30 * MINUTE, "MYPROFILE_SESSION_LIFETIME": 12 * HOUR}


def grow(host: Host, session_id: str, *, created: int, seen: int) -> None:
    """As if the session had begun and had last been used so many seconds ago."""
    host.rows.age(session_id, created_at=created, last_seen_at=seen)


def signed_in(host: Host, remember: bool = False) -> tuple[Browser, str]:
    browser = host.browser()
    browser.login("alice", remember=remember)
    return browser, browser.session_id()


def test_the_list_shows_what_can_still_get_in(new_host: Callable[..., Host]) -> None:
    """B67: what the list says and what the door does are one rule."""
    host = new_host(**LIMITS)
    (now, idle, old, remembered) = [signed_in(host, remember) for remember in (False, False, False, True)]
    grow(host, idle[1], created=HOUR, seen=31 * MINUTE)
    grow(host, old[1], created=12 * HOUR + MINUTE, seen=5 * MINUTE)
    grow(host, remembered[1], created=3 * DAY, seen=3 * DAY)
    listed = {row["id"]: row["remembered"] for row in now[0].sessions()}
    assert listed == {now[1]: False, remembered[1]: True}
    assert now[0].json("/profile/sessions").json["total"] == 2
    remembered[0].restart()
    assert sent_to_login(idle[0])
    assert sent_to_login(old[0])
    assert sent_to_login(idle[0].copy())
    assert remembered[0].is_in()
    for _ in range(2):
        with host.app.app_context():
            current_profile.sessions.prune()
        assert {row.id for row in host.rows.all()} == {now[1], remembered[1]}, "what is pruned is what is not listed"
        assert {row["id"] for row in now[0].sessions()} == {now[1], remembered[1]}
        assert remembered[0].is_in()


#: How many seconds ago a session has begun and was last used, and whether it still gets in.
LIVES = [
    (0, 30 * MINUTE - 5, True),
    (0, 30 * MINUTE + 5, False),
    (12 * HOUR - 5, 0, True),
    (12 * HOUR + 5, 0, False),
    (12 * HOUR + 5, 30 * MINUTE + 5, False),
    (12 * HOUR - 5, 30 * MINUTE - 5, True),
    (12 * HOUR - 5, 30 * MINUTE + 5, False),
    (12 * HOUR + 5, 30 * MINUTE - 5, False),
]


def test_a_session_lives_as_long_as_it_says(new_host: Callable[..., Host]) -> None:
    """S13"""
    host = new_host(**LIMITS)
    watching, _ = signed_in(host)
    victims = [signed_in(host) for _ in LIVES]
    for (_, id_), (created, seen, _) in zip(victims, LIVES, strict=True):
        grow(host, id_, created=created, seen=seen)
    listed = {row["id"] for row in watching.sessions()}
    for (victim, id_), (created, seen, still_in) in zip(victims, LIVES, strict=True):
        assert (id_ in listed) is still_in, (created, seen)
        assert victim.is_in() is still_in, (created, seen)


def test_activity_puts_off_the_idle_end_and_never_the_other(new_host: Callable[..., Host]) -> None:
    """S13"""
    host = new_host(**LIMITS)
    alice, id_ = signed_in(host)
    for _ in range(24):
        grow(host, id_, created=29 * MINUTE, seen=29 * MINUTE)
        assert alice.is_in()
    grow(host, id_, created=29 * MINUTE, seen=29 * MINUTE)
    assert sent_to_login(alice), "12 hours and 5 minutes after the sign-in"


def test_without_a_limit_a_session_goes_on(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_IDLE=None, MYPROFILE_SESSION_LIFETIME=None)
    alice, id_ = signed_in(host)
    grow(host, id_, created=10_000 * DAY, seen=10_000 * DAY)
    assert alice.is_in()
    assert [row["id"] for row in alice.sessions()] == [id_]


def test_by_default_a_session_ends_after_thirty_days(host: Host) -> None:
    alice, id_ = signed_in(host)
    grow(host, id_, created=30 * DAY - MINUTE, seen=29 * DAY)
    assert alice.is_in()
    grow(host, id_, created=2 * MINUTE, seen=0)
    assert sent_to_login(alice)


def test_a_sign_in_over_the_limit_ends_what_was_used_longest_ago(new_host: Callable[..., Host]) -> None:
    """S16: the sign-in itself is never refused."""
    host = new_host(MYPROFILE_SESSION_LIMIT=3)
    first, second, third = (signed_in(host) for _ in range(3))
    for (_, id_), seconds in ((first, 10), (second, 300), (third, 200)):
        age(host, seconds, id_)
    bob = host.browser()
    bob.login("bob")
    fourth, _ = signed_in(host)
    assert sent_to_login(second[0])
    assert all(browser.is_in() for browser in (first[0], third[0], fourth, bob))
    assert ended(host) == [second[1]]
    assert [row.end_reason for row in host.rows.all() if row.ended_at is not None] == ["limit"]


@pytest.mark.parametrize("limit", [1, 2])
def test_many_sign_ins_in_one_second_keep_to_the_limit(limit: int, new_host: Callable[..., Host]) -> None:
    """S16: no two moments tell them apart; the newest stays all the same."""
    host = new_host(MYPROFILE_SESSION_LIMIT=limit)
    for _ in range(12):
        alice = host.browser()
        alice.login("alice")
        assert alice.is_in(), "whoever has just signed in"
        assert live(host) <= limit


def test_what_is_over_by_itself_does_not_count_for_the_limit(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIMIT=2, **LIMITS)
    (_, gone), (kept, _) = signed_in(host), signed_in(host)
    grow(host, gone, created=DAY, seen=DAY)
    newest, _ = signed_in(host)
    assert kept.is_in()
    assert newest.is_in()


def test_last_activity_is_written_as_often_as_the_host_says(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(MYPROFILE_SESSION_TOUCH=600)
    alice, id_ = signed_in(host)
    first = last_seen(host)
    pass_time(monkeypatch, 590)
    assert alice.is_in()
    assert last_seen(host) == first
    pass_time(monkeypatch, 20)
    assert alice.is_in()
    assert last_seen(host) > first
    assert alice.session_id() == id_


def last_seen(host: Host) -> int:
    return int(host.rows.all()[0].last_seen_at)
