"""The machine: what people do, in the app and in the model at once. After each step both say the same of everybody."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.model.bench import ADMIN, KEY, START, USERS, Bench
from tests.model.clients import Client, Page, status_of
from tests.model.model import World
from tests.model.sessions import Deed, Effects
from tests.model.things import Jar, Session
from tests.support.host import JSON, PASSWORD

CLIENTS = 4
#: Eight times of ten somebody who is in: see :meth:`Machine.client`.
which_client = st.integers(0, 9)
which_user = st.sampled_from(USERS)


class Machine(RuleBasedStateMachine):
    """:data:`bench` is the app of the whole run; :data:`counts` says what was done, and what came of it."""

    bench: ClassVar[Bench]
    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.counts["examples"] += 1
        self.bench.empty()
        self._open = ExitStack()
        self._open.enter_context(self.bench.clock.worn_by_everybody())
        self.world = World(START, USERS, ADMIN, PASSWORD, KEY)
        self.clients = [Client(self.world, self.bench.host.browser()) for _ in range(CLIENTS)]
        self.refusing = ""
        self.tokens: list[Any] = []

    def teardown(self) -> None:
        self._open.close()

    # ---- one step

    def do(self, what: str, client: Client, deed: Deed, url: str, body: Any, page: Page | None = None) -> Any:
        """Send it as a program does, by the CSRF token of a page that is opened now unless it is told which."""
        token = page.token if page else client.csrf()
        effects = self.world.perform(client.jar, deed)
        answer = client.post_json(url, token, body)
        self.compare(what, client, effects, answer)
        return answer

    def compare(self, what: str, client: Client, effects: Effects, answer: Any, status: int | None = None) -> int:
        """The answer is one that the model allows, and what it says is so from now on."""
        status = status or status_of(answer)
        self.counts[f"{what} {status}"] += 1
        if self.refusing and status == 503:
            self._not_acknowledged(client, client.observe())
            return status
        assert status in effects, f"{what}: {status}, not {sorted(effects)}: {answer.text[:300]}"
        effects[status]()
        client.observe()
        return status

    def _not_acknowledged(self, client: Client, renewed: bool) -> None:
        """Nothing has happened, and the browser has what it had.

        Only what was written to Redis before the database refused is not undone: sessions may have ended, and this one
        may have another secret, which its browser then knows.
        """
        visit = self.world.visit(client.jar)
        if self.bench.in_redis:
            if renewed and visit is not None:
                self.world.renew(client.jar, visit.session)
            for user in self.world.users:
                live = self.bench.live_ids(user)
                for session in self.world.listed(user):
                    if session.id not in live:
                        self.world.end(session)
            self.bench.end_all_but({session.id for session in self.world.sessions})

    def _me(self, client: Client) -> dict[str, Any] | None:
        """Whom the host finds in a browser that has the same cookies."""
        answer = client.browser.copy().json("/me")
        assert answer.status_code in (200, 302, 401), answer.text
        return dict(answer.json) if answer.status_code == 200 else None

    # ---- what is so after each step

    @invariant()
    def both_agree(self) -> None:
        self.counts["steps"] += 1
        self.the_right_ones_are_in()
        self.each_user_sees_their_sessions()
        self.the_right_tokens_live()

    def the_right_ones_are_in(self) -> None:
        for number, client in enumerate(self.clients):
            if client.jar == Jar():
                continue
            visit, there = self.world.visit(client.jar), self._me(client)
            if visit is None:
                assert there is None, f"client {number} is in: {there}"
                continue
            assert there is not None, f"client {number} is out, and should be {visit.session.user}"
            session = visit.session
            session.id = session.id or str(there["session"])
            expected = {"user": session.user, "session": session.id, "fresh": self.world.is_fresh(visit)}
            assert there == expected, f"client {number}: {there}, not {expected}"

    def each_user_sees_their_sessions(self) -> None:
        seen: set[str] = set()
        for client in self.clients:
            visit = self.world.visit(client.jar)
            if visit is None or visit.session.user in seen:
                continue
            seen.add(visit.session.user)
            answer = client.browser.copy().json("/profile/sessions")
            listed = {row["id"]: row["current"] for row in answer.json["sessions"]}
            expected = {session.id: session is visit.session for session in self.world.listed(visit.session.user)}
            assert listed == expected, f"{visit.session.user} sees {listed}, not {expected}"

    def the_right_tokens_live(self) -> None:
        for token in self.tokens[-3:]:
            headers = {**JSON, "Authorization": f"Bearer {token.text}"}
            answer = self.bench.host.browser().get("/api", headers=headers)
            owner = next((user.name for user in self.world.users.values() if user.token is token), None)
            expected = (200, owner) if self.world.lives(token) else (401, None)
            assert (answer.status_code, answer.json.get("user")) == expected, token.text

    # ---- what rules ask for

    def client(self, number: int) -> Client:
        inside = [client for client in self.clients if self.world.visit(client.jar)]
        among = inside if inside and number < 8 else self.clients
        return among[number % len(among)]

    def session(self, number: int) -> Session:
        """One of all sessions there have been, the last ones first."""
        return self.world.sessions[-1 - number % len(self.world.sessions)]
