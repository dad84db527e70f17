"""Personal Information: what the model, its types or the database refuse; and the app's own mistakes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, event
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from flask_myprofile import SetupError, Users
from tests.auth.test_user_models import Person
from tests.support.columns import Picky
from tests.support.host import Browser, Host, signed_in, user_class
from tests.support.kept import in_each_database, in_these
from tests.tabs.test_personal_information import NAMES, TAB, errors_on, row, typed_on
from tests.tabs.test_personal_information_types import with_columns

SENT = {"first_name": "Alicia", "last_name": "Test", "phone": "030"}


def both_doors(alice: Browser, sent: dict[str, str]) -> tuple[Any, Any]:
    page, problem = alice.post(TAB, {**NAMES, **sent}), alice.post_json(TAB, sent)
    assert page.status_code == problem.status_code, problem.text
    assert typed_on(page.text, "phone") == sent["phone"], "what was typed is kept"
    return page, problem


def with_rule(words: str, error: type[Exception]) -> Callable[[SQLAlchemy], type[Any]]:
    def model(db: SQLAlchemy) -> type[Any]:
        class User(Person, db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            phone: Mapped[str | None] = mapped_column(String(30))

            @validates("phone")
            def international(self, key: str, value: str | None) -> str | None:
                if value and not value.startswith("+"):
                    raise error(words) if words else error
                return value

        return User

    return model


@in_these("flask-session-database")
def test_what_is_refused_is_not_saved_by_who_commits_after_it_either(new_host: Callable[..., Host]) -> None:
    """Flask-Session saves the session by a commit of ``db.session``, when the page has been answered."""
    host = new_host(model=with_rule("Begin with + and the country code", ValueError))
    alice, before = signed_in(host), row(host)
    page, _ = both_doors(alice, SENT)
    assert page.status_code == 422
    assert row(host) == before


@pytest.mark.parametrize("error", [ValueError, AssertionError, UnicodeError])
@pytest.mark.parametrize("words", ["Begin with + and the country code", ""])
def test_what_the_model_refuses_is_said_at_its_field_in_its_words(
    words: str, error: type[Exception], new_host: Callable[..., Host]
) -> None:
    host = new_host(model=with_rule(words, error))
    alice, before = signed_in(host), row(host)
    page, problem = both_doors(alice, SENT)
    assert page.status_code == 422
    said = words or "This value is not accepted."
    assert errors_on(page.text) == {"phone": said}
    assert problem.json["errors"] == {"phone": [said]}
    assert row(host) == before
    assert alice.post(TAB, {**SENT, "phone": "+49"}).status_code == 303


def with_check(db: SQLAlchemy) -> type[Any]:
    user = user_class(db)
    user.__table__.append_constraint(CheckConstraint("phone LIKE '+%'"))
    return user


@in_each_database
def test_a_rule_of_the_table_is_no_clash_and_no_outage(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_check)
    before = row(host)
    page, problem = both_doors(signed_in(host), SENT)
    assert page.status_code == 422
    assert "The database does not allow one of these values." in page.text
    assert problem.json["title"] == "The database does not allow one of these values."
    assert row(host) == before


def test_what_a_type_of_the_hosts_does_not_take_is_said_at_its_field(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_columns({"handle": Picky}, nullable=True), MYPROFILE_PERSONAL_FIELDS=("handle", "phone"))
    page, problem = both_doors(signed_in(host), {"handle": "7", "phone": "1"})
    assert errors_on(page.text) == {"handle": "Handle cannot have this value"}
    assert problem.json["errors"] == {"handle": ["Handle cannot have this value"]}


def versioned(db: SQLAlchemy) -> type[Any]:
    class User(Person, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        phone: Mapped[str | None] = mapped_column(String(30))
        revision = mapped_column(Integer, nullable=False)
        __mapper_args__ = {"version_id_col": revision}

    return User


@in_each_database
def test_a_row_that_another_worker_has_changed_is_a_conflict(new_host: Callable[..., Host]) -> None:
    host = new_host(model=versioned)
    alice = signed_in(host)

    @event.listens_for(host.db.session, "before_flush")
    def meanwhile(session: Any, *rest: Any) -> None:
        if session.dirty:
            session.connection().exec_driver_sql('UPDATE "user" SET revision = revision + 1'.replace('"', quote))

    quote = "`" if "mysql" in host.app.config["SQLALCHEMY_DATABASE_URI"] else '"'
    page, problem = both_doors(alice, SENT)
    event.remove(host.db.session, "before_flush", meanwhile)
    assert page.status_code == 409
    assert problem.json["code"] == "conflict"
    assert alice.post(TAB, SENT).status_code == 303


def with_contact(db: SQLAlchemy) -> type[Any]:
    class Contact(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[str | None] = mapped_column(String(12))

    user = user_class(db)
    user.contact_id = mapped_column(ForeignKey("contact.id"))
    user.contact = relationship(Contact)
    return user


def test_a_path_to_a_row_that_is_not_there_yet_is_said_and_one_that_is_there_is_written(
    new_host: Callable[..., Host],
) -> None:
    users = Users(fields={"phone": "contact.number"})
    host = new_host(model=with_contact, myprofile_options={"users": users})
    alice = signed_in(host)
    page, _ = both_doors(alice, SENT)
    assert page.status_code == 422
    assert errors_on(page.text) == {"phone": "There is no record yet in which this could be kept."}
    assert host.user("alice").first_name == "Alice"
    host.sql("INSERT INTO contact (id) VALUES (7)")
    host.change("alice", contact_id=7)
    assert alice.post(TAB, SENT).status_code == 303
    assert host.sql("SELECT number FROM contact") == [("030",)]
    assert "12 characters or fewer" in alice.post_json(TAB, {"phone": "1" * 13}).json["errors"]["phone"][0]


# ---- the app's own mistakes, and what did not happen


@contextmanager
def failing(host: Host, error: Exception) -> Iterator[None]:
    def fail(session: Any, *rest: Any) -> None:
        if session.dirty:
            raise error

    event.listen(host.db.session, "before_flush", fail)
    yield
    event.remove(host.db.session, "before_flush", fail)


@pytest.mark.parametrize(
    ("error", "status"),
    [(TypeError("a bug"), 500), (KeyError("a bug"), 500), (ConnectionError("down"), 503), (RuntimeError("?"), 503)],
    ids=repr,
)
def test_a_fault_of_the_app_is_no_outage_and_its_traceback_is_in_the_log(
    error: Exception, status: int, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    alice, before = signed_in(host), row(host)
    with failing(host, error):
        page, problem = both_doors(alice, SENT)
    assert (page.status_code, problem.json["code"]) == (status, "not_saved")
    assert ("Retry-After" in problem.headers) == (status == 503)
    assert "Nothing was changed." in page.text
    assert any(each.exc_info and each.exc_info[1] is error for each in caplog.records)
    assert row(host) == before


@pytest.mark.parametrize("error", [ValueError("Not on Sundays"), AssertionError("Not on Sundays")], ids=repr)
def test_what_listens_to_the_model_may_refuse_as_well(error: Exception, host: Host) -> None:
    alice = signed_in(host)
    with failing(host, error):
        page, problem = both_doors(alice, SENT)
        one = alice.post_json(TAB, {"phone": "1"})
    assert page.status_code == 422
    assert "Not on Sundays" in page.text
    assert problem.json["title"] == "Not on Sundays"
    assert one.json["errors"] == {"phone": ["Not on Sundays"]}


def test_that_it_was_saved_is_said_when_the_database_has_it(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Here, a trigger puts the value from before in the place of each new one."""
    host.sql(
        'CREATE TRIGGER keep AFTER UPDATE OF phone ON "user" BEGIN '
        'UPDATE "user" SET phone = old.phone WHERE id = old.id; END'
    )
    alice = signed_in(host)
    page, problem = both_doors(alice, {"phone": "030"})
    assert page.status_code == problem.status_code == 503
    assert "the values from before of phone" in caplog.text
    assert alice.post_json(TAB, {"first_name": "Al"}).status_code == 200


