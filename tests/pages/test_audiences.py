"""What is on for some is off for the others at every door: the page, its actions, JSON, API tokens, links in mails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest

from flask_myprofile import current_profile
from flask_myprofile.account import clock
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere
from tests.tabs.test_api_token import made

BETA: dict[str, Any] = {"on": True, "for": {"roles": ["beta"]}}
TABS = ["personal_information", "preferences", "password", "api_token", "sessions", "activity"]


class Asked:
    """``MYPROFILE_ROLES``: bob is in the role beta. Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, user: Any) -> list[str]:
        self.times += 1
        return ["beta", "staff"] if user.username == "bob" else ["staff"]


def store(host: Host, feature: str, text: str, on: bool = False) -> None:
    host.sql("INSERT INTO myprofile_feature VALUES (:name, :on, 'Ann', 1)", name=feature, on=on)
    host.sql("INSERT INTO myprofile_feature_audience VALUES (:name, :text)", name=feature, text=text)


def host_with(new_host: Callable[..., Host], features: dict[str, Any], way: str = "FEATURES", **more: Any) -> Host:
    asked = more.pop("asked", None) or Asked()
    settings = {"MYPROFILE_FEATURES": {"api_token": True, "activity": True}}
    if way != "admin":
        settings[f"MYPROFILE_{way}"] = {**settings.get(f"MYPROFILE_{way}", {}), **features}
    host = new_host(MYPROFILE_ROLES=asked, **settings, **more)
    for name in features if way == "admin" else ():
        store(host, name, '{"on":true,"for":{"roles":["beta"]}}')
    return host


def doors(browser: Browser, tab: str) -> set[int]:
    url = "/profile/" + tab.replace("_", "-")
    return {
        *(browser.get(url).status_code, browser.json(url).status_code),
        *(browser.post(url, {}).status_code, browser.post_json(url, {}).status_code),
    }


@pytest.mark.parametrize("way", ["FEATURES", "FEATURES_PINNED", "admin"])
@pytest.mark.parametrize("tab", TABS)
def test_a_tab_that_is_on_for_a_role_is_gone_for_the_others(tab: str, way: str, new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {tab: BETA}, way)
    alice, bob, admin = (signed_in(host, name) for name in ("alice", "bob", "admin"))
    url = "/profile/" + tab.replace("_", "-")
    assert doors(alice, tab) == {404} and doors(admin, tab) == {404}, "an administrator is nobody else here"
    assert 404 not in doors(bob, tab)
    other = "/profile/sessions" if tab != "sessions" else "/profile/preferences"
    assert f'href="{url}"' not in alice.get(other).text and f'href="{url}"' in bob.get(other).text
    assert alice.json(url).json["code"] == "feature_off"


@pytest.mark.parametrize(
    ("part", "url"),
    [
        ("sessions.sign_out_others", "/profile/sessions/sign-out-others"),
        ("api_token.regenerate", "/profile/api-token/regenerate"),
    ],
)
def test_a_part_that_is_on_for_a_role_is_gone_for_the_others(
    part: str, url: str, new_host: Callable[..., Host]
) -> None:
    host = host_with(new_host, {part: BETA})
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    assert {alice.get(url).status_code, alice.post(url).status_code, alice.post_json(url).status_code} == {404}
    assert bob.post_json(url).status_code == 200


def test_what_is_off_for_some_answers_as_what_is_off_for_all(new_host: Callable[..., Host]) -> None:
    off = signed_in(host_with(new_host, {"password": False}), "alice").json("/profile/password")
    some = signed_in(host_with(new_host, {"password": BETA}), "alice").json("/profile/password")
    assert (some.status_code, some.json) == (off.status_code, off.json)


def test_my_profile_itself_may_be_on_for_some(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {"my_profile": BETA})
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    assert alice.get("/profile/").status_code == 404 and bob.get("/profile/").status_code == 302
    assert 'href="/profile/"' not in alice.get("/menu").text and 'href="/profile/"' in bob.get("/menu").text
    assert alice.get("/.well-known/change-password").status_code == 404


