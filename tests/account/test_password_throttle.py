"""B16: the current password cannot be guessed through the profile page."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import flask_login
import pytest
from flask import request

from flask_myprofile import current_profile
from flask_myprofile.account.password_throttle import IN_A_ROW, PasswordThrottle, TooManyGuesses
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host, signed_in
from tests.support.kept import in_each_database

WRONG = "not the password at all"


def attempt(browser: Browser, current: str, json: bool = False, new: str = NEW_PASSWORD, **headers: str) -> Any:
    sent = {"current_password": current, "new_password": new, "confirm_password": new}
    if json:
        return browser.post_json("/profile/password", sent, **headers)
    return browser.post("/profile/password", sent, headers=headers)


def counted(host: Host) -> int:
    return int(host.sql("SELECT count(*) FROM myprofile_guess")[0][0])


def pass_time(host: Host) -> None:
    """As if all guesses so far were older than what counts for a limit in time."""
    host.sql("UPDATE myprofile_guess SET at = at - 901")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Host], list[str]]:
    """What passwords of this host's users are compared with from now on."""

    def watch(host: Host) -> list[str]:
        seen: list[str] = []
        check = host.User.check_password
        monkeypatch.setattr(host.User, "check_password", lambda user, text: seen.append(text) or check(user, text))
        return seen

    return watch


# ---- five in fifteen minutes


def test_the_sixth_guess_is_not_heard_even_if_it_is_right_at_any_door(host: Host) -> None:
    """P17, K21"""
    c1, c2 = signed_in(host), signed_in(host)
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


def test_a_guess_that_is_not_heard_does_not_make_the_wait_longer(host: Host) -> None:
    alice = signed_in(host)
    for _ in range(9):
        attempt(alice, WRONG)
    assert counted(host) == 5


def test_guesses_are_heard_again_after_the_window_and_the_right_one_forgets_the_wrong_ones(host: Host) -> None:
    alice = signed_in(host)
    for _ in range(6):
        attempt(alice, WRONG)
    pass_time(host)
    assert attempt(alice, PASSWORD).status_code == 303
    assert counted(host) == 0


def test_right_passwords_are_never_counted(host: Host) -> None:
    alice = signed_in(host)
    now, then = PASSWORD, NEW_PASSWORD
    for _ in range(8):
        assert attempt(alice, now, new=then).status_code == 303
        now, then = then, now


@pytest.mark.parametrize("json", [False, True], ids=["form", "JSON"])
def test_a_right_password_is_not_counted_where_the_new_one_breaks_a_rule(json: bool, host: Host) -> None:
    """Who has trouble with the policy is not guessing, though each of these requests ends in a rollback."""
    alice = signed_in(host)
    assert [attempt(alice, PASSWORD, json, new="short").status_code for _ in range(8)] == [422] * 8
    assert counted(host) == 0
    assert attempt(alice, PASSWORD, json).status_code == (200 if json else 303)


@in_each_database
def test_fifty_guesses_at_once_are_no_more_than_five_one_after_the_other(
    host: Host, looked_at: Callable[[Host], list[str]]
) -> None:
    """P18: also at workers that do not know of each other."""
    browsers = [signed_in(host)]
    browsers += [browsers[0].copy() for _ in range(49)]
    tokens, hashes = [browser.csrf() for browser in browsers], looked_at(host)
    sent = {"current_password": WRONG, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}

    def guess(browser: Browser, token: str) -> int:
        return browser.client.post("/profile/password", data={**sent, "csrf_token": token}).status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, browsers, tokens))
    assert len(hashes) <= 5
    assert set(answers) <= {422, 429}
    assert answers.count(429) >= 45
    assert host.user("alice").check_password(PASSWORD)


# ---- no way around it


def forwarded(host: Host, browser: Browser, number: int) -> Any:
    """K22"""
    address = f"203.0.113.{number}"
    names = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}
    browser.client.environ_base.update(REMOTE_ADDR=address, HTTP_USER_AGENT=f"browser {number}")
    return attempt(browser, WRONG, json=number % 2 == 1, **names)


def new_session(host: Host, browser: Browser, number: int) -> Any:
    return attempt(signed_in(host), WRONG)


def signed_out_and_in(host: Host, browser: Browser, number: int) -> Any:
    browser.post("/logout")
    browser.login("alice")
    return attempt(browser, WRONG)


def letter_case(host: Host, browser: Browser, number: int) -> Any:
    browser = host.browser()
    name = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("alice"))
    assert browser.post("/any-case", {"username": name}).status_code == 200
    return attempt(browser, WRONG)


def success_of_another(host: Host, browser: Browser, number: int) -> Any:
    bob = signed_in(host, "bob")
    assert attempt(bob, PASSWORD, new="short").status_code == 422
    return attempt(browser, WRONG)


def with_a_login_in_any_case(host: Host) -> None:
    @host.app.post("/any-case")
    def any_case() -> str:
        found = host.db.session.execute(
            host.db.select(host.User).filter_by(username=request.form["username"].lower())
        ).scalar_one()
        flask_login.login_user(found)
        return "in"


