"""Cookies tell neither ports nor, below one domain, apps apart: each app takes what is its own, and leaves the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.host import Browser, Host

Hosts = tuple[Host, Host]


def move(cookies_of: Browser, to: Browser) -> None:
    """One browser: what the one app has set is sent to the other."""
    for cookie in list(cookies_of.client._cookies.values()):
        to.client.set_cookie(cookie.key, cookie.value, path=cookie.path)


def own_names(name: str, *, remember: bool = False) -> dict[str, str]:
    names = {"SECRET_KEY": name * 30, "SESSION_COOKIE_NAME": f"{name}_session"}
    return {**names, "REMEMBER_COOKIE_NAME": f"{name}_remember"} if remember else names


@pytest.mark.parametrize("remember", [False, True], ids=["session cookies have names", "both cookies have names"])
def test_a_visit_to_the_other_app_deletes_nothing(remember: bool, new_host: Callable[..., Host]) -> None:
    a, b = (new_host(**own_names(name, remember=remember)) for name in "ab")
    here, there = a.browser(), b.browser()
    here.login("alice", remember=True)
    move(here, there)
    for url in ("/page", "/profile/", "/login"):
        assert not [header for header in there.get(url).headers.getlist("Set-Cookie") if "1970" in header]
    here.drop_cookie("a_session")
    assert here.is_in()


def test_with_names_of_their_own_both_remember_the_browser(new_host: Callable[..., Host]) -> None:
    a, b = (new_host(**own_names(name, remember=True)) for name in "ab")
    here, there = a.browser(), b.browser()
    here.login("alice", remember=True)
    move(here, there)
    there.login("bob", remember=True)
    move(there, here)
    for browser in (here, there):
        for name in ("a_session", "b_session"):
            browser.drop_cookie(name)
    assert here.get("/page").text == "Hello alice"
    assert there.get("/page").text == "Hello bob"


def test_a_form_that_waits_in_one_app_is_not_lost_to_the_other(new_host: Callable[..., Host]) -> None:
    a, b = (new_host(**own_names(name)) for name in "ab")
    waiting = {}
    for host in (a, b):
        browser = host.browser()
        browser.login("alice")
        host.rows.age(created_at=3600)
        answer = browser.post("/profile/api-token/regenerate", {"version": ""})
        assert answer.location.startswith("/profile/confirm?form=")
        waiting[host] = {cookie.key for cookie in browser.client._cookies.values() if "form" in cookie.key}
    assert waiting[a] == {"myprofile_form_a_session"}
    assert waiting[b] == {"myprofile_form_b_session"}
