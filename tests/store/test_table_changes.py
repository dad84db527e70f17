"""Tables of an older version get what they lack, keep what they hold, and are otherwise left as they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, event, inspect

from flask_myprofile import current_profile
from flask_myprofile.store.tables import declare
from tests.store.older_tables import older_tables
from tests.support.flow import check_my_profile_works
from tests.support.host import Host
from tests.support.kept import in_each_database, in_these

UP_TO_DATE = "The tables of My Profile are up to date.\n"
_now, _before = MetaData(), older_tables().tables
declare(_now, "myprofile_", None)
_kept = [name for name in _now.tables if name in _before]
_indexed = {(name, *index.columns.keys()) for name in _kept for index in _before[name].indexes}
#: What has come since then, in words.
ADDED = {
    *(f"table {name}" for name in _now.tables if name not in _before),
    *(f"column {name}.{each}" for name in _kept for each in {*_now.tables[name].c.keys()} - {*_before[name].c.keys()}),
    *(
        f"index on {name} ({', '.join(index.columns.keys())})"
        for name in _kept
        for index in _now.tables[name].indexes
        if (name, *index.columns.keys()) not in _indexed
    ),
}
VERSION = "myprofile_token.version is not of this version, refuses to be empty and has no default"


def create_tables(host: Host, *options: str) -> Result:
    return host.app.test_cli_runner().invoke(args=["myprofile", "create-tables", *options])


def grow_old(host: Host, bind: str | None = None, **where: Any) -> None:
    """Give the host the tables of the older version in the place of its own."""
    with host.app.app_context():
        ours = [table for table in host.db.metadatas[bind].sorted_tables if table.info.get("flask_myprofile")]
        host.db.metadatas[bind].drop_all(host.db.engines[bind], tables=ours)
        older_tables(**where).create_all(host.db.engines[bind])


def columns(host: Host) -> dict[str, list[str]]:
    """Table -> its columns."""
    with host.app.app_context():
        there = inspect(host.db.engine)
        return {name: [each["name"] for each in there.get_columns(name)] for name in there.get_table_names()}


@pytest.fixture
def own(new_host: Callable[..., Host]) -> Iterator[Host]:
    """A host whose tables no other test will have."""
    host = new_host(anew=True)
    yield host
    with host.app.app_context():
        host.db.drop_all()


@pytest.fixture
def older(own: Host) -> Host:
    """One that was set up with the older version, and has rows in its tables."""
    grow_old(own)
    now = int(time.time())
    own.sql(
        "INSERT INTO myprofile_session (id, user_key, login_id, secret_hash, created_at, last_seen_at, method, ip,"
        " user_agent) VALUES ('old', '1', '1', 'h', :now, :now, 'password', '192.0.2.1', 'curl')",
        now=now,
    )
    own.sql("INSERT INTO myprofile_preference (user_key, name, value) VALUES ('1', 'timezone', 'Asia/Tokyo')")
    own.sql("INSERT INTO myprofile_feature VALUES ('password', :off, 'Ada', :now)", off=False, now=now)
    own.sql("INSERT INTO myprofile_logout_token (id, expires_at) VALUES ('seen', :later)", later=now + 60)
    return own


@in_each_database
def test_older_tables_get_what_they_lack_and_keep_their_rows(older: Host) -> None:
    result = create_tables(older)
    assert set(result.stdout.splitlines()) == {f"Added {words}." for words in ADDED}
    assert result.stderr.splitlines()[0] == f"Left alone: {VERSION}."
    assert result.exit_code == 1, "something is left for the host to change"
    older.sql("ALTER TABLE myprofile_token DROP COLUMN version")
    again = create_tables(older)
    assert (again.exit_code, again.output) == (0, UP_TO_DATE)

    alice = older.browser()
    alice.login("alice")
    assert alice.is_in()
    assert {row["id"] for row in alice.sessions()} >= {"old"}
    assert alice.json("/profile/preferences").json["timezone"] == "Asia/Tokyo"
    assert alice.get("/profile/password").status_code == 404, "an administrator has switched it off"
    assert alice.post("/profile/api-token/regenerate").status_code == 200
    assert list(older.sql("SELECT id, issued_at, carried_out FROM myprofile_logout_token")[0]) == ["seen", 0, False]


@in_each_database
def test_a_dry_run_says_what_would_be_done_and_does_nothing(older: Host) -> None:
    before = columns(older)
    result = create_tables(older, "--dry-run")
    assert set(result.stdout.splitlines()) == {f"Would add {words}." for words in ADDED}
    assert columns(older) == before


@in_each_database
def test_tables_of_this_version_are_up_to_date(host: Host) -> None:
    for options in ([], ["--dry-run"]):
        result = create_tables(host, *options)
        assert (result.exit_code, result.output) == (0, UP_TO_DATE)


@in_these("sqlite", "postgres")
def test_all_is_added_or_nothing(older: Host) -> None:
    """MySQL and MariaDB have no transaction for tables."""
    older.sql("CREATE INDEX ix_myprofile_logout_token_which ON myprofile_logout_token (expires_at)")
    before = columns(older)
    result = create_tables(older)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: MyProfile cannot read its data: ")
    assert "ix_myprofile_logout_token_which" in result.stderr
    assert columns(older) == before


@in_each_database
def test_several_machines_may_start_at_once(older: Host) -> None:
    at_once = Barrier(3, timeout=20)

    def start() -> list[str]:
        with older.app.app_context():
            at_once.wait()
            return list(current_profile.create_tables().added)

    with ThreadPoolExecutor(3) as pool:
        added = [each.result() for each in [pool.submit(start) for _ in range(3)]]
    assert sorted(map(len, added)) == [0, 0, len(ADDED)]


@in_each_database
def test_what_no_addition_puts_right_is_said_and_left_alone(own: Host, kept_in: str) -> None:
    own.sql("DROP TABLE myprofile_session")
    own.sql(
        "CREATE TABLE myprofile_session (id VARCHAR(24) NOT NULL, user_key INTEGER NOT NULL, login_id VARCHAR(20),"
        " secret_hash VARCHAR(64), previous_hash VARCHAR(64) NOT NULL, created_at BIGINT, last_seen_at BIGINT,"
        " ip VARCHAR(45), user_agent VARCHAR(512), tenant INTEGER NOT NULL)"
        + (" COLLATE utf8mb4_bin" if kept_in == "mariadb" else "")
    )
    before = columns(own)["myprofile_session"]
    result = create_tables(own)
    said = [line.removeprefix("Left alone: myprofile_session") for line in result.stderr.splitlines()]
    assert result.exit_code == 1
    assert said[0] == ".method is missing, and cannot be added to rows that are there."
    assert said[1].startswith(".user_key is INTEGER(")
    assert said[2:] == [
        ".login_id holds 20 characters, not 255.",
        ".previous_hash refuses to be empty.",
        ".tenant is not of this version, refuses to be empty and has no default.",
        " has the primary key (), not (id).",
        "Error: Change what was left alone by a migration or by hand.",
    ]
    assert columns(own)["myprofile_session"][: len(before)] == before
    assert "Added index on myprofile_session (user_key)." in result.stdout.splitlines()


def test_a_column_that_is_not_unique_is_said(own: Host) -> None:
    own.sql("DROP TABLE myprofile_token")
    own.sql(
        "CREATE TABLE myprofile_token (user_key VARCHAR(255) NOT NULL PRIMARY KEY, digest VARCHAR(64) NOT NULL,"
        " ciphertext TEXT, hint VARCHAR(64) NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT,"
        " last_used_at BIGINT, last_used_ip VARCHAR(45), last_used_agent VARCHAR(512))"
    )
    assert create_tables(own).stderr.startswith("Left alone: myprofile_token.digest is not unique.\n")


@in_these("postgres", "mariadb")
def test_numbers_that_are_too_small_are_said(older: Host, kept_in: str) -> None:
    change = {"postgres": "ALTER rotated_at TYPE INTEGER", "mariadb": "MODIFY rotated_at INTEGER"}[kept_in]
    older.sql(f"ALTER TABLE myprofile_session {change}")
    assert "Left alone: myprofile_session.rotated_at is INTEGER(" in create_tables(older).stderr


@in_these("mariadb")
def test_keys_that_do_not_tell_letters_apart_are_said(older: Host) -> None:
    older.sql("ALTER TABLE myprofile_preference MODIFY name VARCHAR(32) COLLATE utf8mb4_general_ci NOT NULL")
    said = "Left alone: myprofile_preference.name takes capital and small letters for the same."
    assert said in create_tables(older).stderr.splitlines()


def test_older_tables_may_be_in_a_schema_of_sqlite_with_another_prefix(
    new_host: Callable[..., Host], tmp_path: Path
) -> None:
    def attach(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context():
            event.listen(db.engine, "connect", lambda c, record: c.execute(f"ATTACH '{tmp_path / 'second'}' AS auth"))

    host = new_host(before=attach, MYPROFILE_TABLE_SCHEMA="auth", MYPROFILE_TABLE_PREFIX="mp_")
    grow_old(host, prefix="mp_", schema="auth")
    host.sql("ALTER TABLE auth.mp_token DROP COLUMN version")
    printed = set(create_tables(host).stdout.splitlines(keepends=True))
    assert printed == {UP_TO_DATE, *(f"Added {words.replace('myprofile_', 'auth.mp_')}.\n" for words in ADDED)}
    assert create_tables(host).output == UP_TO_DATE
    check_my_profile_works(host)


def test_older_tables_are_where_the_engine_puts_the_schema_that_is_named(new_host: Callable[..., Host]) -> None:
    engine = {"execution_options": {"schema_translate_map": {"auth": None}}}
    host = new_host(MYPROFILE_TABLE_SCHEMA="auth", SQLALCHEMY_ENGINE_OPTIONS=engine)
    assert create_tables(host).output == UP_TO_DATE
    grow_old(host, schema="auth")
    host.sql("ALTER TABLE myprofile_token DROP COLUMN version")
    printed = set(create_tables(host).stdout.splitlines(keepends=True))
    assert printed == {UP_TO_DATE, *(f"Added {words}.\n" for words in ADDED)}
    assert create_tables(host).output == UP_TO_DATE
    check_my_profile_works(host)


@in_these("postgres")
def test_older_tables_may_be_in_a_schema_of_postgres(new_host: Callable[..., Host]) -> None:
    def make_schema(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(db.text("DROP SCHEMA IF EXISTS auth CASCADE"))
            connection.execute(db.text("CREATE SCHEMA auth"))

    host = new_host(before=make_schema, MYPROFILE_TABLE_SCHEMA="auth", make_tables=SQLAlchemy.create_all)
    grow_old(host, schema="auth")
    host.sql("ALTER TABLE auth.myprofile_token DROP COLUMN version")
    assert create_tables(host).exit_code == 0
    assert create_tables(host).output == UP_TO_DATE
    check_my_profile_works(host)
    host.sql("DROP SCHEMA auth CASCADE")


def test_older_tables_may_be_in_another_database(new_host: Callable[..., Host], tmp_path: Path) -> None:
    host = new_host(SQLALCHEMY_BINDS={"extra": f"sqlite:///{tmp_path / 'extra.sqlite'}"}, MYPROFILE_BIND_KEY="extra")
    grow_old(host, "extra")
    assert len(create_tables(host).stdout.splitlines()) == len(ADDED)
    with host.app.app_context():
        assert inspect(host.db.engines["extra"]).has_table("myprofile_version")


def test_what_has_come_to_a_table_can_be_added_to_its_rows() -> None:
    for name in _kept:
        for column in _now.tables[name].c:
            if column.name not in _before[name].c:
                assert column.nullable or column.server_default is not None, f"{column}: a migration cannot add it"


def test_a_migration_that_was_made_on_sqlite_can_be_carried_out_on_postgresql(host: Host) -> None:
    """Alembic writes a default down as the engine at hand says it: "0" is one on all of them, ``false()`` is not."""
    tables = [table for table in host.db.metadata.tables.values() if table.info.get("flask_myprofile")]
    defaults = [column.server_default for table in tables for column in table.columns if column.server_default]
    assert defaults and all(isinstance(default.arg, str) for default in defaults)
