"""Cookies that the host's user_loader cannot read: of before its user ids became numbers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask_login.utils import encode_cookie
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CHAR, TypeDecorator
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Mapped, mapped_column

from tests.auth.test_user_models import Person
from tests.support.host import JSON, Browser, Host
from tests.support.kept import in_each_database, in_these


class Guid(TypeDecorator[uuid.UUID]):
    """As the documentation of SQLAlchemy has had it, for databases without a type for it."""

    impl = CHAR(32)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else uuid.UUID(str(value)).hex

    def process_result_value(self, value: str | None, dialect: Any) -> uuid.UUID | None:
        return None if value is None else uuid.UUID(value)


def with_own_uuid(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[uuid.UUID] = mapped_column(Guid, primary_key=True, default=uuid.uuid4)

    return User


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


OLD = [_by_session, _by_remember_cookie, _by_a_session_of_ours]


@pytest.mark.parametrize("old", OLD)
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


@pytest.mark.parametrize("old", OLD)
@in_each_database
def test_the_same_of_a_user_loader_that_asks_the_database_as_it_is(
    old: Callable[[Host, Browser], None], new_host: Callable[..., Host]
) -> None:
    """PostgreSQL raises a DataError, and nothing more is possible in that transaction."""
    host = new_host(load=lambda db, user, login_id: db.session.get(user, login_id))
    browser = host.browser()
    old(host, browser)
    assert browser.get("/page").location.startswith("/login")
    assert browser.get("/menu").text == "<nav></nav>"
    assert browser.get("/profile/sessions", headers=JSON).status_code == 401
    browser.login("alice")
    assert browser.is_in()


def test_the_same_of_a_column_whose_type_cannot_read_it(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_own_uuid, load=lambda db, user, login_id: db.session.get(user, login_id))
    browser = host.browser()
    _by_session(host, browser)
    assert browser.get("/page").location.startswith("/login")


@in_each_database
def test_a_number_that_no_column_holds_is_nobodys(new_host: Callable[..., Host]) -> None:
    host = new_host()
    browser = host.browser()
    with browser.client.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = "9" * 30, True
    assert browser.get("/page").location.startswith("/login")


@in_these("postgres")
def test_what_the_host_has_not_saved_is_not_given_up_for_it(new_host: Callable[..., Host]) -> None:
    """It is the host's to see that its transaction is lost, as without us."""
    host = new_host(load=lambda db, user, login_id: db.session.get(user, login_id))
    browser = host.browser()
    _by_session(host, browser)

    def note_visit() -> None:
        host.db.session.add(host.User(username="visit"))
        host.db.session.autoflush = False

    host.app.before_request(note_visit)
    with pytest.raises(DataError):
        browser.get("/page")


def test_whatever_else_the_user_loader_raises_is_the_hosts_to_see(new_host: Callable[..., Host]) -> None:
    def load(db: Any, user: Any, login_id: str) -> Any:
        raise RuntimeError("of the host")

    host = new_host(load=load)
    browser = host.browser()
    _by_session(host, browser)
    with pytest.raises(RuntimeError, match="of the host"):
        browser.get("/page")
