"""What a page acknowledges: each is sent, and written into the ledger as it was answered, or as it was interrupted."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable
from typing import NamedTuple

from tests.faults.ledger import Browser, Ledger
from tests.workers.fleet import Answer, Wire, cookie_header

FEATURE = "preferences"


class Operation(NamedTuple):
    """A request, and what its answer means; ``None`` is that there was none, or that it said it could not be done."""

    name: str
    url: str
    cookies: str
    json: object | None
    form: dict[str, str] | None
    write_down: Callable[[Answer | None], None]

    def send(self, wire: Wire) -> Answer | None:
        """None: it was interrupted."""
        try:
            answer = wire.ask("POST", self.url, self.cookies, self.json, self.form)
        except (OSError, http.client.HTTPException):
            return None
        return answer if answer.status < 500 else None


def sign_in(ledger: Ledger, chance: random.Random) -> Operation:
    password = chance.choice(ledger.passwords)

    def write_down(answer: Answer | None) -> None:
        if answer is not None and answer.status == 302:
            ledger.browsers.append(Browser(cookie_header({"session": answer.cookies["session"]})))

    form = {"username": ledger.username, "password": password}
    return Operation("sign in", "/login", "", None, form, write_down)


def sign_out(ledger: Ledger, chance: random.Random) -> Operation:
    browser = chance.choice(ledger.inside())

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            ledger.ended([browser], answer is not None)

    return Operation("sign out", "/profile/sign-out", browser.cookies, {}, None, write_down)


def end_others(ledger: Ledger, chance: random.Random) -> Operation:
    browser = chance.choice(ledger.inside())

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            ledger.ended(ledger.others(browser), answer is not None)

    return Operation("end others", "/profile/sessions/sign-out-others", browser.cookies, {}, None, write_down)


def change_password(ledger: Ledger, chance: random.Random) -> Operation:
    browser, current = chance.choice(ledger.inside()), chance.choice(ledger.passwords)
    new = f"a password of {chance.getrandbits(64):x}"

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            ledger.changed_password(new, answer is not None)
            ledger.ended(ledger.others(browser), answer is not None)
        if answer is not None and answer.status == 200:
            browser.cookies = cookie_header({"session": answer.cookies["session"]})
        elif answer is None:
            ledger.browsers.remove(browser)  # it may have a new secret, which it was not told

    body = {"current_password": current, "new_password": new}
    return Operation("change password", "/profile/password", browser.cookies, body, None, write_down)


def regenerate(ledger: Ledger, chance: random.Random) -> Operation:
    browser = chance.choice(ledger.inside())

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            new = json.loads(answer.body)["token"] if answer is not None else None
            ledger.has_no_other_token(new, answer is not None)

    return Operation("regenerate", "/profile/api-token/regenerate", browser.cookies, {}, None, write_down)


def revoke(ledger: Ledger, chance: random.Random) -> Operation:
    browser = chance.choice(ledger.inside())

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            ledger.has_no_other_token(None, answer is not None)

    return Operation("revoke", "/profile/api-token/revoke", browser.cookies, {}, None, write_down)


def save_features(ledger: Ledger, chance: random.Random) -> Operation:
    browser, on = chance.choice(ledger.inside()), chance.random() < 0.5

    def write_down(answer: Answer | None) -> None:
        if answer is None or answer.status == 200:
            ledger.switched(on, answer is not None)

    return Operation("features", "/profile/admin/features", browser.cookies, {FEATURE: on}, None, write_down)


Kind = Callable[[Ledger, random.Random], Operation]
#: By one who is in; those of which the browser gets another cookie last.
BY_COOKIE: tuple[Kind, ...] = (sign_out, end_others, regenerate, revoke, save_features, change_password)
ALL: tuple[Kind, ...] = (sign_in, sign_in, *BY_COOKIE)
