"""P8 in mails: a clock that was ahead, and has been put right. No link is good for longer than it says, and nobody is
kept from asking for another one."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.auth.test_clocks_put_right import CONFIRM, DAY, MINUTE, clock_ahead
from tests.notices.test_email_change import NEW, URL, address_of, ask, changed, last_link, verified
from tests.notices.test_not_me_link import press, press_again
from tests.notices.test_notices import new_password, signed_in, subjects
from tests.support.devices import pass_time
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import in_each_database
from tests.support.mail_server import Mailbox, link_in

__all__ = ["verified"]

AHEAD = 20 * DAY
Verified = Callable[..., Host]


def confirmed(browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


@in_each_database
def test_a_change_of_the_address_that_was_asked_for_in_the_future_is_not_confirmed(
    verified: Verified, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = verified()
    alice, before = signed_in(host), signed_in(host)
    with clock_ahead(monkeypatch, AHEAD):
        confirmed(before)  # Flask takes no cookie that is signed in the future, so it is out when that is over
        assert ask(before).status_code == 303
        link = last_link(host, mailbox, NEW)
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 404
    # whatever is in the row of the link: the change does not wait
    host.sql("UPDATE myprofile_link SET expires_at = :at", at=int(time.time()) + MINUTE)
    assert alice.get(link).status_code == 404 and press_again(alice, link).status_code == 409
    assert "Waiting for you" not in alice.get(URL).text
    assert address_of(host) == "alice@x.test"


@in_each_database
def test_mails_of_the_future_keep_nobody_from_asking_for_another_one(
    verified: Verified, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = verified()
    alice, before = signed_in(host), signed_in(host)
    with clock_ahead(monkeypatch, AHEAD):
        confirmed(before)
        for number in range(5):
            assert ask(before, f"new{number}@x.test").status_code == 303
        assert ask(before).status_code == 429
    assert ask(alice, "new4@x.test").status_code == 303
    assert press(alice, last_link(host, mailbox, "new4@x.test")).status_code == 303


@in_each_database
def test_an_address_that_somebody_had_in_the_future_is_free_for_whoever_asks_now(
    verified: Verified, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What keeps two people from confirming one address at once would have kept it from everybody for weeks."""
    host = verified()
    alice, bob = signed_in(host), signed_in(host, "bob")
    with clock_ahead(monkeypatch, AHEAD):
        confirmed(alice)
        changed(host, mailbox, alice)
        host.change("alice", email="alice@x.test")
    changed(host, mailbox, bob)
    assert address_of(host, "bob") == NEW


@in_each_database
@pytest.mark.parametrize("what", ["undo", "this was not me"])
def test_a_link_of_the_future_is_good_for_its_time_from_the_next_pruning_on(
    what: str, verified: Verified, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps somebody out, so it is not lost; and it is not good until the clock has caught up."""
    host = verified()
    alice = signed_in(host)
    lifetime = 3 * DAY if what == "undo" else 7 * DAY
    with clock_ahead(monkeypatch, AHEAD):
        confirmed(alice)
        link = link_after(what, host, mailbox, alice)
    visitor = host.browser()
    assert visitor.get(link).status_code == 404
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert visitor.get(link).status_code == 200
    with monkeypatch.context() as patch:
        pass_time(patch, lifetime + MINUTE)
        assert visitor.get(link).status_code == 404
    assert press(visitor, link).status_code == 200
    assert press_again(visitor, link).status_code == 404


def link_after(what: str, host: Host, mailbox: Mailbox, browser: Browser) -> str:
    if what == "undo":
        changed(host, mailbox, browser)
        return last_link(host, mailbox, "alice@x.test")
    new_password(browser)
    assert subjects(host, mailbox) == ["Your password was changed"]
    return link_in(mailbox.received[-1])


@in_each_database
def test_a_link_is_good_though_the_clock_of_another_machine_is_behind_by_some_seconds(
    verified: Verified, mailbox: Mailbox
) -> None:
    host = verified()
    alice = signed_in(host)
    ask(alice)
    link = last_link(host, mailbox, NEW)
    host.sql("UPDATE myprofile_link SET expires_at = expires_at + 50")
    host.sql("UPDATE myprofile_email_change SET asked_at = asked_at + 50, sent_at = sent_at + 50")
    assert press(alice, link).status_code == 303
    assert address_of(host) == NEW
