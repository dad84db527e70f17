"""A session class of the host's that sends reads to a replica: ours go to where is written, whatever it takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Delete, Engine, Update, create_engine, event

from flask_myprofile import cli
from tests.support.devices import change_password, live, sent_to_login
from tests.support.host import Host


class Recipe(Session):
    """As SQLAlchemy's documentation has it."""

    leader: Engine
    follower: Engine | None = None

    def get_bind(self, mapper: Any = None, clause: Any = None) -> Any:  # type: ignore[override]
        return self.leader if self._flushing or isinstance(clause, Update | Delete) else self.follower or self.leader


class HeedsNothing(Recipe):
    def get_bind(self, mapper: Any = None, clause: Any = None, **kwargs: Any) -> Any:
        return super().get_bind(mapper, clause)


@pytest.fixture(params=[Recipe, HeedsNothing], ids=["SQLAlchemy's recipe", "whatever it is told"])
def host(request: pytest.FixtureRequest, new_host: Callable[..., Host], tmp_path: Path) -> Host:
    """With a replica that has everything of before, and nothing since. It can only be read."""
    routed: Any = type("Routed", (request.param,), {})

    def route(app: Flask, db: SQLAlchemy) -> None:
        db.session.session_factory.class_ = routed
        with app.app_context():
            routed.leader = db.engine

    made = new_host(before=route, anew=True)
    replica = tmp_path / "replica.sqlite"
    shutil.copy(str(routed.leader.url.database), replica)
    routed.follower = create_engine(f"sqlite:///{replica}")
    event.listen(routed.follower, "connect", lambda raw, _: raw.execute("PRAGMA query_only = ON").close())
    request.addfinalizer(routed.follower.dispose)
    return made


def test_who_signs_in_is_in_and_whose_session_ends_is_out(host: Host) -> None:
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        assert browser.login("alice").status_code == 302
        assert browser.is_in()
    assert len(alice.sessions()) == 2
    assert alice.post("/profile/sessions/sign-out-others").status_code == 303
    assert sent_to_login(other)
    assert alice.post("/logout").status_code == 302
    assert live(host) == 0


def test_a_page_costs_one_statement_as_always(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    statements = host.count_statements()
    assert alice.is_in()
    assert len(statements) == 1


def test_a_changed_password_is_looked_at_where_it_was_changed(host: Host) -> None:
    """At the replica it is the one before: whoever believed that would end the session of whoever has changed it."""
    alice, other = host.browser(), host.browser()
    for browser in (alice, other):
        browser.login("alice")
    assert change_password(alice).status_code == 303
    for _ in range(2):
        assert alice.is_in()
    assert sent_to_login(other)


def test_a_user_whom_the_replica_does_not_know_yet_is_not_forgotten(host: Host) -> None:
    with host.app.app_context():
        new = host.User(username="new", email="new@x.test", first_name="New", last_name="Test")
        host.db.session.add(new)
        host.db.session.commit()
    host.sql(
        "INSERT INTO myprofile_preference (user_key, name, value) SELECT id, 'language', 'de' FROM user"
        " WHERE username = 'new'"
    )
    assert host.app.test_cli_runner().invoke(cli.group, ["sessions", "prune"]).exit_code == 0
    assert len(host.sql("SELECT * FROM myprofile_preference")) == 1
