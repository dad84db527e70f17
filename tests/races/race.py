"""One race: two requests, stopped at a point or left alone, and whether what came of them is what the table says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.races.actions import ACTIONS, Action, Seat, new_token
from tests.races.points import POINTS, at_once
from tests.races.stage import Answer, Request, Stage, State
from tests.races.table import APART, TABS, Outcome, has_tabs, outcome
from tests.support.host import PASSWORD
from tests.workers.fleet import cookie_header

#: What says that something was done, and what that it was not: let in no more, meanwhile changed, wrong by now.
DONE, REFUSED = (200,), (401, 403, 409, 422)
#: How the two requests are sent.
Send = Callable[[Request, Request], tuple[Answer, Answer]]


class Race(NamedTuple):
    first: str
    second: str
    where: str
    point: str = ""

    def __str__(self) -> str:
        at = f", the first {self.point}" if self.point else ""
        return f"{self.first} | {self.second} ({self.where}{at})"

    def seats(self) -> tuple[Seat, Seat]:
        return Seat(1, self._session(self.first, "A")), Seat(2, self._session(self.second, "B"))

    def _session(self, action: str, own: str) -> str:
        if self.where == TABS:
            return "A"
        return own if ACTIONS[action].inside else ""


def races(first: str, second: str, points: Sequence[str] = POINTS) -> Iterator[Race]:
    """With the first one stopped, at each of the points and in each place."""
    for where in (APART, TABS) if has_tabs(first, second) else (APART,):
        for point in points:
            yield Race(first, second, where, point)


def stopping(stage: Stage, point: str) -> Send:
    return lambda first, second: at_once(lambda: stage.send(first), lambda: stage.send(second), point)


def run(stage: Stage, race: Race, send: Send) -> None:
    """:raises AssertionError: something else came of it than is stated."""
    stage.put_back()
    actions, seats = (ACTIONS[race.first], ACTIONS[race.second]), race.seats()
    requests = [action.request(stage, seat) for action, seat in zip(actions, seats, strict=True)]
    answers = send(*requests)
    said = [answer.status in DONE for answer in answers]
    stated = outcome(race.first, race.second, race.where)
    told = f"{race}: {[answer.status for answer in answers]}"
    for answer in answers:
        assert answer.status in DONE + REFUSED, f"{told}: {answer.body[:300]}"
    assert (said[0], said[1]) in stated.done, f"{told}, not: {stated.sentence}"
    found = stage.state(*_held(stage, seats, actions, answers))
    allowed = set(_allowed(stated, actions, seats, answers, said))
    assert found in allowed, f"{told}: {found}, not one of {allowed}: {stated.sentence}"


def _held(
    stage: Stage, seats: tuple[Seat, Seat], actions: tuple[Action, Action], answers: tuple[Answer, Answer]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What is in whose hands: the cookies of each session, and the API tokens."""
    held = {name: [cookies] for name, cookies in stage.cookies.items()}
    tokens = {"token": stage.token}
    for seat, action, answer in zip(seats, actions, answers, strict=True):
        if "session" in answer.cookies:
            name = seat.session if action.inside else f"new {seat.number}"
            held.setdefault(name, []).append(cookie_header(answer.cookies))
        if (token := new_token(answer)) is not None:
            tokens[f"token {seat.number}"] = token
    return held, tokens


def _allowed(
    stated: Outcome,
    actions: tuple[Action, Action],
    seats: tuple[Seat, Seat],
    answers: tuple[Answer, Answer],
    said: list[bool],
) -> Iterator[State]:
    """As if those that are done had been one after the other."""
    for order in ((0, 1), (1, 0)):
        if all(said) and stated.last is not None and order[1] != stated.last:
            continue
        state = State(PASSWORD, frozenset("ABC"), "token", frozenset())
        for which in order:
            if said[which]:
                state = actions[which].effect(state, seats[which], answers[which])
        yield state
