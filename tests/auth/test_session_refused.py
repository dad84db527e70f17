"""The signal ``session_refused``: the host hears, in the very request, that a browser's session is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import session

from flask_myprofile.signals import session_refused
from tests.support.devices import change_password, pass_time, sign_out
from tests.support.host import Browser, Host
from tests.support.kept import everywhere


@pytest.fixture
def heard(new_host: Callable[..., Host]) -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []

    def hear(app: Any, **data: Any) -> None:
        session.pop("basket", None)
        found.append(data)

    session_refused.connect(hear)
    yield found
    session_refused.disconnect(hear)


def signed_in(host: Host, remember: bool = False) -> Browser:
    browser = host.browser()
    browser.login("alice", remember=remember)
    with browser.client.session_transaction() as kept:
        kept["basket"] = "full"
    return browser


def by_another_browser(host: Host, alice: Browser, monkeypatch: Any) -> str:
    sign_out(signed_in(host), alice)
    return "signed_out"


def by_a_new_password(host: Host, alice: Browser, monkeypatch: Any) -> str:
    change_password(signed_in(host))
    return "password_changed"


def by_growing_old(host: Host, alice: Browser, monkeypatch: Any) -> str:
    pass_time(monkeypatch, 30 * 86_400 + 60)  # Flask itself forgets after 31 days
    return "expired"


def by_the_hosts_admin(host: Host, alice: Browser, monkeypatch: Any) -> str:
    host.change("alice", active=False)
    return "disabled"


@everywhere
@pytest.mark.parametrize("end", [by_another_browser, by_a_new_password, by_growing_old, by_the_hosts_admin])
def test_it_tells_whose_session_it_was_and_why_it_is_over(
    end: Callable[..., str], new_host: Callable[..., Host], heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host()
    alice = signed_in(host)
    session_id, reason = alice.session_id(), end(host, alice, monkeypatch)
    heard.clear()
    for _ in range(2):
        assert not alice.is_in()
    assert heard == [{"user_key": "1", "session_id": session_id, "reason": reason}]
    with alice.client.session_transaction() as kept:
        assert "basket" not in kept, "what a listener drops is gone"


def test_a_remembered_device_is_told_of_as_well(host: Host, heard: list[Any]) -> None:
    alice = signed_in(host, remember=True)
    session_id = alice.session_id()
    sign_out(signed_in(host), alice)
    alice.restart()
    assert not alice.is_in()
    assert heard == [{"user_key": "1", "session_id": session_id, "reason": "signed_out"}]


def test_of_a_session_that_is_not_proved_nothing_is_told(host: Host, heard: list[Any]) -> None:
    """The device cookie is not signed: whoever makes one up must not learn, nor have said, whose that session is."""
    alice = signed_in(host, remember=True)
    session_id = alice.session_id()
    thief = alice.copy("remember_token")
    thief.set_cookie("myprofile_device", f"{session_id}.{'x' * 43}")
    assert not thief.is_in()
    assert heard == [{"user_key": None, "session_id": None, "reason": "unknown"}]
    assert alice.is_in()


def test_nobody_is_refused_who_has_signed_out_or_never_signed_in(host: Host, heard: list[Any]) -> None:
    alice = signed_in(host)
    alice.post("/logout")
    for browser in (alice, host.browser()):
        assert not browser.is_in()
    assert heard == []
