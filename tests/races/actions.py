"""What a user does, and what is so when it is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from tests.races.stage import NEW, SWITCHED_OFF, Answer, Request, Stage, State
from tests.support.host import PASSWORD


class Seat(NamedTuple):
    """Who does it: the first or the second of the two, and in which session."""

    number: int
    session: str


class Action(NamedTuple):
    """``effect``: what becomes of the state if nothing else happens meanwhile."""

    words: str
    request: Callable[[Stage, Seat], Request]
    effect: Callable[[State, Seat, Answer], State]
    #: Whether it is done by somebody who is signed in.
    inside: bool = True


def _change(stage: Stage, seat: Seat) -> Request:
    sent = {"current_password": PASSWORD, "new_password": NEW[seat.number]}
    return Request("/profile/password", stage.cookies[seat.session], sent)


def _keep_own(state: State, seat: Seat) -> State:
    return state._replace(live=state.live & {seat.session})


def _sign_in(url: str) -> Callable[[Stage, Seat], Request]:
    def request(stage: Stage, seat: Seat) -> Request:
        return Request(url, stage.cookies.get(seat.session, ""), form={"password": PASSWORD})

    return request


def _new_session(state: State, seat: Seat, answer: Answer) -> State:
    """In the place of the one that the browser had."""
    return state._replace(live=state.live - {seat.session} | {f"new {seat.number}"})


def _regenerated(state: State, seat: Seat, answer: Answer) -> State:
    return state._replace(token=f"token {seat.number}")


def _logged_out(state: State, seat: Seat, answer: Answer) -> State:
    return state._replace(live=frozenset(), token=None)


def _token_action(url: str) -> Callable[[Stage, Seat], Request]:
    return lambda stage, seat: Request(url, stage.cookies[seat.session], {"version": stage.version})


def _switch(stage: Stage, seat: Seat) -> Request:
    sent = {SWITCHED_OFF[seat.number]: False, "version": stage.features}
    return Request("/profile/admin/features", stage.cookies[seat.session], sent)


def _logout(stage: Stage, seat: Seat) -> Request:
    return Request("/profile/sso/Okta/backchannel-logout", form={"logout_token": stage.logout_token()})


ACTIONS: dict[str, Action] = {
    "change": Action(
        "a password change",
        _change,
        lambda state, seat, answer: _keep_own(state, seat)._replace(password=NEW[seat.number]),
    ),
    "confirm": Action(
        "a confirmation",
        lambda stage, seat: Request("/profile/confirm", stage.cookies[seat.session], {"current_password": PASSWORD}),
        lambda state, seat, answer: state,
    ),
    "sign in": Action("a sign-in with the password", _sign_in("/sign-in"), _new_session, inside=False),
    "sign in at provider": Action(
        "a sign-in at the provider", _sign_in("/sign-in-at-okta"), _new_session, inside=False
    ),
    "sign out": Action(
        "a sign-out",
        lambda stage, seat: Request("/profile/sign-out", stage.cookies[seat.session], {}),
        lambda state, seat, answer: state._replace(live=state.live - {seat.session}),
    ),
    "end others": Action(
        "signing out all others",
        lambda stage, seat: Request("/profile/sessions/sign-out-others", stage.cookies[seat.session], {}),
        lambda state, seat, answer: _keep_own(state, seat),
    ),
    "regenerate": Action("regenerating the token", _token_action("/profile/api-token/regenerate"), _regenerated),
    "revoke": Action(
        "revoking the token",
        _token_action("/profile/api-token/revoke"),
        lambda state, seat, answer: state._replace(token=None),
    ),
    "features": Action(
        "saving features",
        _switch,
        lambda state, seat, answer: state._replace(off=state.off | {SWITCHED_OFF[seat.number]}),
    ),
    "logout token": Action("a logout token", _logout, _logged_out, inside=False),
}


def new_token(answer: Answer) -> str | None:
    """The API token that an answer shows."""
    try:
        shown = json.loads(answer.body)
    except ValueError:
        return None
    return shown.get("token") if isinstance(shown, dict) else None
