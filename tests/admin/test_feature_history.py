"""The history of features: who changed what, when, and each change undone, as long as nobody has changed it since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.account.events import FEATURES_CHANGED
from tests.support.devices import pass_time
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere, in_each_database
from tests.tabs.test_api_token import made

FEATURES, URL = "/profile/admin/features", "/profile/admin/features/history"
UNDO = f"{URL}/undo"


def changes(admin: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.json(URL).json["changes"]
    return found


@everywhere
def test_each_change_is_listed_and_undone(new_host: Callable[..., Host]) -> None:
    host = new_host()
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": {"on": True, "for": {"share": 10}}, "password": False})
    admin.post_json(FEATURES, {"sessions": False})
    share = {"on": True, "for": {"share": 10}}
    found = [(each["feature"], each["before"], each["after"], each["can_be_undone"]) for each in changes(admin)]
    assert found == [
        ("sessions", share, {**share, "on": False}, True),
        ("password", None, False, True),
        ("sessions", None, share, False),
    ]
    assert {each["by"] for each in changes(admin)} == {"Admin Test"}
    last, password, first = changes(admin)
    assert admin.post_json(UNDO, {"number": str(last["number"]), "feature": "sessions"}).json["changes"] == {
        "sessions": True
    }
    assert admin.json(FEATURES).json["features"]["sessions"]["for"] == {"share": 10}
    assert admin.post_json(UNDO, {"number": str(first["number"]), "feature": "sessions"}).status_code == 200
    assert admin.post_json(UNDO, {"number": str(password["number"]), "feature": "password"}).status_code == 200
    assert host.sql("SELECT * FROM myprofile_feature") == [], "there was no choice of an administrator's before"
    assert host.sql("SELECT * FROM myprofile_feature_audience") == []
    assert len(changes(admin)) == 6, "an undone change is a change"


def test_every_feature_has_its_name_in_the_history_and_is_undone(host: Host) -> None:
    """Also one that belongs to no tab: its name is asked for elsewhere than where the tabs say theirs."""
    admin = signed_in(host, "admin")
    features = admin.json(FEATURES).json["features"]
    wanted = {name: not each["on"] for name, each in features.items() if not each["locked"] and name != "my_profile"}
    assert {"doctor", "openapi", "sessions"} <= wanted.keys()
    assert admin.post_json(FEATURES, wanted).status_code == 200
    assert {each["feature"] for each in changes(admin) if each["can_be_undone"]} == wanted.keys()
    page = admin.get(URL).text
    assert page.count("Undo this change</a>") == len(wanted)
    assert "<bdi>OpenAPI</bdi>" in page and "<bdi>openapi</bdi>" not in page


def test_what_was_changed_since_is_not_undone(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": False})
    (change,) = changes(admin)
    admin.post_json(FEATURES, {"sessions": True})
    sent = {"number": str(change["number"]), "feature": "sessions"}
    refused = admin.post_json(UNDO, sent)
    assert (refused.status_code, refused.json["code"]) == (409, "changed_since")
    page = admin.post(UNDO, sent)
    assert page.status_code == 409 and "This feature has been changed since. Nothing was undone." in page.text
    assert admin.get(f"{UNDO}?number={sent['number']}&feature=sessions").status_code == 409
    assert admin.json(FEATURES).json["features"]["sessions"]["on"]


def test_a_change_of_another_feature_meanwhile_is_no_matter(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": False})
    admin.post_json(FEATURES, {"password": False})
    change = changes(admin)[1]
    assert admin.post_json(UNDO, {"number": str(change["number"]), "feature": "sessions"}).status_code == 200
    assert admin.json(FEATURES).json["features"]["password"]["on"] is False


def test_a_person_is_asked_before_it_is_undone(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": False})
    page = admin.get(URL).text
    assert "Default, then: Off" in page.replace("<bdi>", "").replace("</bdi>", "")
    url = f"{UNDO}?number={changes(admin)[0]['number']}&amp;feature=sessions"
    assert f'href="{url}"' in page
    asked = admin.get(url.replace("&amp;", "&"))
    assert asked.status_code == 200 and "Sessions: Off → Default" in asked.text
    done = admin.post(UNDO, {"number": str(changes(admin)[0]["number"]), "feature": "sessions"})
    assert (done.status_code, done.location) == (303, URL)
    assert "The change is undone." in admin.get(URL).text


def test_undoing_what_stops_tokens_says_so(host: Host) -> None:
    admin = signed_in(host, "admin")
    made(signed_in(host, "alice"))
    admin.post_json(FEATURES, {"api_token": False})
    admin.post_json(FEATURES, {"api_token": True})
    asked = admin.get(f"{UNDO}?number={changes(admin)[0]['number']}&feature=api_token")
    assert "1 user has a token" in asked.text or "token" in asked.text.partition("mp-confirm-text")[2][:400]


def test_pages_come_one_after_the_other_and_miss_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_myprofile.admin.feature_history.ROWS", 3)
    admin, seen, following = signed_in(host, "admin"), [], ""
    for on in (False, True):
        admin.post_json(FEATURES, dict.fromkeys(("sessions", "password", "preferences", "activity"), on))
    while following is not None:
        answer = admin.json(f"{URL}?before={following}").json
        seen += [(each["number"], each["feature"]) for each in answer["changes"]]
        following = answer["next"]
    assert len(seen) == len(set(seen)) == 8
    assert seen == sorted(seen, key=lambda each: (-each[0], each[1]))
    assert "Show older" in admin.get(URL).text


@pytest.mark.parametrize("before", ["x", "-1.sessions", "1" * 30, "٣.sessions", "%00", "1.%00", f"1.{'x' * 200}"])
def test_a_page_that_there_is_not_is_404(before: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.get(f"{URL}?before={before}").status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"number": "1"},
        {"number": "x", "feature": "sessions"},
        {"number": "9" * 30, "feature": "sessions"},
        {"number": "1", "feature": "no_such"},
    ],
)
def test_a_change_that_there_is_not_is_404(sent: dict[str, str], host: Host) -> None:
    admin = signed_in(host, "admin")
    assert {admin.post(UNDO, sent).status_code, admin.post_json(UNDO, sent).status_code} == {404}
    assert admin.get(UNDO, query_string=sent).status_code == (404 if sent else 302)


@in_each_database
def test_no_database_is_asked_for_a_text_that_it_does_not_take(new_host: Callable[..., Host]) -> None:
    admin = signed_in(new_host(), "admin")
    assert admin.get(f"{UNDO}?number=1&feature=%00").status_code == 404
    assert admin.get(f"{URL}?before=1.%00").status_code == 404


def test_history_is_for_administrators_and_needs_a_token_and_a_recent_sign_in(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    admin.post_json(FEATURES, {"preferences": False})
    sent = {"number": str(changes(admin)[0]["number"]), "feature": "preferences"}
    assert {
        alice.get(URL).status_code,
        alice.post(UNDO, sent).status_code,
        alice.post_json(UNDO, sent).status_code,
    } == {403}
    assert admin.client.post(UNDO, data=sent).status_code == 400
    pass_time(monkeypatch, 3600)
    assert admin.post_json(UNDO, sent).json["code"] == "reauth_required"
    assert admin.json(FEATURES).json["features"]["preferences"]["on"] is False


def test_a_pinned_feature_cannot_be_undone(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"sessions": True})
    host.sql("INSERT INTO myprofile_feature_change VALUES (1, 'sessions', 'Ann', 1, NULL, 'false', NULL)")
    host.sql("INSERT INTO myprofile_feature VALUES ('sessions', :off, 'Ann', 1)", off=False)
    admin = signed_in(host, "admin")
    assert changes(admin)[0]["can_be_undone"] is False
    answer = admin.post_json(UNDO, {"number": "1", "feature": "sessions"})
    assert (answer.status_code, answer.json["code"]) == (409, "feature_locked")


def test_a_change_that_nobody_can_read_is_shown_all_the_same(host: Host) -> None:
    host.sql("INSERT INTO myprofile_feature_change VALUES (1, 'gone.tab', 'Ann', 1, '{', 'true', NULL)")
    admin = signed_in(host, "admin")
    assert "gone.tab" in admin.get(URL).text and changes(admin)[0]["before"] is None


def test_what_was_before_and_cannot_be_read_was_off_and_would_be_again(host: Host) -> None:
    admin = signed_in(host, "admin")
    made(signed_in(host, "alice"))
    admin.post_json(FEATURES, {"api_token": False})
    admin.post_json(FEATURES, {"api_token": True})
    host.sql("UPDATE myprofile_feature_change SET rule_before = '{' WHERE rule_after = 'true'")
    number = str(changes(admin)[0]["number"])
    asked = admin.get(f"{UNDO}?number={number}").text
    assert "API Token: On → Off" in asked and asked.count("<p>API Token: ") == 2, "what comes of it, and that"
    run = host.app.test_cli_runner().invoke
    done = run(args=["myprofile", "features", "undo", number], input="n\n")
    assert "Save it?" in done.output and done.exit_code == 1


def test_a_version_that_was_deleted_by_hand_keeps_nobody_from_saving(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": False})
    host.sql("DELETE FROM myprofile_version")
    assert admin.post_json(FEATURES, {"sessions": True}).status_code == 200
    assert len(changes(admin)) == 2


def test_an_undone_change_is_recorded(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"preferences": False})
    admin.post_json(UNDO, {"number": str(changes(admin)[0]["number"]), "feature": "preferences"})
    with host.app.app_context():
        from flask_myprofile import current_profile

        newest = current_profile.activity.list(host.user("admin"), topic="features")[0]
    assert (
        newest.kind == FEATURES_CHANGED.name
        and newest.details == '{"before":{"preferences":false},"after":{"preferences":true}}'
    )
