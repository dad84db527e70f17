"""A hash that is made anew in one request is no new password to a sign-in that has checked the hash before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.session_registry import SessionRegistry
from tests.support.devices import change_password, sent_to_login
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import everywhere, in_each_database, in_these
from tests.support.meanwhile import meanwhile


def view(host: Host) -> None:
    """A sign-in page of a host whose user class has a column and no methods."""

    @host.app.post("/sign-in")
    def sign_in() -> str:
        user = host.db.session.get(host.User, 1)
        assert current_profile.users.check_password(user, PASSWORD)
        flask_login.login_user(user)
        return "in"


@pytest.fixture
def plain_host(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Host:
    """With a hash that is weaker than a new one."""
    host = new_host(after=view, MYPROFILE_PASSWORD_HASH="argon2id")
    monkeypatch.setattr(host.User, "set_password", None)
    monkeypatch.setattr(host.User, "check_password", None)
    return host


def signed_in(host: Host) -> Browser:
    browser = host.browser()
    assert browser.post("/sign-in").text == "in"
    return browser


def confirm(host: Host, browser: Browser) -> Any:
    assert browser.post("/profile/confirm", {"current_password": PASSWORD}).status_code == 303
    assert host.user("alice").password_hash.startswith("$argon2id$")
    return "confirmed"


def noted(host: Host) -> int:
    return len(host.sql("SELECT 1 FROM myprofile_rehash"))


@everywhere
def test_a_confirmation_that_makes_the_hash_anew_ends_no_sign_in_that_is_under_way(
    plain_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirming = signed_in(plain_host)
    confirmed = meanwhile(monkeypatch, SessionRegistry, "add", lambda: confirm(plain_host, confirming))
    signing_in = signed_in(plain_host)
    assert confirmed == ["confirmed"]
    for _ in range(2):
        assert signing_in.is_in()
        assert confirming.is_in()
    assert len({row.password_mark for row in plain_host.rows.all()}) == 1, "told at its first request"


@in_these("postgres")  # in the other databases the sign-in waits, and the other store is told after the commit
def test_a_sign_in_that_is_stored_before_that_confirmation_is_committed_goes_on(
    plain_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirming = signed_in(plain_host)
    others = meanwhile(monkeypatch, SessionRegistry, "rotate", lambda: signed_in(plain_host))
    confirm(plain_host, confirming)
    assert others[0].is_in()
    assert confirming.is_in()


@everywhere
def test_a_password_change_after_that_ends_it(plain_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = signed_in(plain_host)
    changed = meanwhile(
        monkeypatch, SessionRegistry, "add", lambda: confirm(plain_host, alice) and change_password(alice).status_code
    )
    thief = signed_in(plain_host)
    assert changed == [303]
    assert sent_to_login(thief)
    assert alice.is_in()


@in_each_database
@pytest.mark.parametrize("commits", [True, False])
def test_that_a_hash_is_made_anew_is_noted_in_the_transaction_of_whoever_does_so(
    commits: bool, plain_host: Host
) -> None:
    """A view of the host's, whose other work is neither saved nor committed by that."""
    with plain_host.app.test_request_context():
        alice: Any = plain_host.db.session.get(plain_host.User, 1)
        alice.first_name = None  # half-filled: the database would refuse it
        current_profile.passwords.prove(alice, PASSWORD, upgrade=True)
        assert (alice.first_name, alice.password_hash[:10]) == (None, "$argon2id$")
        alice.first_name = "Alicia"
        if commits:
            plain_host.db.session.commit()
    assert noted(plain_host) == (1 if commits else 0)
    assert plain_host.user("alice").password_hash.startswith("$argon2id$") == commits
