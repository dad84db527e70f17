"""What a user does, and what is so when it is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.races.feature_state import OLD_SET, Features
from tests.races.stage import NEW, OF_OTHER, SWITCHED_OFF, Answer, Request, Stage, State
from tests.support.host import PASSWORD


class Seat(NamedTuple):
    """Who does it: the first or the second of the two, and in which session."""

    number: int
    session: str

    @property
    def name(self) -> str:
        """As Feature Management has it."""
        return "Alice Test" if self.session == OF_OTHER else "Admin Test"


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


def _admin(page: str, sent: Callable[[Stage, Seat], Any]) -> Callable[[Stage, Seat], Request]:
    url = f"/profile/admin/features{page}"
    return lambda stage, seat: Request(url, stage.cookies[seat.session], sent(stage, seat))


def _features(effect: Callable[[Features, Seat], Features]) -> Callable[[State, Seat, Answer], State]:
    return lambda state, seat, answer: state._replace(features=effect(state.features, seat))


def _logout(stage: Stage, seat: Seat) -> Request:
    return Request("/profile/sso/Okta/backchannel-logout", form={"logout_token": stage.logout_token()})


#: One name, in other letters.
NEW_SET = ("", "Launch", "LAUNCH")

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
        _admin("", lambda stage, seat: {SWITCHED_OFF[seat.number]: False, "version": stage.features}),
        _features(lambda features, seat: features.saved({SWITCHED_OFF[seat.number]: False}, seat.name)),
    ),
    "logout token": Action("a logout token", _logout, _logged_out, inside=False),
    "save set": Action(
        "saving a set under one name",
        _admin("/sets", lambda stage, seat: {"name": NEW_SET[seat.number]}),
        _features(lambda features, seat: features.kept(NEW_SET[seat.number])),
    ),
    "replace set": Action(
        "saving a set anew",
        _admin("/sets/replace", lambda stage, seat: {"id": stage.set_id}),
        _features(lambda features, seat: features.kept(OLD_SET)),
    ),
    "put back": Action(
        "putting that set back",
        _admin("/sets/put-back", lambda stage, seat: {"id": stage.set_id, "version": stage.features}),
        _features(lambda features, seat: features.put_back(seat.name)),
    ),
    "undo": Action(
        "undoing a change",
        _admin("/history/undo", lambda stage, seat: {"number": stage.features}),
        _features(lambda features, seat: features.undone(seat.name)),
    ),
}
#: What administrators do to features. First, that which all of these are like, beside other things.
OF_FEATURES = ("features", "save set", "replace set", "put back", "undo")


def new_token(answer: Answer) -> str | None:
    """The API token that an answer shows."""
    try:
        shown = json.loads(answer.body)
    except ValueError:
        return None
    return shown.get("token") if isinstance(shown, dict) else None
