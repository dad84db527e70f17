"""What nobody here can read is said to be that: no wrong guess of the user's, and no dead end for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account import hash_formats
from tests.account.test_who_checks_and_writes import signed_in
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import in_each_database
from tests.support.password_models import MODELS

TAB, CONFIRM, OTHERS = "/profile/password", "/profile/confirm", "/profile/sessions/sign-out-others"
#: Stored, and what may be said of it.
FORMATS = {
    "sha256$c2FsdA$" + "0" * 64: "'sha256$'",
    "$pbkdf2-sha512$25000$c2FsdHNhbHQ$" + "a" * 86: "'$pbkdf2-sha512$'",
    "pbkdf2_sha256$600000$salt$" + "b" * 44: "'pbkdf2_sha256$'",
    "{SSHA}" + "c" * 40: "'{SSHA}'",
    "$bcrypt-sha256$v=2,t=2b,r=12$" + "d" * 54: "'$bcrypt-sha256$'",
    "pbkdf2:md9:1$salt$" + "0" * 64: "'pbkdf2:md9:1$'",
    "e" * 64: "a hash without a known prefix",
    "my$own$secret that nobody may read of": "a hash without a known prefix",
}
SENTENCE = "Your password cannot be checked here, and so it cannot be changed here either."


def fields() -> dict[str, str]:
    return {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


@pytest.fixture
def host_of(new_host: Callable[..., Host]) -> Callable[..., Host]:
    """A host that compares passwords in its views, with this in the column of the hash."""

    def make(stored: str, **options: Any) -> Host:
        host = MODELS["Werkzeug, bytes"].host(new_host, **options)
        host.change("alice", password_hash=stored.encode())
        return host

    return make


@pytest.mark.parametrize("stored", FORMATS)
def test_a_format_that_nobody_here_reads_is_no_wrong_guess(
    stored: str, host_of: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = host_of(stored)
    alice = signed_in(host)
    for _ in range(6):
        page, problem = alice.post(TAB, fields()), alice.post_json(TAB, fields())
        assert (page.status_code, problem.status_code) == (409, 409)
    assert problem.json["code"] == "password_cannot_be_checked"
    for said in (page.text, problem.json["title"]):
        assert "It may well be correct. Nothing was changed. Tell your administrator." in said
    assert host.sql("SELECT * FROM myprofile_guess") == []
    assert host.user("alice").password_hash == stored.encode()
    assert FORMATS[stored] in caplog.text
    assert "Users(check_password=…, set_password=…)" in caplog.text
    assert stored not in caplog.text
    assert stored[-20:] not in caplog.text


def test_the_tab_says_so_before_anything_is_typed(host_of: Callable[..., Host]) -> None:
    alice = signed_in(host_of(next(iter(FORMATS))))
    page, values = alice.get(TAB).text, alice.json(TAB).json
    assert SENTENCE in page
    assert 'name="current_password"' not in page
    assert "has no password yet" not in page
    assert (values["can_change"], values["reason"]) == (False, SENTENCE)


def test_the_confirm_page_offers_to_sign_out_and_in_again_and_then_a_stolen_session_can_be_ended(
    host_of: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = host_of(next(iter(FORMATS)))
    alice, stolen = signed_in(host), signed_in(host)
    host.rows.age(created_at=1860)
    assert alice.post(OTHERS).location.startswith(CONFIRM)
    page = alice.get(CONFIRM).text
    assert "Your password cannot be checked on this page." in page
    assert "sign out and sign in again to continue" in page
    assert 'name="current_password"' not in page
    assert "'sha256$'" in caplog.text
    answer = alice.post_json(CONFIRM, {"current_password": PASSWORD})
    assert (answer.status_code, answer.json["code"]) == (403, "sign_in_again")
    assert alice.json(CONFIRM).json == {"can_confirm": False}
    alice.post("/profile/sign-out")
    alice = signed_in(host)
    assert alice.post(OTHERS).location == "/profile/sessions"
    assert not stolen.is_in()


@in_each_database
@pytest.mark.parametrize("url", [TAB, CONFIRM])
def test_a_check_that_does_not_take_the_hash_is_no_wrong_guess(
    url: str, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Flask-Bcrypt says "Invalid salt" of a hash that is none of bcrypt's."""

    def refuse(user: Any, text: str) -> bool:
        raise ValueError(f"Invalid salt in {user.password_hash}")

    alice = signed_in(host)
    stored = host.user("alice").password_hash
    monkeypatch.setattr(host.User, "check_password", refuse)
    sent = fields() if url == TAB else {"current_password": PASSWORD}
    for _ in range(6):
        page, problem = alice.post(url, sent), alice.post_json(url, sent)
        assert (page.status_code, problem.status_code) == (409, 409)
        assert problem.json["code"] == "password_cannot_be_checked"
    assert host.sql("SELECT * FROM myprofile_guess") == []
    assert "User.check_password() raises ValueError" in caplog.text
    assert stored not in caplog.text
    assert url == TAB or "sign out and sign in again to continue" in page.text