@everywhere
def test_a_token_works_for_those_that_tokens_are_on_for(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {})
    tokens = {name: made(signed_in(host, name)) for name in ("alice", "bob")}
    store(host, "api_token", '{"on":true,"for":{"roles":["beta"]}}')
    for name, status in (("alice", 401), ("bob", 200)):
        answer = host.browser().client.get("/api", headers={"Authorization": f"Bearer {tokens[name]}"})
        assert answer.status_code == status, name
    with host.app.app_context():
        assert current_profile.tokens.verify(tokens["alice"]) is None
        assert current_profile.tokens.verify(tokens["bob"]) is not None


def test_a_request_with_a_token_still_asks_one_query(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {"api_token": {"on": True, "for": {"share": 100, "roles": ["staff"]}}})
    token = made(signed_in(host, "bob"))
    headers = {"Authorization": f"Bearer {token}"}
    host.browser().client.get("/api", headers=headers)
    statements = host.count_statements()
    assert host.browser().client.get("/api", headers=headers).status_code == 200
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


def test_a_token_is_kept_to_be_copied_for_those_that_copying_is_on_for(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {"api_token.copy": BETA})
    for name in ("alice", "bob"):
        made(signed_in(host, name))
    kept = dict(host.sql("SELECT user_key, ciphertext IS NOT NULL FROM myprofile_token"))
    assert {key: bool(is_kept) for key, is_kept in kept.items()} == {"1": False, "2": True}
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert any(host.sql("SELECT 1 FROM myprofile_token WHERE ciphertext IS NOT NULL")), "bob may still copy his"


def test_users_of_single_sign_on_are_those_of_the_password_tab(new_host: Callable[..., Host]) -> None:
    """By the session that they are here with, where nothing else decides."""
    features = {
        "sessions": {"on": True, "for": {"users": "sso"}},
        "preferences": {"on": True, "for": {"users": "local"}},
    }

    def sso(host: Host) -> None:
        from flask_login import login_user

        from flask_myprofile import record_sso

        @host.app.get("/sso")
        def sign_in() -> str:
            record_sso("Corp", subject="7")
            login_user(host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one())
            return "in"

    host = host_with(new_host, features, after=sso)
    local, organization = signed_in(host, "alice"), host.browser()
    organization.get("/sso")
    for browser, is_sso in ((local, False), (organization, True)):
        assert browser.get("/profile/sessions").status_code == (200 if is_sso else 404)
        assert browser.get("/profile/preferences").status_code == (404 if is_sso else 200)
    local.get("/sso")
    assert local.get("/profile/sessions").status_code == 200, "what that browser had before is over"


