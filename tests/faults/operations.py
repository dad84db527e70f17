"""What a page acknowledges: each is sent, and recorded in the ledger as it was answered, or as it was not."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable
from typing import NamedTuple

from tests.faults.ledger import Ledger, Session
from tests.workers.fleet import Answer, Wire, cookie_header

FEATURE = "preferences"


class Operation(NamedTuple):
    """
    :ivar acknowledged: the status that says that it is done. Another one below 500 says that it is not.
    :ivar record: what its answer means; None: there was none, or it was 5xx. (500 is the server's own, where
        Flask-SQLAlchemy cannot roll back on a connection that has broken, after the view.)
    """

    name: str
    url: str
    cookies: str
    json: object | None
    form: dict[str, str] | None
    acknowledged: int
    record: Callable[[Answer | None], None]

    def send(self, wire: Wire) -> Answer | None:
        """None: the connection broke."""
        try:
            return wire.ask("POST", self.url, self.cookies, self.json, self.form)
        except (OSError, http.client.HTTPException):
            return None


def _by_cookie(name: str, url: str, by: Session, body: object, done: Callable[[Answer | None], None]) -> Operation:
    """
    :param done: records that it was acknowledged; without an answer, that it may be done.
    """

    def record(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            done(answer)

    return Operation(name, url, by.cookies, body, None, 200, record)


def sign_in(ledger: Ledger, chance: random.Random, password: str | None = None) -> Operation:
    def record(answer: Answer | None) -> None:
        if answer is not None and answer.status == 302:
            ledger.signed_in(_cookies(answer))

    form = {"username": ledger.username, "password": password or chance.choice(ledger.passwords)}
    return Operation("sign in", "/login", "", None, form, 302, record)


def sign_out(ledger: Ledger, chance: random.Random) -> Operation:
    by = chance.choice(ledger.live())
    return _by_cookie("sign out", "/profile/sign-out", by, {}, lambda answer: ledger.ended([by], answer is not None))


def end_others(ledger: Ledger, chance: random.Random) -> Operation:
    by = chance.choice(ledger.live())

    def done(answer: Answer | None) -> None:
        ledger.ended_others(by, answer is not None)

    return _by_cookie("end others", "/profile/sessions/sign-out-others", by, {}, done)


def change_password(ledger: Ledger, chance: random.Random) -> Operation:
    by, new = chance.choice(ledger.live()), f"a password of {chance.getrandbits(64):x}"

    def done(answer: Answer | None) -> None:
        ledger.changed_password(new, answer is not None)
        ledger.ended_others(by, answer is not None)
        ledger.renewed(by, _cookies(answer) if answer is not None else None)

    body = {"current_password": chance.choice(ledger.passwords), "new_password": new}
    return _by_cookie("change password", "/profile/password", by, body, done)


def confirm(ledger: Ledger, chance: random.Random) -> Operation:
    """Say again who is there, which gives the session another secret."""
    by = chance.choice(ledger.live())

    def done(answer: Answer | None) -> None:
        ledger.renewed(by, _cookies(answer) if answer is not None else None)

    body = {"current_password": chance.choice(ledger.passwords)}
    return _by_cookie("confirm", "/profile/confirm", by, body, done)


def regenerate(ledger: Ledger, chance: random.Random) -> Operation:
    def done(answer: Answer | None) -> None:
        new = json.loads(answer.body)["token"] if answer is not None else None
        ledger.no_other_token(new, answer is not None)
        ledger.happened("token", answer is not None)

    return _by_cookie("regenerate", "/profile/api-token/regenerate", chance.choice(ledger.live()), {}, done)


def revoke(ledger: Ledger, chance: random.Random) -> Operation:
    def done(answer: Answer | None) -> None:
        ledger.no_other_token(None, answer is not None)

    return _by_cookie("revoke", "/profile/api-token/revoke", chance.choice(ledger.live()), {}, done)


def save_features(ledger: Ledger, chance: random.Random) -> Operation:
    on = chance.random() < 0.5

    def done(answer: Answer | None) -> None:
        ledger.switched(on, answer is not None)

    return _by_cookie("save features", "/profile/admin/features", chance.choice(ledger.live()), {FEATURE: on}, done)


def _cookies(answer: Answer) -> str:
    return cookie_header({"session": answer.cookies["session"]})


Make = Callable[[Ledger, random.Random], Operation]
#: Those that write where the sessions are kept.
OF_SESSIONS: tuple[Make, ...] = (sign_in, sign_in, sign_out, end_others, change_password, confirm)
#: Those that write into the database, wherever the sessions are kept.
OF_DATABASE: tuple[Make, ...] = (end_others, change_password, regenerate, revoke, save_features)
ALL: tuple[Make, ...] = (*OF_SESSIONS, regenerate, revoke, save_features)
