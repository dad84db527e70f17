"""One race: two requests, stopped at a point or left alone, and whether what came of them is what the table says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.races.actions import ACTIONS, OF_FEATURES, Action, Seat, new_token
from tests.races.points import POINTS, at_once
from tests.races.stage import OF_OTHER, Answer, Request, Stage, State
from tests.races.table import APART, TABS, Outcome, has_tabs, outcome
from tests.support.host import PASSWORD
from tests.workers.fleet import cookie_header

#: What says that something was done, and what that it was not: let in no more, meanwhile changed, wrong or gone by now.
DONE, REFUSED = (200,), (401, 403, 404, 409, 422)
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
        second = OF_OTHER if {self.first, self.second} <= set(OF_FEATURES) else "B"
        return Seat(1, self._session(self.first, "A")), Seat(2, self._session(self.second, second))

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
    beginning = State(PASSWORD, frozenset("ABC"), "token", stage.beginning)
    allowed = set(_allowed(stated, beginning, actions, seats, answers, said))
    assert found in allowed, f"{told}: {found}, not one of {allowed}: {stated.sentence}"


def _held(
    stage: Stage, seats: tuple[Seat, Seat], actions: tuple[Action, Action], answers: tuple[Answer, Answer]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What is in the user's hands: the cookies of each session, and the API tokens."""
    held = {name: [cookies] for name, cookies in stage.cookies.items()}
    tokens = {"token": stage.token}
    for seat, action, answer in zip(seats, actions, answers, strict=True):
        if "session" in answer.cookies:
            name = seat.session if action.inside else f"new {seat.number}"
            held.setdefault(name, []).append(cookie_header(answer.cookies))
        if (token := new_token(answer)) is not None:
            tokens[f"token {seat.number}"] = token
    held.pop(OF_OTHER)
    return held, tokens


def _allowed(
    stated: Outcome,
    beginning: State,
    actions: tuple[Action, Action],
    seats: tuple[Seat, Seat],
    answers: tuple[Answer, Answer],
    said: list[bool],
) -> Iterator[State]:
    """As if those that are done had been one after the other."""
    for order in ((0, 1), (1, 0)):
        if all(said) and stated.last is not None and order[1] != stated.last:
            continue
        state = beginning
        for which in order:
            if said[which]:
                state = actions[which].effect(state, seats[which], answers[which])
        yield state
