"""Whom a feature is on for, on Feature Management and in JSON: what is shown, saved, refused and asked about."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.signals import features_changed
from tests.support.devices import pass_time
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere
from tests.tabs.test_api_token import made

FEATURES, URL = "/profile/admin/features", "/profile/admin/features/audience"
BETA = {"on": True, "for": {"roles": ["beta"]}}


def roles_of(user: Any) -> list[str]:
    return ["beta"] if user.username == "bob" else []


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(MYPROFILE_ROLES=roles_of)


def version_of(page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found
    return found[1]


def typed(admin: Browser, feature: str, **fields: str) -> Any:
    page = admin.get(f"{URL}?feature={feature}").text
    whole = {"feature": feature, "version": version_of(page), "on": "y", "users": "", "roles": "", "share": ""}
    return admin.post(URL, {**whole, "since": "", "until": "", **fields})


def rule(admin: Browser, feature: str) -> Any:
    return admin.json(f"{URL}?feature={feature}").json["rule"]


@everywhere
def test_what_is_typed_is_on_for_them_and_for_nobody_else(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ROLES=roles_of)
    admin = signed_in(host, "admin")
    answer = typed(admin, "sessions", users="local", roles="beta\r\n staff \r\n", share="100", since="2020-01-01T00:00")
    assert (answer.status_code, answer.location) == (303, FEATURES)
    assert rule(admin, "sessions") == {
        "on": True,
        "for": {"users": "local", "roles": ["beta", "staff"], "share": 100, "from": "2020-01-01T00:00:00Z"},
    }
    page = admin.get(FEATURES).text
    assert "On for: Users with a password here · With one of the roles beta and staff · 100 % of people · From" in page
    codes = [signed_in(host, name).get("/profile/sessions").status_code for name in ("alice", "bob", "admin")]
    assert codes == [404, 200, 404]


def test_json_takes_and_gives_the_same_form(host: Host) -> None:
    admin = signed_in(host, "admin")
    whole = {"on": True, "for": {"roles": ["beta"], "share": 12.5, "until": "2099-01-01T00:00:00Z"}}
    answer = admin.post_json(FEATURES, {"sessions": whole, "password": False}).json
    assert answer["changes"] == {"sessions": True, "password": False}
    assert answer["audiences"] == {"sessions": whole["for"]}
    seen = admin.json(FEATURES).json["features"]
    assert seen["sessions"] == {"locked": False, "default": True, **whole}
    assert seen["password"] == {"on": False, "locked": False, "default": True}, "as it was, where there is no audience"
    assert admin.post_json(FEATURES, {"sessions": {"on": True}}).json["audiences"] == {"sessions": None}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"on": True, "for": {"share": 200}}, "Enter a number from 0 to 100"),
        ({"on": "yes"}, "“on” must be true or false"),
        ({"on": True, "for": {"planet": 1}}, "There is no such field: planet"),
        ({"on": True, "for": {"users": "all"}}, "“local” or “sso”"),
        ({"on": True, "for": {"from": "tomorrow"}}, "with its time zone"),
        ({"on": True, "for": {"from": "2026-12-02T00:00Z", "until": "2026-12-01T00:00Z"}}, "later than the beginning"),
        ([True], "This must be true or false"),
    ],
)
def test_json_that_nobody_can_be_is_refused_and_changes_nothing(value: Any, said: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    answer = admin.post_json(FEATURES, {"sessions": value, "password": False})
    assert answer.status_code == 422 and said in answer.json["errors"]["sessions"][0]
    assert host.sql("SELECT * FROM myprofile_feature") == []


def test_roles_are_offered_only_where_the_app_names_them(new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(), "admin")
    assert 'name="roles"' not in admin.get(f"{URL}?feature=sessions").text
    refused = admin.post_json(FEATURES, {"sessions": BETA})
    assert refused.status_code == 422 and "MYPROFILE_ROLES" in refused.json["errors"]["sessions"][0]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("share", "a lot", "Enter a number from 0 to 100"),
        ("share", "101", "Enter a number from 0 to 100"),
        ("share", "nan", "Enter a number from 0 to 100"),
        ("since", "tomorrow", "Enter a day and a time"),
        ("until", "0001-01-01T00:00", "Enter a"),
        ("users", "everybody", "“local” or “sso”"),
        ("roles", "x" * 101, "Enter at most 50 roles"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(
    field: str, value: str, said: str, host: Host
) -> None:
    admin = signed_in(host, "admin")
    answer = typed(admin, "sessions", **{"roles": "beta", "share": "5", field: value})
    assert answer.status_code == 422 and said in answer.text
    assert f'value="{value}"' in answer.text or value in answer.text or field == "users"
    assert ("beta" in answer.text or field == "roles") and ('value="5"' in answer.text or field == "share")
    assert host.sql("SELECT * FROM myprofile_feature") == []


def test_who_saves_what_somebody_changed_meanwhile_is_told(host: Host) -> None:
    admin, other = signed_in(host, "admin"), signed_in(host, "admin")
    page = admin.get(f"{URL}?feature=sessions").text
    assert other.post_json(FEATURES, {"password": False}).status_code == 200
    sent = {"feature": "sessions", "version": version_of(page), "on": "y", "share": "10"}
    late = admin.post(URL, sent)
    assert late.status_code == 409 and 'value="10"' in late.text
    again = admin.post(URL, {**sent, "version": version_of(late.text)})
    assert again.status_code == 303
    assert admin.post(URL, {**sent, "version": version_of(late.text)}).status_code == 303, "sent twice"
    assert rule(admin, "sessions") == {"on": True, "for": {"share": 10}}


def test_a_pinned_feature_stays_pinned_with_its_audience(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ROLES=roles_of, MYPROFILE_FEATURES_PINNED={"sessions": BETA})
    admin = signed_in(host, "admin")
    page = admin.get(FEATURES).text
    assert "On for: With the role beta" in page and f"{URL}?feature=sessions&" not in page
    assert f'{URL}?feature=sessions"' not in page
    assert admin.get(f"{URL}?feature=sessions").status_code == 302
    for value in (True, False, {"on": True}, {"on": True, "for": {"share": 10}}):
        answer = admin.post_json(FEATURES, {"sessions": value})
        expected = 200 if value is True else 409
        assert answer.status_code == expected, value
    assert admin.post_json(FEATURES, {"sessions": BETA}).json["changes"] == {}


def test_what_stops_tokens_of_some_is_asked_about_first(host: Host) -> None:
    admin = signed_in(host, "admin")
    made(signed_in(host, "alice"))
    asked = typed(admin, "api_token", roles="beta")
    assert asked.status_code == 422 and "This concerns those whom it is not on for any more." in asked.text
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    assert rule(admin, "api_token") is True, "nothing is saved yet"
    back = admin.post(URL, {**sent, "_back": "1"})
    assert back.status_code == 200 and "beta" in back.text and rule(admin, "api_token") is True
    assert admin.post(URL, sent).status_code == 303
    assert rule(admin, "api_token") == BETA


def test_no_such_feature_is_404_and_who_is_no_administrator_gets_403(host: Host) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    assert admin.get(URL).location == FEATURES
    for url in (f"{URL}?feature=no_such", f"{URL}?feature=%00"):
        assert admin.get(url).status_code == 404 and admin.json(url).json["code"] == "no_such_feature"
    assert admin.post(URL, {"feature": "no_such"}).status_code == 404
    assert {alice.get(f"{URL}?feature=sessions").status_code, alice.post(URL, {"feature": "sessions"}).status_code} == {
        403
    }
    assert alice.post(URL, {"csrf_token": "wrong"}).status_code == 403


@pytest.mark.parametrize("body", [b"[" * 60_000, b"{", b"[]", b'{"feature": NaN}'], ids=["deep", "cut", "list", "NaN"])
def test_a_body_that_nobody_can_read_is_refused(body: bytes, host: Host) -> None:
    """A nested body was answered with 500."""
    admin = signed_in(host, "admin")
    headers = {"Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": admin.csrf()}
    assert admin.client.post(URL, data=body, headers=headers).status_code in (400, 422)
    assert admin.client.post(f"{FEATURES}/import", data=body, headers=headers).status_code in (400, 422)
    assert host.sql("SELECT * FROM myprofile_feature") == []


def test_without_the_token_of_a_form_nothing_is_saved(host: Host) -> None:
    admin = signed_in(host, "admin")
    answer = admin.client.post(URL, data={"feature": "sessions", "on": "y", "share": "10"})
    assert answer.status_code == 400 and host.sql("SELECT * FROM myprofile_feature") == []


def test_an_old_sign_in_is_confirmed_first_and_then_it_is_saved(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = signed_in(host, "admin")
    pass_time(monkeypatch, 3600)
    answer = typed(admin, "sessions", share="10")
    assert answer.status_code == 303 and answer.location.startswith("/profile/confirm")
    assert rule(admin, "sessions") is True


def test_a_changed_audience_is_recorded_announced_and_logged(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data)

    admin = signed_in(host, "admin")
    with features_changed.connected_to(listen, sender=host.app):
        typed(admin, "sessions", share="10")
    assert heard == [{"user_key": "3", "changes": {"sessions": True}, "audiences": {"sessions": {"share": 10}}}]
    said = [record.getMessage() for record in caplog.records]
    assert "MyProfile: administrator '3' set whom sessions is on for: {'share': 10}" in said
    events = admin.json("/profile/activity?topic=features").json["events"]
    assert events[0]["details"] == {
        "before": {"sessions": True},
        "after": {"sessions": {"on": True, "for": {"share": 10}}},
    }
    assert admin.get("/profile/activity?topic=features").status_code == 200


def test_a_moment_that_is_not_touched_stays_to_the_second(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": {"on": True, "for": {"from": "2026-10-25T00:30:07Z"}}})
    admin.post("/profile/preferences", {"timezone": "Europe/Berlin"})
    page = admin.get(f"{URL}?feature=sessions").text
    found = re.search(r'name="since"[^>]*value="([^"]+)"', page)
    assert found and found[1] == "2026-10-25T02:30:07", "the clocks there show it twice"
    typed(admin, "sessions", since=found[1], share="5")
    assert rule(admin, "sessions")["for"] == {"share": 5, "from": "2026-10-25T00:30:07Z"}


def test_reset_takes_audiences_back_as_well(host: Host) -> None:
    admin = signed_in(host, "admin")
    typed(admin, "sessions", share="10")
    assert "Reset to defaults" in admin.get(FEATURES).text
    assert admin.post_json(f"{FEATURES}/reset", {}).json["changes"] == {"sessions": True}
    assert rule(admin, "sessions") is True and host.sql("SELECT * FROM myprofile_feature_audience") == []


def test_the_page_says_whom_each_switch_is_on_for_of_a_custom_tab_too(new_host: Callable[..., Host]) -> None:
    from tests.support.walks import walked_host

    host = walked_host(new_host, MYPROFILE_ROLES=roles_of)
    admin = signed_in(host, "admin")
    tab = next(name for name in admin.json(FEATURES).json["features"] if name.startswith("notes"))
    assert typed(admin, tab, share="0").status_code == 303
    assert signed_in(host, "alice").get(f"/profile/{tab}").status_code == 404
