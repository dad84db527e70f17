"""What the host has begun and not yet saved is its own: no commit, rollback or flush of ours ever touches it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import Flask, abort, render_template_string
from flask_login import current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event, inspect
from sqlalchemy.orm import Mapped, mapped_column

from tests.support.devices import age, live, sent_to_login
from tests.support.host import Host
from tests.support.kept import everywhere, in_each_database


def notes(db: SQLAlchemy) -> type[Any]:
    class Note(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = mapped_column(String(20))

    return Note


class Working:
    """A host that has always something unsaved in its session, and views that do not keep it."""

    def __init__(self, hook: str) -> None:
        self.hook = hook
        self.happened: list[str] = []

    def before(self, app: Flask, db: SQLAlchemy) -> None:
        self.Note = notes(db)
        if self.hook == "before":
            app.before_request(lambda: db.session.add(self.Note(text="unfinished")))

    def after(self, host: Host) -> None:
        app, db = host.app, host.db
        if self.hook == "after":
            app.before_request(lambda: db.session.add(self.Note(text="unfinished")))

        @app.get("/x")
        @login_required
        def x() -> str:
            text = f"{current_user.username}, {len(db.session.new)}"
            self.happened.append(text)
            db.session.rollback()
            return text

        @app.post("/sign-in-and-fail")
        def sign_in_and_fail() -> None:
            db.session.add(self.Note(text="half"))
            login_user(db.session.get(host.User, 1))
            abort(400)

        @app.get("/menu-then-keep")
        def menu_then_keep() -> str:
            db.session.add(self.Note(text="kept"))
            text = render_template_string("{{ myprofile_user_menu() }}{{ current_user.is_authenticated }}")
            db.session.commit()
            return text


@everywhere
@pytest.mark.parametrize("hook", ["before", "after"])
def test_the_hosts_unfinished_work_is_not_saved(hook: str, new_host: Callable[..., Host]) -> None:
    """B03: whichever of the two was set up first."""
    work = Working(hook)
    host = new_host(before=work.before, after=work.after)
    alice = host.browser()
    alice.login("alice")
    count = "SELECT count(*) FROM note"
    for _ in range(2):
        age(host, 300)
        assert alice.get("/x").text == "alice, 1"
        assert host.sql(count) == [(0,)]
    assert max(row.last_seen_at for row in host.rows.all()) > time.time() - 60, "we have saved ours"
    newcomer = host.browser()
    assert newcomer.post("/sign-in-and-fail").status_code == 400
    assert host.sql(count) == [(0,)]
    assert newcomer.is_in(), "Flask keeps that session, and so do we"
    assert live(host) == 2
    newcomer.post("/logout")
    assert sent_to_login(newcomer)
    assert host.sql(count) == [(0,)]


@everywhere
def test_the_hosts_session_is_not_touched_while_its_page_is_made(new_host: Callable[..., Host]) -> None:
    """B03: no commit, rollback or flush in it, and nothing that the host has loaded expires."""
    happened: list[str] = []

    def loading(host: Host) -> None:
        @host.app.get("/loaded")
        def loaded() -> str:
            session = host.db.session
            bob = session.execute(host.db.select(host.User).filter_by(username="bob")).scalar_one()
            bob.phone = "not to be saved"
            for name in ("after_commit", "after_rollback", "before_flush", "after_soft_rollback"):
                event.listen(session(), name, lambda *a, name=name: happened.append(name))
            text = f"{current_user.username} {render_template_string('{{ myprofile_user_menu() }}')[:9]}"
            flask_login.logout_user()
            flask_login.login_user(session.get(host.User, 1))
            assert not inspect(bob).expired_attributes
            assert bob in session.dirty
            assert happened == []
            return text

    host = new_host(after=loading)
    alice = host.browser()
    alice.login("alice")
    age(host, 300)
    assert alice.get("/loaded").text == "alice <link rel"
    assert host.user("bob").phone is None
    assert live(host) == 1


@in_each_database
@pytest.mark.parametrize("missing", ["feature", "session"])
def test_a_page_of_the_hosts_that_goes_on_keeps_its_work(missing: str, new_host: Callable[..., Host]) -> None:
    """B02, B03: a table of ours is missing, and the page is one for everybody."""
    work = Working("never")
    host = new_host(before=work.before, after=work.after)
    alice = host.browser()
    alice.login("alice")
    host.sql(f"DROP TABLE myprofile_{missing}")
    assert alice.get("/menu-then-keep").status_code == 200
    assert host.sql("SELECT text FROM note") == [("kept",)]
