"""Confirming who one is: on a page of its own, or for a form that was sent too long after the sign-in."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import deeds
from tests.model.clients import Client, forms_to
from tests.model.machine import which_client
from tests.model.rules_accounts import REGENERATE, AccountRules
from tests.model.rules_sessions import SessionRules, which_password
from tests.model.sessions import Deed, nothing
from tests.model.things import Token, Waiting

CONFIRM = "/profile/confirm"
which_form = st.sampled_from(["others", "one", "regenerate", "reveal"])
#: Seconds after which no sign-in is recent.
LATE = 2000
OTHERS, ONE, REVEAL = "/profile/sessions/sign-out-others", "/profile/sessions/sign-out", "/profile/api-token/reveal"


class ConfirmRules(SessionRules, AccountRules):
    def __init__(self) -> None:
        super().__init__()
        #: Forms that wait, or did, and the pages that ask for them.
        self.confirming: list[tuple[Waiting, str]] = []

    @rule(client=which_client, password=which_password, as_a_program=st.booleans())
    def confirm(self, client: int, password: str, as_a_program: bool) -> None:
        """By a program, or on a page that was opened for nothing that waits."""
        one, text = self.client(client), self.password_of(client, password)
        if not as_a_program:
            self.confirm_on_page(one, CONFIRM, None, text)
            return
        token = one.csrf()
        effects = self.world.confirm(one.jar, text)
        self.compare("confirm", one, effects, one.post_json(CONFIRM, token, {"current_password": text}))

    @rule(client=which_client, what=which_form, number=st.integers(0, 5), late=st.booleans())
    def send_a_form(self, client: int, what: str, number: int, late: bool) -> None:
        """As a browser does. If it is late, it waits, and a page asks for the password."""
        if late:
            self.time_passes(LATE)
        one = self.client(client)
        made = self.form(one, what, number) if self.world.visit(one.jar) is not None else None
        if made is None:
            return
        deed, url, fields = made
        token = one.csrf()
        effects = self.world.perform(one.jar, deed)
        answer = one.post(url, token, fields)
        if self.compare(f"send {what}", one, effects, answer) == 403:
            self.confirming.append((self.world.leave_form(one.jar, deed), answer.location))
        self.look_for_a_token(one, answer)

    def form(self, client: Client, what: str, number: int) -> tuple[Deed, str, dict[str, str]] | None:
        if what == "others":
            return self.world.sign_out_others(), OTHERS, {}
        if what == "reveal":
            return deeds.reveal(self.world), REVEAL, {}
        visit, other = self.world.visit(client.jar), self.session(number)
        if what == "one":
            own = visit is not None and other is visit.session
            return None if own else (self.world.sign_out_one(other), ONE, {"id": other.id})
        return self.regeneration(client)

    def regeneration(self, client: Client) -> tuple[Deed, str, dict[str, str]] | None:
        """On the page that asks whether the token is to be replaced."""
        visit = self.world.visit(client.jar)
        page = client.browser.get(REGENERATE)
        client.observe()
        if page.status_code != 200 or visit is None:
            return None
        (fields,) = forms_to(page.text, REGENERATE)
        self.new = Token("")
        there = self.world.users[visit.session.user].token
        return deeds.regenerate(self.world, there, self.new), REGENERATE, {"version": fields["version"]}

    @precondition(lambda self: self.confirming)
    @rule(client=which_client, number=st.integers(0, 3), password=which_password)
    def confirm_what_waits(self, client: int, number: int, password: str) -> None:
        """On the page that was opened for it or, by a link that somebody sends, on such a page of another browser."""
        form, url = self.confirming[-1 - number % len(self.confirming)]
        self.confirm_on_page(self.client(client), url, form, self.password_of(client, password))

    @precondition(lambda self: self.confirming)
    @rule(client=which_client, number=st.integers(0, 3))
    def cancel(self, client: int, number: int) -> None:
        form, url = self.confirming[-1 - number % len(self.confirming)]
        one = self.client(client)
        page = self.page_that_asks(one, url)
        for fields in forms_to(page, CONFIRM) if page else ():
            if "cancel" in fields:  # else there is nothing that waits for this browser, and it is a mere link
                fields["csrf_token"] = one.csrf()
                effects = self.world.cancel(one.jar, form)
                self.compare("cancel", one, effects, one.browser.client.post(CONFIRM, data=fields))

    def page_that_asks(self, client: Client, url: str) -> str | None:
        visit = self.world.arrive(client.jar)
        answer = client.browser.get(url)
        self.compare("look at", client, {200 if visit else 401: nothing}, answer)
        return str(answer.text) if visit else None

    def confirm_on_page(self, client: Client, url: str, form: Waiting | None, password: str) -> None:
        page = self.page_that_asks(client, url)
        if page is None:
            return
        fields = next(fields for fields in forms_to(page, CONFIRM) if "cancel" not in fields)
        fields |= {"csrf_token": client.csrf(), "current_password": password}
        effects = self.world.confirm(client.jar, password, form)
        answer = client.browser.client.post(CONFIRM, data=fields)
        self.compare("confirm for a form" if form else "confirm", client, effects, answer)
        self.look_for_a_token(client, answer)

    # ---- what the rules ask for

    def password_of(self, client: int, which: str) -> str:
        visit = self.world.visit(self.client(client).jar)
        return self.password(visit.session.user if visit else "alice", which)

    def look_for_a_token(self, client: Client, answer: Any) -> None:
        """Of the last form that asked for one, if this is the answer to it."""
        visit = self.world.visit(client.jar)
        token = self.world.users[visit.session.user].token if visit else None
        if token is not None and not token.text:
            self.made(client, token, answer)
