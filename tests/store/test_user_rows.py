"""A user out of a plain row is what the ORM would have loaded; where anybody would notice, the ORM loads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from sqlalchemy import ForeignKey, String, event, inspect
from sqlalchemy.orm import Mapped, column_property, deferred, mapped_column, relationship, with_loader_criteria

from flask_myprofile.doctor.findings import OK
from flask_myprofile.doctor.user_class import user_class as examine_user_class
from flask_myprofile.store.user_rows import UserRows
from tests.support.devices import sent_to_login
from tests.support.host import Host, signed_in, user_class
from tests.support.kept import everywhere

PAGES: dict[str, Callable[[Host], Any]] = {}


def page(function: Callable[[Host], Any]) -> Callable[[Host], Any]:
    PAGES[function.__name__] = function
    return function


@page
def state(host: Host) -> Any:
    """What SQLAlchemy makes of the user."""
    user: Any = flask_login.current_user._get_current_object()  # type: ignore[attr-defined]
    known = inspect(user)
    values = {name: repr(value) for name, value in vars(user).items() if name != "_sa_instance_state"}
    return {
        "persistent": known.persistent,
        "modified": known.modified or user in host.db.session.dirty,
        "unloaded": sorted(known.unloaded),
        "expired": sorted(known.expired_attributes),
        "key": repr(known.identity_key[1:]),
        "values": values,
    }


@page
def lives_on(host: Host) -> Any:
    """It is refreshed, expired, changed and saved as any other."""
    user: Any = flask_login.current_user._get_current_object()  # type: ignore[attr-defined]
    host.db.session.refresh(user)
    first = user.first_name
    user.first_name = "Alicia"
    changed = inspect(user).attrs.first_name.history
    host.db.session.commit()
    return [first, list(changed.deleted), user.first_name, [each.id for each in getattr(user, "notes", [])]]


def with_pages(host: Host) -> None:
    for name, function in PAGES.items():
        host.app.add_url_rule(f"/{name}", name, flask_login.login_required(lambda function=function: function(host)))


@pytest.fixture
def own_host(new_host: Callable[..., Host]) -> Host:
    """One that no other test is lent, with listeners of this one."""
    return new_host(before=lambda app, db: None)


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The users that have come by their rows."""
    users: list[Any] = []
    bring = UserRows.bring

    def noted(self: UserRows, *given: Any) -> Any:
        users.append(user := bring(self, *given))
        return user

    monkeypatch.setattr(UserRows, "bring", noted)
    return users