def test_who_was_loaded_out_of_a_cache_is_saved_all_the_same(new_host: Callable[..., Host]) -> None:
    kept: dict[str, Any] = {}

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        if login_id not in kept:
            kept[login_id] = db.session.get(user, int(login_id))
            db.session.expunge(kept[login_id])
        return kept[login_id]

    host = new_host(load=load)
    alice = signed_in(host)
    assert alice.post(TAB, SENT).status_code == 303
    assert (host.user("alice").first_name, alice.json(TAB).json["phone"]) == ("Alicia", "030")
    host.sql('DELETE FROM "user" WHERE id = 1')
    assert alice.post(TAB, SENT).status_code in (302, 409)


# ---- settings


def test_all_mistakes_of_names_are_said_at_the_first_request(new_host: Callable[..., Host]) -> None:
    host = new_host(
        anew=True,
        model=with_contact,
        MYPROFILE_PERSONAL_FIELDS=("first_name", "contact", "nick", "data", "_sa_class_manager"),
        MYPROFILE_PERSONAL_READONLY=("e_mail", "username"),
        MYPROFILE_PERSONAL_REQUIRED=("phon",),
        MYPROFILE_PERSONAL_SSO_FIELDS=("mail",),
    )
    with pytest.raises(SetupError) as raised:
        host.browser().get("/pub")
    said = str(raised.value)
    assert "MYPROFILE_PERSONAL_FIELDS names what User does not have: nick" in said
    assert "MYPROFILE_PERSONAL_READONLY names what User does not have: e_mail" in said
    assert "MYPROFILE_PERSONAL_REQUIRED names what User does not have: phon" in said
    assert "MYPROFILE_PERSONAL_SSO_FIELDS names what User does not have: mail" in said
    assert "there is no field for 'contact', a relationship" in said
    assert "no field of a form can be called 'data'" in said


@pytest.mark.parametrize("value", ["email", [7], [("a", "b")], {"a": "StringField"}, [("a",)]], ids=repr)
def test_a_setting_of_fields_names_attributes_or_gives_fields(value: Any, new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_PERSONAL_FIELDS must be a tuple of names"):
        new_host(MYPROFILE_PERSONAL_FIELDS=value)


def bare(db: SQLAlchemy) -> type[Any]:
    class Account(db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        login: Mapped[str] = mapped_column(String(80))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_authenticated = is_active = True

        def __init__(self, username: str, **values: Any) -> None:
            super().__init__(login=username)

        def get_id(self) -> str:
            return str(self.id)

        def set_password(self, text: str) -> None:
            self.password_hash = text

    return Account


def test_a_tab_without_any_field_is_not_offered_and_the_log_says_why(
    new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    from flask_myprofile.testing import sign_in

    caplog.set_level(logging.WARNING)
    host = new_host(model=bare, anew=True)
    alice = host.browser()
    with host.app.app_context():
        user = host.db.session.get(host.User, 1)
    sign_in(alice.client, user)
    assert alice.get("/profile/").location == "/profile/preferences"
    assert "/profile/personal-information" not in alice.get("/profile/preferences").text
    for answer in (alice.get(TAB), alice.json(TAB), alice.post(TAB, {"login": "x"}), alice.post_json(TAB, {})):
        assert answer.status_code == 404
    assert "Personal Information is not offered, since Account has none of its usual attributes" in caplog.text
