"""What users may rely on: URLs, endpoints, fields, JSON, status codes and feature names. Changing one breaks them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import url_for

import flask_myprofile
from flask_myprofile import current_profile
from tests.host import JSON, NEW_PASSWORD, PASSWORD, Host

ENDPOINTS = {
    "myprofile.index": "/profile/",
    "myprofile.personal_information": "/profile/personal-information",
    "myprofile.preferences": "/profile/preferences",
    "myprofile.password": "/profile/password",
    "myprofile.api_token": "/profile/api-token",
    "myprofile.api_token_regenerate": "/profile/api-token/regenerate",
    "myprofile.api_token_reveal": "/profile/api-token/reveal",
    "myprofile.sessions": "/profile/sessions",
    "myprofile.sessions_sign_out": "/profile/sessions/sign-out",
    "myprofile.sessions_sign_out_others": "/profile/sessions/sign-out-others",
    "myprofile_admin.features": "/profile/admin/features",
}
FEATURES = {
    "my_profile": True,
    "personal_information": True,
    "personal_information.first_name": True,
    "personal_information.last_name": True,
    "personal_information.email": True,
    "personal_information.phone": True,
    "personal_information.username": True,
    "preferences": True,
    "preferences.language": True,
    "password": True,
    "api_token": False,
    "api_token.copy": True,
    "api_token.regenerate": True,
    "sessions": True,
    "sessions.sign_out": True,
    "sessions.sign_out_others": True,
}
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.parametrize("prefix", ["/profile", "/account/me"])
def test_endpoints_have_their_urls(prefix: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_URL_PREFIX=prefix)
    with host.app.test_request_context():
        for endpoint, url in ENDPOINTS.items():
            assert url_for(endpoint) == url.replace("/profile", prefix, 1)
    alice = host.browser()
    alice.login("alice")
    assert alice.get(prefix).location == alice.get(prefix + "/").location == prefix + "/personal-information"
    assert alice.get(prefix + "/sessions").status_code == 200


def test_features_have_their_names_and_defaults(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={})
    admin = host.browser()
    admin.login("admin")
    shown = admin.json("/profile/admin/features").json["features"]
    assert {name: feature["on"] for name, feature in shown.items()} == FEATURES
    with host.app.test_request_context():
        assert {name: current_profile.features[name] for name in FEATURES if not name.startswith("api_token.")} == {
            name: on for name, on in FEATURES.items() if not name.startswith("api_token.")
        }
        assert not current_profile.features["api_token.copy"], "a part is on only if its tab is"
        with pytest.raises(KeyError):
            current_profile.features["no_such_feature"]


def test_the_public_names_can_be_imported() -> None:
    names = "MyProfile Tab action Confirm Done Invalid Users record_sso current_profile signals"
    assert all(hasattr(flask_myprofile, name) for name in names.split())


def test_what_a_host_calls_in_python_does_what_it_says(host: Host) -> None:
    here, there = host.browser(), host.browser()
    here.login("alice")
    there.login("alice")
    alice, bob = host.user("alice"), host.user("bob")
    with host.app.app_context():
        sessions, tokens = current_profile.sessions, current_profile.tokens
        rows = sessions.list(alice)
        assert len(rows) == 2
        assert sessions.end(bob, rows[0].id) is False
        assert sessions.end(alice, rows[0].id) is True
        assert len(sessions.list(alice)) == 1
        assert sessions.end_others(alice) == 1, "without a request there is no session to keep"
        assert sessions.end_all(alice) == 0
        token = tokens.regenerate(alice)
        assert tokens.verify(token).username == "alice"
        assert tokens.verify(token[:-1]) is None
        assert tokens.revoke(alice) is True
        assert tokens.verify(token) is None
        assert current_profile.can_change_password(alice) is True
        assert current_profile.features["password"] is True
    assert not here.is_in()
    assert not there.is_in()


# ---- JSON


def test_a_json_get_is_the_tabs_data(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    assert alice.json("/profile/personal-information").json == {
        "first_name": "Alice",
        "last_name": "Test",
        "email": "alice@x.test",
        "phone": None,
        "username": "alice",
    }
    assert alice.json("/profile/preferences").json == {"language": None}
    assert alice.json("/profile/password").json["can_change"] is True
    rows = alice.json("/profile/sessions").json
    assert set(rows) == {"sessions", "total"}
    assert rows["total"] == 1
    shape = "id current name ip created_at last_seen_at method provider remembered"
    assert set(rows["sessions"][0]) == set(shape.split())
    assert rows["sessions"][0]["current"] is True
    assert rows["sessions"][0]["method"] == "password"
    assert TIME.fullmatch(rows["sessions"][0]["created_at"])
    assert TIME.fullmatch(rows["sessions"][0]["last_seen_at"])


def test_the_token_is_in_two_answers_and_never_in_the_tabs_data(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    shape = {"hint", "created_at", "last_used_at", "last_used_ip", "last_used_agent", "expires_at"}
    assert alice.json("/profile/api-token").json == dict.fromkeys(shape)
    made = alice.post_json("/profile/api-token/regenerate")
    assert list(made.json) == ["token"]
    assert alice.post_json("/profile/api-token/reveal").json == made.json
    seen = alice.json("/profile/api-token").json
    assert set(seen) == shape
    assert TIME.fullmatch(seen["created_at"])
    assert made.json["token"] not in str(seen)


JSON_ACTIONS: list[tuple[str, Any]] = [
    ("/profile/personal-information", {"first_name": "Al"}),
    ("/profile/preferences", {"language": "de"}),
    ("/profile/password", CHANGE),
    ("/profile/sessions/sign-out-others", {}),
    ("/profile/api-token/revoke", {}),
    ("/profile/sign-out", {}),
]


@pytest.mark.parametrize(("url", "body"), JSON_ACTIONS)
def test_a_json_action_answers_a_message(url: str, body: Any, host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    answer = alice.post_json(url, body)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert list(answer.json) == ["message"]
    assert answer.json["message"].endswith(".")


@pytest.mark.parametrize(("url", "body"), JSON_ACTIONS)
def test_a_form_that_was_carried_out_is_answered_303(url: str, body: Any, host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    answer = alice.post(url, {"last_name": "Test", **body} if "personal" in url else body)
    assert answer.status_code == 303
    back = {"/profile/sign-out": "/"}.get(url, re.sub(r"/(sign-out-others|revoke)$", "", url))
    assert answer.location == back


REFUSALS: list[tuple[int, str, str, dict[str, Any]]] = [
    (400, "csrf", "/profile/preferences", {"token": False}),
    (400, "bad_request", "/profile/preferences", {"raw": "[]"}),
    (403, "not_admin", "/profile/admin/features", {"body": {"password": False}}),
    (403, "cross_site", "/profile/preferences", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    (404, "no_such_session", "/profile/sessions/sign-out", {"body": {"id": "0" * 24}}),
    (404, "not_copyable", "/profile/api-token/reveal", {}),
    (404, "feature_off", "/profile/sessions/sign-out-others", {}),
    (405, "method_not_allowed", "/profile/sessions", {}),
    (413, "request_entity_too_large", "/profile/preferences", {"body": {"language": "x" * 70_000}}),
    (415, "unsupported_media_type", "/profile/preferences", {"raw": "x", "type": "text/plain"}),
    (422, "invalid", "/profile/preferences", {"body": {"language": "xx"}}),
    (422, "invalid", "/profile/password", {"body": {"current_password": "no", "new_password": NEW_PASSWORD}}),
]


@pytest.mark.parametrize(("status", "code", "url", "how"), REFUSALS, ids=[f"{r[0]} {r[1]}" for r in REFUSALS])
def test_an_error_is_a_problem_of_rfc_9457(
    status: int, code: str, url: str, how: dict[str, Any], new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True, "sessions.sign_out_others": False})
    alice = host.browser()
    alice.login("alice")
    headers = {**JSON, **({"X-CSRFToken": alice.csrf()} if how.get("token", True) else {}), **how.get("headers", {})}
    body = {"data": how["raw"], "content_type": how.get("type", "application/json")} if "raw" in how else {}
    answer = alice.client.post(url, headers=headers, **(body or {"json": how.get("body", {})}))
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["title"]
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert ("errors" in answer.json) == (status == 422)
    for texts in answer.json.get("errors", {}).values():
        assert isinstance(texts, list)
        assert all(isinstance(text, str) and text for text in texts)


def test_the_same_refusals_as_html_are_pages_with_the_same_status(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"sessions.sign_out_others": False})
    alice = host.browser()
    alice.login("alice")
    assert alice.client.post("/profile/preferences", data={"language": "de"}).status_code == 400
    assert alice.get("/profile/admin/features").status_code == 403
    assert alice.post("/profile/sessions/sign-out", {"id": "0" * 24}).status_code == 404
    assert alice.post("/profile/sessions/sign-out-others").status_code == 404
    assert alice.post("/profile/sessions").status_code == 405
    wrong = alice.post("/profile/preferences", {"language": "xx"})
    assert wrong.status_code == 422
    assert "Choose a language from the list" in wrong.text


@pytest.mark.parametrize(
    ("url", "shows"),
    [
        ("/profile/api-token/regenerate", "Regenerate your API token?"),
        ("/profile/api-token/revoke", "Revoke your API token?"),
        ("/profile/sessions/sign-out-others", "Sign out of all other sessions?"),
        ("/profile/api-token/reveal", None),
        ("/profile/sessions/sign-out", None),
    ],
)
def test_a_get_of_an_action_asks_first_or_leads_back_to_its_tab(url: str, shows: str | None, host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    answer = alice.get(url)
    if shows is None:
        assert (answer.status_code, answer.location) == (302, url.rpartition("/")[0])
    else:
        assert answer.status_code == 200
        assert f">{shows}</h2>" in answer.text
        assert f'action="{url}" method="post"' in answer.text


@pytest.mark.parametrize(
    ("accept", "body", "json"),
    [
        ("application/json", None, True),
        ("application/json, text/html;q=0.9", None, True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, False),
        ("text/html, application/json;q=0.9", {}, False),
        ("*/*", None, False),
        ("*/*", {}, True),
        (None, None, False),
    ],
)
def test_whoever_prefers_json_gets_json(accept: str | None, body: Any, json: bool, host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    headers = {"Accept": accept} if accept else {}
    answer = alice.client.post("/profile/preferences", headers=headers, **({"json": {}} if body is not None else {}))
    assert answer.status_code == 400
    assert (answer.mimetype == "application/problem+json") == json