def with_lazy_notes(db: Any) -> type[Any]:
    class Note(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    user = user_class(db)
    user.notes = relationship(Note)
    return user


@everywhere
def test_it_is_what_the_orm_would_have_loaded(
    new_host: Callable[..., Host], brought: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(after=with_pages, model=with_lazy_notes)
    host.sql("INSERT INTO note (id, user_id) VALUES (1, 1)")
    alice = signed_in(host)
    statements = host.count_statements()
    by_row = alice.get("/state").json
    assert (len(brought), len(statements)) == (1, 1)
    monkeypatch.setattr(UserRows, "may_bring", lambda *given: False)
    assert alice.get("/state").json == by_row
    assert len(brought) == 1
    monkeypatch.undo()
    assert alice.get("/lives_on").json == ["Alice", ["Alice"], "Alicia", [1]]


def loads(db: Any, user: type[Any], heard: list[Any]) -> None:
    event.listen(user, "load", lambda user, context: heard.append("load"))


def loaded_as_persistent(db: Any, user: type[Any], heard: list[Any]) -> None:
    event.listen(db.session, "loaded_as_persistent", lambda session, user: heard.append("persistent"))


def asks(db: Any, user: type[Any], heard: list[Any]) -> None:
    event.listen(db.session, "do_orm_execute", lambda asked: heard.append("asked"))


@pytest.mark.parametrize("listen", [loads, loaded_as_persistent, asks])
def test_whoever_listens_to_users_being_loaded_goes_on_hearing_of_it(
    listen: Callable[..., None], own_host: Host, brought: list[Any]
) -> None:
    alice = signed_in(own_host)
    brought.clear()
    heard: list[Any] = []
    listen(own_host.db, own_host.User, heard)
    assert alice.is_in()
    assert heard
    assert not brought


@pytest.mark.parametrize("name", ["before_attach", "after_attach", "detached_to_persistent"])
def test_whoever_listens_to_what_is_added_to_the_session_hears_nothing_of_it(
    name: str, own_host: Host, brought: list[Any]
) -> None:
    alice = signed_in(own_host)
    brought.clear()
    heard: list[Any] = []
    event.listen(own_host.db.session, name, lambda session, user: heard.append(user))
    assert alice.is_in()
    assert not heard
    assert not brought


def test_a_rule_of_the_hosts_that_leaves_users_out_counts(own_host: Host) -> None:
    alice, user = signed_in(own_host), own_host.User
    assert alice.is_in()

    def leave_out(asked: Any) -> None:
        asked.statement = asked.statement.options(with_loader_criteria(user, user.first_name != "Nobody"))

    event.listen(own_host.db.session, "do_orm_execute", leave_out)
    own_host.change("alice", first_name="Nobody")
    assert sent_to_login(alice)


@pytest.mark.parametrize(
    ("name", "place"),
    [("before_execute", 1), ("after_execute", 1), ("before_cursor_execute", 2), ("after_cursor_execute", 2)],
)
def test_the_engines_listeners_see_each_statement(name: str, place: int, own_host: Host, brought: list[Any]) -> None:
    alice = signed_in(own_host)
    brought.clear()
    seen: list[str] = []
    with own_host.app.app_context():
        event.listen(own_host.db.engine, name, lambda *given: seen.append(str(given[place])))
    assert alice.is_in()
    assert len(seen) == len(brought) == 1
    assert "myprofile_session" in seen[0]


@pytest.mark.parametrize("name", ["do_orm_execute", "loaded_as_persistent"])
def test_whoever_listens_to_the_session_of_one_request_alone_hears_it_all(
    name: str, new_host: Callable[..., Host], brought: list[Any]
) -> None:
    """As a rule for the tenant of this request does, which is given to its session."""
    heard: list[Any] = []

    def listen(host: Host) -> None:
        host.app.before_request(lambda: event.listen(host.db.session(), name, lambda *given: heard.append(given)))

    host = new_host(after=listen)
    alice = signed_in(host)
    brought.clear()
    heard.clear()
    assert alice.is_in()
    assert heard
    assert not brought


def test_a_user_whom_the_host_has_loaded_stays_the_one(new_host: Callable[..., Host], brought: list[Any]) -> None:
    known: list[Any] = []

    def load_early(host: Host) -> None:
        host.app.before_request(lambda: known.append(host.db.session.get(host.User, 1)))
        host.app.add_url_rule("/same", "same", lambda: str(flask_login.current_user == known[-1]))

    host = new_host(after=load_early)
    alice = signed_in(host)
    brought.clear()
    assert alice.get("/same").text == "True"
    assert not brought


def computed(db: Any) -> type[Any]:
    user = user_class(db)
    user.whole = column_property(user.__table__.c.first_name + " " + user.__table__.c.last_name)
    return user


def left_until_asked_for(db: Any) -> type[Any]:
    user = user_class(db)
    user.story = deferred(mapped_column(String(80)))
    return user


def with_its_notes(db: Any) -> type[Any]:
    user = with_lazy_notes(db)
    user.all_notes = relationship("Note", lazy="selectin", viewonly=True)
    return user


@pytest.mark.parametrize("model", [computed, left_until_asked_for, with_its_notes])
def test_what_is_more_than_its_columns_is_loaded_by_the_orm(
    model: Callable[..., Any], new_host: Callable[..., Host], brought: list[Any]
) -> None:
    host = new_host(model=model)
    assert signed_in(host).is_in()
    assert not brought


@pytest.mark.parametrize(
    ("model", "said"),
    [(user_class, "by a plain query"), (computed, "(whole: "), (left_until_asked_for, "(story: ")],
)
def test_the_doctor_says_how_users_are_read(
    model: Callable[..., Any], said: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=model)
    with host.app.app_context():
        (finding,) = examine_user_class()
    assert (finding.level, said in finding.text) == (OK, True), finding.text
