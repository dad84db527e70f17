"""Whom a feature is on for: the form that says it, what stops the app, and who is among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_myprofile import current_profile
from flask_myprofile.audiences import Audience, IllFormed, Rule, data_of, kept_rule, part_of, rule_of, text_of, unmet
from flask_myprofile.errors import SetupError
from tests.support.host import Host

WHOLE = {
    "users": "sso",
    "roles": ["beta"],
    "share": 12.5,
    "from": "2026-12-01T00:00Z",
    "until": "2027-01-01T01:00+01:00",
}
ANY = SimpleNamespace(key="1", roles=frozenset({"beta"}), is_sso=True)


def on_for(**whom: Any) -> Rule:
    return rule_of({"on": True, "for": whom})


# ---- the form


def test_a_rule_reads_back_as_what_it_was_written() -> None:
    rule = rule_of({"on": True, "for": WHOLE})
    assert rule.audience == Audience("sso", ("beta",), 12.5, 1796083200, 1798761600)
    assert data_of(rule) == {
        "on": True,
        "for": {**WHOLE, "from": "2026-12-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
    }
    assert kept_rule(text_of(rule)) == rule_of(data_of(rule)) == rule


@pytest.mark.parametrize("plain", [True, False])
def test_what_is_for_everyone_is_true_or_false(plain: bool) -> None:
    for data in (plain, {"on": plain}, {"on": plain, "for": {}}, {"on": plain, "for": None}):
        assert rule_of(data) == Rule(plain)
    assert data_of(Rule(plain)) is plain


def test_a_moment_may_be_a_datetime_with_its_zone() -> None:
    moment = datetime(2026, 12, 1, tzinfo=timezone.utc)
    assert on_for(**{"from": moment}) == on_for(**{"from": "2026-12-01T00:00Z"})


@pytest.mark.parametrize(
    "data",
    [
        *(None, "on", 1, [], {"on": 1}, {"on": "yes"}, {"off": True}, {"on": True, "for": "beta"}),
        *({"on": True, "for": {"users": each}} for each in ("all", ["sso"], 1, "SSO")),
        *({"on": True, "for": {"roles": each}} for each in ("beta", [], [""], [1], [" beta"], ["x" * 101], ["a"] * 0)),
        *({"on": True, "for": {"roles": [str(number) for number in range(51)]}},),
        *({"on": True, "for": {"share": each}} for each in (-1, 101, "10", True, 1.234, float("nan"), float("inf"))),
        *({"on": True, "for": {"from": each}} for each in ("2026-12-01", "2026-12-01T00:00", "soon", 1, datetime.min)),
        *(
            {"on": True, "for": {"until": each}}
            for each in ("2026-13-01T00:00Z", "0001-01-01T00:00Z", "9999-12-31T00:00Z")
        ),
        {"on": True, "for": {"from": "2026-12-02T00:00Z", "until": "2026-12-01T00:00Z"}},
        {"on": True, "for": {"planet": "earth"}},
    ],
    ids=str,
)
def test_what_is_ill_formed_is_refused_and_read_as_nothing(data: Any) -> None:
    with pytest.raises(IllFormed):
        rule_of(data)


@pytest.mark.parametrize(
    "text", ["", "{", "null", '{"on": true, "for": {"planet": 1}}', "[" * 100_000, "\x00", "1e999"]
)
def test_a_text_that_nobody_can_read_is_no_rule(text: str) -> None:
    assert kept_rule(text) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["on", "for", "users", "roles", "share", "from", "until"]) | st.text(), inner
            )
        ),
    )
)
def test_whatever_is_given_is_a_rule_or_ill_formed(data: Any) -> None:
    try:
        rule = rule_of(data)
    except IllFormed as error:
        assert error.mistakes
    else:
        assert kept_rule(text_of(rule)) == rule


# ---- the configuration


def test_all_mistakes_of_the_configuration_are_in_one_message(new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError) as raised:
        new_host(
            MYPROFILE_FEATURES={
                "sessions": {"on": True, "for": {"users": "all", "share": 200}},
                "password": {"on": True, "for": {"rolse": ["beta"]}},
            },
            MYPROFILE_FEATURES_PINNED={"preferences": {"on": True, "for": {"from": "2026-12-01"}}},
        )
    said = str(raised.value)
    for part in ('"users" must be', '"share" must be', "rolse", "'sessions'", "'password'", "'preferences'", '"from"'):
        assert part in said


def test_roles_need_somebody_who_names_them(new_host: Callable[..., Host]) -> None:
    beta = {"on": True, "for": {"roles": ["beta"]}}
    with pytest.raises(SetupError, match="MYPROFILE_FEATURES: 'sessions' is on for roles, which needs MYPROFILE_ROLES"):
        new_host(MYPROFILE_FEATURES={"sessions": beta})
    with pytest.raises(SetupError, match="MYPROFILE_ROLES must be a callable"):
        new_host(MYPROFILE_FEATURES={"sessions": beta}, MYPROFILE_ROLES=["beta"])


# ---- who is among them


@given(st.text(), st.text(), st.integers(0, 10_000), st.integers(0, 10_000))
def test_who_is_within_a_share_is_within_each_greater_one(feature: str, key: str, one: int, other: int) -> None:
    person, (small, great) = SimpleNamespace(key=key, roles=frozenset(), is_sso=False), sorted((one, other))
    assert 0 <= part_of(feature, key) < 10_000
    within = [unmet(Audience(share=share / 100), feature, person, 0) is None for share in (small, great)]
    assert within[1] or not within[0]


def test_a_share_of_many_is_as_large_as_it_says_and_other_people_for_each_feature() -> None:
    keys, tenth = [str(number) for number in range(20_000)], {}
    for feature in ("sessions", "api_token"):
        found = tenth[feature] = {key for key in keys if part_of(feature, key) < 1_000}
        assert abs(len(found) - 2_000) < 200, "five standard deviations"
    both = len(tenth["sessions"] & tenth["api_token"])
    assert abs(both - 200) < 75, "as many as chance has it"


def test_nobody_is_within_no_percent_and_everybody_within_all() -> None:
    people = [SimpleNamespace(key=str(number), roles=frozenset(), is_sso=False) for number in range(500)]
    assert {unmet(Audience(share=0), "a", each, 0) for each in people} == {"share"}
    assert {unmet(Audience(share=100), "a", each, 0) for each in people} == {None}


def test_where_people_stand_is_the_same_for_ever() -> None:
    """Another version of the extension must not choose others."""
    assert [part_of("sessions", str(key)) for key in range(1, 6)] == [1451, 5048, 9313, 2909, 3056]


@pytest.mark.parametrize(
    ("whom", "person", "out"),
    [
        ({"users": "sso"}, {"is_sso": False}, "users"),
        ({"users": "local"}, {"is_sso": True}, "users"),
        ({"users": "local"}, {"is_sso": False}, None),
        ({"roles": ["beta", "staff"]}, {"roles": frozenset({"staff"})}, None),
        ({"roles": ["beta"]}, {"roles": frozenset({"Beta"})}, "roles"),
        ({"from": "2026-12-01T00:00Z"}, {}, "from"),
        ({"until": "2026-11-01T00:00Z"}, {}, "until"),
        ({"users": "sso", "roles": ["beta"]}, {"is_sso": True, "roles": frozenset()}, "roles"),
        ({"users": "sso", "roles": ["beta"]}, {"is_sso": False, "roles": frozenset({"beta"})}, "users"),
        ({"users": "sso", "roles": ["beta"]}, {"is_sso": True, "roles": frozenset({"beta"})}, None),
    ],
)
def test_all_that_is_said_must_hold(whom: dict[str, Any], person: dict[str, Any], out: str | None) -> None:
    somebody, now = SimpleNamespace(**{**vars(ANY), **person}), 1795000000  # 18 November 2026
    audience = on_for(**whom).audience
    assert audience and unmet(audience, "sessions", somebody, now) == out


def test_from_is_the_first_second_and_until_the_first_that_is_not() -> None:
    audience = Audience(since=100, until=200)
    assert [unmet(audience, "a", None, moment) for moment in (99, 100, 199, 200)] == ["from", None, None, "until"]


@pytest.mark.parametrize("whom", [{"users": "local"}, {"users": "sso"}, {"roles": ["beta"]}, {"share": 100}])
def test_nobody_in_particular_is_in_no_audience(whom: dict[str, Any]) -> None:
    audience = on_for(**whom).audience
    assert audience and unmet(audience, "sessions", None, 0) is not None


# ---- asked in Python


def test_a_feature_is_asked_for_whoever_is_signed_in_or_for_somebody(new_host: Callable[..., Host]) -> None:
    beta = {"on": True, "for": {"roles": ["beta"]}}
    host = new_host(
        MYPROFILE_FEATURES={"sessions": beta}, MYPROFILE_ROLES=lambda user: ["beta"] * (user.username == "bob")
    )
    with host.app.test_request_context():
        features, alice, bob = current_profile.features, host.user("alice"), host.user("bob")
        assert not features["sessions"] and not features["sessions.sign_out"], "nobody is signed in"
        assert features.for_user(bob)["sessions"] and features.is_on("sessions.sign_out", user=bob)
        assert not features.is_on("sessions", user=alice) and not features.for_user(None)["sessions"]
        assert features.for_user(alice).kept_out_by("sessions.sign_out") == ("sessions", "roles")
        assert features.for_user(bob).kept_out_by("sessions") is None
        assert features.may_be_on("sessions") and features.state("sessions").on
        with pytest.raises(KeyError):
            features.for_user(alice)["no_such"]
    with host.app.app_context():
        assert current_profile.features.is_on("sessions", user=bob)
        assert not current_profile.features["sessions"]


@pytest.mark.parametrize("answer", ["beta", None, 7, [1], ["beta", 1]])
def test_a_rule_of_the_hosts_that_answers_no_names_gives_nobody_a_role(
    answer: Any, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    beta = {"on": True, "for": {"roles": ["beta"]}}
    host = new_host(MYPROFILE_FEATURES={"sessions": beta}, MYPROFILE_ROLES=lambda user: answer)
    alice = host.browser()
    alice.login("alice")
    assert alice.get("/profile/sessions").status_code == 404
    assert ("MYPROFILE_ROLES failed for user '1'" in caplog.text) is (answer is not None)
