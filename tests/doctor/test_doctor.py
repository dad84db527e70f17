"""The doctor finds each mistake by the right line, says nothing untrue of an app without one, and tells no secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_login
import flask_migrate
import pytest
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_myprofile import MyProfile
from flask_myprofile.doctor.checks import CHECKS
from flask_myprofile.doctor.examination import Line, examine
from tests.auth.test_user_models import with_integer
from tests.doctor.mistakes import BLOCKS, KEY, MISTAKES, RIGHT, Mistake, layout
from tests.support.devices import pass_time
from tests.support.host import PASSWORD, Host
from tests.support.kept import everywhere
from tests.support.live import example

ROOT = Path(__file__).parent.parent.parent


def doctor(host: Host, *options: str) -> Result:
    return host.app.test_cli_runner().invoke(args=["myprofile", "doctor", *options])


def findings(host: Host) -> list[Line]:
    """All that is no "ok"."""
    with host.app.app_context():
        return [line for line in examine() if line.level != "ok"]


@everywhere
def test_nothing_is_said_of_an_app_that_is_set_up_right(new_host: Callable[..., Host]) -> None:
    host = new_host(**RIGHT)
    result = doctor(host)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "MyProfile: 0 faults, 0 notes."
    said = {line.split()[1].rstrip(":") for line in result.output.splitlines()[:-1]}
    assert said == {check.name for check in CHECKS}, "each check has a line"


def test_a_layout_needs_no_block_for_scripts(new_host: Callable[..., Host]) -> None:
    host = new_host(**{**RIGHT, **layout(BLOCKS + "{% block content %}{% endblock %}")})
    assert [line for line in findings(host) if line.check == "layout"] == []


def test_nothing_untrue_is_said_of_an_app_that_nobody_has_used_yet() -> None:
    """Its mappers are configured by its first query, and its cookies are as Flask and Flask-Login have them."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=KEY, SQLALCHEMY_DATABASE_URI="sqlite://")
    db, login_manager = SQLAlchemy(app), flask_login.LoginManager(app)
    MyProfile(app)
    user = with_integer(db)
    login_manager.user_loader(lambda key: db.session.get(user, int(key)))
    with app.app_context():
        db.create_all()
        found = [line for line in examine() if line.level != "ok"]
    assert {line.check for line in found} == {"login_view", "cookies", "csrf"}
    assert [line.text for line in found if line.level == "fault"] == []


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_found_by_the_right_line(mistake: Mistake, new_host: Callable[..., Host]) -> None:
    host = new_host(**{**RIGHT, **mistake.made})
    if mistake.then:
        mistake.then(host)
    found = findings(host)
    assert [line for line in found if line.check == mistake.check and line.level == mistake.level], found
    assert {line.check for line in found} == {mistake.check}
    (line,) = [line for line in found if mistake.said in line.text]
    assert line.level == mistake.level
    assert line.change, "what to do about it"
    assert doctor(host).exit_code == (1 if mistake.level == "fault" else 0)
    assert host.sql('SELECT count(*) FROM "user"')[0][0] == 3, "nobody has been added"


MOUNTED = {"SESSION_COOKIE_PATH": "/shop", "REMEMBER_COOKIE_PATH": "/shop"}


