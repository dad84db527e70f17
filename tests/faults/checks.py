"""Whether what has been acknowledged holds, once everything works again."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from tests.faults.client import Client
from tests.faults.ledger import Ledger, State
from tests.faults.operations import FEATURE, sign_in

#: How many of what has ended are tried each time, and how many sessions are kept live.
TRIED, LIVE = 3, 8


class Checks:
    """Everything that is live or unknown is tried, what has just been ended, and some of what was ended before.

    :param thorough: all of what was ended before.
    """

    def __init__(self, ledger: Ledger, client: Client, chance: random.Random, thorough: bool = False) -> None:
        self._ledger, self._client, self._chance, self._thorough = ledger, client, chance, thorough

    def run(self) -> None:
        self._sessions()
        self._tokens()
        self._passwords()
        self._events()
        self._switch()

    def _some(self, ended: Sequence[Any]) -> Sequence[Any]:
        return ended if self._thorough else self._chance.sample(ended, min(TRIED, len(ended)))

    def _sessions(self) -> None:
        old = [each for each in self._ledger.sessions if each.state is State.ENDED and each.is_checked]
        new = [each for each in self._ledger.sessions if each.state is not State.ENDED or not each.is_checked]
        for session in [*new, *self._some(old)]:
            gets_in = self._client.ask("GET", "/page", session.cookies).status == 200
            self._ledger.session_seen(session, gets_in)
        for session in self._ledger.live()[LIVE:]:
            self._ledger.sessions.remove(session)

    def _tokens(self) -> None:
        tokens = list(self._ledger.tokens)
        for token in {*tokens[-TRIED:], *self._some(tokens)}:
            self._ledger.token_seen(token, self._client.works(token))

    def _passwords(self) -> None:
        ledger = self._ledger
        possible = list(ledger.passwords) if len(ledger.passwords) > 1 else self._some(ledger.passwords)
        for password in [*possible, *ledger.old_passwords[-1:], *self._some(ledger.old_passwords[:-1])]:
            attempt = sign_in(ledger, self._chance, password)
            answer = self._client.ask("POST", attempt.url, form=attempt.form)
            attempt.record(answer)
            ledger.password_seen(password, answer.status == attempt.acknowledged)

    def _events(self) -> None:
        """Each password and token that was acknowledged has its event, and no event is of one that is not there."""
        counted = {"password": ("password.changed",), "token": ("token.made", "token.regenerated")}
        for session in self._ledger.live()[:1]:
            for topic, kinds in counted.items():
                found, before = 0, ""
                while before is not None:
                    url = f"/profile/activity?topic={topic}&before={before}"
                    page = json.loads(self._client.ask("GET", url, session.cookies, body={}).body)
                    found += sum(each["kind"] in kinds for each in page["events"])
                    before = page["next"]
                self._ledger.events_seen(topic, found)

    def _switch(self) -> None:
        for session in self._ledger.live()[:1]:
            page = self._client.ask("GET", "/profile/admin/features", session.cookies, body={})
            self._ledger.switch_seen(json.loads(page.body)["features"][FEATURE]["on"])
