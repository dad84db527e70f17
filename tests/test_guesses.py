"""B16: the current password cannot be guessed through the profile page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.host import NEW_PASSWORD, PASSWORD, Browser, Host

WRONG = "not the password at all"


def attempt(browser: Browser, current: str, json: bool = False) -> Any:
    sent = {"current_password": current, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return browser.post_json("/profile/password", sent) if json else browser.post("/profile/password", sent)


def test_the_sixth_guess_is_not_heard_even_if_it_is_right_at_any_door(host: Host) -> None:
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    assert [attempt(c1, WRONG, json=i % 2 == 1).status_code for i in range(5)] == [422] * 5
    for browser, json in ((c1, False), (c1, True), (c2, False), (c2, True)):
        answer = attempt(browser, PASSWORD, json)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert "Too many attempts" in attempt(c1, PASSWORD).text
    assert host.user("alice").check_password(PASSWORD), "nothing was changed"
    assert c1.is_in()
    assert c2.is_in()
    assert host.browser().login("alice").status_code == 302, "signing in is not touched"


def test_another_user_is_not_affected(host: Host) -> None:
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    for _ in range(6):
        attempt(alice, WRONG)
    assert attempt(bob, PASSWORD).status_code == 303


def test_guesses_are_heard_again_after_the_window(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = host.browser()
    alice.login("alice")
    for _ in range(6):
        attempt(alice, WRONG)
    host.sql("UPDATE myprofile_guess SET at = at - 901")
    assert attempt(alice, PASSWORD).status_code == 303
    assert host.sql("SELECT count(*) FROM myprofile_guess")[0][0] == 0, "old guesses and right ones are not kept"


def test_right_passwords_are_never_counted(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    now, then = PASSWORD, NEW_PASSWORD
    for _ in range(8):
        sent = {"current_password": now, "new_password": then, "confirm_password": then}
        assert alice.post("/profile/password", sent).status_code == 303
        now, then = then, now


@pytest.mark.parametrize("threads", [12])
def test_guesses_at_once_are_no_more_than_guesses_one_after_the_other(
    new_host: Any, postgres_url: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(postgres_url)
    browsers = [host.browser() for _ in range(threads)]
    for browser in browsers:
        browser.login("alice")
    looked_at: list[str] = []
    check = host.User.check_password
    monkeypatch.setattr(host.User, "check_password", lambda user, text: looked_at.append(text) or check(user, text))
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda browser: attempt(browser, WRONG).status_code, browsers))
    assert len(looked_at) <= 5
    assert set(answers) == {422, 429}