def test_a_check_that_says_no_by_an_error_is_heard_and_counted(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or whoever holds a session could guess without end."""
    check = host.User.check_password

    def strict(user: Any, text: str) -> bool:
        if not check(user, text):
            raise ValueError("wrong password")
        return True

    alice = signed_in(host)
    monkeypatch.setattr(host.User, "check_password", strict)
    statuses = [alice.post_json(CONFIRM, {"current_password": f"guess {turn}"}).status_code for turn in range(6)]
    assert statuses == [422] * 5 + [429]


def _post(browser: Browser, url: str) -> tuple[Any, Any]:
    sent = fields() if url == TAB else {"current_password": PASSWORD}
    return browser.post(url, sent), browser.post_json(url, sent)


@pytest.mark.parametrize("url", [TAB, CONFIRM])
@pytest.mark.parametrize("mistake", [AttributeError("'NoneType' has no salt"), TypeError("str and bytes")])
def test_a_mistake_in_the_hosts_check_is_the_hosts_and_is_in_the_log(
    mistake: Exception, url: str, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page stays, with its form. It is no outage; and it counts, because a check may say by it what is wrong."""

    def broken(user: Any, text: str) -> bool:
        raise mistake

    alice = signed_in(host)
    monkeypatch.setattr(host.User, "check_password", broken)
    for _ in range(2):
        page, problem = _post(alice, url)
        assert (page.status_code, problem.status_code, problem.json["code"]) == (500, 500, "not_saved")
    assert "This application has made a mistake. Nothing was changed." in page.text
    assert 'name="current_password"' in page.text
    assert "Retry-After" not in page.headers
    assert any(record.exc_info and record.exc_info[1] is mistake for record in caplog.records)
    assert len(host.sql("SELECT * FROM myprofile_guess")) == 4
    assert {answer.status_code for _ in range(2) for answer in _post(alice, url)} == {500, 429}


@pytest.mark.parametrize("url", [TAB, CONFIRM])
def test_a_directory_that_is_not_reached_is_an_outage(url: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(user: Any, text: str) -> bool:
        raise ConnectionRefusedError("the directory does not answer")

    alice = signed_in(host)
    monkeypatch.setattr(host.User, "check_password", down)
    for answer in _post(alice, url):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert 'name="current_password"' in alice.get(url).text
    assert host.sql("SELECT * FROM myprofile_guess") == []


def test_a_login_view_that_asks_hears_no_for_what_cannot_be_read(
    host_of: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = host_of(next(iter(FORMATS)))
    with host.app.test_request_context():
        alice = host.db.session.get(host.User, 1)
        assert current_profile.users.check_password(alice, PASSWORD) is False
        assert not current_profile.users.can_check_password(alice)
    assert "'sha256$'" in caplog.text


@pytest.mark.parametrize("package", ["argon2", "bcrypt"])
def test_a_hash_whose_package_is_missing_names_it(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_formats, "find_spec", lambda name: None)
    stored = {"argon2": "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$", "bcrypt": "$2b$12$"}[package] + "x" * 53
    assert not hash_formats.is_readable(stored)
    assert hash_formats.is_hash(stored)
    assert f"needs {'argon2-cffi' if package == 'argon2' else package}" in hash_formats.describe(stored)