def test_from_and_until_hold_to_the_second(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    week = {"from": "2030-01-01T00:00Z", "until": "2030-01-08T00:00Z"}
    host, start = host_with(new_host, {"sessions": {"on": True, "for": week}}), 1893456000
    monkeypatch.setattr(clock, "time", lambda: start - 1)
    alice = signed_in(host, "alice")
    for moment, status in ((-1, 404), (0, 200), (7 * 86_400 - 1, 200), (7 * 86_400, 404)):
        monkeypatch.setattr(clock, "time", lambda moment=moment: start + moment)
        assert alice.get("/profile/sessions").status_code == status, moment


def test_the_roles_are_asked_once_a_request_and_only_where_they_decide(new_host: Callable[..., Host]) -> None:
    asked = Asked()
    host = host_with(new_host, {"sessions": BETA, "preferences": BETA, "sessions.sign_out": BETA}, asked=asked)
    bob = signed_in(host, "bob")
    asked.times = 0
    assert bob.get("/profile/sessions").status_code == 200
    assert asked.times == 1
    asked.times = 0
    for url in ("/page", "/pub", "/api"):
        bob.get(url)
    assert asked.times == 0


def test_for_current_user_are_the_features_of_whoever_that_is_by_now(new_host: Callable[..., Host]) -> None:
    """One object stands for a visitor, and then for two users; what roles the last one had are not the next one's."""
    features = {
        "sessions": BETA,
        "activity": {"on": True, "for": {"users": "sso"}},
        "password": {"on": True, "for": {"share": 100}},
    }
    host = host_with(new_host, features)

    @host.app.get("/one-after-the-other")
    def one_after_the_other() -> Any:
        def has() -> list[bool]:
            theirs = current_profile.features.for_user(flask_login.current_user)
            return [theirs[name] for name in features]

        found = [has()]
        for name in ("bob", "alice"):
            flask_login.login_user(current_profile.users.find(name))
            found.append(has())
        return found

    visitor, bob, alice = [False, False, False], [True, False, True], [False, False, True]
    assert host.browser().get("/one-after-the-other").json == [visitor, bob, alice]


def test_features_cost_one_query_a_request_and_none_where_nothing_needs_them(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {name: BETA for name in TABS if name != "activity"}, "admin")
    bob = signed_in(host, "bob")
    for url, number in (("/page", 0), ("/pub", 0), ("/menu", 1), ("/profile/sessions", 1), ("/profile/password", 1)):
        statements = host.count_statements()
        assert bob.get(url).status_code == 200
        assert len([each for each in statements if "myprofile_feature" in each]) == number, url


@pytest.mark.parametrize(
    "text", ["{", '{"on":true,"for":{"planet":1}}', "true", '{"on":true,"for":{"share":"all"}}', ""]
)
def test_what_nobody_can_read_is_off_for_everybody(text: str, new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {})
    store(host, "sessions", text if text != "true" else "[true]")
    assert signed_in(host, "bob").get("/profile/sessions").status_code == 404
    store(host, "password", "{", on=True)
    assert signed_in(host, "bob").get("/profile/password").status_code == 200, (
        "on for everyone, as older versions write it"
    )


def test_an_audience_whose_feature_was_deleted_by_hand_is_nobodys(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {})
    store(host, "sessions", '{"on":true,"for":{"roles":["beta"]}}')
    host.sql("DELETE FROM myprofile_feature")
    assert signed_in(host, "alice").get("/profile/sessions").status_code == 200
    admin = signed_in(host, "admin")
    assert admin.post_json("/profile/admin/features", {"sessions": False}).status_code == 200
    assert signed_in(host, "bob").get("/profile/sessions").status_code == 404


@everywhere
def test_a_switch_leaves_a_feature_at_the_people_that_it_is_on_for(new_host: Callable[..., Host]) -> None:
    host = host_with(new_host, {})
    store(host, "sessions", '{"on":true,"for":{"roles":["beta"]}}')
    admin, alice, bob = (signed_in(host, name) for name in ("admin", "alice", "bob"))
    for on, expected in ((False, (404, 404)), (True, (404, 200))):
        assert admin.post_json("/profile/admin/features", {"sessions": on}).json["changes"] == {"sessions": on}
        assert tuple(each.get("/profile/sessions").status_code for each in (alice, bob)) == expected


def test_how_a_session_began_is_in_the_row_that_each_request_reads(new_host: Callable[..., Host]) -> None:
    """With no statement of its own. An administrator may correct it by hand, and it decides who changes a password."""
    host = host_with(new_host, {"personal_information": {"on": True, "for": {"users": "local"}}})
    alice = signed_in(host, "alice")
    statements = host.count_statements()
    assert alice.get("/menu").status_code == 200
    assert len([each for each in statements if "FROM myprofile_session" in each]) == 1
    assert alice.get("/profile/personal-information").status_code == 200
    host.sql("UPDATE myprofile_session SET method = 'oidc'")
    assert alice.get("/profile/personal-information").status_code == 404
