"""What ends a sign-in with the old password is tried again where the database puts another transaction first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.account.session_registry import SessionRegistry
from flask_myprofile.errors import StoreDown
from flask_myprofile.store.sqlalchemy import SqlStore
from tests.support.devices import change_password, live, sent_to_login
from tests.support.host import Browser, Host
from tests.support.meanwhile import meanwhile


def signed_in(host: Host) -> Browser:
    browser = host.browser()
    assert browser.login("alice").status_code == 302
    browser.csrf()
    return browser


def clash_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """At the next end of sessions there is a deadlock."""
    usual, clashes = SqlStore.end_sessions, []

    def end_sessions(*args: Any, **kwargs: Any) -> Any:
        if not clashes:
            clashes.append("deadlock")
            raise StoreDown("deadlock", passes=True)
        return usual(*args, **kwargs)

    monkeypatch.setattr(SqlStore, "end_sessions", end_sessions)
    return clashes


@pytest.mark.parametrize("follows", [False, True], ids=["the sign-in looks", "each request looks"])
def test_a_deadlock_keeps_no_sign_in_alive_that_finds_another_password(
    follows: bool, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each request compares the password, it is the next one that finds out, and meets the deadlock."""
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=follows)
    alice, clashes = signed_in(host), []

    def change() -> int:
        status: int = change_password(alice).status_code
        clashes.append(clash_once(monkeypatch))
        return status

    changed = meanwhile(monkeypatch, SessionRegistry, "add", change)
    thief = host.browser()
    assert thief.login("alice").status_code == 302
    assert (changed, clashes) == ([303], [[] if follows else ["deadlock"]])
    assert sent_to_login(thief)
    assert clashes == [["deadlock"]]
    assert live(host) == 1
    assert alice.is_in()


def test_a_deadlock_keeps_no_session_alive_that_began_before_the_change_was_committed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, other = signed_in(host), host.browser()
    clashes: list[Any] = []

    def begin() -> str:
        """Not known by then: its transaction is another one."""
        assert other.login("alice", "a quiet walk in the rain").status_code == 302
        clashes.append(clash_once(monkeypatch))
        return "in"

    began = meanwhile(monkeypatch, SessionRegistry, "_end_late", begin)
    assert change_password(alice).status_code == 303
    assert (began, clashes) == (["in"], [["deadlock"]])
    assert sent_to_login(other)
    assert alice.is_in()
