"""The URLs, fields, features and shapes that hosts and programs rely on. A failure here breaks somebody's app."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from flask_myprofile import current_profile
from tests.support.host import NEW_PASSWORD, PASSWORD, Host, signed_in

READ, BOTH, SEND = {"GET"}, {"GET", "POST"}, {"POST"}
ROUTES: dict[str, tuple[str, set[str]]] = {
    "myprofile.index": ("/", READ),
    "myprofile.personal_information": ("/personal-information", BOTH),
    "myprofile.personal_information_change_email": ("/personal-information/change-email", BOTH),
    "myprofile.personal_information_resend_email": ("/personal-information/resend-email", BOTH),
    "myprofile.personal_information_cancel_email_change": ("/personal-information/cancel-email-change", BOTH),
    "myprofile.preferences": ("/preferences", BOTH),
    "myprofile.password": ("/password", BOTH),
    "myprofile.api_token": ("/api-token", BOTH),
    "myprofile.openapi": ("/openapi.json", READ),
    "myprofile.api_token_create": ("/api-token/create", BOTH),
    "myprofile.api_token_change": ("/api-token/change", BOTH),
    "myprofile.api_token_revoke_all": ("/api-token/revoke-all", BOTH),
    "myprofile.api_token_regenerate": ("/api-token/regenerate", BOTH),
    "myprofile.api_token_reveal": ("/api-token/reveal", BOTH),
    "myprofile.api_token_revoke": ("/api-token/revoke", BOTH),
    "myprofile.sessions": ("/sessions", BOTH),
    "myprofile.sessions_sign_out": ("/sessions/sign-out", BOTH),
    "myprofile.sessions_sign_out_others": ("/sessions/sign-out-others", BOTH),
    "myprofile.sessions_sign_out_unused": ("/sessions/sign-out-unused", BOTH),
    "myprofile.sessions_not_me": ("/sessions/not-me", READ),
    "myprofile.sessions_rename": ("/sessions/rename", BOTH),
    **{
        f"myprofile.personal_information_{name}": (f"/personal-information/{name.replace('_', '-')}", BOTH)
        for name in ("change_email", "resend_email", "cancel_email_change", "avatar", "remove_avatar")
    },
    "myprofile.activity": ("/activity", BOTH),
    "myprofile.confirm": ("/confirm", BOTH),
    "myprofile.sign_out": ("/sign-out", SEND),
    "myprofile_sso.backchannel_logout": ("/sso/<client>/backchannel-logout", SEND),
    "myprofile_sso.frontchannel_logout": ("/sso/<client>/frontchannel-logout", READ),
    "myprofile_sso.confirmed": ("/sso/confirmed", READ),
    "myprofile_admin.features": ("/admin/features", BOTH),
    "myprofile_admin.features_audience": ("/admin/features/audience", BOTH),
    "myprofile_admin.features_preview": ("/admin/features/preview", BOTH),
    "myprofile_admin.features_preview_end": ("/admin/features/preview/end", BOTH),
    "myprofile_admin.features_export": ("/admin/features/export", READ),
    "myprofile_admin.features_import": ("/admin/features/import", BOTH),
    "myprofile_admin.features_history": ("/admin/features/history", READ),
    "myprofile_admin.features_undo": ("/admin/features/history/undo", BOTH),
    "myprofile_admin.features_sets": ("/admin/features/sets", BOTH),
    **{
        f"myprofile_admin.features_sets_{name.replace('-', '_')}": (f"/admin/features/sets/{name}", BOTH)
        for name in ("put-back", "rename", "replace", "delete")
    },
    "myprofile_admin.features_reset": ("/admin/features/reset", BOTH),
    "myprofile_admin.doctor": ("/admin/doctor", READ),
    "myprofile_admin.sessions": ("/admin/sessions", READ),
    "myprofile_admin.sessions_sign_out": ("/admin/sessions/sign-out", BOTH),
    "myprofile_admin.sessions_sign_out_all": ("/admin/sessions/sign-out-all", BOTH),
    "myprofile_admin.sessions_revoke_token": ("/admin/sessions/revoke-token", BOTH),
    "myprofile_admin.sessions_end_everything": ("/admin/sessions/end-everything", BOTH),
    "myprofile_admin.sessions_activity": ("/admin/sessions/activity", READ),
    "myprofile_admin.sessions_cancel_email_change": ("/admin/sessions/cancel-email-change", BOTH),
    "myprofile_admin.sessions_forget": ("/admin/sessions/forget", BOTH),
}
TABS = ["personal-information", "preferences", "password", "api-token", "sessions", "activity"]
PERSONAL = "/profile/personal-information"


# ---- addresses


@pytest.mark.parametrize("prefix", ["/profile", "/my/account"])
def test_endpoints_urls_and_methods_are_those_promised(prefix: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_URL_PREFIX=prefix)
    found = {rule.endpoint: rule for rule in host.app.url_map.iter_rules()}
    for endpoint, (path, methods) in ROUTES.items():
        assert found[endpoint].rule == prefix + path
        assert set(found[endpoint].methods or ()) - {"HEAD", "OPTIONS"} == methods, endpoint
    assert found["myprofile.change_password"].rule == "/.well-known/change-password", "the same in every app"
    known = {"myprofile.static", "myprofile.change_password", *ROUTES}
    extra = {name for name in found if name.startswith("myprofile")} - known
    assert extra == set(), "add what is new here and to the documentation"
    assert signed_in(host).get(f"{prefix}/sessions").status_code == 200


@pytest.mark.parametrize("url", ["/profile", "/profile/"])
def test_the_index_leads_to_the_first_tab_that_is_on(url: str, new_host: Callable[..., Host]) -> None:
    off: dict[str, bool] = {}
    for tab in [*TABS, None]:
        alice = signed_in(new_host(MYPROFILE_FEATURES_PINNED={"api_token": True, **off}))
        answer = alice.get(url)
        assert (answer.status_code, answer.location) == ((302, f"/profile/{tab}") if tab else (404, None))
        if tab:
            off[tab.replace("-", "_")] = False


@pytest.mark.parametrize(
    ("action", "question"),
    [
        ("api-token/regenerate", "Generate|Regenerate your API token"),
        ("api-token/revoke", "Revoke your API token"),
        ("sessions/sign-out-others", "Sign out of all other sessions"),
        ("api-token/reveal", None),
        ("sessions/sign-out", None),
    ],
)
def test_getting_an_actions_url_asks_first_or_leads_to_its_tab(action: str, question: str | None, host: Host) -> None:
    answer = signed_in(host).get(f"/profile/{action}")
    if question is None:
        assert (answer.status_code, answer.location) == (302, f"/profile/{action.partition('/')[0]}")
    else:
        assert answer.status_code == 200
        assert re.search(question, answer.text)
        assert f'action="/profile/{action}"' in answer.text


# ---- forms


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("password", {"current_password", "new_password", "confirm_password"}),
        ("preferences", {"language"}),
        ("personal-information", {"first_name", "last_name", "phone"}),
        ("sessions", {"id"}),
    ],
)
def test_fields_have_the_names_promised(url: str, names: set[str], host: Host) -> None:
    signed_in(host)
    page = signed_in(host).get(f"/profile/{url}").text
    found = set(re.findall(r'<(?:input|select)\b[^>]*\bname="([^"]+)"', page))
    assert names | {"csrf_token"} <= found


def test_a_form_that_is_taken_leads_back_to_its_page(host: Host) -> None:
    """303, so that reloading sends nothing twice."""
    there, alice, admin = signed_in(host), signed_in(host), signed_in(host, "admin")
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    sent = [
        (alice, PERSONAL, {"first_name": "A", "last_name": "B"}, PERSONAL),
        (alice, "/profile/preferences", {"language": "de"}, "/profile/preferences"),
        (alice, "/profile/password", change, "/profile/password"),
        (alice, "/profile/sessions/sign-out-others", {}, "/profile/sessions"),
        (alice, "/profile/api-token/revoke", {}, "/profile/api-token"),
        (admin, "/profile/admin/features", {"preferences": "off"}, "/profile/admin/features"),
        (alice, "/profile/sign-out", {}, "/login"),
    ]
    for browser, url, fields, target in sent:
        answer = browser.post(url, fields)
        assert (answer.status_code, answer.location) == (303, target), url
    assert not there.is_in()
    assert not alice.is_in()


# ---- JSON


def test_each_tab_gives_its_data_as_one_object(host: Host) -> None:
    alice = signed_in(host)
    about = {"username": "alice", "email": "alice@x.test", "first_name": "Alice", "last_name": "Test", "phone": None}
    assert alice.json(PERSONAL).json == about
    assert alice.json("/profile/preferences").json == {"language": None, "timezone": None, "theme": None}
    assert alice.json("/profile/password").json["can_change"] is True
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    data = alice.json("/profile/api-token")
    assert {"hint", "created_at", "last_used_at"} <= set(data.json)
    assert token not in data.text
    assert data.json["hint"].startswith("mpt_")
    sessions = alice.json("/profile/sessions").json
    assert set(sessions) == {"sessions", "total"}
    names = {"id", "current", "name", "ip", "created_at", "last_seen_at", "method", "provider", "remembered"}
    (row,) = sessions["sessions"]
    assert set(row) == names | {"device", "place", "expires_at"}
    assert [row[name] for name in ("current", "method", "provider", "remembered")] == [True, "password", None, False]
    assert sessions["total"] == 1


def test_actions_answer_a_message_or_the_token(host: Host) -> None:
    signed_in(host)
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json
    assert set(token) == {"token"}
    assert re.fullmatch(r"mpt_[0-9A-Za-z]{49}", token["token"])
    assert alice.post_json("/profile/api-token/reveal").json == token
    other = next(row["id"] for row in alice.sessions() if not row["current"])
    sent: list[tuple[str, dict[str, Any]]] = [
        (PERSONAL, {"first_name": "A", "last_name": "B"}),
        ("/profile/preferences", {"language": "en"}),
        ("/profile/sessions/sign-out", {"id": other}),
        ("/profile/sessions/sign-out-others", {}),
        ("/profile/api-token/revoke", {}),
        ("/profile/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}),
        ("/profile/sign-out", {}),
    ]
    for url, body in sent:
        answer = alice.post_json(url, body)
        assert (answer.status_code, answer.mimetype, set(answer.json)) == (200, "application/json", {"message"}), url
        assert answer.json["message"]


def test_times_are_iso_8601_in_utc(host: Host) -> None:
    alice = signed_in(host)
    token = alice.post_json("/profile/api-token/regenerate").json["token"]
    host.browser().get("/api", headers={"Authorization": f"Bearer {token}"})
    row, data = alice.sessions()[0], alice.json("/profile/api-token").json
    for text in (row["created_at"], row["last_seen_at"], data["created_at"], data["last_used_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        assert abs(datetime.now(timezone.utc) - moment) < timedelta(minutes=5)


def test_html_is_what_a_browser_gets_and_json_what_a_program_asks_for(host: Host) -> None:
    alice = signed_in(host)
    chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
    wanted = {chrome: "text/html", "*/*": "text/html", "application/json": "application/json"}
    wanted["application/json, text/html;q=0.5"] = "application/json"
    for accept, mimetype in wanted.items():
        assert alice.get(PERSONAL, headers={"Accept": accept}).mimetype == mimetype, accept


# ---- what is on


def test_features_have_the_names_promised_and_are_on_but_four(new_host: Callable[..., Host]) -> None:
    names = {
        *("my_profile", "personal_information", "preferences", "password", "api_token", "sessions"),
        *("api_token.copy", "api_token.regenerate", "sessions.sign_out", "sessions.sign_out_others"),
        *("preferences.language", "preferences.timezone", "preferences.theme"),
        *("personal_information.email", "personal_information.first_name"),
    }
    host = new_host(MYPROFILE_FEATURES={})
    admin = signed_in(host, "admin")
    features = admin.json("/profile/admin/features").json["features"]
    assert names <= set(features)
    off = [name for name, state in features.items() if not state["on"]]
    assert off == ["activity", "api_token", "doctor", "openapi"]
    assert not any(state["locked"] for state in features.values())
    with host.app.test_request_context():
        assert {name: current_profile.features[name] for name in ("password", "api_token", "api_token.copy")} == {
            "password": True,
            "api_token": False,
            "api_token.copy": False,
        }
        with pytest.raises(KeyError):
            current_profile.features["no_such_feature"]


@pytest.mark.parametrize("feature", [name.replace("-", "_") for name in TABS])
def test_a_feature_that_is_off_is_not_there(feature: str, new_host: Callable[..., Host]) -> None:
    """404 for the page, its form, its JSON and its actions, and no link to it."""
    host = new_host(MYPROFILE_FEATURES_PINNED={"api_token": True, feature: False})
    alice, slug = signed_in(host), feature.replace("_", "-")
    urls = [f"/profile{path}" for path, _ in ROUTES.values() if path.startswith(f"/{slug}")]
    for url in urls:
        assert [alice.get(url).status_code, alice.json(url).status_code] == [404, 404]
        if url in (f"/profile{path}" for path, methods in ROUTES.values() if "POST" in methods):
            assert [alice.post(url).status_code, alice.post_json(url).status_code] == [404, 404]
    other = alice.get(alice.get("/profile/").location).text
    assert f"/profile/{slug}" not in other
