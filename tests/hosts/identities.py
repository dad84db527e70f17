"""Hosts that tell their users apart in every way there is: kinds of key, of login id and of user_loader."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

import flask_login
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Integer, String, Uuid, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tests.auth import test_user_models as user_models

KEYS = ("int", "uuid", "string", "composite")
LOGIN_IDS = ("key", "email", "uniquifier", "key and stamp")
LOADERS = ("db.session", "cache", "own session", "wrapper")
PLACES = ("sqlite", "postgres", "redis")


class Person(user_models.Person):
    token: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    stamp: Mapped[str] = mapped_column(String(8), default=lambda: secrets.token_hex(4))

    def set_password(self, text: str) -> None:
        super().set_password(text)
        self.token, self.stamp = secrets.token_hex(16), secrets.token_hex(4)


class Shown(flask_login.UserMixin):
    """A host's own way of showing a user, around the row."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    def get_id(self) -> str:
        return str(self.row.get_id())


def model(key: str, login_id: str) -> Callable[[SQLAlchemy], type[Any]]:
    def make(db: SQLAlchemy) -> type[Any]:
        columns = dict(_KEY_COLUMNS[key]())
        names = tuple(columns)
        ways: dict[str, Callable[[Any], str]] = {
            "key": lambda user: "@".join(str(getattr(user, name)) for name in names),
            "email": lambda user: str(user.email),
            "uniquifier": lambda user: str(user.token),
            "key and stamp": lambda user: f"{ways['key'](user)}:{user.stamp}",
        }
        return type("User", (Person, db.Model), {**columns, "get_id": ways[login_id], "__tablename__": "person"})

    return make


_KEY_COLUMNS: dict[str, Callable[[], dict[str, Any]]] = {
    "int": lambda: {"id": mapped_column(Integer, primary_key=True)},
    "uuid": lambda: {"id": mapped_column(Uuid, primary_key=True, default=uuid.uuid4)},
    "string": lambda: {"name": mapped_column(String(40), primary_key=True, default=lambda: secrets.token_hex(4))},
    "composite": lambda: {
        "no": mapped_column(String(8), primary_key=True, default=lambda: secrets.token_hex(4)),
        "tenant": mapped_column(String(20), primary_key=True, default="acme/eu"),
    },
}


def loader(login_id: str, kind: str) -> Callable[[SQLAlchemy, type[Any], str], Any]:
    cache: dict[str, Any] = {}

    def find(session: Any, user: type[Any], given: str) -> Any:
        if login_id == "email":
            return session.scalar(select(user).where(user.email == given))
        if login_id == "uniquifier":
            return session.scalars(select(user).filter_by(token=given)).first()
        text, _, stamp = given.partition(":")
        columns = inspect(user).primary_key
        parts = text.split("@") if len(columns) > 1 else [text]
        identity = tuple(column.type.python_type(part) for column, part in zip(columns, parts, strict=True))
        found = session.get(user, identity)
        return found if found is None or login_id == "key" or found.stamp == stamp else None

    def load(db: SQLAlchemy, user: type[Any], given: str) -> Any:
        if kind == "db.session":
            return find(db.session, user, given)
        if kind == "wrapper":
            found = find(db.session, user, given)
            return found and Shown(found)
        if kind == "cache" and given in cache:
            return cache[given]
        with Session(db.engine) as own:
            found = find(own, user, given)
            own.expunge_all()
        if kind == "cache" and found is not None:
            cache[given] = found
        return found

    return load


def cover(*kinds: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """So many of all combinations that each two values of different kinds meet in one of them."""
    every = list(product(*kinds))

    def pairs(row: tuple[str, ...]) -> set[Any]:
        return set(combinations(enumerate(row), 2))

    missing = set().union(*map(pairs, every))
    while missing:
        best = max(every, key=lambda row: len(pairs(row) & missing))
        missing -= pairs(best)
        yield best
