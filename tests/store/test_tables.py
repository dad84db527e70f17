"""Wherever the host keeps its users and wants our tables: other names, schemas and databases, with migrations."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cachelib  # noqa: F401 (what Flask-Session needs to be imported)
import flask_login
import flask_migrate
import pytest
from flask import Flask
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, String, Uuid, event, inspect
from sqlalchemy.orm import Mapped, mapped_column

from flask_myprofile.store.tables import declare
from tests.auth.test_user_models import Person
from tests.support.flow import check_my_profile_works
from tests.support.host import Host

_declared = MetaData()
declare(_declared, "", None)
OURS = sorted(_declared.tables)
LANGUAGES = {"MYPROFILE_LANGUAGES": ("en", "de")}


def accounts(**more: Any) -> Callable[[SQLAlchemy], type[Any]]:
    """A user table named "accounts" whose key is "uid"; ``more``: attributes such as ``__bind_key__``."""

    def make(db: SQLAlchemy) -> type[Any]:
        class Base(Person, db.Model):  # type: ignore[name-defined,misc]
            __abstract__ = True
            uid: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)

            def get_id(self) -> str:
                return self.uid.hex

        return type("Account", (Base,), {"__tablename__": "accounts", **more})

    return make


def by_uid(db: SQLAlchemy, user: type[Any], login_id: str) -> Any:
    return db.session.get(user, uuid.UUID(login_id))


def tables_of(host: Host, bind: str | None = None, schema: str | None = None) -> list[str]:
    with host.app.app_context():
        return sorted(inspect(host.db.engines[bind]).get_table_names(schema))


def test_the_user_table_may_be_called_anything(new_host: Callable[..., Host]) -> None:
    """B38"""
    host = new_host(model=accounts(), load=by_uid, **LANGUAGES)
    assert tables_of(host) == ["accounts", *(f"myprofile_{name}" for name in OURS)]
    check_my_profile_works(host)


def test_the_tables_may_begin_with_another_word(new_host: Callable[..., Host]) -> None:
    """B61"""
    host = new_host(MYPROFILE_TABLE_PREFIX="mp_", **LANGUAGES)
    assert tables_of(host) == [*(f"mp_{name}" for name in OURS), "user"]
    check_my_profile_works(host)


def test_the_tables_may_be_in_a_schema_of_sqlite(new_host: Callable[..., Host], tmp_path: Path) -> None:
    """B38: SQLite's schema is a second file that every connection attaches."""
    second = tmp_path / "auth.sqlite"

    def attach(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context():
            event.listen(db.engine, "connect", lambda c, record: c.execute(f"ATTACH '{second}' AS auth"))

    host = new_host(before=attach, MYPROFILE_TABLE_SCHEMA="auth", **LANGUAGES)
    assert tables_of(host) == ["user"]
    assert tables_of(host, schema="auth") == [f"myprofile_{name}" for name in OURS]
    check_my_profile_works(host)


def test_users_and_tables_may_be_in_schemas_of_postgres(postgres_url: str, new_host: Callable[..., Host]) -> None:
    """B38"""

    def make_schemas(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context(), db.engine.begin() as connection:
            for schema in ("people", "auth"):
                connection.execute(db.text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
                connection.execute(db.text(f"CREATE SCHEMA {schema}"))

    model = accounts(__table_args__={"schema": "people"})
    host = new_host(
        postgres_url, before=make_schemas, model=model, load=by_uid, MYPROFILE_TABLE_SCHEMA="auth", **LANGUAGES
    )
    assert tables_of(host, schema="people") == ["accounts"]
    assert tables_of(host, schema="auth") == [f"myprofile_{name}" for name in OURS]
    check_my_profile_works(host)


@pytest.mark.parametrize(
    ("users_in", "ours_in"), [(None, "extra"), ("extra", None), ("extra", "extra"), ("extra", "third")]
)
def test_users_and_tables_may_be_in_different_databases(
    users_in: str | None, ours_in: str | None, new_host: Callable[..., Host], tmp_path: Path
) -> None:
    """B38"""
    binds = {name: f"sqlite:///{tmp_path / name}.sqlite" for name in ("extra", "third")}
    model = accounts(**({"__bind_key__": users_in} if users_in else {}))
    host = new_host(model=model, load=by_uid, SQLALCHEMY_BINDS=binds, MYPROFILE_BIND_KEY=ours_in, **LANGUAGES)
    assert "accounts" in tables_of(host, users_in)
    assert [name for name in tables_of(host, ours_in) if name != "accounts"] == [f"myprofile_{name}" for name in OURS]
    check_my_profile_works(host)


def user_session_of_the_host(db: SQLAlchemy) -> None:
    class UserSession(db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "user_sessions"
        id: Mapped[int] = mapped_column(primary_key=True)
        note: Mapped[str] = mapped_column(String(10))


@pytest.mark.filterwarnings("ignore:datetime\\.datetime\\.utcnow:DeprecationWarning:flask_session")
def test_flask_session_in_the_same_database_keeps_its_own_table(new_host: Callable[..., Host]) -> None:
    """B61: beside a model of the host's that is named like something of ours."""

    def server_side(app: Flask, db: SQLAlchemy) -> None:
        user_session_of_the_host(db)
        app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=db, SESSION_PERMANENT=False)
        Session(app)

    host = new_host(before=server_side, **LANGUAGES)
    assert tables_of(host) == [*(f"myprofile_{name}" for name in OURS), "sessions", "user", "user_sessions"]
    check_my_profile_works(host)
    assert host.sql("SELECT count(*) FROM sessions")[0][0] > 0


@pytest.fixture
def loggers_left_alone() -> Iterator[None]:
    """The env.py that Flask-Migrate writes switches off every logger that is there, for whoever is tested next."""
    known = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    on, handlers = [each for each in known if not each.disabled], logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    for logger in on:
        logger.disabled = False


@pytest.fixture
def migrated(
    loggers_left_alone: None, database_url: str, new_host: Callable[..., Host], tmp_path: Path
) -> Iterator[tuple[Host, Path]]:
    """A host that never calls create_all: Flask-Migrate alone makes its tables."""
    folder = tmp_path / "migrations"

    def empty(app: Flask, db: SQLAlchemy) -> None:
        flask_migrate.Migrate(app, db, directory=str(folder))

    host = new_host(database_url, before=empty)
    with host.app.app_context():
        host.db.drop_all()
        flask_migrate.init(str(folder))
        yield host, folder
        host.sql("DROP TABLE IF EXISTS alembic_version")


def revisions(folder: Path) -> list[Path]:
    return sorted((folder / "versions").glob("*.py"), key=lambda path: path.stat().st_mtime_ns)


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")  # in the env.py that it writes
def test_migrations_see_the_tables_and_then_nothing_more(migrated: tuple[Host, Path]) -> None:
    """B38: no phantom changes in a second migration; up, down and up again."""
    host, folder = migrated
    flask_migrate.migrate(str(folder), message="first")
    (first,) = revisions(folder)
    assert "import flask_myprofile" not in first.read_text(), "a migration needs nothing of ours to be imported"
    flask_migrate.upgrade(str(folder))
    made = [name for name in tables_of(host) if name != "alembic_version"]
    assert made == [*(f"myprofile_{name}" for name in OURS), "user"]

    flask_migrate.migrate(str(folder), message="second")
    if len(revisions(folder)) == 2:
        second = revisions(folder)[1].read_text()
        assert "create_table" not in second
        assert "op." not in second.replace("op.alembic", ""), second
    flask_migrate.downgrade(str(folder), revision="base")
    assert tables_of(host) == ["alembic_version"]
    flask_migrate.upgrade(str(folder))
    assert tables_of(host) == sorted([*made, "alembic_version"])


def test_only_what_is_missing_is_made_on_the_command_line(new_host: Callable[..., Host]) -> None:
    host = new_host()
    host.sql("DROP TABLE myprofile_session")
    result = host.app.test_cli_runner().invoke(args=["myprofile", "create-tables"])
    assert result.exit_code == 0, result.output
    assert "tables" in result.output
    assert tables_of(host) == [*(f"myprofile_{name}" for name in OURS), "user"]
    again = host.app.test_cli_runner().invoke(args=["myprofile", "create-tables"])
    assert again.exit_code == 0, again.output
    assert len(host.sql('SELECT id FROM "user"')) == 3, "nothing of the host's is touched"


def test_a_class_mapped_by_hand_is_a_user_like_any_other(new_host: Callable[..., Host]) -> None:
    """B38: imperative mapping, without any declarative class."""

    def model(db: SQLAlchemy) -> type[Any]:
        table = db.Table(
            "people",
            db.Column("nr", db.Integer, primary_key=True),
            db.Column("username", db.String(80), unique=True, nullable=False),
            db.Column("email", db.String(120), nullable=False),
            db.Column("first_name", db.String(40), nullable=False),
            db.Column("last_name", db.String(40), nullable=False),
            db.Column("password_hash", db.String(255)),
            db.Column("is_admin", db.Boolean, nullable=False),
        )

        class Plain(flask_login.UserMixin):
            def __init__(self, **values: Any) -> None:
                self.__dict__.update({})
                for name, value in values.items():
                    setattr(self, name, value)

            def get_id(self) -> str:
                return str(self.nr)  # type: ignore[attr-defined]

            set_password, check_password = Person.set_password, Person.check_password

        db.Model.registry.map_imperatively(Plain, table)
        return Plain

    check_my_profile_works(new_host(model=model, **LANGUAGES))
