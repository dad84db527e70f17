"""Sets of features: what all of them are, kept under a name and put back, by the page and by JSON."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.feature_sets import MOST_SETS
from tests.support.devices import pass_time
from tests.support.host import JSON, Browser, Host, signed_in
from tests.support.kept import everywhere, in_each_database
from tests.tabs.test_api_token import made

FEATURES, HISTORY = "/profile/admin/features", "/profile/admin/features/history"
SETS = f"{FEATURES}/sets"
PUT_BACK, RENAME, REPLACE, DELETE = (f"{SETS}/{each}" for each in ("put-back", "rename", "replace", "delete"))
LAUNCH = "Before the launch"
SHARE = {"on": True, "for": {"share": 10}}


def sets(admin: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.json(SETS).json["sets"]
    return found


def saved(admin: Browser, name: str = LAUNCH) -> str:
    answer = admin.post_json(SETS, {"name": name})
    assert answer.status_code == 200, answer.text
    return str(answer.json["id"])


def states(admin: Browser) -> dict[str, Any]:
    return {name: each["on"] for name, each in admin.json(FEATURES).json["features"].items()}


def hidden(page: str) -> dict[str, str]:
    main = page.partition("data-mp-confirm")[2]
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', main)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def plain(page: str) -> str:
    return unescape(re.sub(r"</?bdi>", "", page))


@everywhere
def test_what_all_features_were_is_put_back(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"activity": True})
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": SHARE, "password": False})
    before = admin.json(FEATURES).json["features"]
    which = saved(admin)
    admin.post_json(FEATURES, {"sessions": {"on": True}, "activity": False, "password": True})
    (found,) = sets(admin)
    assert (found["name"], found["by"], found["would_change"]) == (LAUNCH, "Admin Test", 3)
    would = admin.json(f"{PUT_BACK}?id={which}").json
    assert would["changes"]["sessions"] == {"before": True, "after": SHARE}
    assert (would["left_out"], would["not_in_it"]) == ({}, [])
    answer = admin.post_json(PUT_BACK, {"id": which, "version": would["version"]})
    assert answer.json["changes"] == {"sessions": True, "activity": True, "password": False}
    assert answer.json["audiences"] == {"sessions": {"share": 10}}
    assert admin.json(FEATURES).json["features"] == before
    assert sets(admin)[0]["would_change"] == 0


def test_a_person_sees_what_would_change_before_it_is_put_back(host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.post(SETS, {"name": LAUNCH}).location == SETS
    page = admin.get(SETS)
    assert "The set “Before the launch” is saved." in page.text and "As the features are now" in page.text
    admin.post_json(FEATURES, {"sessions": False})
    assert "Would change 1 feature" in admin.get(SETS).text
    asked = admin.get(f"{PUT_BACK}?id={sets(admin)[0]['id']}")
    assert "Put back the set “Before the launch”?" in asked.text and "Sessions: Off → On" in asked.text
    assert states(admin)["sessions"] is False, "nothing is saved yet"
    done = admin.post(PUT_BACK, hidden(asked.text))
    assert (done.status_code, done.location) == (303, SETS)
    assert "The set “Before the launch” is put back. 1 change." in admin.get(SETS).text
    assert states(admin)["sessions"] is True


def test_what_stops_tokens_is_said_before_it_is_put_back(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"api_token": False})
    which = saved(admin)
    admin.post_json(FEATURES, {"api_token": True})
    made(signed_in(host, "alice"))
    asked = admin.get(f"{PUT_BACK}?id={which}").text
    assert asked.count("<p>API Token: ") == 2, "what comes of it, and that"
    assert "mp-btn--danger" in asked


def test_it_stands_together_in_the_history_and_is_undone_there(host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    admin.post_json(FEATURES, {"sessions": False})
    admin.post_json(FEATURES, {"password": False})
    admin.post_json(PUT_BACK, {"id": which})
    changes = admin.json(HISTORY).json["changes"]
    assert [(each["feature"], each["set"]) for each in changes] == [
        *(("password", LAUNCH), ("sessions", LAUNCH)),
        *(("password", None), ("sessions", None)),
    ]
    page = admin.get(HISTORY).text
    assert plain(page).count("The set “Before the launch” was put back") == 1
    number = changes[0]["number"]
    assert f'href="{HISTORY}/undo?number={number}"' in page
    asked = admin.get(f"{HISTORY}/undo?number={number}").text
    assert "Password: On → Off" in asked and "Sessions: On → Off" in asked and "Undo all of it" in asked
    assert admin.post(f"{HISTORY}/undo", hidden(asked)).status_code == 303
    assert (states(admin)["password"], states(admin)["sessions"]) == (False, False)


def test_what_was_saved_at_once_is_undone_at_once_or_not_at_all(host: Host) -> None:
    admin = signed_in(host, "admin")
    admin.post_json(FEATURES, {"sessions": False, "password": False})
    number = str(admin.json(HISTORY).json["changes"][0]["number"])
    assert "Changed together" in admin.get(HISTORY).text
    admin.post_json(FEATURES, {"password": True})
    refused = admin.post_json(f"{HISTORY}/undo", {"number": number})
    assert (refused.status_code, refused.json["code"]) == (409, "changed_since")
    assert states(admin)["sessions"] is False
    admin.post_json(FEATURES, {"password": False})
    assert admin.post_json(f"{HISTORY}/undo", {"number": number}).json["changes"] == {
        "sessions": True,
        "password": True,
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_what_somebody_saved_meanwhile_is_not_overwritten(as_json: bool, host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    admin.post_json(FEATURES, {"sessions": False})
    fields = hidden(admin.get(f"{PUT_BACK}?id={which}").text)
    signed_in(host, "admin").post_json(FEATURES, {"password": False})
    late = admin.post_json(PUT_BACK, fields) if as_json else admin.post(PUT_BACK, fields)
    assert late.status_code == 409 and "Somebody changed these settings" in late.text
    assert (states(admin)["sessions"], states(admin)["password"]) == (False, False)
    if not as_json:
        assert "Password: Off → On" in late.text, "what would change now"
        assert admin.post(PUT_BACK, hidden(late.text)).status_code == 303
        assert states(admin)["password"] is True


def test_a_form_that_comes_twice_is_no_mistake(host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    admin.post_json(FEATURES, {"sessions": False})
    fields = hidden(admin.get(f"{PUT_BACK}?id={which}").text)
    assert [admin.post(PUT_BACK, fields).status_code for _ in range(2)] == [303, 303]
    assert len(admin.json(HISTORY).json["changes"]) == 2


def test_a_set_that_would_change_nothing_is_no_problem(host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    assert admin.get(f"{PUT_BACK}?id={which}").status_code == 302
    page = admin.get(SETS).text
    assert "Nothing was changed: the features are like that already." in page
    assert "There is a problem" not in page and "mp-note--info" in page
    assert admin.post_json(PUT_BACK, {"id": which}).json["changes"] == {}


def kept(host: Host, which: str, **rules: str) -> None:
    """What an app with another configuration has kept in that set."""
    for feature, rule in rules.items():
        name = feature.replace("__", ".")
        host.sql("DELETE FROM myprofile_feature_set_rule WHERE set_id = :id AND name = :name", id=which, name=name)
        host.sql("INSERT INTO myprofile_feature_set_rule VALUES (:id, :name, :rule)", id=which, name=name, rule=rule)


@in_each_database
def test_what_cannot_be_put_back_is_named_and_the_rest_is(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"sessions": True, "sessions.rename": True})
    admin = signed_in(host, "admin")
    which = saved(admin)
    roles = '{"on":true,"for":{"roles":["beta"]}}'
    kept(host, which, sessions="false", sessions__rename="true", gone__tab="true", password=roles, activity="{")
    host.sql("DELETE FROM myprofile_feature_set_rule WHERE name = 'doctor'")
    admin.post_json(FEATURES, {"preferences": False})
    would = admin.json(f"{PUT_BACK}?id={which}").json
    assert would["changes"] == {"preferences": {"before": False, "after": True}}
    assert would["left_out"] == {
        **{"sessions": "pinned", "gone.tab": "unknown", "password": "no_roles", "activity": "unreadable"}
    }
    assert would["not_in_it"] == ["doctor"]
    asked = plain(admin.get(f"{PUT_BACK}?id={which}").text)
    for words in (
        *(
            "Preferences: Off → On",
            "because the configuration pins them: Sessions.",
            "because they are no longer there: gone.tab.",
        ),
        *("because this application no longer has roles: Password.", "because they cannot be read: Activity."),
        "because they are not in this set: Doctor.",
    ):
        assert words in asked
    assert admin.post(PUT_BACK, hidden(admin.get(f"{PUT_BACK}?id={which}").text)).status_code == 303
    now = states(admin)
    assert (now["preferences"], now["sessions"], now["password"], now["activity"]) == (True, True, True, True)
    assert admin.get(f"{PUT_BACK}?id={which}").status_code == 302
    assert "because they are no longer there: gone.tab." in admin.get(SETS).text


# ---- names


@in_each_database
@pytest.mark.parametrize(
    ("name", "same"),
    [("Launch", " LAUNCH "), ("straße", "STRASSE"), ("Ünïcode", "U\u0308nïcode"), ("a  b", "A b"), ("Δόξας", "ΔΌΞΑΣ")],
)
def test_names_that_differ_in_case_or_blanks_are_the_same_in_each_database(name: str, same: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    first = saved(admin, name)
    refused = admin.post_json(SETS, {"name": same})
    assert (refused.status_code, refused.json["code"]) == (409, "set_exists")
    other = saved(admin, "Other")
    assert admin.post_json(RENAME, {"id": other, "name": same}).json["code"] == "set_exists"
    assert admin.post_json(RENAME, {"id": first, "name": same}).status_code == 200, "its own name in capitals"


@in_each_database
def test_names_that_a_database_takes_for_the_same_are_not(host: Host) -> None:
    admin = signed_in(host, "admin")
    for name in ("resume", "résumé", "Zoe", "Zoë", "🚀", "🛰"):
        saved(admin, name)
    assert len(sets(admin)) == 6


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("", "Enter a name for the set"), ("   ", "Enter a name for the set")),
        *(("x" * 65, "Name must be 64 characters or fewer"), ("\u200b", "Name has no visible character")),
        *(("a\u202eb", "Name has a character that cannot be used"), ("a\nb", "Name has a character")),
    ],
    ids=ascii,
)
def test_a_name_that_cannot_be_is_refused_and_is_there_to_be_corrected(name: str, said: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    for url, more in ((SETS, {}), (RENAME, {"id": which})):
        answer = admin.post_json(url, {**more, "name": name})
        assert answer.status_code == 422 and said in answer.json["errors"]["name"][0]
        page = admin.post(url, {**more, "name": name})
        assert page.status_code == 422 and said in page.text and "There is a problem" in page.text
    assert [each["name"] for each in sets(admin)] == [LAUNCH]


@pytest.mark.parametrize("name", ["x" * 64, "🚀" * 64, "<b>&amp;", "'; DROP", "שחרור", "%(name)s {0}"])
def test_a_name_is_shown_as_it_was_typed(name: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin, name)
    admin.post_json(FEATURES, {"sessions": False})
    for url in (SETS, *(f"{each}?id={which}" for each in (PUT_BACK, RENAME, REPLACE, DELETE))):
        page = admin.get(url)
        assert page.status_code == 200 and name in plain(page.text)
    admin.post_json(PUT_BACK, {"id": which})
    assert f"The set “{name}” was put back" in plain(admin.get(HISTORY).text)


# ---- saved again, renamed, deleted


def test_a_name_that_there_is_already_is_asked_about(host: Host) -> None:
    admin = signed_in(host, "admin")
    first = saved(admin)
    admin.post_json(FEATURES, {"sessions": False})
    asked = admin.post(SETS, {"name": LAUNCH.upper()})
    assert asked.status_code == 422 and "Replace the set “Before the launch”?" in asked.text
    assert sets(admin)[0]["id"] == first, "nothing is replaced yet"
    assert admin.post(REPLACE, hidden(asked.text)).location == SETS
    (found,) = sets(admin)
    assert found["id"] != first and (found["name"], found["would_change"]) == (LAUNCH, 0)
    assert len(host.sql("SELECT DISTINCT set_id FROM myprofile_feature_set_rule")) == 1


def test_what_was_replaced_meanwhile_is_not_put_back_renamed_or_deleted(host: Host) -> None:
    """Another one has its name by now: whoever has looked at the first means that."""
    admin, other = signed_in(host, "admin"), signed_in(host, "admin")
    which = saved(admin)
    admin.post_json(FEATURES, {"sessions": False})
    fields = hidden(admin.get(f"{PUT_BACK}?id={which}").text)
    assert other.post_json(REPLACE, {"id": which}).status_code == 200
    for url, sent in ((PUT_BACK, fields), (DELETE, {"id": which}), (REPLACE, {"id": which})):
        answer = admin.post_json(url, sent)
        assert (answer.status_code, answer.json["code"]) == (404, "no_such_set")
        page = admin.post(url, sent)
        assert page.status_code == 404 and "There is no such set any more." in page.text and LAUNCH in page.text
    assert admin.post_json(RENAME, {"id": which, "name": "New"}).json["code"] == "no_such_set"
    assert states(admin)["sessions"] is False and len(sets(admin)) == 1


def test_a_set_is_renamed_and_deleted(host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    page = admin.get(f"{RENAME}?id={which}").text
    assert "Rename the set “Before the launch”" in page and f'value="{LAUNCH}"' in page
    assert admin.post(RENAME, {**hidden(page), "name": " November "}).status_code == 303
    assert "The set is now called November." in admin.get(SETS).text
    asked = admin.get(f"{DELETE}?id={which}").text
    assert "Delete the set “November”?" in asked
    assert admin.post(DELETE, hidden(asked)).status_code == 303
    assert "The set “November” is deleted." in admin.get(SETS).text
    assert sets(admin) == [] == host.sql("SELECT * FROM myprofile_feature_set_rule")
    assert all(states(admin)[name] for name in ("sessions", "password"))


def test_a_name_that_is_taken_is_said_beside_the_field_and_stays_typed(host: Host) -> None:
    admin = signed_in(host, "admin")
    saved(admin)
    page = admin.post(RENAME, {"id": saved(admin, "Other"), "name": LAUNCH})
    assert page.status_code == 409 and "There is a set of that name already." in page.text
    assert f'value="{LAUNCH}"' in page.text and 'aria-invalid="true"' in page.text


def test_of_two_who_rename_a_set_at_once_the_later_is_told(host: Host) -> None:
    admin = signed_in(host, "admin")
    which = saved(admin)
    page = hidden(admin.get(f"{RENAME}?id={which}").text)
    seen = {"id": which, "old_name": LAUNCH}
    assert signed_in(host, "admin").post_json(RENAME, {**seen, "name": "November"}).status_code == 200
    late = admin.post_json(RENAME, {**seen, "name": "Mine"})
    assert (late.status_code, late.json["code"]) == (409, "set_renamed")
    shown = admin.post(RENAME, {**page, "name": "Mine"})
    assert shown.status_code == 409 and "Somebody has changed this at the same moment." in shown.text
    assert "Rename the set “November”" in plain(shown.text) and 'value="Mine"' in shown.text
    assert [each["name"] for each in sets(admin)] == ["November"]
    assert admin.post(RENAME, {**hidden(shown.text), "name": "Mine"}).status_code == 303
    assert admin.post(RENAME, {**hidden(shown.text), "name": "Mine"}).status_code == 303, "one that comes twice"
    assert admin.post_json(RENAME, {"id": which, "name": "Yours"}).status_code == 200, "whatever it is called"
    assert [each["name"] for each in sets(admin)] == ["Yours"]


def test_there_is_a_most(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SETS == 50
    monkeypatch.setattr("flask_myprofile.account.feature_sets.MOST_SETS", 2)
    admin = signed_in(host, "admin")
    first, _ = (saved(admin, name) for name in ("a", "b"))
    refused = admin.post_json(SETS, {"name": "c"})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_sets")
    page = admin.post(SETS, {"name": "c"})
    assert page.status_code == 409 and "Delete one first." in page.text and 'value="c"' in page.text
    assert admin.post_json(REPLACE, {"id": first}).status_code == 200


@pytest.mark.parametrize("url", [PUT_BACK, RENAME, REPLACE, DELETE])
@pytest.mark.parametrize("which", ["", "x", "\x00", "1" * 300])
@in_each_database
def test_a_set_that_there_is_not_is_404(which: str, url: str, host: Host) -> None:
    admin = signed_in(host, "admin")
    assert admin.get(url, query_string={"id": which}).status_code == (404 if which else 302)
    sent = {"id": which, **({"name": "x"} if url == RENAME else {})}
    assert admin.post_json(url, sent).status_code == (422 if which == "\x00" else 404)
    assert admin.post_json(url, {**sent, "else": "x"}).status_code == 422


# ---- who, and at once


def test_sets_are_for_administrators_and_need_a_token_and_a_recent_sign_in(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    which = saved(admin)
    urls = (SETS, PUT_BACK, RENAME, REPLACE, DELETE)
    sent = {"id": which, "name": "x"}
    assert {alice.get(f"{url}?id={which}").status_code for url in urls} == {403}
    assert {alice.post_json(url, sent).status_code for url in urls} == {403}
    assert {admin.client.post(url, data=sent).status_code for url in urls} == {400}
    pass_time(monkeypatch, 3600)
    for url in urls:
        body = {name: value for name, value in sent.items() if (name == "name") == (url == SETS) or url == RENAME}
        assert admin.post_json(url, body).json["code"] == "reauth_required"
    assert [each["name"] for each in sets(admin)] == [LAUNCH]


@in_each_database
def test_of_many_who_save_one_name_at_once_one_has_saved_it(host: Host) -> None:
    admins = [signed_in(host, "admin") for _ in range(4)]
    tokens, start = [each.csrf() for each in admins], Barrier(len(admins))

    def save(place: int) -> Any:
        headers = {**JSON, "X-CSRFToken": tokens[place]}
        start.wait()
        return admins[place].client.post(SETS, json={"name": LAUNCH}, headers=headers)

    with ThreadPoolExecutor(len(admins)) as pool:
        answers = list(pool.map(save, range(len(admins))))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    (found,) = sets(admins[0])
    assert found["id"] == next(each.json["id"] for each in answers if each.status_code == 200)
    assert len(host.sql("SELECT DISTINCT set_id FROM myprofile_feature_set_rule")) == 1


@in_each_database
def test_there_are_no_more_than_the_most_whoever_saves_at_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_myprofile.account.feature_sets.MOST_SETS", 2)
    admins = [signed_in(host, "admin") for _ in range(4)]
    tokens, start = [each.csrf() for each in admins], Barrier(len(admins))

    def save(place: int) -> int:
        headers = {**JSON, "X-CSRFToken": tokens[place]}
        start.wait()
        return int(admins[place].client.post(SETS, json={"name": f"{place}"}, headers=headers).status_code)

    with ThreadPoolExecutor(len(admins)) as pool:
        assert set(pool.map(save, range(len(admins)))) == {200, 409}
    assert 1 <= len(sets(admins[0])) <= 2


@everywhere
def test_of_whose_account_is_closed_no_name_is_left(new_host: Callable[..., Host]) -> None:
    host = new_host()
    host.change("bob", is_admin=True)
    admin, bob = signed_in(host, "admin"), signed_in(host, "bob")
    admin.post_json(FEATURES, {"sessions": False})
    saved(admin)
    bob.post_json(FEATURES, {"password": False})
    saved(bob, "Bob’s")
    with host.app.app_context():
        name, other = (current_profile.users.display_name(host.user(each)) for each in ("admin", "bob"))
        current_profile.forget(host.user("admin"))
    for table in ("feature", "feature_change", "feature_set", "feature_author"):
        found = str(host.sql(f"SELECT * FROM myprofile_{table}"))
        assert name not in found and other in found
    again = signed_in(host, "bob")
    for url in (FEATURES, HISTORY, SETS):
        page = again.get(url)
        assert page.status_code == 200 and name not in page.text
    assert "An administrator" in again.get(SETS).text and "An administrator" in again.get(HISTORY).text
    assert "Changed by ," not in again.get(FEATURES).text and "Default: on." in again.get(FEATURES).text
    assert {each["by"] for each in again.json(HISTORY).json["changes"]} == {None, other}
    assert {each["by"] for each in sets(again)} == {None, other}


def test_a_name_that_another_administrator_has_as_well_stays(host: Host) -> None:
    host.change("bob", is_admin=True, first_name="Admin", last_name="Test")
    signed_in(host, "admin").post_json(FEATURES, {"sessions": False})
    signed_in(host, "bob").post_json(FEATURES, {"password": False})
    with host.app.app_context():
        current_profile.forget(host.user("admin"))
        changes = current_profile.features.history()
        assert {each.changed_by for each in changes} == {"Admin Test"}
        current_profile.forget(host.user("bob"))
        assert {each.changed_by for each in current_profile.features.history()} == {""}


def test_what_is_done_to_a_set_is_in_the_log(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    admin = signed_in(host, "admin")
    with caplog.at_level(logging.INFO):
        which = saved(admin)
        admin.post_json(FEATURES, {"sessions": False})
        admin.post_json(PUT_BACK, {"id": which})
        admin.post_json(RENAME, {"id": which, "name": "New"})
        admin.post_json(DELETE, {"id": which})
    deeds = [
        re.sub(r".*administrator '\w+' ", "", each.message) for each in caplog.records if "the set of" in each.message
    ]
    quoted = repr(LAUNCH)
    assert deeds == [
        *(f"saved the set of features {quoted}", f"put back the set of features {quoted}"),
        *(f"renamed the set of features {quoted}", "deleted the set of features 'New'"),
    ]


def test_python_has_the_same(host: Host) -> None:
    with host.app.app_context():
        features = current_profile.features
        found = features.sets.save("From Python", "a script")
        features.save({"sessions": False}, "a script")
        assert features.sets.plan(found).changes.keys() == {"sessions"}
        assert features.sets.put_back(found.id, "a script").keys() == {"sessions"}
        again = features.sets.named(" from python")
        assert again is not None and again.rules == found.rules
        assert [each.name for each in features.sets.list()] == ["From Python"]