@pytest.mark.parametrize("dodge", [forwarded, new_session, signed_out_and_in, letter_case, success_of_another])
def test_the_limit_is_not_dodged(
    dodge: Callable[..., Any], new_host: Callable[..., Host], looked_at: Callable[[Host], list[str]]
) -> None:
    """P18: ten tries each way, five looked at."""
    host = new_host(after=with_a_login_in_any_case)
    alice, seen = signed_in(host), looked_at(host)
    answers = [dodge(host, alice, number).status_code for number in range(10)]
    assert answers == [422] * 5 + [429] * 5
    assert seen.count(WRONG) == 5


def test_nobody_uses_up_the_guesses_of_another(host: Host) -> None:
    """P19: not by their own, not without signing in; and the host's login hears everybody."""
    alice, bob, nobody = signed_in(host), signed_in(host, "bob"), host.browser()
    for _ in range(7):
        attempt(alice, WRONG)
        assert attempt(nobody, WRONG, user="bob").status_code == 302
        assert nobody.login("bob", WRONG).status_code == 422
    assert attempt(bob, PASSWORD).status_code == 303
    assert attempt(signed_in(host), WRONG).status_code == 429, "alice has used up hers, and can still sign in"


# ---- twenty in a row


def guesses_of(host: Host) -> PasswordThrottle:
    """As any door uses it."""
    found: PasswordThrottle = host.app.extensions["myprofile"].passwords._throttle
    return found


def guess_wrong(host: Host, name: str = "alice") -> bool:
    """Whether a wrong guess, heard after a wait, is the one that ends the session."""
    pass_time(host)
    user = host.user(name)
    with host.app.test_request_context():
        guess = guesses_of(host).begin(user)
        try:
            guesses_of(host).was_wrong(user, guess)
        except TooManyGuesses as many:
            assert many.end_session
            assert many.retry_after > 0
            return True
    return False


def guess_right(host: Host, name: str = "alice") -> None:
    with host.app.test_request_context():
        user = host.user(name)
        guesses_of(host).was_right(user, guesses_of(host).begin(user))


@in_each_database
def test_the_twentieth_wrong_guess_in_a_row_ends_the_session_however_slow_they_come(host: Host) -> None:
    """P17: and each one after it, until a right one."""
    assert IN_A_ROW == 20
    assert [guess_wrong(host) for _ in range(22)] == [False] * 19 + [True] * 3
    assert not guess_wrong(host, "bob")
    pass_time(host)
    guess_right(host)
    assert [guess_wrong(host) for _ in range(20)] == [False] * 19 + [True]


def at_the_confirm_page(browser: Browser, current: str, json: bool = False) -> Any:
    sent = {"current_password": current}
    return (browser.post_json if json else browser.post)("/profile/confirm", sent)


@pytest.mark.parametrize("json", [False, True], ids=["form", "JSON"])
@pytest.mark.parametrize("last", [attempt, at_the_confirm_page], ids=["password", "confirm"])
def test_who_guessed_wrong_twenty_times_in_a_row_at_any_door_is_signed_out_and_nobody_else(
    last: Callable[..., Any], json: bool, host: Host
) -> None:
    """P17: the ending outlives the rollback of the request, and the browser is remembered no more."""
    guesser, owner = host.browser(), signed_in(host)
    guesser.login("alice", remember=True)
    for number in range(19):
        pass_time(host)
        door = attempt if number % 2 else at_the_confirm_page
        assert door(guesser, WRONG, json).status_code == 422
    copy = guesser.copy()
    pass_time(host)
    answer = last(guesser, WRONG, json)
    if json:
        assert (answer.status_code, answer.json["code"]) == (401, "signed_out")
    else:
        assert (answer.status_code, answer.location) == (303, "/login")
    for browser in (guesser, copy):
        assert not browser.is_in()
        browser.restart()
        assert not browser.is_in()
    assert owner.is_in()
    assert host.user("alice").check_password(PASSWORD)
    assert guesser.login("alice").status_code == 302, "signing in is not touched"
    pass_time(host)
    assert attempt(guesser, PASSWORD).status_code == 303
    assert counted(host) == 0


def test_a_right_guess_between_wrong_ones_ends_the_row(host: Host) -> None:
    for _ in range(3):
        assert [guess_wrong(host) for _ in range(19)] == [False] * 19
        pass_time(host)
        guess_right(host)
    guess_right(host, "bob")
    assert [guess_wrong(host) for _ in range(20)][-1], "only the user's own right one does"


def test_a_right_guess_does_not_forget_those_that_are_on_their_way(host: Host) -> None:
    with host.app.test_request_context():
        user, guesses = host.user("alice"), guesses_of(host)
        right = guesses.begin(user)
        later = [guesses.begin(user) for _ in range(4)]
        guesses.was_right(user, right)
        assert counted(host) == len(later)
        guesses.begin(user)
        with pytest.raises(TooManyGuesses) as refused:
            guesses.begin(user)
    assert not refused.value.end_session
    assert 890 < refused.value.retry_after <= 900


@in_each_database
def test_a_guess_counts_though_the_hosts_page_that_asked_is_undone(new_host: Callable[..., Host]) -> None:
    """A page of the host's that asks for the current password: its own rollback takes no guess back, and what it read
    before does not hide the guesses of others."""
    host = new_host()
    with host.app.test_request_context():
        user = host.db.session.get(host.User, 1)
        for _ in range(5):
            current_profile.passwords._throttle.begin(user)
            host.db.session.rollback()
        host.db.session.get(host.User, 1)
        with pytest.raises(TooManyGuesses):
            current_profile.passwords._throttle.begin(user)
    assert counted(host) == 5
