"""A new password is written by whoever checks it, and is known to them before it is said to be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import Users, current_profile
from flask_myprofile.account import hashing
from flask_myprofile.account.user_passwords import CannotWrite
from flask_myprofile.testing import sign_in
from tests.support.host import HASH, JSON, NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import in_each_database
from tests.support.password_models import BROKEN, MODELS, Model, own_format, with_own_format

TAB, CONFIRM = "/profile/password", "/profile/confirm"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is who hashes, not how slow it is."""
    monkeypatch.setattr(Users, "_hash_method", HASH)
    monkeypatch.setattr(hashing, "_LEAST_ROUNDS", 4)


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    with host.app.app_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar_one()
        sign_in(browser.client, user)
    return browser


def by_page(host: Host, browser: Browser, new: str) -> int:
    sent = {"current_password": PASSWORD, "new_password": new, "confirm_password": new}
    return int(browser.post(TAB, sent).status_code)


def by_json(host: Host, browser: Browser, new: str) -> int:
    return int(browser.post_json(TAB, {"current_password": PASSWORD, "new_password": new}).status_code)


def in_python(host: Host, browser: Browser, new: str) -> int:
    """As a reset of the host's own."""
    with host.app.test_request_context():
        user = host.db.session.get(host.User, 1)
        try:
            current_profile.passwords.store(user, new)
        except CannotWrite:
            return 409
        host.db.session.commit()
    return 200


DOORS = pytest.mark.parametrize("change", [by_page, by_json, in_python])


def known(host: Host, model: Model, *texts: str) -> list[bool]:
    """Which of these the host's sign-in page takes, as the database has it."""
    with host.app.test_request_context():
        user = host.db.session.get(host.User, 1)
        return [bool(model.knows(user, text)) for text in texts]


@DOORS
@pytest.mark.parametrize("name", MODELS)
def test_the_new_password_signs_in_and_the_old_one_does_not(
    name: str, change: Callable[..., int], new_host: Callable[..., Host]
) -> None:
    model = MODELS[name]
    host = model.host(new_host)
    alice = signed_in(host)
    assert known(host, model, PASSWORD, NEW_PASSWORD) == [True, False]
    assert change(host, alice, NEW_PASSWORD) in (200, 303)
    assert known(host, model, PASSWORD, NEW_PASSWORD) == [False, True]
    if change is in_python and not alice.is_in():  # a hash that is read tells that another browser changed it
        return
    assert alice.is_in()
    assert alice.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 422
    assert alice.post_json(CONFIRM, {"current_password": NEW_PASSWORD}).status_code == 200


