"""A password that is changed while somebody is still thinking about the one before is never undone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import flask_login
import pytest
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import Users, current_profile
from flask_myprofile.account import hashing
from flask_myprofile.account.password_throttle import PasswordThrottle
from flask_myprofile.account.passwords import Passwords
from flask_myprofile.testing import sign_in
from tests.host import HASH, NEW_PASSWORD, PASSWORD, Browser, Host
from tests.kept import in_each_database, in_these
from tests.meanwhile import begun_meanwhile, meanwhile

TAB, CONFIRM = "/profile/password", "/profile/confirm"
OTHER_PASSWORD = "another walk in the snow"
ROUNDS = 50
SENTENCE = "Your password was changed in another window or on another device meanwhile."


def alice_of(host: Host) -> Browser:
    browser = host.browser()
    sign_in(browser.client, host.user("alice"))
    return browser


def change(browser: Browser, new: str, current: str = PASSWORD, *, as_json: bool = True) -> Any:
    sent = {"current_password": current, "new_password": new, "confirm_password": new}
    return browser.post_json(TAB, sent) if as_json else browser.post(TAB, sent)


def knows(host: Host, text: str) -> bool:
    """Whether this is the password by now."""
    with host.app.test_request_context():
        return current_profile.users.check_password(host.db.session.get(host.User, 1), text)


# ---- a hash that is made anew


def by_page(host: Host, browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


def by_json(host: Host, browser: Browser) -> None:
    assert browser.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 200


def in_python(host: Host, browser: Browser) -> None:
    """As a login view of the host's may do it."""
    with host.app.test_request_context():
        current_profile.passwords.prove(host.db.session.get(host.User, 1), PASSWORD, upgrade=True)
        host.db.session.commit()


CONFIRMATIONS = pytest.mark.parametrize("confirm", [by_page, by_json, in_python])


