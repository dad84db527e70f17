"""A session follows the password: whatever changes it, the sessions that began with another one are over; and whoever
only hashes it anew signs nobody out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import Mapped, deferred, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import current_profile, record_sso
from tests.support.devices import change_password, live, sent_to_login
from tests.support.host import HASH, NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import everywhere


def signed_in(host: Host, remember: bool = False) -> Browser:
    browser = host.browser()
    assert browser.login("alice", remember=remember).status_code == 302
    return browser


def set_by_sql(host: Host, text: str | None) -> None:
    host.change("alice", password_hash=text and generate_password_hash(text, HASH))


def views(host: Host) -> None:
    """The host's own change of password, in each way to write it."""

    @host.app.post("/change/<how>")
    @flask_login.login_required
    def change(how: str) -> str:
        new, user = generate_password_hash(request.form["new_password"], HASH), flask_login.current_user
        if how == "by statement":
            table = host.User.__table__
            host.db.session.execute(host.db.update(table).where(table.c.id == user.id).values(password_hash=new))
            host.db.session.expire_all()
        else:
            user.password_hash = new
        if how == "undone":
            host.db.session.rollback()
        else:
            host.db.session.commit()
        if how == "by statement":
            current_profile.sessions.renew(user._get_current_object())
        return "done"

    @host.app.post("/sso")
    def sso() -> str:
        flask_login.login_user(host.db.session.scalar(host.db.select(host.User).filter_by(username="alice")))
        record_sso("Example Login", subject="a", issuer="https://id.example")
        return "in"


@everywhere
@pytest.mark.parametrize("text", [NEW_PASSWORD, PASSWORD, None], ids=["another", "the same, set anew", "none"])
def test_a_password_that_sql_has_changed_ends_every_session(text: str | None, new_host: Callable[..., Host]) -> None:
    host = new_host(after=views)
    alice, remembered, by_sso = signed_in(host), signed_in(host, remember=True), host.browser()
    assert by_sso.post("/sso").text == "in"
    assert by_sso.is_in()
    set_by_sql(host, text)
    remembered.restart()
    for browser in (alice, remembered, by_sso):
        assert sent_to_login(browser)
    assert live(host) == 0
    assert {row.end_reason for row in host.rows.all()} == {"password_changed"}


@everywhere
def test_what_nobody_has_come_back_with_is_not_listed(host: Host) -> None:
    signed_in(host)
    set_by_sql(host, NEW_PASSWORD)
    alice = host.browser()
    alice.login("alice", NEW_PASSWORD)
    assert len(alice.sessions()) == alice.json("/profile/sessions").json["total"] == 1
    assert alice.is_in()


def test_a_host_may_have_it_otherwise(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)
    alice = signed_in(host)
    set_by_sql(host, NEW_PASSWORD)
    assert alice.is_in()
    assert len(alice.sessions()) == 1


@everywhere
@pytest.mark.parametrize("how", ["by attribute", "by statement"])
def test_the_session_that_changes_the_password_goes_on(how: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=views)
    alice, other = signed_in(host, remember=True), signed_in(host)
    assert alice.post(f"/change/{how}", {"new_password": NEW_PASSWORD}).text == "done"
    assert alice.is_in()
    alice.restart()
    assert alice.is_in()
    assert sent_to_login(other)


@everywhere
def test_a_change_that_is_undone_ends_nothing(new_host: Callable[..., Host]) -> None:
    host = new_host(after=views)
    alice, other = signed_in(host), signed_in(host)
    assert alice.post("/change/undone", {"new_password": NEW_PASSWORD}).text == "done"
    assert alice.is_in()
    assert other.is_in()


@everywhere
def test_who_lets_the_other_sessions_stay_has_them_stay(host: Host) -> None:
    alice, other = signed_in(host), signed_in(host)
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "sign_out_others": False}
    assert alice.post_json("/profile/password", sent).status_code == 200
    assert alice.is_in()
    assert other.is_in()
    assert change_password_again(other).status_code == 303
    assert other.is_in()
    assert sent_to_login(alice)


def change_password_again(browser: Browser) -> Any:
    sent = {"current_password": NEW_PASSWORD, "new_password": PASSWORD + "!", "confirm_password": PASSWORD + "!"}
    return browser.post("/profile/password", sent)


@everywhere
def test_a_host_that_hashes_the_same_password_anew_signs_nobody_out(new_host: Callable[..., Host]) -> None:
    host = new_host(after=views)
    alice, other = signed_in(host), signed_in(host)
    assert alice.post("/change/by attribute", {"new_password": PASSWORD}).text == "done"
    assert other.is_in()
    assert alice.is_in()


def with_deferred_hash(db: SQLAlchemy) -> type[Any]:
    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str | None] = mapped_column(String(80))
        first_name: Mapped[str | None] = mapped_column(String(80))
        last_name: Mapped[str | None] = mapped_column(String(80))
        is_admin: Mapped[bool | None] = mapped_column(default=False)
        password_hash: Mapped[str | None] = deferred(mapped_column(String(255)))

        def set_password(self, text: str) -> None:
            self.password_hash = generate_password_hash(text, HASH)

        def check_password(self, text: str) -> bool:
            return check_password_hash(self.password_hash or "", text)

    return User


@everywhere
def test_a_hash_that_the_model_leaves_until_it_is_asked_for_costs_no_query(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_deferred_hash)
    alice, other = signed_in(host), signed_in(host)
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1, statements
    set_by_sql(host, NEW_PASSWORD)
    assert sent_to_login(other)


@everywhere
def test_a_changed_password_costs_no_statement_and_is_compared_at_each_request(host: Host) -> None:
    alice, other = signed_in(host), signed_in(host)
    assert change_password(alice).status_code == 303
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1, statements
    assert sent_to_login(other)