@DOORS
@pytest.mark.parametrize("name", BROKEN)
def test_a_password_that_whoever_checks_would_not_know_is_not_changed(
    name: str, change: Callable[..., int], new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    model, named = BROKEN[name]
    host = model.host(new_host)
    alice, other = signed_in(host), signed_in(host)
    before = host.sql("SELECT password_hash FROM user")
    assert change(host, alice, NEW_PASSWORD) == 409
    assert host.sql("SELECT password_hash FROM user") == before
    assert known(host, model, PASSWORD, NEW_PASSWORD) == [True, False]
    assert [alice.is_in(), other.is_in()] == [True, True]
    assert "MyProfile has changed no password" in caplog.text
    assert named in caplog.text
    assert "Users(check_password=…, set_password=…)" in caplog.text


def test_the_page_and_the_program_hear_why_it_was_not_changed(new_host: Callable[..., Host]) -> None:
    host = BROKEN["another format"][0].host(new_host)
    alice = signed_in(host)
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    page, problem = alice.post(TAB, {**sent, "confirm_password": NEW_PASSWORD}), alice.post_json(TAB, sent)
    for said in (page.text, problem.json["title"]):
        assert "you could not sign in with the new one. Nothing was changed" in said
    assert problem.json["code"] == "password_cannot_be_changed"
    assert 'name="current_password"' in page.text
    assert NEW_PASSWORD not in page.text


@in_each_database
def test_what_the_host_has_not_saved_yet_outlives_a_password_that_was_not_changed(host: Host) -> None:
    """A good guest: its own savepoint is rolled back, and the transaction of the host goes on."""
    check = host.User.check_password
    with host.app.test_request_context(), pytest.MonkeyPatch.context() as patched:
        alice: Any = host.db.session.get(host.User, 1)
        alice.first_name = "Alicia"
        patched.setattr(host.User, "check_password", lambda user, text: text != NEW_PASSWORD and check(user, text))
        with pytest.raises(CannotWrite):
            current_profile.passwords.store(alice, NEW_PASSWORD)
        assert alice.check_password(PASSWORD)
        host.db.session.commit()
    assert host.user("alice").first_name == "Alicia"
    assert host.browser().login("alice").status_code == 302


def test_a_setter_that_commits_by_itself_is_let_do_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    store = host.User.set_password

    def at_once(user: Any, text: str) -> None:
        store(user, text)
        host.db.session.commit()

    monkeypatch.setattr(host.User, "set_password", at_once)
    alice = signed_in(host)
    assert by_page(host, alice, NEW_PASSWORD) == 303
    assert alice.is_in()
    assert host.browser().login("alice", NEW_PASSWORD).status_code == 302


def _set(user: Any, text: str) -> None:
    user.password_hash = own_format(text)


@DOORS
def test_who_is_mapped_goes_before_the_models_own_methods(
    change: Callable[..., int], new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(with_own_format(None), lambda user, text: user.password_hash == own_format(text))
    users = Users(check_password=model.knows, set_password=_set)
    host = model.host(new_host, myprofile_options={"users": users})

    def broken(user: Any, text: str) -> bool:
        raise RuntimeError("is not asked")

    monkeypatch.setattr(host.User, "verify_password", broken)
    monkeypatch.setattr(host.User, "set_password", broken, raising=False)
    alice = signed_in(host)
    assert change(host, alice, NEW_PASSWORD) in (200, 303)
    assert known(host, model, PASSWORD, NEW_PASSWORD) == [False, True]


def test_a_mapped_check_alone_has_no_hash_of_ours_written_beside_it(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    model = MODELS["Werkzeug, bytes"]
    host = model.host(new_host, myprofile_options={"users": Users(check_password=model.knows)})
    assert by_json(host, signed_in(host), NEW_PASSWORD) == 409
    assert known(host, model, PASSWORD, NEW_PASSWORD) == [True, False]
    assert "Users(check_password=…) checks it, and nobody is known who sets it" in caplog.text


def test_a_password_is_no_mark_of_itself_where_the_column_makes_the_hash(new_host: Callable[..., Host]) -> None:
    """A digest of what is set on such an attribute would be one of the password."""
    host = MODELS["an object that compares itself"].host(new_host)
    with host.app.test_request_context():
        alice = host.db.session.get(host.User, 1)
        assert list(current_profile.users.password_columns()) == []
        alice.password = NEW_PASSWORD
        assert current_profile.users.password_mark(alice) is None


def test_a_login_of_flask_bcrypt_reads_what_follows_its_hash(new_host: Callable[..., Host]) -> None:
    """Whatever hash the extension makes by itself elsewhere; and a password longer than bcrypt's is refused."""
    model = MODELS["Flask-Bcrypt in the views"]
    host = model.host(new_host, MYPROFILE_PASSWORD_HASH="argon2id")
    alice = signed_in(host)
    assert by_json(host, alice, "x" * 73) == 422
    assert by_json(host, alice, NEW_PASSWORD) == 200
    assert host.user("alice").hashed_password.startswith("$2b$04$")
    assert alice.client.get(TAB, headers=JSON).json["can_change"] is True


def test_flask_bcrypt_that_hashes_long_passwords_first_is_asked(new_host: Callable[..., Host]) -> None:
    """Its hash looks like any other of bcrypt."""
    flask_bcrypt = pytest.importorskip("flask_bcrypt")
    model = MODELS["Flask-Bcrypt in the views"]
    host = model.host(new_host, BCRYPT_HANDLE_LONG_PASSWORDS=True, BCRYPT_LOG_ROUNDS=4)
    bcrypt = flask_bcrypt.Bcrypt(host.app)
    host.change("alice", hashed_password=bcrypt.generate_password_hash(PASSWORD).decode())
    long = NEW_PASSWORD * 5
    assert by_json(host, signed_in(host), long) == 200
    assert bcrypt.check_password_hash(host.user("alice").hashed_password, long)
