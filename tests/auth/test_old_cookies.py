"""Cookies that the host's user_loader cannot read: of before its user ids became numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask_login.utils import encode_cookie

from tests.support.host import JSON, Browser, Host


def _by_session(host: Host, browser: Browser) -> None:
    with browser.client.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = "abc", True


def _by_remember_cookie(host: Host, browser: Browser) -> None:
    with host.app.test_request_context():
        browser.set_cookie("remember_token", encode_cookie("abc"))


def _by_a_session_of_ours(host: Host, browser: Browser) -> None:
    """Signed in while the ids were texts still."""
    browser.login("alice")
    host.sql("UPDATE myprofile_session SET login_id = 'abc'")
    with browser.client.session_transaction() as kept:
        kept["_user_id"] = "abc"


@pytest.mark.parametrize("old", [_by_session, _by_remember_cookie, _by_a_session_of_ours])
def test_a_cookie_that_the_user_loader_cannot_read_is_nobodys_and_the_log_says_so_once(
    old: Callable[[Host, Browser], None], new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(anew=True)
    browser = host.browser()
    old(host, browser)
    for _ in range(2):
        assert browser.get("/page").location.startswith("/login")
        assert browser.get("/menu").text == "<nav></nav>"
        assert browser.get("/profile/sessions", headers=JSON).status_code == 401
    said = [record for record in caplog.records if "user_loader raised ValueError" in record.getMessage()]
    assert len(said) == 1
    assert all("abc" not in record.getMessage() for record in said)
    browser.login("alice")
    assert browser.is_in()


def test_whatever_else_the_user_loader_raises_is_the_hosts_to_see(new_host: Callable[..., Host]) -> None:
    def load(db: Any, user: Any, login_id: str) -> Any:
        raise RuntimeError("of the host")

    host = new_host(load=load)
    browser = host.browser()
    _by_session(host, browser)
    with pytest.raises(RuntimeError, match="of the host"):
        browser.get("/page")
