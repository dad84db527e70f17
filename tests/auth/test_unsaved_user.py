"""A sign-up may call ``login_user()`` and save the user then, if Flask-Login has its id of them before."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile import record_sso
from tests.auth.test_user_models import Person, with_integer
from tests.support.devices import sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import in_each_database


def with_token(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        token: Mapped[str] = mapped_column(String(32))

        def __init__(self, **values: Any) -> None:
            super().__init__(token=secrets.token_hex(16), **values)

        def get_id(self) -> str:
            return self.token

    return User


def by_token(db: SQLAlchemy, user: type[Any], given: str) -> Any:
    return db.session.scalar(db.select(user).where(user.token == given))


def by_number(db: SQLAlchemy, user: type[Any], given: str) -> Any:
    return db.session.get(user, int(given)) if given.isdigit() else None


def sign_up(host: Host) -> None:
    """What follows ``login_user()`` is said by the form."""

    @host.app.post("/sign-up")
    def new() -> str:
        then = request.form.getlist("then")
        user = host.User(username="carol", email="carol@x.test", first_name="Carol", last_name="Test")
        if "record_sso" in then:
            record_sso("idp", method="saml", subject="c")
        flask_login.login_user(user, remember="remember" in then)
        if "logout_user" in then:
            flask_login.logout_user()
        if "save" in then:
            host.db.session.add(user)
            host.db.session.commit()
        if "remove" in then:
            host.db.session.remove()
        return "welcome"


def signed_up(host: Host, *then: str) -> Browser:
    browser = host.browser()
    assert browser.post("/sign-up", {"then": list(then)}).text == "welcome"
    return browser


@in_each_database
def test_who_was_signed_in_before_they_were_saved_stays_signed_in(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_token, load=by_token, after=sign_up)
    carol = signed_up(host, "save", "remember", "record_sso")
    assert carol.is_in()
    carol.restart()
    assert carol.is_in(), "as a remembered device"
    [row] = carol.sessions()
    assert (row["current"], row["remembered"], row["method"], row["provider"]) == (True, True, "saml", "idp")
    assert [row.user_key for row in host.rows.all()] == [str(host.user("carol").id)]


@pytest.mark.parametrize("then", [("save", "logout_user"), ("logout_user",)], ids=" ".join)
def test_who_was_signed_out_again_in_that_request_has_no_session(
    then: tuple[str, ...], new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(model=with_token, load=by_token, after=sign_up)
    assert sent_to_login(signed_up(host, *then))
    assert host.rows.all() == []
    assert "login_user()" not in caplog.text


@pytest.mark.parametrize(
    ("model", "load", "then"),
    [
        (with_integer, by_number, ("save",)),
        (with_token, by_token, ()),
        (with_token, by_token, ("save", "remove")),
    ],
    ids=["Flask-Login has no id of theirs either", "they are not saved at all", "the view lets go of them"],
)
def test_where_no_session_can_begin_the_log_says_why_and_none_is_kept(
    model: Any, load: Any, then: tuple[str, ...], new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """It was one of a user called None."""
    host = new_host(model=model, load=load, after=sign_up)
    assert sent_to_login(signed_up(host, *then))
    assert host.rows.all() == []
    assert "login_user() was called before the user was saved" in caplog.text
