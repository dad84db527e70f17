"""``flask myprofile features …``: the same rules, guards and words as Feature Management."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from flask import g, request
from flask_babel import Babel
from flask_login import current_user

from flask_myprofile import current_profile
from tests.support.host import Host, signed_in
from tests.support.kept import everywhere
from tests.tabs.test_api_token import made

FEATURES = "/profile/admin/features"


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(MYPROFILE_ROLES=lambda user: ["beta"] * (user.username == "bob"))


def run(host: Host, *args: str, answer: str | None = None) -> Result:
    return host.app.test_cli_runner().invoke(args=["myprofile", "features", *args], input=answer)


def listed(host: Host) -> dict[str, Any]:
    return {row["feature"]: row for row in json.loads(run(host, "list", "--json").output)}


@everywhere
def test_a_feature_is_set_for_some_unset_and_undone(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ROLES=lambda user: ["beta"] * (user.username == "bob"))
    done = run(host, "set", "sessions", "on", "--role", "beta", "--share", "100", "--from", "2020-01-01T00:00Z")
    assert done.exit_code == 0, done.output
    assert done.output == "sessions: on -> on (roles beta, share 100, from 2020-01-01T00:00:00Z)\n"
    codes = [signed_in(host, name).get("/profile/sessions").status_code for name in ("alice", "bob")]
    assert codes == [404, 200]
    assert listed(host)["sessions"]["for"]["roles"] == ["beta"]
    assert run(host, "set", "sessions", "off").output.startswith("sessions: on (roles beta, share 100")
    assert run(host, "set", "sessions", "on", "--everyone").output.endswith("-> on\n")
    history = json.loads(run(host, "history", "--json").output)
    assert [each["feature"] for each in history] == ["sessions"] * 3
    assert all(each["by"].endswith("(command line)") for each in history)
    assert run(host, "undo", str(history[0]["number"]), "sessions").exit_code == 0
    assert listed(host)["sessions"] | {"changed_at": None, "changed_by": None} == {
        **{"feature": "sessions", "on": False, "locked": False, "changed_by": None, "changed_at": None},
        "for": {"roles": ["beta"], "share": 100, "from": "2020-01-01T00:00:00Z"},
    }
    assert run(host, "unset", "sessions").exit_code == 0
    assert host.sql("SELECT * FROM myprofile_feature") == host.sql("SELECT * FROM myprofile_feature_audience") == []


@pytest.mark.parametrize(
    "rule",
    [
        lambda: request.accept_languages.best_match(["de"]),
        lambda: current_user.language,
        lambda: g.language,
        lambda: "de",
    ],
    ids=["the browser", "who is signed in", "the request", "nothing"],
)
def test_a_locale_selector_for_requests_stops_no_command(rule: Any, new_host: Callable[..., Host]) -> None:
    """What is asked about is said in the reader's language, and a shell has none: it is said in English."""
    host = new_host(babel=False, before=lambda app, db: Babel(app, locale_selector=rule))
    with host.app.app_context():
        current_profile.tokens.regenerate(host.user("alice"))
        host.db.session.commit()
    asked = run(host, "set", "api_token", "off", answer="n\n")
    assert "Every token stops working at once." in asked.output, asked.output
    for command in (("set", "api_token", "off", "--yes"), ("undo", "1", "--yes"), ("unset", "sessions", "--yes")):
        done = run(host, *command)
        assert done.exit_code == 0, done.exception


def test_lists_are_tables_for_people(host: Host) -> None:
    run(host, "set", "sessions", "on", "--users", "local")
    first, *lines = run(host, "list").output.splitlines()
    assert first.split() == ["feature", "on", "for", "locked", "changed_by", "changed_at"]
    assert next(line for line in lines if line.startswith("sessions ")).split()[:4] == [
        "sessions",
        "on",
        "users",
        "local",
    ]
    assert "default" in run(host, "history").output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("set", "no_such", "on"), "no feature 'no_such'"),
        (("set", "sessions", "on", "--share", "200"), '"share" must be a number from 0 to 100'),
        (("set", "sessions", "on", "--from", "tomorrow"), '"from" must be a moment with a time zone'),
        (("set", "sessions", "on", "--everyone", "--share", "5"), "--everyone goes with none"),
        (("unset", "no_such"), "no feature 'no_such'"),
        (("undo", "77", "sessions"), "There is no such change"),
    ],
)
def test_a_mistake_is_said_and_changes_nothing(args: tuple[str, ...], said: str, host: Host) -> None:
    result = run(host, *args)
    assert result.exit_code in (1, 2) and said in result.output
    assert host.sql("SELECT * FROM myprofile_feature") == []


def test_roles_need_the_setting_that_names_them(new_host: Callable[..., Host]) -> None:
    result = run(new_host(), "set", "sessions", "on", "--role", "beta")
    assert result.exit_code == 1 and "MYPROFILE_ROLES" in result.output


def test_what_stops_tokens_is_asked_about_first(host: Host) -> None:
    made(signed_in(host, "alice"))
    no = run(host, "set", "api_token", "off", answer="n\n")
    assert no.exit_code == 1 and "API Token:" in no.output and listed(host)["api_token"]["on"]
    assert run(host, "set", "api_token", "off", "--yes").output == "api_token: on -> off\n"


def test_copies_are_deleted_as_by_the_page(host: Host) -> None:
    made(signed_in(host, "alice"))
    run(host, "set", "api_token.copy", "off", "--yes")
    assert host.sql("SELECT ciphertext FROM myprofile_token") == [(None,)]


def test_a_pinned_feature_is_left_alone(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"sessions": True})
    result = run(host, "set", "sessions", "off")
    assert result.exit_code == 1 and "Set in the application's configuration: sessions" in result.output


def test_what_was_changed_since_is_not_undone(host: Host) -> None:
    run(host, "set", "sessions", "off")
    number = str(json.loads(run(host, "history", "--json").output)[0]["number"])
    run(host, "set", "sessions", "on")
    result = run(host, "undo", number, "sessions")
    assert result.exit_code == 1 and "changed since" in result.output


def test_the_page_sees_what_the_command_line_did_and_refuses_an_older_form(host: Host) -> None:
    admin = signed_in(host, "admin")
    version = admin.json(FEATURES).json["version"]
    run(host, "set", "sessions", "off")
    assert admin.json(FEATURES).json["features"]["sessions"]["on"] is False
    assert admin.post_json(FEATURES, {"password": False, "version": version}).status_code == 409
