"""Signing in and out, copied cookies, new passwords, and pages that are kept open meanwhile."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.model import deeds
from tests.model.clients import COOKIES, Client
from tests.model.machine import CLIENTS, Machine, which_client, which_user
from tests.model.sessions import Deed, nothing, refused

PASSWORDS = ("a quiet walk in the rain", "seven boats on a lake", "the bread is warm again", "no lamp in this window")
which_password = st.sampled_from(["right", "right", "right", "old", "wrong"])


class SessionRules(Machine):
    def password(self, user: str, which: str) -> str:
        known = self.world.users[user]
        if which == "old" and known.old_passwords:
            return known.old_passwords[-1]
        return known.password if which == "right" else "this is no password"

    @initialize()
    def some_are_in(self) -> None:
        for number, user, remember in ((0, "alice", False), (1, "alice", True), (2, "admin", False)):
            self.sign_in_there(self.clients[number], user, "right", remember)

    @rule(client=st.integers(4, 11), user=which_user, password=which_password, remember=st.booleans())
    def sign_in(self, client: int, user: str, password: str, remember: bool) -> None:
        self.sign_in_there(self.client(client), user, password, remember)

    def sign_in_there(self, one: Client, user: str, password: str, remember: bool) -> None:
        text = self.password(user, password)
        fields = {"username": user, "password": text, **({"remember": "y"} if remember else {})}
        token = one.csrf(asks=False)
        effects = self.world.sign_in(one.jar, user, text, remember)
        self.compare("sign in", one, effects, one.post("/login", token, fields))

    @rule(client=which_client)
    def restart(self, client: int) -> None:
        self.client(client).restart()

    @rule(client=which_client, to=st.integers(0, CLIENTS - 1), which=st.sampled_from(["all", *COOKIES]))
    def copy_cookies(self, client: int, to: int, which: str) -> None:
        self.clients[to] = self.client(client).copy(which)

    @rule(client=which_client)
    def visit(self, client: int) -> None:
        """A page of the host's, and scripts that come right after it."""
        one = self.client(client)
        ask: Any
        for ask, url in (one.browser.get, "/page"), (one.browser.json, "/profile/sessions"):
            visit = self.world.arrive(one.jar)
            self.compare("visit", one, {200 if visit else 401: nothing}, ask(url))
        if visit is not None and "preferences" not in self.world.off:
            found = one.browser.json("/profile/preferences").json["theme"]
            assert found == self.world.users[visit.session.user].theme

    @rule(client=which_client, door=st.sampled_from(["the host's", "page", "list"]))
    def sign_out(self, client: int, door: str) -> None:
        one = self.client(client)
        visit = self.world.visit(one.jar)
        if door == "the host's":
            token = one.csrf()
            kept = self.world.readable(one.jar.cookie)
            # a browser with the secret before is given nothing new, no token either
            effects = self.world.leave_host(one.jar) if kept and kept.csrf is not None else {400: nothing}
            answer = one.post("/logout", token, {})
            self.compare("sign out", one, effects, answer, 200 if answer.status_code == 302 else None)
        elif door == "list" and visit is not None:
            self.do("sign out", one, self.world.sign_out(), "/profile/sessions/sign-out", {"id": visit.session.id})
        else:
            self.do("sign out", one, self.world.sign_out(), "/profile/sign-out", {})

    @rule(client=which_client, number=st.integers(-3, 5))
    def sign_out_elsewhere(self, client: int, number: int) -> None:
        """All other sessions, or one."""
        one, other = self.client(client), self.session(number)
        visit = self.world.visit(one.jar)
        if number < 0:
            self.do("sign out others", one, self.world.sign_out_others(), "/profile/sessions/sign-out-others", {})
        elif visit is None or visit.session is not other:
            deed = self.world.sign_out_one(other)
            self.do("sign out one", one, deed, "/profile/sessions/sign-out", {"id": other.id})

    @rule(client=which_client, password=which_password, new=st.sampled_from(PASSWORDS), others=st.booleans())
    def change_password(self, client: int, password: str, new: str, others: bool) -> None:
        one = self.client(client)
        visit = self.world.visit(one.jar)
        text = self.password(visit.session.user if visit else "alice", password)
        body = {"current_password": text, "new_password": new, "sign_out_others": others}
        self.do("change password", one, self.world.change_password(text, new, others), "/profile/password", body)

    @precondition(lambda self: any(client.pages for client in self.clients))
    @rule(client=which_client, number=st.integers(0, 5), theme=st.sampled_from(["light", "dark"]))
    def save_on_a_page_that_was_kept(self, client: int, number: int, theme: str) -> None:
        """Whoever was there when it was opened."""
        one = self.client(client)
        if not one.pages:
            return
        page, deed = one.pages[-1 - number % len(one.pages)], deeds.choose_theme(self.world, theme)
        self.world.arrive(one.jar)
        if not one.fits(page):
            deed = Deed(lambda jar, session: refused(400), deed.feature)
        self.do("save", one, deed, "/profile/preferences", {"theme": theme}, page)
