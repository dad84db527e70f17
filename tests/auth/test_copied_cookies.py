"""What can be done with copies of a user's cookies, and for how long: the rows of the table in ``docs/security.md``.

(``tests/auth/test_secret_before.py`` walks over all pages for the second row.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import jsonify

from flask_myprofile import current_profile
from flask_myprofile.store.records import ROTATION_GRACE
from tests.support.devices import change_password, pass_time, sent_to_login, sign_out
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import Kept, everywhere
from tests.support.listed import function_of

CONFIRM = "/profile/confirm"
ALL = ("session", "remember_token", "myprofile_device")


@pytest.fixture
def asking(new_host: Callable[..., Host]) -> Host:
    """A host with a view that says whether the sign-in is recent."""

    def with_view(host: Host) -> None:
        @host.app.get("/fresh")
        @flask_login.login_required
        def fresh() -> Any:
            return jsonify(current_profile.sessions.is_fresh(flask_login.current_user))

    return new_host(after=with_view, MYPROFILE_REAUTH_MAX_AGE=1800)


def signed_in(host: Host, **how: Any) -> Browser:
    browser = host.browser()
    browser.login("alice", **how)
    browser.csrf()
    return browser


def is_recent(browser: Browser) -> bool:
    return bool(browser.get("/fresh").json)


def reads(browser: Browser) -> bool:
    return browser.is_in() and browser.get("/profile/sessions").status_code == 200


def writes(browser: Browser) -> bool:
    return bool(browser.post("/profile/preferences", {"language": "de"}).status_code == 303)


def prove(browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


#: How a session gets a new secret.
RENEWALS: dict[str, Callable[[Browser], Any]] = {"confirms": prove, "changes the password": change_password}


@everywhere
def test_a_copy_of_the_cookie_can_do_what_its_owner_can_for_as_long_as_the_session_lives(
    asking: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in(asking)
    copy = alice.copy("session")
    assert reads(copy)
    assert writes(copy)
    assert is_recent(copy)
    asking.rows.age(created_at=1801)
    assert reads(copy)
    assert writes(copy)
    assert not is_recent(copy), "for half an hour after the owner has proved who is there"
    assert len(alice.sessions()) == 1, "it is the same row, which the owner sees and can end"
    pass_time(monkeypatch, 31 * 86_400)
    assert sent_to_login(copy)


@everywhere
@pytest.mark.parametrize("renewal", RENEWALS)
def test_a_copy_from_before_a_new_secret_reads_for_half_a_minute(renewal: str, asking: Host) -> None:
    alice = signed_in(asking)
    used, unused = alice.copy("session"), alice.copy("session")
    RENEWALS[renewal](alice)
    assert reads(used)
    assert not writes(used)
    assert not is_recent(used)
    assert is_recent(alice)
    asking.rows.age(rotated_at=ROTATION_GRACE - 5)
    assert reads(used)
    asking.rows.age(rotated_at=10)
    assert sent_to_login(used)
    assert sent_to_login(unused)
    assert reads(alice)
    assert writes(alice)


ENDS: dict[str, Callable[[Browser, Browser], Any]] = {
    "signs out": lambda alice, other: alice.post("/profile/sign-out"),
    "logs out at the host": lambda alice, other: alice.post("/logout"),
    "is signed out elsewhere": lambda alice, other: sign_out(other, alice),
    "changes the password elsewhere": lambda alice, other: change_password(other),
    "signs in again": lambda alice, other: alice.login("alice"),
    "lets somebody else sign in": lambda alice, other: alice.login("bob"),
}


@everywhere
@pytest.mark.parametrize("end", ENDS)
def test_a_copy_of_any_cookies_is_worth_nothing_once_the_session_has_ended(end: str, asking: Host) -> None:
    alice, other = signed_in(asking, remember=True), signed_in(asking)
    copies = [alice.copy(*names) for names in ((ALL[0],), ALL[1:], ALL)]
    ENDS[end](alice, other)
    for copy in copies:
        assert sent_to_login(copy)
        assert copy.post("/profile/preferences", {"language": "de"}).status_code == 302
        copy.restart()
        assert sent_to_login(copy)


@everywhere
def test_copies_of_what_remembers_come_back_as_the_same_session(asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    copy = alice.copy(*ALL[1:])
    assert reads(copy)
    assert writes(copy)
    assert len(alice.sessions()) == 1
    asking.rows.age(created_at=1801)
    assert not is_recent(copy)


@everywhere
@pytest.mark.parametrize("renewal", RENEWALS)
def test_copies_of_what_remembers_are_worth_nothing_after_a_new_secret(renewal: str, asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    copy = alice.copy(*ALL[1:])
    RENEWALS[renewal](alice)
    assert sent_to_login(copy)
    alice.restart()
    assert reads(alice)


@everywhere
@pytest.mark.parametrize("name", ALL[1:])
def test_one_of_the_two_that_remember_is_worth_nothing_alone(name: str, asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    assert sent_to_login(alice.copy(name))
    assert reads(alice)


@everywhere
@pytest.mark.parametrize("name", ALL[:2])
def test_a_cookie_from_before_the_installation_is_good_until_its_user_signs_out_of_anything(
    name: str, new_host: Callable[..., Host], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = kept.new_database()
    before = new_host(url, myprofile=False)
    old = signed_in(before, remember=True)
    host = new_host(url)
    early, late = host.browser(), host.browser()
    for browser in (early, late):
        browser.set_cookie(name, str(old.cookie(name)))
    assert early.is_in()
    assert [row["method"] for row in early.sessions()] == ["unknown"], "a session like any other from now on"
    pass_time(monkeypatch, 5)
    assert early.post("/profile/sign-out").status_code == 303
    assert sent_to_login(late)


def test_a_csrf_token_is_worth_nothing_without_the_cookie_and_after_a_new_secret(asking: Host) -> None:
    alice, stranger = signed_in(asking), signed_in(asking)
    token = alice.csrf()
    sent = {"language": "de", "csrf_token": token}
    assert stranger.client.post("/profile/preferences", data=sent).status_code == 400
    prove(alice)
    assert alice.client.post("/profile/preferences", data=sent).status_code == 400


def test_the_table_names_the_tests_that_keep_it_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    table = page.partition("## What a copied cookie can do")[2].partition("\n## ")[0]
    named = re.findall(r"`(test_\w+)`", table)
    here = {name for name in globals() if name.startswith("test_") and "table" not in name}
    assert here <= set(named)
    for name in set(named) - here:
        function_of(f"tests/auth/test_secret_before.py::{name}")
