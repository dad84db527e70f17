"""A host that keeps its sessions on the server (Flask-Session): an id from before the sign-in is worth nothing."""

from __future__ import annotations

from tests.support.devices import change_password, ended, live, sent_to_login, sign_out
from tests.support.host import Browser, Host
from tests.support.kept import FLASK_SESSION, in_these

pytestmark = in_these(*FLASK_SESSION)


def own_value(browser: Browser) -> str:
    with browser.client.session_transaction() as kept:
        return str(kept["_myprofile"])


def test_an_id_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(host: Host) -> None:
    """B06: session fixation."""
    attacker = host.browser()
    attacker.csrf()
    planted = str(attacker.cookie("session"))
    alice = host.browser()
    alice.set_cookie("session", planted)
    alice.login("alice")
    assert alice.is_in()
    assert alice.cookie("session") not in (None, planted)
    assert sent_to_login(attacker)
    assert attacker.get("/pub").status_code == 200
    assert live(host) == 1
    with attacker.client.session_transaction() as kept:
        assert "_user_id" not in kept


def test_a_replayed_id_is_out_once_its_session_was_signed_out(host: Host) -> None:
    """B06"""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    replayed = c1.copy("session")
    row = c1.session_id()
    sign_out(c2, c1)
    assert sent_to_login(replayed)
    assert sent_to_login(c1)
    assert ended(host) == [row]
    assert c2.is_in()


def test_every_sign_in_has_an_id_and_a_secret_of_its_own(host: Host) -> None:
    """B06: the row belongs to the new one."""
    alice = host.browser()
    ids, values = set(), set()
    for _ in range(3):
        alice.login("alice", remember=True)
        old = alice.copy("session")
        ids.add(alice.cookie("session"))
        values.add(own_value(alice))
    assert len(ids) == len(values) == 3
    assert live(host) == 1
    assert [row["current"] for row in alice.sessions()] == [True]
    alice.post("/logout")
    assert sent_to_login(old)


def test_a_changed_password_and_a_restart_change_the_id(host: Host) -> None:
    """S07, B06"""
    alice = host.browser()
    alice.login("alice", remember=True)
    row, before = alice.session_id(), alice.copy("session")
    assert change_password(alice).status_code == 303
    assert alice.is_in()
    assert sent_to_login(before)
    alice.restart()
    alice.csrf()
    anonymous = alice.copy("session")
    assert alice.is_in(), "by its remember cookie"
    assert sent_to_login(anonymous)
    assert alice.session_id() == row
    assert live(host) == 1
