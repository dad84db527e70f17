"""The command line ends what it says, for good, shows nothing that signs in, and says in one line what is wrong."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from sqlalchemy import event

from flask_myprofile import cli, current_profile, signals
from tests.support.devices import age, ended, live, secret_of, sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere, first_everywhere, in_each_database

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NOBODY = "Error: There is no user with the key, user name or e-mail address 'nobody'.\n"


def run(host: Host, command: str, answer: str = "") -> Result:
    """``flask myprofile sessions <command>``, with this typed in."""
    return host.app.test_cli_runner().invoke(cli.group, ["sessions", *command.split()], input=answer)


def signed_in(host: Host, *names: str, remember: bool = False) -> list[Browser]:
    browsers = [host.browser() for _ in names]
    for browser, name in zip(browsers, names, strict=True):
        browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
        browser.login(name, remember=remember)
    return browsers


@pytest.fixture
def told(host: Host) -> Iterator[list[dict[str, Any]]]:
    """What listeners to session_ended are told."""
    heard: list[dict[str, Any]] = []

    def listen(app: Any, **data: Any) -> None:
        heard.append(data)

    with signals.session_ended.connected_to(listen, sender=host.app):
        yield heard


# ---- list


@first_everywhere("who", ["alice@x.test", "1", "alice"])
def test_the_list_shows_a_users_live_sessions_and_nobody_elses(who: str, host: Host) -> None:
    older, newer, gone, _ = signed_in(host, "alice", "alice", "alice", "bob")
    gone.post("/logout")
    age(host, 100, older.session_id())
    printed = run(host, f"list --user {who}")
    assert printed.exit_code == 0
    heading, *lines = printed.output.splitlines()
    assert heading.split() == ["id", "device", "address", "last_seen_at", "method"]
    assert [line.split()[0] for line in lines] == [newer.session_id(), older.session_id()], "last active first"
    for line in lines:
        assert re.fullmatch(r"[0-9a-f]{24}  Firefox on Linux  127\.0\.0\.1  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +\w+", line)


def test_the_list_for_programs_says_what_the_page_says(host: Host) -> None:
    (alice,) = signed_in(host, "alice", remember=True)
    (on_page,) = alice.sessions()
    (row,) = json.loads(run(host, "list --user alice --json").output)
    assert (row["device"], row["address"]) == ("Firefox on Linux", on_page["ip"])
    for name in ("id", "created_at", "last_seen_at", "method", "provider", "remembered"):
        assert row[name] == on_page[name], name
    assert json.loads(run(host, "list --user bob --json").output) == []
    assert run(host, "list --user bob").output == "No live session.\n"


def test_a_list_longer_than_a_page_is_whole(host: Host) -> None:
    signed_in(host, *["alice"] * 60)
    assert len(json.loads(run(host, "list --user alice --json").output)) == 60


@pytest.mark.parametrize("form", ["", " --json"], ids=["for people", "for programs"])
def test_nothing_that_signs_in_is_printed(form: str, host: Host) -> None:
    (alice,) = signed_in(host, "alice", remember=True)
    hashes = [row.secret_hash for row in host.rows.all()]
    secrets = [secret_of(host, alice).partition(".")[2], (alice.cookie("myprofile_device") or "").partition(".")[2]]
    output = run(host, "list --user alice" + form).output
    assert all(secrets) and alice.session_id() in output
    assert [text for text in (*hashes, *secrets) if text in output] == []


@pytest.mark.parametrize("form", ["", " --json"], ids=["for people", "for programs"])
def test_a_terminal_obeys_nothing_that_is_in_a_row(form: str, host: Host) -> None:
    """Rows are cleaned before they are stored; somebody may have written this one in another way."""
    signed_in(host, "alice")
    evil = "curl\x1b]0;owned\x07\r\n\x9b2J\u202egpj.exe"
    host.sql("UPDATE myprofile_session SET user_agent = :evil, ip = :evil, method = :evil, name = :evil", evil=evil)
    output = run(host, "list --user alice" + form).output
    texts = [text for row in json.loads(output) for text in row.values() if isinstance(text, str)] if form else [output]
    assert any("owned" in text for text in texts)
    left = {c for text in texts for c in text.replace("\n", "") if unicodedata.category(c) == "Cc" or c == "\u202e"}
    assert left == set()


# ---- end


@everywhere
def test_one_session_is_ended_and_the_others_go_on(host: Host, told: list[dict[str, Any]]) -> None:
    """S15"""
    victim, other = signed_in(host, "alice", "alice", remember=True)
    copy, session_id = victim.copy(), victim.session_id()
    done = run(host, f"end --user alice --id {session_id} --yes")
    assert (done.exit_code, done.output) == (0, "That session has ended.\n")
    assert sent_to_login(victim) and sent_to_login(copy)
    assert other.is_in()
    assert told == [{"user_key": "1", "session_ids": [session_id], "reason": "admin", "by": None}]
    assert [row.end_reason for row in host.rows.all() if row.id == session_id] == ["admin"]


@everywhere
def test_all_sessions_of_a_user_are_ended_and_nobody_elses(host: Host, told: list[dict[str, Any]]) -> None:
    """S15"""
    *alices, bob = signed_in(host, "alice", "alice", "bob", remember=True)
    ids = {browser.session_id() for browser in alices}
    assert run(host, "end --user alice@x.test --all --yes").output == "Ended 2 sessions.\n"
    assert all(sent_to_login(browser) for browser in alices)
    assert bob.is_in()
    assert [(each["user_key"], set(each["session_ids"]), each["reason"], each["by"]) for each in told] == [
        ("1", ids, "admin", None)
    ]
    assert run(host, "end --user alice --all --yes").output == "Ended 0 sessions.\n"
    assert alices[0].login("alice").location == "/page"
    assert alices[0].is_in()


@everywhere
def test_everyones_sessions_are_ended_and_each_user_is_named(host: Host, told: list[dict[str, Any]]) -> None:
    """S15"""
    browsers = signed_in(host, "alice", "bob", "alice", "admin", remember=True)
    theirs: dict[str, set[str]] = {}
    for name, browser in zip(("1", "2", "1", "3"), browsers, strict=True):
        theirs.setdefault(name, set()).add(browser.session_id())
    assert run(host, "end --everyone --yes").output == "Ended 4 sessions.\n"
    assert all(sent_to_login(browser) for browser in browsers)
    assert {each["user_key"]: set(each["session_ids"]) for each in told} == theirs
    assert {(each["reason"], each["by"]) for each in told} == {("admin", None)}
    for browser, name in zip(browsers, ("alice", "bob", "alice", "admin"), strict=True):
        browser.login(name, remember=True)
        browser.restart()
        assert browser.is_in(), "who signs in again is in"


@pytest.mark.parametrize("command", ["end --user alice --all --yes", "end --everyone --yes"])
def test_who_has_no_session_yet_is_ended_with_the_others(command: str, new_host: Callable[..., Host]) -> None:
    """Cookies from before the extension was installed, which would otherwise become sessions at their next request."""
    before = new_host(myprofile=False)
    (old,) = signed_in(before, "alice", remember=True)
    host = new_host(before.app.config["SQLALCHEMY_DATABASE_URI"])
    assert run(host, command).output == "Ended 0 sessions.\n"
    for cookie in ("session", "remember_token"):
        browser = host.browser()
        browser.set_cookie(cookie, old.cookie(cookie) or "")
        assert sent_to_login(browser)
    assert live(host) == 0


@in_each_database
def test_everyones_sessions_are_ended_in_short_transactions(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = signed_in(host, "alice", "bob", "alice", "bob", "alice")
    monkeypatch.setattr("flask_myprofile.store.sql_sessions.END_BATCH", 2)
    statements = host.count_statements()
    with host.app.app_context():
        event.listen(host.db.engine, "commit", lambda connection: statements.append("COMMIT"))
        assert current_profile.sessions.end_everyone() == 5
    ends = [number for number, text in enumerate(statements) if text.startswith("UPDATE myprofile_session")]
    assert len(ends) == 3, "two rows each"
    for number in ends:  # and what is recorded of them
        with_it = takewhile(lambda text: text != "COMMIT", statements[number + 1 :])
        assert all("myprofile_event" in text or "SAVEPOINT" in text for text in with_it)
    assert all(sent_to_login(browser) for browser in browsers)
    assert len(ended(host)) == 5


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("list --user nobody", NOBODY),
        ("end --user nobody --all --yes", NOBODY),
        ("end --user nobody --id 0123456789abcdef01234567 --yes", NOBODY),
        ("end --user alice --id 0123456789abcdef01234567 --yes", "Error: Alice Test has no session "),
        ("end --user alice --id '; --yes", "Error: Alice Test has no session "),
        ("end --user alice --id BOBS --yes", "Error: Alice Test has no session "),
    ],
)
def test_who_or_what_is_unknown_is_said_and_nothing_is_ended(command: str, said: str, host: Host) -> None:
    _, bob = signed_in(host, "alice", "bob")
    failed = run(host, command.replace("BOBS", bob.session_id()))
    assert failed.exit_code == 1
    assert failed.stderr.startswith(said) and failed.stderr.count("\n") == 1
    assert ended(host) == []


@pytest.mark.parametrize("which", ["--user alice --all", "--user alice --id ID", "--everyone"])
def test_it_asks_before_it_ends_anything(which: str, host: Host) -> None:
    (alice,) = signed_in(host, "alice")
    command = "end " + which.replace("ID", alice.session_id())
    for answer in ("n\n", ""):
        assert run(host, command, answer).exit_code == 1
        assert alice.is_in()
    agreed = run(host, command, "y\n")
    assert agreed.exit_code == 0
    assert "[y/N]" in agreed.output
    assert sent_to_login(alice)


@pytest.mark.parametrize("which", ["", "--all", "--id x", "--user alice", "--user alice --all --id x"])
@pytest.mark.parametrize("everyone", ["", " --everyone"])
def test_what_is_to_be_ended_must_be_said_clearly(which: str, everyone: str, host: Host) -> None:
    if everyone and not which:
        return
    (alice,) = signed_in(host, "alice")
    refused = run(host, f"end --yes {which}{everyone}")
    assert refused.exit_code == 2
    assert "Say --user with either --id or --all, or say --everyone alone." in refused.stderr
    assert alice.is_in()


# ---- a database that does not answer

COMMANDS = ["list --user alice", "end --user alice --all --yes", "end --everyone --yes", "prune", "prune --quiet"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("trouble", ["tables missing", "database down"])
def test_a_database_that_does_not_answer_is_one_line(trouble: str, command: str, host: Host) -> None:
    if trouble == "tables missing":
        host.sql("DROP TABLE myprofile_session")
        host.sql("DROP TABLE myprofile_history")
    else:
        with host.app.app_context():
            database = Path(str(host.db.engine.url.database))
            host.db.engine.dispose()
        database.unlink()
        database.mkdir()
    failed = run(host, command)
    assert isinstance(failed.exception, SystemExit), "no traceback"
    assert failed.exit_code == 1
    assert failed.stdout == ""
    what = "no such table" if trouble == "tables missing" else "unable to open database file"
    assert re.fullmatch(rf"Error: MyProfile cannot read its data: .*{what}.*\n", failed.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_redis_that_does_not_answer_is_one_line(command: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_STORE="redis://:a-secret@127.0.0.1:1/0")
    failed = run(host, command)
    assert isinstance(failed.exception, SystemExit), "no traceback"
    assert failed.exit_code == 1
    assert re.fullmatch(r"Error: MyProfile cannot read its data: .*Redis.*\n", failed.stderr)
    assert "a-secret" not in failed.stderr


# ---- the page of the documentation


def test_the_commands_in_the_documentation_exist() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "cli.md").read_text(encoding="utf-8")
    known: dict[str, click.Command] = {}
    context = click.Context(cli.group)
    for name in cli.group.list_commands(context):
        command = cli.group.get_command(context, name)
        assert command
        inner = command.commands if isinstance(command, click.Group) else {}
        known |= {f"{name} {each}": found for each, found in inner.items()} or {name: command}
    groups = "|".join({name.partition(" ")[0] for name in known if " " in name})
    documented = re.findall(rf"flask myprofile ((?:(?:{groups}) )?[a-z-]+)((?: [^\n`]*)?)", text)
    assert {name for name, _ in documented} == set(known)
    for name, rest in documented:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, name
