"""What is saved is in the database, whatever the host's user_loader gives: one out of a cache, another session's, a
wrapper."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session, make_transient, make_transient_to_detached

from flask_myprofile import current_profile
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host, user_class

PERSONAL, TAB, CONFIRM, OTHERS = (
    f"/profile/{page}" for page in ("personal-information", "password", "confirm", "sessions/sign-out-others")
)
SENT = {"first_name": "Alicia", "last_name": "Test"}
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}

Load = Callable[[SQLAlchemy, type[Any], str], Any]


def cached() -> Load:
    """As ``@cache.memoize`` keeps it."""
    kept: dict[str, bytes] = {}

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        module = sys.modules[__name__]
        user.__module__, user.__qualname__ = __name__, "Pickled"
        module.Pickled = user  # type: ignore[attr-defined]
        if login_id not in kept:
            kept[login_id] = pickle.dumps(db.session.get(user, int(login_id)))
        return pickle.loads(kept[login_id])

    return load


def detached() -> Load:
    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        found = db.session.get(user, int(login_id))
        made = user(**{column.key: getattr(found, column.key) for column in user.__table__.columns})
        make_transient_to_detached(made)
        return made

    return load


def transient() -> Load:
    """Made of what a cache keeps of the columns."""

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        found: Any = detached()(db, user, login_id)
        make_transient(found)
        return found

    return load


def of_another_session() -> Load:
    opened: list[Session] = []

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        opened[:] = [Session(db.engine)]
        found = opened[0].get(user, int(login_id))
        opened[0].rollback()
        return found

    return load


class Wrapper(flask_login.UserMixin):
    """Has the row, and shows what it has."""

    def __init__(self, row: Any) -> None:
        self.__dict__["row"] = row

    def get_id(self) -> str:
        return str(self.row.id)


class Passing(Wrapper):
    """Passes on what is asked of it, and keeps what is set."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["row"], name)


def wrapped(kind: type[Wrapper]) -> Callable[[], Load]:
    return lambda: lambda db, user, login_id: kind(db.session.get(user, int(login_id)))


LOADERS: dict[str, Callable[[], Load]] = {
    "out of a cache": cached,
    "detached": detached,
    "made anew": transient,
    "another session": of_another_session,
    "a wrapper": wrapped(Wrapper),
    "a wrapper that passes on": wrapped(Passing),
}


@pytest.fixture(params=LOADERS)
def host(request: pytest.FixtureRequest, new_host: Callable[..., Host]) -> Host:
    def pages(host: Host) -> None:
        host.app.view_functions["page"] = flask_login.login_required(lambda: "a page of the host's")

    return new_host(load=LOADERS[request.param](), after=pages, anew=True)


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    assert browser.login(name).status_code == 302
    assert browser.is_in()
    return browser


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_what_is_said_to_be_saved_is_in_the_database(as_json: bool, host: Host) -> None:
    alice = signed_in(host)
    answer = alice.post_json(PERSONAL, SENT) if as_json else alice.post(PERSONAL, SENT)
    assert answer.status_code == (200 if as_json else 303)
    assert host.user("alice").first_name == "Alicia"
    assert alice.json(PERSONAL).json["first_name"] == "Alicia"


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_password_that_is_said_to_be_changed_is_the_one_that_signs_in(as_json: bool, host: Host) -> None:
    alice, other = signed_in(host), signed_in(host)
    answer = alice.post_json(TAB, CHANGE) if as_json else alice.post(TAB, CHANGE)
    assert answer.status_code == (200 if as_json else 303)
    assert [host.browser().login("alice", text).status_code for text in (PASSWORD, NEW_PASSWORD)] == [422, 302]
    assert [alice.is_in(), other.is_in()] == [True, False]


def test_the_password_is_confirmed_by_what_the_database_has(host: Host) -> None:
    """It was changed after the user was put into the cache, in a host where that signs nobody out."""
    vars(host.app.extensions["myprofile"].config)["session_follows_password"] = False
    alice, other = signed_in(host), signed_in(host)
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
        user.set_password(NEW_PASSWORD)
        host.db.session.commit()
    assert alice.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 422
    assert alice.post_json(CONFIRM, {"current_password": NEW_PASSWORD}).status_code == 200
    assert alice.post(OTHERS).status_code == 303
    assert not other.is_in()


def test_a_reset_in_python_is_in_the_database(host: Host) -> None:
    with host.app.test_request_context():
        loaded = host.app.login_manager._user_callback("1")  # type: ignore[attr-defined]
        host.db.session.expunge_all()
        current_profile.passwords.store(loaded, NEW_PASSWORD)
        host.db.session.commit()
    assert [host.browser().login("alice", text).status_code for text in (PASSWORD, NEW_PASSWORD)] == [422, 302]


# ---- nobody that is known


class Elsewhere(flask_login.UserMixin):
    """Of a directory; its number happens to be a user's here."""

    first_name, username = "Alice", "alice"

    def __init__(self, login_id: str) -> None:
        self.login_id = login_id

    def get_id(self) -> str:
        return self.login_id

    def check_password(self, text: str) -> bool:
        return text == PASSWORD


def by_name(db: SQLAlchemy) -> type[Any]:
    """Signs in by name, so that a number is a key and no login id."""
    user = user_class(db)
    user.get_id = lambda self: self.username
    return user


@pytest.mark.parametrize("login_id", ["1", "77", "someone"])
@pytest.mark.parametrize("url", [PERSONAL, TAB])
def test_nobody_is_written_to_for_a_user_that_the_session_does_not_have(
    url: str, login_id: str, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(model=by_name, load=lambda db, user, login_id: Elsewhere(login_id), anew=True)
    browser, before = host.browser(), host.sql("SELECT * FROM user")
    host.app.add_url_rule("/directory", view_func=lambda: str(flask_login.login_user(Elsewhere(login_id))))
    browser.get("/directory")
    sent = SENT if url == PERSONAL else CHANGE
    page, problem = browser.post(url, sent), browser.post_json(url, sent)
    assert (page.status_code, problem.status_code) == (409, 409)
    assert problem.json["code"] == "user_not_in_session"
    for said in (page.text, problem.json["title"]):
        assert "Your account cannot be changed here. Nothing was changed. Tell your administrator." in said
    assert host.sql("SELECT * FROM user") == before
    assert "user_loader gave a tests.account.test_whoever_is_loaded.Elsewhere" in caplog.text
    assert "Users.held()" in caplog.text


def test_a_user_that_was_deleted_and_is_still_in_a_cache_is_not_said_to_be_saved(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(load=cached(), anew=True)
    alice = signed_in(host)
    token = alice.csrf()
    host.sql("DELETE FROM user WHERE id = 1")
    answer = alice.client.post(PERSONAL, data={**SENT, "csrf_token": token})
    assert answer.status_code == 409


def test_a_user_that_the_session_has_costs_no_query(new_host: Callable[..., Host]) -> None:
    host = new_host()
    with host.app.test_request_context():
        alice = host.db.session.get(host.User, 1)
        statements = host.count_statements()
        assert current_profile.users.held(alice) is alice
        assert statements == []


def test_a_user_of_another_database_is_not_taken_for_the_one_of_that_key_here(new_host: Callable[..., Host]) -> None:
    host, other = new_host(), new_host(anew=True)
    with other.app.app_context():
        engine = other.db.engine
    with host.app.test_request_context(), Session(engine) as session:
        theirs = session.get(host.User, 1)
        assert theirs is not None
        assert current_profile.users.held(theirs) is None
