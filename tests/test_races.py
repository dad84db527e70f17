"""Two worker processes on one database: what has ended is over in both at once, and what happens in both is done once.

Every request that begins after the answer to a sign-out has arrived is refused: a check that is kept for as little as
a second, in a worker's memory or anywhere else, lets dozens through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
from flask_login import encode_cookie

from flask_myprofile import current_profile
from tests.devices import live
from tests.host import NEW_PASSWORD, PASSWORD, Host
from tests.kept import everywhere, in_each_database
from tests.rounds import rounds
from tests.workers.fleet import AGENT, Answer, Fleet, Signed, Wire, cookie_header, fleet, sign_in_many

#: Connections that ask for pages at the same time, each with one that ends sessions.
PAIRS = 4
#: How often what happens at once does so.
ROUNDS = rounds(5)
RACES = rounds(80)


@pytest.fixture
def served(new_host: Callable[..., Host], tmp_path: Path) -> Iterator[tuple[Host, Fleet]]:
    """The host in this process, and in two workers."""
    host = new_host(WTF_CSRF_ENABLED=False, MYPROFILE_SESSION_LIMIT=2000)
    with fleet(host, tmp_path / "workers.log") as workers:
        yield host, workers


# ---- sessions that are ended while they are in use


class Outcome(NamedTuple):
    """Of one session: how many requests passed while it was being ended, and how many that began after that."""

    passed: int
    late: int


def end_by_page(host: Host, wire: Wire, victim: Signed, own: Signed) -> None:
    assert wire.ask("POST", "/profile/sessions/sign-out", own.cookie, {"id": victim.id}).status == 200


def end_by_host(host: Host, wire: Wire, victim: Signed, own: Signed) -> None:
    """In a process that is none of the workers."""
    with host.app.app_context():
        assert current_profile.sessions.end(current_profile.users.load("1"), victim.id)


def race(victim: Signed, asks: Wire, end: Callable[[], None], beside: ThreadPoolExecutor) -> Outcome:
    """Ask for a page again and again, while somebody else ends this very session."""
    assert asks.is_in(victim.cookie)
    over = [float("inf")]

    def sign_out() -> None:
        end()
        over[0] = time.perf_counter()

    ending, passed, late = beside.submit(sign_out), 0, 0
    while not late:
        began = time.perf_counter()
        if not asks.is_in(victim.cookie):
            break
        passed, late = passed + 1, late + (began > over[0])
    ending.result()
    return Outcome(passed, late)


@everywhere
def test_no_request_that_begins_after_a_sign_out_passes(served: tuple[Host, Fleet]) -> None:
    """S01, S02"""
    host, workers = served
    *victims, own = sign_in_many(host, "alice", RACES + 1)
    wires = workers.wires(2 * PAIRS)

    def run(number: int) -> list[Outcome]:
        asks, ends = wires[2 * number : 2 * number + 2]
        assert asks.worker != ends.worker
        with ThreadPoolExecutor(1) as beside:
            return [
                race(victim, asks, partial(end_by_host if turn % 5 else end_by_page, host, ends, victim, own), beside)
                for turn, victim in enumerate(victims[number::PAIRS])
            ]

    with ThreadPoolExecutor(PAIRS) as pool:
        outcomes = [outcome for found in pool.map(run, range(PAIRS)) for outcome in found]
    assert len(outcomes) == RACES
    assert [outcome for outcome in outcomes if outcome.late] == []
    raced = sum(outcome.passed > 0 for outcome in outcomes)
    assert raced > RACES / 10, "requests passed while their session was being ended"
    assert live(host) == 1


# ---- what happens in both workers at once


def at_once(wires: Sequence[Wire], ask: Callable[[int, Wire], Answer]) -> list[Answer]:
    """What each of the connections is answered, when all of them ask at the same moment."""
    ready = Barrier(len(wires))

    def go(number: int, wire: Wire) -> Answer:
        ready.wait(30)
        return ask(number, wire)

    with ThreadPoolExecutor(len(wires)) as pool:
        return list(pool.map(go, range(len(wires)), wires))


@everywhere
def test_tabs_that_come_back_at_once_are_one_session(served: tuple[Host, Fleet]) -> None:
    """B63: a browser was restarted, and opens ten tabs by its remember-me cookie."""
    host, workers = served
    browser = host.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = AGENT
    browser.login("alice", remember=True)
    with host.app.app_context():  # what Bob's browser has kept since before the extension was installed
        old = {"remember_token": encode_cookie(str(host.user("bob").id))}
    kept = {name: browser.cookie(name) or "" for name in ("remember_token", "myprofile_device")}
    wires = workers.wires(10)
    for name, cookies in ("alice", kept), ("bob", old):
        answers = at_once(wires, partial(_open_page, cookies))
        assert [answer.status for answer in answers] == [200] * 10
        assert len({answer.worker for answer in answers}) == 2
        assert live(host, name) == 1
        for answer, wire in zip(answers, reversed(wires), strict=True):
            assert wire.is_in(cookie_header({"session": answer.cookies["session"]})), "in the other worker, too"
        assert live(host, name) == 1


def _open_page(cookies: dict[str, str], number: int, wire: Wire) -> Answer:
    return wire.ask("GET", "/page", cookie_header(cookies))


@everywhere
def test_two_that_sign_each_other_out_at_once_are_both_answered(served: tuple[Host, Fleet]) -> None:
    """B63: no deadlock, no error; and whoever is told that all others are signed out has no other session left."""
    host, workers = served
    wires = workers.wires(2)
    for _ in range(ROUNDS):
        *racers, bystander = sign_in_many(host, "alice", 3)
        answers = at_once(wires, partial(_sign_others_out, racers))
        statuses = [answer.status for answer in answers]
        assert sorted(statuses) in ([200, 200], [200, 401]), answers
        assert [is_out(racer, wires) for racer in racers] == [status == 200 for status in reversed(statuses)]
        assert is_out(bystander, wires)


def _sign_others_out(racers: Sequence[Signed], number: int, wire: Wire) -> Answer:
    return wire.ask("POST", "/profile/sessions/sign-out-others", racers[number].cookie, {})


def is_out(who: Signed, wires: Sequence[Wire]) -> bool:
    """In both workers, which agree."""
    (is_in,) = {wire.is_in(who.cookie) for wire in wires}
    return not is_in


@everywhere
def test_two_that_change_the_password_at_once_end_with_one_that_was_accepted(served: tuple[Host, Fleet]) -> None:
    """B05: whoever is refused has changed nothing, and every other session is over; no deadlock, no error."""
    host, workers = served
    wires, password = workers.wires(2), PASSWORD
    for turn in range(ROUNDS):
        host.sql("DELETE FROM myprofile_guess")
        *racers, bystander = sign_in_many(host, "alice", 3, password)
        new = [f"{NEW_PASSWORD} {turn} {number}" for number in range(2)]
        answers = at_once(wires, partial(_change_password, racers, password, new))
        statuses = [answer.status for answer in answers]
        assert set(statuses) <= {200, 401, 409, 422} and statuses.count(200) == 1, answers
        alice = host.user("alice")
        (password,) = [text for text in new if alice.check_password(text)]
        assert statuses[new.index(password)] == 200
        assert [is_out(racer, wires) for racer in racers] == [status == 200 for status in reversed(statuses)]
        assert is_out(bystander, wires)


def _change_password(racers: Sequence[Signed], password: str, new: Sequence[str], number: int, wire: Wire) -> Answer:
    sent = {"current_password": password, "new_password": new[number], "confirm_password": new[number]}
    return wire.ask("POST", "/profile/password", racers[number].cookie, sent)


@in_each_database
def test_people_who_save_at_once_do_not_wait_for_each_other(served: tuple[Host, Fleet]) -> None:
    """What they save is their own: no deadlock, no error."""
    host, workers = served
    people = [sign_in_many(host, name, 1)[0] for name in ("alice", "bob", "admin")]
    wires = workers.wires(len(people))
    for _ in range(3 * ROUNDS):
        host.sql("DELETE FROM myprofile_preference")
        answers = at_once(wires, partial(_save_preferences, people))
        assert [answer.status for answer in answers] == [200] * len(people), answers
    assert host.sql("SELECT count(*) FROM myprofile_preference") == [(len(people),)]


def _save_preferences(people: Sequence[Signed], number: int, wire: Wire) -> Answer:
    return wire.ask("POST", "/profile/preferences", people[number].cookie, {"language": "en"})
