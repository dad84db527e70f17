"""Two at the same moment at one address: confirming it, and undoing the change to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_myprofile.testing import wait_for_notices
from tests.notices.test_not_me_link import press_again
from tests.support.at_once import at_once
from tests.support.host import Browser, Host

#: The address that everybody wants.
WANTED = "wanted@x.test"


class Bench:
    """Alice and Bob at a host, whose links are taken from what would be sent."""

    def __init__(self, host: Host, told: dict[str, Any]) -> None:
        self._host, self._told = host, told
        self._browsers = [host.browser(), host.browser()]
        for browser, name in zip(self._browsers, ("alice", "bob"), strict=True):
            assert browser.login(name).status_code == 302

    def _begin(self) -> None:
        for table in ("email_change", "link", "notice"):
            self._host.sql(f"DELETE FROM myprofile_{table}")
        for name in ("alice", "bob"):
            self._host.change(name, email=f"{name}@x.test")

    def _ask(self, browser: Browser, address: str) -> str:
        answer = browser.post("/profile/personal-information/change-email", {"new_email": address})
        assert answer.status_code == 303, answer.text
        return self._link(address)

    def _link(self, to: str) -> str:
        wait_for_notices(self._host.app)
        return str(self._told[to].link)

    def _addresses(self) -> list[str]:
        return [str(self._host.user(name).email) for name in ("alice", "bob")]

    def two_confirm_one_address(self, number: int) -> None:
        """One has it, and the other keeps theirs. Bob's is written in other letters every second time."""
        self._begin()
        alice, bob = self._browsers
        his = WANTED if number % 2 else WANTED.replace("wanted", "Wanted")
        links = [self._ask(alice, WANTED), self._ask(bob, his)]
        both = zip(self._browsers, links, strict=True)
        answers = at_once(*(_to_press(browser, link) for browser, link in both))
        assert sorted(answers) == [303, 409], answers
        won = answers.index(303)
        expected = ["alice@x.test", "bob@x.test"]
        expected[won] = (WANTED, his)[won]
        assert self._addresses() == expected

    def confirm_against_undo(self, number: int) -> None:
        """The undo has the last word, whichever comes first."""
        self._begin()
        alice = self._browsers[0]
        assert press_again(alice, self._ask(alice, WANTED)).status_code == 303
        undo, confirm = self._link("alice@x.test"), self._ask(alice, "third@x.test")
        visitor = self._host.browser()
        confirmed, undone = at_once(_to_press(alice, confirm), _to_press(visitor, undo))
        assert undone == 200, (confirmed, undone)
        assert confirmed in (303, 404, 409), confirmed
        assert self._addresses()[0] == "alice@x.test"


def _to_press(browser: Browser, link: str) -> Callable[[], int]:
    sent = {"token": link.partition("token=")[2], "csrf_token": browser.csrf()}
    return lambda: int(browser.client.post("/profile/mail-link", data=sent).status_code)