@pytest.mark.parametrize("told", ["setting", "header"])
def test_cookies_go_to_where_the_app_is_mounted(told: str, new_host: Callable[..., Host]) -> None:
    """As "Your host" has it for a sub-path."""
    root = {"APPLICATION_ROOT": "/shop"} if told == "setting" else {}
    host = new_host(**{**RIGHT, **MOUNTED, **root})
    if told == "header":
        host.app.wsgi_app = ProxyFix(host.app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    assert findings(host) == []


@pytest.mark.parametrize(("prefix", "is_right"), [("/shop", True), ("/blog", False), ("", False)])
def test_with_a_request_it_is_known_where_that_is(prefix: str, is_right: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(**{**RIGHT, **MOUNTED})
    with host.app.test_request_context("/", base_url=f"https://localhost{prefix}"):
        said = [line for line in examine() if line.check == "cookies" and line.level == "fault"]
    texts = [line.text.partition(": ")[2].partition(",")[0] for line in said]
    assert texts == ([] if is_right else ["sent to /shop"] * 2)


def test_the_example_app_has_no_fault(tmp_path: Path) -> None:
    with example(tmp_path, SECRET_KEY=KEY) as app:
        result = app.test_cli_runner().invoke(args=["myprofile", "doctor"])
    assert result.exit_code == 0, result.output
    notes = [line.partition(": ")[2] for line in result.output.splitlines() if line.startswith("note")]
    assert [note.partition(".")[0] for note in notes] == [
        "REMEMBER_COOKIE_NAME is the usual one, and the other name is not: another app at this address may take the"
        " cookie",
        "acme_session: also sent over http",
        "remember_token, myprofile_device: also sent over http",
    ], "it is served over http, beside others on this machine"


# ---- what is not the app's own mistake


@everywhere
def test_a_clock_that_is_wrong_is_found(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    host = new_host(**RIGHT)
    pass_time(monkeypatch, 7200)
    found = findings(host)
    assert {line.check for line in found} == {"clock"}
    assert all(line.text.startswith("The clock of this machine is 7") and "ahead" in line.text for line in found)


def test_a_database_that_cannot_be_written_to_is_found(new_host: Callable[..., Host]) -> None:
    host = new_host(anew=True, **RIGHT)
    with host.app.app_context():
        path = host.db.engine.url.database
        host.db.engine.dispose()
        host.db.engine.pool._creator = lambda *given: sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        host.db.engine.pool = host.db.engine.pool.recreate()
    (line,) = findings(host)
    assert (line.check, line.level) == ("stores", "fault")
    assert "readonly" in line.text


def test_a_redis_that_does_not_answer_is_found(new_host: Callable[..., Host]) -> None:
    host = new_host(**RIGHT, MYPROFILE_SESSION_STORE="redis://:p4ssword@127.0.0.1:9/0")
    assert {line.check for line in findings(host)} == {"clock", "stores"}
    assert "p4ssword" not in doctor(host).output


def test_an_app_without_tables_is_told_to_make_them(new_host: Callable[..., Host]) -> None:
    host = new_host(**RIGHT)
    host.sql("DROP TABLE myprofile_preference")
    found = {line.check: line for line in findings(host)}
    assert found["tables"].text == "Missing: table myprofile_preference."
    assert found["tables"].change == "flask myprofile create-tables"


def test_pending_migrations_are_found(new_host: Callable[..., Host], tmp_path: Path) -> None:
    folder = tmp_path / "migrations"

    def with_migrations(app: Flask, db: SQLAlchemy) -> None:
        flask_migrate.Migrate(app, db, directory=str(folder))

    host = new_host(before=with_migrations, **RIGHT)
    assert [line.text for line in findings(host)] == ["Flask-Migrate has no migrations yet."]
    (folder / "versions").mkdir(parents=True)
    (folder / "script.py.mako").touch()
    (folder / "alembic.ini").write_text("[alembic]\n")
    (folder / "versions" / "one.py").write_text('revision = "one"\ndown_revision = None\n')
    assert [(line.check, line.text) for line in findings(host)] == [("migrations", "Migrations are pending.")]
    host.sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    host.sql("INSERT INTO alembic_version VALUES ('one')")
    assert findings(host) == []


def test_a_check_that_fails_is_a_fault_and_keeps_no_other_from_being_done(new_host: Callable[..., Host]) -> None:
    host = new_host(**RIGHT)

    def fails(login_id: str) -> Any:
        raise ValueError("a secret of the host")

    with host.app.app_context():
        host.app.extensions["myprofile"].users.describe = fails
    result = doctor(host)
    assert result.exit_code == 1
    assert "a secret of the host" not in result.output
    assert "This cannot be checked: TypeError in personal_fields.py" in result.output
    assert "ok     secret_key: " in result.output


# ---- what it does to the app


@everywhere
def test_nothing_is_changed_and_no_secret_is_told(new_host: Callable[..., Host]) -> None:
    host = new_host(**RIGHT, SECRET_KEY_FALLBACKS=["an older key of this very app"])
    alice = host.browser()
    alice.login("alice", remember=True)
    before = host.rows.text()
    hashes = [host.user(name).password_hash for name in ("alice", "bob", "admin")]
    outputs = [doctor(host).output, doctor(host, "--json").output]
    assert host.rows.text() == before
    for secret in (KEY, "an older key", PASSWORD, *hashes, *(each.partition("$")[2] for each in hashes)):
        assert all(secret not in output for output in outputs)


def test_it_says_whether_passwords_are_looked_up_among_those_of_breaches(new_host: Callable[..., Host]) -> None:
    assert "and are not looked up among those of breaches." in doctor(new_host(**RIGHT)).output
    asked = new_host(**RIGHT, MYPROFILE_PASSWORD_BREACH_CHECK="https://ada:p4ssword@breaches.example/range/")
    output = doctor(asked).output
    assert "and are looked up." in output
    assert "p4ssword" not in output


def test_programs_get_json(new_host: Callable[..., Host]) -> None:
    host = new_host(**{**RIGHT, "SECRET_KEY": "dev"})
    result = doctor(host, "--json")
    said = json.loads(result.output)
    assert result.exit_code == 1
    assert (said["faults"], said["notes"]) == (1, 0)
    line = said["checks"][-1]
    assert line.keys() == {"check", "level", "text", "change", "page"}
    assert (line["check"], line["level"], line["page"]) == ("secret_key", "fault", "cli")


# ---- the log


@pytest.mark.parametrize(("debug", "lines"), [(True, 1), (False, 0)])
def test_in_debug_mode_the_log_has_one_line(
    debug: bool, lines: int, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    host = new_host(anew=True, **{**RIGHT, "SECRET_KEY": "dev"})
    host.app.debug = debug
    statements = host.count_statements()
    for _ in range(2):
        assert host.browser().get("/pub").status_code == 200
    said = [record.getMessage() for record in caplog.records if "MyProfile" in record.getMessage()]
    assert said == ["MyProfile: 1 fault, 0 notes: run `flask myprofile doctor`"] * lines
    assert statements == [], "without asking the database"


# ---- the documentation


def test_every_check_is_documented_and_its_page_is_there() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text()
    rows = [line.split("|")[1].strip(" `") for line in text.splitlines() if line.startswith("| `")]
    assert rows == [check.name for check in CHECKS]
    for check in CHECKS:
        assert (ROOT / "docs" / f"{check.page}.md").is_file()
        assert (ROOT / "flask_myprofile" / "doctor" / f"{check.name}.py").is_file(), "one check a file"