@pytest.fixture
def plain_host(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose user class has a column and no methods, with a hash that is weaker than a new one."""
    host = new_host(MYPROFILE_PASSWORD_HASH="argon2id")
    monkeypatch.delattr(host.User, "set_password")
    monkeypatch.setattr(host.User, "check_password", None)
    return host


@in_each_database
@CONFIRMATIONS
def test_a_confirmation_that_began_before_a_password_change_does_not_bring_the_old_password_back(
    confirm: Callable[[Host, Browser], None], plain_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirming, changing = alice_of(plain_host), alice_of(plain_host)
    changed = meanwhile(monkeypatch, hashing, "make", lambda: change(changing, NEW_PASSWORD))
    if confirm is in_python:
        confirm(plain_host, confirming)
    else:  # its session was ended by the change
        confirming.post(CONFIRM, {"current_password": PASSWORD})
    assert changed[0].status_code == 200
    assert [knows(plain_host, text) for text in (NEW_PASSWORD, PASSWORD)] == [True, False]
    assert changing.is_in()


@in_each_database
@CONFIRMATIONS
def test_a_weak_hash_of_another_password_is_not_taken_for_the_one_that_was_checked(
    confirm: Callable[[Host, Browser], None], plain_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's own reset has written it between the check and the upgrade; its hash could do with a new one, too."""
    confirming, weak = alice_of(plain_host), generate_password_hash(NEW_PASSWORD, HASH)
    reset = meanwhile(
        monkeypatch, PasswordThrottle, "was_right", lambda: plain_host.change("alice", password_hash=weak) or "done"
    )
    confirm(plain_host, confirming)
    assert reset == ["done"]
    assert plain_host.user("alice").password_hash == weak


@in_each_database
@CONFIRMATIONS
def test_a_weak_hash_that_nobody_has_touched_is_made_anew(
    confirm: Callable[[Host, Browser], None], plain_host: Host
) -> None:
    confirm(plain_host, alice_of(plain_host))
    assert plain_host.user("alice").password_hash.startswith("$argon2id$")
    assert knows(plain_host, PASSWORD)


def test_an_upgrade_saves_nothing_else_that_the_host_has_not_saved_yet(plain_host: Host) -> None:
    with plain_host.app.test_request_context():
        alice: Any = plain_host.db.session.get(plain_host.User, 1)
        alice.first_name = None  # half-filled: the database would refuse it
        assert current_profile.users.check_password(alice, PASSWORD)
        current_profile.users.upgrade_password(alice, PASSWORD)
        assert (alice.first_name, alice.password_hash[:10]) == (None, "$argon2id$")
        alice.first_name = "Alicia"
        plain_host.db.session.commit()
    assert plain_host.user("alice").first_name == "Alicia"


@in_each_database
def test_a_hash_that_is_made_anew_meanwhile_is_of_the_same_password_still(
    plain_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that finds another hash than the one it has compared is no conflict by that alone."""
    changing, confirming = alice_of(plain_host), alice_of(plain_host)
    meanwhile(monkeypatch, Passwords, "set", lambda: by_json(plain_host, confirming) or "done")
    assert change(changing, NEW_PASSWORD).status_code == 200
    assert knows(plain_host, NEW_PASSWORD)


# ---- two changes at once


def _set_secret(user: Any, text: str) -> None:
    user.secret = generate_password_hash(text, HASH)


def _check_secret(user: Any, text: str) -> bool:
    return check_password_hash(user.secret, text)


def own_names(db: Any) -> type[Any]:
    """A class that checks and stores passwords in a column that nobody else knows to be one."""

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        secret: Mapped[str] = mapped_column(String(255))

        def __init__(self, username: str, **ignored: Any) -> None:
            super().__init__(username=username)

        set_password, check_password = _set_secret, _check_secret

    return User


def in_another_table(db: Any) -> type[Any]:
    class Credentials(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
        hash: Mapped[str] = mapped_column(String(255))

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        credentials: Mapped[Credentials] = relationship(Credentials, uselist=False)

        def __init__(self, username: str, **ignored: Any) -> None:
            super().__init__(username=username, credentials=Credentials())

        def set_password(self, text: str) -> None:
            self.credentials.hash = generate_password_hash(text, HASH)

    return User


def of_a_subclass(db: Any) -> type[Any]:
    """Every user is of a class that has a table of its own beside that of the user class."""

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80), unique=True)
        kind: Mapped[str] = mapped_column(String(20))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}

        def __new__(cls, *args: Any, **values: Any) -> Any:
            return super().__new__(Employee if values else cls)

        def __init__(self, username: str, **ignored: Any) -> None:
            super().__init__(username=username)

    class Employee(User):
        id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
        secret: Mapped[str] = mapped_column(String(255))
        __mapper_args__ = {"polymorphic_identity": "employee"}
        set_password, check_password = _set_secret, _check_secret

    return User


MODELS: dict[str, dict[str, Any]] = {
    "a hash that is known": {},
    "a hash of its own": {"model": own_names},
    "a hash elsewhere": {
        "model": in_another_table,
        "myprofile_options": {"users": Users(password="credentials.hash")},
    },
    "a hash of a subclass": {"model": of_a_subclass},
}


@in_each_database
@pytest.mark.parametrize(
    ("model", "as_json", "same_browser"),
    [*((model, True, False) for model in MODELS), *((next(iter(MODELS)), False, same) for same in (True, False))],
)
def test_of_two_password_changes_at_once_one_is_done_and_the_other_hears_of_it(
    same_browser: bool, as_json: bool, model: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(**MODELS[model])
    late = alice_of(host)
    first = late.copy() if same_browser else alice_of(host)
    done = meanwhile(monkeypatch, Passwords, "set", lambda: change(first, NEW_PASSWORD, as_json=as_json))
    refused = change(late, OTHER_PASSWORD, as_json=as_json)
    assert done[0].status_code == (200 if as_json else 303)
    assert refused.status_code == 409
    assert SENTENCE in refused.text
    assert not as_json or refused.json["code"] == "password_changed"
    assert as_json or 'name="current_password"' in refused.text, "where to change it again"
    assert [knows(host, text) for text in (NEW_PASSWORD, OTHER_PASSWORD, PASSWORD)] == [True, False, False]
    assert first.is_in()
    assert change(first, OTHER_PASSWORD, NEW_PASSWORD).status_code == 200


@in_each_database
def test_a_change_that_finds_another_one_at_work_waits_for_it(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host()
    first, late = alice_of(host), alice_of(host)
    answer = begun_meanwhile(monkeypatch, host.User, "set_password", lambda: change(late, OTHER_PASSWORD))
    assert change(first, NEW_PASSWORD).status_code == 200
    assert answer().status_code in (409, 422, 401), "it may have begun after all was over"
    assert knows(host, NEW_PASSWORD)


def test_a_change_goes_by_what_the_database_has_though_transactions_see_the_past(
    new_host: Callable[..., Host], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that has its database refuse what it could not serialise: a conflict and no outage."""
    host = new_host(postgres_url, SQLALCHEMY_ENGINE_OPTIONS={"isolation_level": "REPEATABLE READ"})
    first, late = alice_of(host), alice_of(host)
    meanwhile(monkeypatch, Passwords, "set", lambda: change(first, NEW_PASSWORD))
    answer = change(late, OTHER_PASSWORD)
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert knows(host, NEW_PASSWORD)


@in_these("postgres")
def test_of_password_changes_that_race_one_is_done_each_time(host: Host) -> None:
    """Of two to four at once: whoever is told that it is done has changed it, and nobody else."""
    password = PASSWORD
    with ThreadPoolExecutor(4) as pool:
        for turn in range(ROUNDS):
            host.sql("DELETE FROM myprofile_guess")
            browsers = [alice_of(host) for _ in range(2 + turn % 3)]
            texts = [f"{NEW_PASSWORD} {turn} {number}" for number in range(len(browsers))]
            start = Barrier(len(browsers))

            def race(browser: Browser, text: str, current: str = password, start: Barrier = start) -> int:
                token = browser.csrf()
                start.wait(30)
                sent = {"current_password": current, "new_password": text}
                headers = {"Accept": "application/json", "X-CSRFToken": token}
                return int(browser.client.post(TAB, json=sent, headers=headers).status_code)

            statuses = list(pool.map(race, browsers, texts))
            assert statuses.count(200) == 1, statuses
            assert set(statuses) <= {200, 401, 409, 422}
            password = texts[statuses.index(200)]
            assert knows(host, password), f"round {turn}"
            assert [browser.is_in() for browser in browsers] == [status == 200 for status in statuses]
