"""The details of an event that are no JSON, or JSON of another shape, as a later version or another program may have
written them: what can be read of the event is shown, and it takes no page, command or export along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.events import KINDS
from tests.support.host import JSON, Browser, Host, signed_in
from tests.support.kept import in_each_database

NAMES = sorted({name for kind in KINDS.values() for name in kind.details})
UNREADABLE = ["", "later: 2", "[" * 50_000, "[1]", "null", '{"token": "\\ud800"}']
#: Each name with one of these.
VALUES: list[Any] = [None, "word", 5, True, [None, ["a"], {"b": 1}], {"a": [1]}]


def written(host: Host, details: str) -> int:
    """An event of each kind with these details in the place of those that there are."""
    host.sql("DELETE FROM myprofile_event")
    with host.app.app_context():
        for kind in KINDS.values():
            current_profile.activity.note(kind, host.user("alice"), at_once=True)
    host.sql("UPDATE myprofile_event SET details = :details", details=details)
    return len(KINDS)


def shown(alice: Browser, admin: Browser) -> list[dict[str, Any]]:
    for browser, url in (
        (alice, "/profile/activity"),
        (admin, "/profile/admin/sessions?user=1"),
        (admin, "/profile/admin/sessions/activity?user=1"),
    ):
        assert browser.get(url).status_code == 200
        assert browser.get(url, headers=JSON).status_code == 200
    found: list[dict[str, Any]] = alice.json("/profile/activity").json["events"]
    return found


def in_commands(host: Host) -> list[dict[str, Any]]:
    runner = host.app.test_cli_runner()
    for command in (["activity", "list", "alice"], ["export", "alice"]):
        result = runner.invoke(args=["myprofile", *command])
        assert result.exit_code == 0, result.output
    listed: list[dict[str, Any]] = json.loads(
        runner.invoke(args=["myprofile", "activity", "list", "alice", "--json"]).output
    )
    return listed


@in_each_database
def test_details_that_cannot_be_read_are_none(host: Host) -> None:
    alice, admin = signed_in(host), signed_in(host, "admin")
    for details in UNREADABLE:
        count = written(host, details)
        for events in (shown(alice, admin), in_commands(host)):
            assert [each["details"] for each in events if each["kind"] in KINDS][:count] == [{}] * count


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_details_of_another_shape_are_in_json_as_they_are_and_in_no_words(
    value: Any, new_host: Callable[..., Host]
) -> None:
    host = new_host()
    alice, admin = signed_in(host), signed_in(host, "admin")
    details = dict.fromkeys(NAMES, value)
    count = written(host, json.dumps(details))
    for events in (shown(alice, admin), in_commands(host)):
        assert [each["details"] for each in events] == [details] * count
