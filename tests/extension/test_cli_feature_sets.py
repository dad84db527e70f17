"""``flask myprofile features sets …``: the same rules as the page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result

from flask_myprofile import current_profile
from flask_myprofile.account.feature_sets import FeatureSets
from tests.support.host import Host, signed_in
from tests.support.kept import in_each_database
from tests.tabs.test_api_token import made

FEATURES = "/profile/admin/features"


def run(host: Host, *args: str, answer: str | None = None) -> Result:
    return host.app.test_cli_runner().invoke(args=["myprofile", "features", *args], input=answer)


def listed(host: Host) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(host, "sets", "list", "--json").output)
    return found


@in_each_database
def test_a_set_is_saved_put_back_renamed_and_deleted(host: Host) -> None:
    assert run(host, "sets", "list").output == "There are no sets.\n"
    done = run(host, "sets", "save", "Before the launch")
    assert done.exit_code == 0 and done.output.endswith(" features as 'Before the launch'.\n"), done.output
    run(host, "set", "sessions", "off")
    assert listed(host)[0]["would_change"] == 1
    assert run(host, "sets", "put-back", "before THE launch").output == "sessions: off -> on\n"
    assert run(host, "sets", "put-back", "Before the launch").output == "Nothing was changed.\n"
    history = json.loads(run(host, "history", "--json").output)
    assert [each["set"] for each in history] == ["Before the launch", None]
    assert "Before the launch" in run(host, "history").output and "0" in run(host, "sets", "list").output
    assert run(host, "sets", "rename", "Before the launch", "November").output == "The set is now called 'November'.\n"
    assert run(host, "sets", "delete", "November", answer="n\n").exit_code == 1
    assert len(listed(host)) == 1
    assert run(host, "sets", "delete", "November", "--yes").output == "The set is deleted.\n"
    assert listed(host) == []


def test_a_set_that_somebody_renames_meanwhile_is_not_renamed_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(host, "sets", "save", "Launch")
    find = FeatureSets.named

    def meanwhile(sets: FeatureSets, name: str) -> Any:
        found = find(sets, name)
        host.sql("UPDATE myprofile_feature_set SET name = 'November'")
        return found

    monkeypatch.setattr(FeatureSets, "named", meanwhile)
    done = run(host, "sets", "rename", "Launch", "Mine")
    assert (done.exit_code, done.output) == (1, "Error: Somebody has changed it meanwhile.\n")
    assert listed(host)[0]["name"] == "November"


def test_what_was_saved_at_once_is_undone_at_once(host: Host) -> None:
    signed_in(host, "admin").post_json(FEATURES, {"sessions": False, "password": False})
    number = json.loads(run(host, "history", "--json").output)[0]["number"]
    assert sorted(run(host, "undo", str(number)).output.splitlines()) == ["password: off -> on", "sessions: off -> on"]
    assert run(host, "undo", str(number)).exit_code == 1


def test_a_name_that_is_there_is_replaced_if_that_is_said(host: Host) -> None:
    run(host, "sets", "save", "a")
    first = listed(host)[0]["id"]
    refused = run(host, "sets", "save", "A")
    assert refused.exit_code == 1 and "--replace" in refused.output
    assert run(host, "sets", "save", "A", "--replace").exit_code == 0
    (found,) = listed(host)
    assert found["id"] != first and found["name"] == "a"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("save", ""), "needs a name"),
        (("save", "x" * 65), "64 characters or fewer"),
        (("save", "a\nb"), "cannot be used"),
        (("save", "\u200b"), "no visible character"),
        (("put-back", "no such"), "There is no set 'no such'"),
        (("delete", "no such"), "There is no set 'no such'"),
        (("rename", "no such", "x"), "There is no set 'no such'"),
    ],
)
def test_mistakes_are_one_line(args: tuple[str, ...], said: str, host: Host) -> None:
    result = run(host, "sets", *args)
    assert result.exit_code == 1 and said in result.output and "Traceback" not in result.output
    assert listed(host) == []


def test_what_stops_tokens_is_asked_about_and_what_is_left_out_is_named(host: Host) -> None:
    run(host, "set", "api_token", "off", "--yes")
    run(host, "sets", "save", "a")
    host.sql("INSERT INTO myprofile_feature_set_rule VALUES (:id, 'gone.tab', 'true')", id=listed(host)[0]["id"])
    run(host, "set", "api_token", "on")
    made(signed_in(host, "alice"))
    refused = run(host, "sets", "put-back", "a", answer="n\n")
    assert refused.exit_code == 1 and "Left out gone.tab: there is no such feature any more." in refused.output
    with host.app.app_context():
        assert current_profile.features.state("api_token").on
    assert run(host, "sets", "put-back", "a", "--yes").exit_code == 0
    with host.app.app_context():
        assert not current_profile.features.state("api_token").on
