"""API tokens, features, what administrators do, and what befalls everybody: time, keys, writes that are refused."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model import deeds
from tests.model.bench import REFUSE
from tests.model.clients import Client, token_in
from tests.model.deeds import AnyToken, LookedAt, Unreadable
from tests.model.machine import Machine, which_client, which_user
from tests.model.things import Token

FEATURES = ("api_token", "api_token.regenerate", "api_token.copy", "sessions.sign_out_others", "preferences")
#: Bodies whose condition cannot be read.
ODD = (b'{"version": "', b'{"version": 123}', b"[]", b'{"Version": "x"}', b'"x"')
REGENERATE = "/profile/api-token/regenerate"
which_looked_at = st.sampled_from(["now", "now", "before", "nothing said", "odd"])
#: Seconds that pass; below zero a clock was wrong by so many, never so few that it could be its usual unevenness.
MOMENTS = (7, 7, 50, 50, 400, 400, 2000, 2000, 2000, 5000, 3 * 86_400, 40 * 86_400, -2000, -5000, -3 * 86_400)


class AccountRules(Machine):
    # ---- API tokens

    def look_at(self, client: Client, which: str, odd: bytes) -> tuple[LookedAt, Any]:
        """What somebody has looked at, and the body that says so."""
        visit = self.world.visit(client.jar)
        if which == "nothing said" or visit is None:
            return AnyToken, {}
        if which == "odd":
            return Unreadable, odd
        there = self.world.users[visit.session.user].token
        if which == "before":
            known = [token for token in self.tokens if token is not there]
            looked_at = known[-1] if known else None
        else:
            looked_at = there
        return looked_at, {"version": looked_at.version if looked_at else ""}

    @rule(client=which_client, which=which_looked_at, odd=st.sampled_from(ODD))
    def regenerate(self, client: int, which: str, odd: bytes) -> None:
        one, new = self.client(client), Token("")
        looked_at, body = self.look_at(one, which, odd)
        answer = self.do("regenerate", one, deeds.regenerate(self.world, looked_at, new), REGENERATE, body)
        if answer.status_code == 200:
            self.made(one, new, answer)

    def made(self, client: Client, new: Token, answer: Any) -> None:
        new.text = token_in(answer)
        page = client.browser.json("/profile/api-token")
        assert page.status_code == 200, page.text
        new.version = page.json["version"]
        self.tokens.append(new)

    @rule(client=which_client)
    def reveal(self, client: int) -> None:
        one = self.client(client)
        visit = self.world.visit(one.jar)
        answer = self.do("reveal", one, deeds.reveal(self.world), "/profile/api-token/reveal", {})
        if answer.status_code == 200:
            assert visit is not None
            token = self.world.users[visit.session.user].token
            assert token is not None and token_in(answer) == token.text

    @rule(client=which_client, which=which_looked_at, odd=st.sampled_from(ODD))
    def revoke(self, client: int, which: str, odd: bytes) -> None:
        one = self.client(client)
        looked_at, body = self.look_at(one, which, odd)
        self.do("revoke", one, deeds.revoke(self.world, looked_at), "/profile/api-token/revoke", body)

    # ---- administrators

    @rule(client=which_client, feature=st.sampled_from(FEATURES), on=st.sampled_from([True, True, False]))
    def switch_a_feature(self, client: int, feature: str, on: bool) -> None:
        deed = deeds.switch(self.world, feature, on)
        self.do("switch", self.client(client), deed, "/profile/admin/features", {feature: on})

    @rule(client=which_client, user=which_user, number=st.integers(-3, 5))
    def end_sessions_of_a_user(self, client: int, user: str, number: int) -> None:
        """All of them, or one."""
        one, session = self.client(client), self.session(number)
        visit = self.world.visit(one.jar)
        if number < 0 and not (visit is not None and visit.session.user == user):
            deed = deeds.end_of_user(self.world, user)
            self.do("admin ends all", one, deed, "/profile/admin/sessions/sign-out-all", {"user": user})
        elif number >= 0 and not (visit is not None and visit.session is session):
            deed = deeds.end_of_user(self.world, user, session)
            body = {"user": user, "id": session.id}
            self.do("admin ends one", one, deed, "/profile/admin/sessions/sign-out", body)

    # ---- what befalls everybody

    @rule(seconds=st.sampled_from(MOMENTS))
    def time_passes(self, seconds: int) -> None:
        """Or the clock, which was wrong, is put right."""
        self.bench.clock.now = self.world.now = self.world.now + seconds

    @rule(what=st.sampled_from(["new", "new", "lost", "encrypt"]))
    def secret_keys(self, what: str) -> None:
        """A new key, with the old ones as fallbacks or, if they are lost, without; or copies are encrypted anew."""
        if what == "encrypt":
            if not self.refusing:
                self.bench.rekey()
                deeds.rekey(self.world)
            return
        old = self.world.keys if what == "new" else []
        self.world.keys = [f"key {self.world.number()}", *old]
        self.bench.rotate_key(self.world.keys)

    @rule(what=st.sampled_from(["", *REFUSE]))
    def writes_are_refused(self, what: str) -> None:
        """For a while: until this comes with nothing."""
        self.refusing = what
        self.bench.accept_writes()
        if what:
            self.bench.refuse_writes(what)
