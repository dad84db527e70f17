"""Personal Information: a field by its column's type, in the page and in JSON, and what the host says of its own."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    Time,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import column_property, mapped_column, synonym
from wtforms import SelectField, StringField
from wtforms.validators import Length

from flask_myprofile.testing import sign_in
from tests.support.columns import Lower, Title
from tests.support.host import Host, signed_in, user_class
from tests.support.kept import in_each_database
from tests.tabs.test_personal_information import TAB, errors_on

COLUMNS: Mapping[str, Any] = {
    "about": Text,
    "team": Enum("sales", "it", name="team"),
    "form": Enum(Title, name="title"),
    "letter": Boolean,
    "floors": Integer,
    "price": Numeric(6, 2),
    "weight": Float,
    "born": Date,
    "starts": Time,
    "seen": DateTime,
    "paid": DateTime(timezone=True),
    "alias": Lower,
}


def with_columns(columns: Mapping[str, Any], **options: Any) -> Callable[[SQLAlchemy], type[Any]]:
    def model(db: SQLAlchemy) -> type[Any]:
        user = user_class(db)
        for name, kind in columns.items():
            setattr(user, name, mapped_column(kind, **options) if not hasattr(kind, "column") else kind)
        return user

    return model


def tag_of(page: str, name: str) -> str:
    found = re.search(rf'<(?:input|select|textarea)[^>]* name="{name}"[^>]*>', page)
    assert found, name
    return found[0]


SENT = {
    "about": "one\r\ntwo",
    "team": "it",
    "form": "MS",
    "letter": "y",
    "floors": "7",
    "price": "12.50",
    "weight": "1.5",
    "born": "1990-01-02",
    "starts": "09:30",
    "seen": "2026-01-02T03:04",
    "paid": "2026-01-02T03:04",
    "alias": "ADA",
}
STORED = {
    "about": "one\ntwo",
    "team": "it",
    "form": Title.MS,
    "letter": True,
    "floors": 7,
    "price": decimal.Decimal("12.50"),
    "weight": 1.5,
    "born": dt.date(1990, 1, 2),
    "starts": dt.time(9, 30),
    "seen": dt.datetime(2026, 1, 2, 3, 4),
    "alias": "ada",
}
AS_JSON = {
    "about": "one\ntwo",
    "team": "it",
    "form": "MS",
    "letter": True,
    "floors": 7,
    "price": "12.50",
    "weight": 1.5,
    "born": "1990-01-02",
    "starts": "09:30:00",
    "seen": "2026-01-02T03:04:00",
    "paid": "2026-01-02T03:04:00Z",
    "alias": "ada",
}


@in_each_database
@pytest.mark.filterwarnings("ignore:Dialect sqlite.* does \\*not\\* support Decimal")
def test_what_was_chosen_and_typed_is_stored_as_the_column_has_it_and_can_be_emptied(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(model=with_columns(COLUMNS, nullable=True), MYPROFILE_PERSONAL_FIELDS=tuple(COLUMNS))
    alice = signed_in(host)
    assert alice.post(TAB, SENT).status_code == 303
    user = host.user("alice")
    assert {name: getattr(user, name) for name in STORED} == STORED
    assert alice.json(TAB).json == AS_JSON
    assert alice.post_json(TAB, {**AS_JSON, "price": 12.5}).status_code == 200, "what it says, it takes"
    assert alice.json(TAB).json == AS_JSON
    assert alice.post_json(TAB, {"floors": 8, "letter": False, "born": "1991-01-02"}).status_code == 200
    assert {**alice.json(TAB).json, "floors": 7, "letter": True, "born": "1990-01-02"} == AS_JSON
    assert alice.post(TAB, dict.fromkeys(SENT.keys() - {"letter"}, "")).status_code == 303
    assert alice.json(TAB).json == {**dict.fromkeys(SENT), "letter": False}


def test_each_column_has_the_control_that_is_usual_for_it(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_columns(COLUMNS, nullable=True), MYPROFILE_PERSONAL_FIELDS=tuple(COLUMNS))
    host.change("alice", form=Title.MS, letter=True, born=dt.date(90, 1, 2), about="<b>\n")
    page = signed_in(host).get(TAB).text
    tags = {name: tag_of(page, name) for name in COLUMNS}
    inputs = {"letter": "checkbox", "floors": "number", "price": "number", "weight": "number", "born": "date"}
    inputs |= {"starts": "time", "seen": "datetime-local", "paid": "datetime-local", "alias": "text"}
    assert all(f'type="{kind}"' in tags[name] for name, kind in inputs.items())
    assert " checked" in tags["letter"]
    assert 'value="0090-01-02"' in tags["born"]
    assert tags["about"].startswith("<textarea")
    assert "&lt;b&gt;\n</textarea>" in page
    options = re.findall(r'<option( selected)? value="(\w*)">([^<]*)<', page.partition('name="form"')[2])
    assert options[:4] == [
        ("", "", "Not specified"),
        ("", "MR", "Mr"),
        (" selected", "MS", "Ms"),
        ("", "NONE", "None"),
    ]


WRONG = {
    "team": ("hr", "Choose one from the list"),
    "form": ("Ms", "Choose one from the list"),
    "floors": ("7.5", "Enter a whole number"),
    "price": ("1.234", "Enter a number with 2 digits after the decimal point or fewer"),
    "weight": ("1e999", "Enter a number"),
    "born": ("2.1.1990", "Enter a date such as 2026-12-31"),
    "starts": ("9 o'clock", "Enter a time such as 14:30"),
    "seen": ("2026-01-02", "Enter a date and a time such as 2026-12-31T14:30"),
    "alias": ("x" * 21, "Alias must be 20 characters or fewer"),
    "about": ("a\x0fb", "About has a character that cannot be used. Type it again"),
}


@pytest.mark.filterwarnings("ignore:Dialect sqlite.* does \\*not\\* support Decimal")
def test_what_is_no_value_of_the_column_is_said_in_words_and_kept_as_typed(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(model=with_columns(COLUMNS, nullable=True), MYPROFILE_PERSONAL_FIELDS=tuple(COLUMNS))
    alice = signed_in(host)
    sent, said = {n: typed for n, (typed, _) in WRONG.items()}, {n: words for n, (_, words) in WRONG.items()}
    page, problem = alice.post(TAB, sent), alice.post_json(TAB, sent)
    assert (page.status_code, problem.status_code) == (422, 422)
    assert errors_on(page.text) == said == {name: " ".join(texts) for name, texts in problem.json["errors"].items()}
    assert 'value="2.1.1990"' in tag_of(page.text, "born")
    for name, number in {"price": "99999.99", "floors": str(2**63)}.items():
        assert "Enter a number from" in alice.post_json(TAB, {name: number}).json["errors"][name][0]
    for name, wrong in {"floors": [1], "letter": 1, "born": 7, "about": {"a": 1}}.items():
        assert alice.post_json(TAB, {name: wrong}).json["errors"] == {name: ["This must be a text"]} or name == "floors"
    assert set(alice.json(TAB).json.values()) == {None}


def test_a_moment_is_in_the_zone_of_who_reads_it_where_its_column_knows_zones(new_host: Callable[..., Host]) -> None:
    host = new_host(model=with_columns(COLUMNS, nullable=True), MYPROFILE_PERSONAL_FIELDS=("seen", "paid"))
    alice = signed_in(host)
    alice.post_json("/profile/preferences", {"timezone": "Asia/Tokyo"})
    assert alice.post(TAB, {"seen": "2026-01-02T03:04", "paid": "2026-01-02T03:04"}).status_code == 303
    assert alice.json(TAB).json == {"seen": "2026-01-02T03:04:00", "paid": "2026-01-01T18:04:00Z"}
    page = alice.get(TAB).text
    assert 'value="2026-01-02T03:04"' in tag_of(page, "seen")
    assert 'value="2026-01-02T03:04"' in tag_of(page, "paid")


# ---- what cannot be written, and what is behind another name


def lower(user: Any, value: str) -> None:
    user.first_name = value.lower()


def computed(db: SQLAlchemy) -> type[Any]:
    user = user_class(db)
    user.whole = column_property(user.__table__.c.first_name + " " + user.__table__.c.last_name)
    user.shout = mapped_column(String(99), Computed("first_name || '!'"))
    user.greeting = hybrid_property(lambda self: "Hi " + self.first_name)
    user.initials = property(lambda self: self.first_name[0])
    user.longest = lambda self: "a method's " + self.first_name
    user.given = synonym("first_name")
    user.low = hybrid_property(lambda self: self.first_name).setter(
        lambda self, v: setattr(self, "first_name", v.lower())
    )
    return user


def test_what_is_computed_is_shown_and_cannot_be_written(new_host: Callable[..., Host]) -> None:
    names = ("first_name", "whole", "shout", "greeting", "initials", "longest", "id")
    host = new_host(model=computed, MYPROFILE_PERSONAL_FIELDS=names)
    alice = signed_in(host)
    page = alice.get(TAB).text
    values = ("Alice", "Alice Test", "Alice!", "Hi Alice", "A", "a method's Alice", 1)
    assert alice.json(TAB).json == dict(zip(names, values, strict=True))
    for name, value in list(zip(names, values, strict=True))[1:]:
        assert " readonly" in tag_of(page, name)
        assert f'value="{str(value).replace(chr(39), "&#39;")}"' in tag_of(page, name)
    assert page.count("This cannot be changed here.") == 6
    assert alice.post(TAB, {**dict.fromkeys(names, "x"), "first_name": "Al"}).status_code == 303
    assert alice.json(TAB).json["whole"] == "Al Test"


@pytest.mark.parametrize(("name", "stored"), [("given", "ADA"), ("low", "ada")])
def test_a_synonym_and_a_hybrid_with_a_setter_are_written_as_their_column_is(
    name: str, stored: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=computed, MYPROFILE_PERSONAL_FIELDS=(name,))
    alice = signed_in(host)
    assert alice.post(TAB, {name: "ADA"}).status_code == 303
    assert host.user("alice").first_name == stored
    assert alice.post_json(TAB, {name: "x" * 41}).status_code == 422, "as long as its column"
    assert alice.post_json(TAB, {name: ""}).status_code == 422, "and required as it"


def test_each_class_of_users_has_its_own_fields(new_host: Callable[..., Host]) -> None:
    """As SQLAlchemy has mapped it, whatever other classes there are."""

    class Robot(UserMixin):
        pass

    def model(db: SQLAlchemy) -> type[Any]:
        user = with_columns({"born": Date}, nullable=True)(db)
        robots = Table("robot", db.metadata, Column("id", Integer, primary_key=True), Column("title", String(20)))
        db.Model.registry.map_imperatively(Robot, robots)
        return user

    def load(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
        return db.session.get(Robot if login_id == "robot" else user, 1)

    Robot.get_id = lambda self: "robot"  # type: ignore[method-assign]
    host = new_host(model=model, load=load, MYPROFILE_PERSONAL_FIELDS=("born", "title", "first_name"))
    host.sql("INSERT INTO robot (id, title) VALUES (1, 'Mower')")
    alice, robot = signed_in(host), host.browser()
    with host.app.app_context():
        sign_in(robot.client, host.db.session.get(Robot, 1))
    assert alice.json(TAB).json == {"born": None, "first_name": "Alice"}
    assert robot.json(TAB).json == {"title": "Mower"}
    assert robot.post(TAB, {"title": "Vacuum"}).status_code == 303
    assert host.sql("SELECT title FROM robot") == [("Vacuum",)]


# ---- what the host says itself


def own_fields(as_dict: bool) -> Any:
    rules = [Length(max=3, message="Three letters at most")]
    nick = (
        StringField("What friends call you", rules)
        if as_dict
        else StringField("What friends call you", validators=rules)
    )
    shirt = SelectField("Shirt", choices=["s", "l"])
    pairs = [("nick", nick), ("shirt", shirt)]
    return {"first_name": None, **dict(pairs)} if as_dict else ("first_name", *pairs)


@pytest.mark.parametrize("as_dict", [False, True], ids=["pairs", "dict"])
def test_a_field_of_the_hosts_own_is_checked_by_its_own_rules(as_dict: bool, new_host: Callable[..., Host]) -> None:
    model = with_columns({"nick": String(20), "shirt": String(1)}, nullable=True)
    host = new_host(model=model, MYPROFILE_PERSONAL_FIELDS=own_fields(as_dict), MYPROFILE_PERSONAL_REQUIRED=("nick",))
    alice = signed_in(host)
    host.change("alice", nick="Longer than that")
    page = alice.get(TAB).text
    assert "What friends call you" in page
    assert tag_of(page, "shirt").startswith("<select")
    assert alice.post_json(TAB, {"first_name": "Al"}).status_code == 200, "what is stored is not looked at"
    assert alice.post_json(TAB, {"nick": "Alix"}).json["errors"] == {"nick": ["Three letters at most"]}
    assert alice.post_json(TAB, {"nick": ""}).json["errors"] == {"nick": ["Nick must not be empty"]}
    assert alice.post_json(TAB, {"shirt": "xl"}).status_code == 422
    assert alice.post(TAB, {"first_name": "A", "nick": "Al", "shirt": "l"}).status_code == 303
    assert alice.json(TAB).json == {"first_name": "A", "nick": "Al", "shirt": "l"}


def test_a_field_is_required_by_its_column_or_by_the_host(new_host: Callable[..., Host]) -> None:
    columns = {"letter": Boolean, "born": Date, "floors": Integer}
    settings = {"MYPROFILE_PERSONAL_REQUIRED": ["letter", "born"], "MYPROFILE_PERSONAL_FIELDS": [*columns, "phone"]}
    host = new_host(model=with_columns(columns, nullable=True), **settings)
    host.change("alice", letter=True, born=dt.date(1990, 1, 2), floors=0)
    alice = signed_in(host)
    said = alice.post_json(TAB, {"letter": False, "born": "", "floors": ""}).json["errors"]
    assert said == {"letter": ["Letter must not be empty"], "born": ["Born must not be empty"]}
    assert alice.post_json(TAB, {"floors": None}).status_code == 200
    host.change("alice", letter=False, born=None)
    assert alice.post_json(TAB, {"letter": False, "born": "", "phone": "1"}).status_code == 200, "it was empty before"
