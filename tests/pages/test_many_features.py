"""Of more choices of administrators than a request should read, it reads those that its view asks for: no other answer
comes of it, and a switch holds at the next request all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from flask import jsonify, request

from flask_myprofile import Part, Tab, current_profile
from flask_myprofile.account.feature_reading import MANY, MOST_ASKED
from flask_myprofile.audiences import rule_of
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import in_each_database

FEATURES = "/profile/admin/features"


class Reports(Tab):
    name = "reports"
    label = "Reports"
    parts: ClassVar[list[Part]] = [Part(f"part_{number}", f"Part {number}") for number in range(MANY + 50)]


def with_view(host: Host) -> None:
    @host.app.get("/on")
    def on() -> Any:
        """Which of those that are asked for, of the tab's parts."""
        features = current_profile.features
        return jsonify([features[f"reports.part_{number}"] for number in request.args["parts"].split()])


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    """Of each part an administrator has chosen something: every third is off, every third is for the role beta."""
    host = new_host(
        after=with_view,
        myprofile_options={"tabs": [Reports]},
        MYPROFILE_ROLES=lambda user: ["beta"] if user.username == "bob" else [],
    )
    chosen = [False, True, {"on": True, "for": {"roles": ["beta"]}}]
    rules = {f"reports.{part.name}": rule_of(chosen[number % 3]) for number, part in enumerate(Reports.parts)}
    with host.app.app_context():
        current_profile.features.save(dict.fromkeys(rules, False), "Ann")
        current_profile.features.save(rules, "Ann")
        current_profile.db.session.commit()
    return host


def asked(host: Host, browser: Browser, *parts: int) -> tuple[list[bool], list[str]]:
    """What the view answers, and the statements for features that it has sent."""
    statements = host.count_statements()
    answer = browser.get(f"/on?parts={'+'.join(map(str, parts))}")
    assert answer.status_code == 200
    return answer.json, [each for each in statements if "FROM myprofile_feature" in each]


@in_each_database
def test_a_view_reads_what_it_asks_for_in_one_statement(host: Host) -> None:
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    assert asked(host, alice, 0, 1, 2)[0] == [False, True, False]
    for _ in range(2):
        for browser, expected in ((alice, [False, True, False]), (bob, [False, True, True])):
            found, statements = asked(host, browser, 0, 1, 2)
            assert found == expected
            assert len(statements) == 1 and " IN (" in statements[0]


def test_what_a_view_asks_for_the_first_time_is_read_and_not_taken_for_a_default(host: Host) -> None:
    alice = signed_in(host, "alice")
    asked(host, alice, 1)
    for parts in ((3, 4, 5), (6, 7, 8)):
        expected = [False, True, False]
        found, statements = asked(host, alice, *parts)
        assert (found, len(statements)) == (expected, 2), "what it is used to, and then all"
        found, statements = asked(host, alice, *parts)
        assert (found, len(statements)) == (expected, 1)


@in_each_database
def test_a_switch_holds_at_the_next_request_whoever_has_moved_it(host: Host) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    assert [asked(host, alice, 1)[0] for _ in range(3)] == [[True]] * 3
    for on in (False, True, False):
        assert admin.post_json(FEATURES, {"reports.part_1": on}).status_code == 200
        assert asked(host, alice, 1)[0] == [on]
    host.sql("UPDATE myprofile_feature SET enabled = :on WHERE name = 'reports.part_1'", on=True)
    assert asked(host, alice, 1)[0] == [True]
    host.sql("UPDATE myprofile_feature SET enabled = :on WHERE name = 'reports.part_1'", on=False)
    host.sql("DELETE FROM myprofile_feature WHERE name = 'reports.part_1'")
    assert asked(host, alice, 1)[0] == [True], "the default"
    assert admin.post_json(FEATURES, {"reports": False}).status_code == 200
    assert asked(host, alice, 1)[0] == [False], "the tab of it is off"


def test_a_view_that_asks_for_most_of_them_reads_all_at_once(host: Host) -> None:
    alice, parts = signed_in(host, "alice"), range(MOST_ASKED + 5)
    for _ in range(3):
        found, statements = asked(host, alice, *parts)
        assert found == [number % 3 == 1 for number in parts]
        assert len(statements) == 1 and " IN (" not in statements[0]


def test_where_they_are_few_all_are_read(host: Host) -> None:
    host.sql("DELETE FROM myprofile_feature WHERE name <> 'reports.part_3'")
    alice = signed_in(host, "alice")
    for parts, expected in (((1,), [True]), ((2, 3), [True, False]), ((4, 5), [True, True])):
        found, statements = asked(host, alice, *parts)
        assert (found, len(statements)) == (expected, 1)


def test_each_of_them_is_shown_to_whoever_asks_by_program_for_one_person(host: Host) -> None:
    with host.app.app_context():
        features = current_profile.features
        bob, alice = host.user("bob"), host.user("alice")
        expected = {bob: [False, True, True], alice: [False, True, False]}
        for user, on in expected.items():
            assert [features.for_user(user)[f"reports.part_{number}"] for number in (0, 1, 2)] == on
