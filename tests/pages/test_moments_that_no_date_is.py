"""Moments that no date can be, as another program may have written them into the tables: milliseconds, and worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flask_myprofile.audiences import IllFormed, kept_rule, rule_of, text_of
from flask_myprofile.i18n import as_datetime, iso_time
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host, signed_in

ADMIN = "/profile/admin"
SETTINGS: dict[str, Any] = {
    "MYPROFILE_FEATURES": {"activity": True, "api_token": True, "activity.at_a_glance": True},
    "MYPROFILE_API_TOKENS": 3,
}
MILLISECONDS, FAR, LONG_AGO = 1_795_900_000_000, 10**15, -(10**15)
#: The first and the last moment that Python has, which are no dates in zones beside UTC.
FIRST, LAST = -62_135_596_800, 253_402_300_799
#: What SQLite keeps in a column of numbers as well.
TEXT = "2026-11-29 12:00:00"
bad_moments = pytest.mark.parametrize("moment", [MILLISECONDS, FAR, LONG_AGO, -(2**63), 2**63 - 1, FIRST, LAST])


@bad_moments
def test_it_is_unknown(moment: int) -> None:
    assert as_datetime(moment) is None
    assert iso_time(moment) is None


def test_nor_is_a_text_which_sqlite_keeps_in_any_column() -> None:
    text: Any = "NaN"
    assert as_datetime(text) is iso_time(text) is None


def test_what_every_zone_has_is_a_date() -> None:
    for moment in (0, -1, FIRST + 366 * 86400, LAST - 366 * 86400):
        when = as_datetime(moment)
        assert when is not None and when.timestamp() == moment
        assert all(when.astimezone(ZoneInfo(zone)) == when for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"))
        assert when.tzinfo is timezone.utc


def written(host: Host, moment: int | str, but: list[str]) -> set[str]:
    """Each moment that is kept, except of these sessions. What has any."""
    found = set()
    for (table,) in host.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'myprofile_%'"):
        columns = [row[1] for row in host.sql(f"PRAGMA table_info({table})")]
        moments = [name for name in columns if (name == "at" or name.endswith("_at")) and name != "ended_at"]
        ends = {"expires_at"} if moment == LONG_AGO else set()  # an end that is long ago is over, and is not listed
        if not (moments := [name for name in moments if name not in ends]):
            continue
        which = f"WHERE id NOT IN ({', '.join(map(repr, but))})" if table == "myprofile_session" else ""
        host.sql(f"UPDATE {table} SET {', '.join(f'{name} = :moment' for name in moments)} {which}", moment=moment)
        found |= {table} if host.sql(f"SELECT COUNT(*) FROM {table}")[0][0] else set()
    return found


def in_all(found: Any, name: str) -> list[Any]:
    """What stands under that name, wherever it is."""
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    here = [found[name]] if isinstance(found, dict) and name in found else []
    return here + [each for one in inner for each in in_all(one, name)]


def prepared(host: Host, moment: int | str) -> tuple[Browser, Browser]:
    """Alice, who has everything that has a moment, and an administrator who has changed features."""
    alice, elsewhere, admin = host.browser(), host.browser(), host.browser()
    for browser, name in ((alice, "alice"), (elsewhere, "alice"), (admin, "admin")):
        browser.login(name)
    for name in ("CI", "Backup"):
        token = alice.post_json("/profile/api-token/create", {"name": name}).json["token"]
    assert host.browser().client.get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    alice.post("/profile/preferences", {"language": "", "timezone": "Pacific/Kiritimati"})
    admin.post_json(f"{ADMIN}/features", {"openapi": True})
    assert admin.post_json(f"{ADMIN}/features/sets", {"name": "Launch"}).status_code == 200
    admin.post_json(f"{ADMIN}/features", {"openapi": False})
    tables = written(host, moment, [alice.session_id(), admin.session_id()])
    assert {"myprofile_event", "myprofile_feature_change", "myprofile_feature_set", "myprofile_session"} <= tables
    return alice, admin


@pytest.mark.parametrize("moment", [MILLISECONDS, FAR, LONG_AGO, LAST, TEXT])
def test_each_list_says_so_and_goes_on(moment: int | str, new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice, admin = prepared(host, moment)
    which = admin.json(f"{ADMIN}/features/sets").json["sets"][0]["id"]
    own = ("personal-information", "preferences", "password", "api-token", "sessions", "activity")
    asked = [(alice, f"/profile/{each}") for each in own]
    asked += [(admin, f"{ADMIN}/{each}") for each in ("features", "features/sets", "features/history")]
    asked += [
        (admin, f"{ADMIN}/features/sets/{each}?id={which}") for each in ("put-back", "replace", "rename", "delete")
    ]
    asked += [(admin, f"{ADMIN}/{each}?user=alice") for each in ("sessions", "sessions/activity", "features/preview")]
    for browser, url in asked:
        assert (url, browser.get(url).status_code) == (url, 200)
        if "?id=" not in url:
            assert (url, browser.json(url).status_code) == (url, 200)
    sets, history = (admin.json(f"{ADMIN}/features/{each}").json for each in ("sets", "history"))
    assert [*in_all(sets, "at"), *in_all(history, "at")] == [None, None, None]
    for url in ("sets", "history"):
        assert " · —</p>" in admin.get(f"{ADMIN}/features/{url}").text
    events = alice.json("/profile/activity").json
    assert len(in_all(events, "at")) > 3 and set(in_all(events, "at")) == {None}
    tokens = alice.json("/profile/api-token").json["tokens"]
    assert {each["created_at"] for each in tokens} == {None}
    page = alice.get("/profile/api-token").text
    assert "Last used —" in page, "it was, whenever that was"
    shown = admin.json(f"{ADMIN}/sessions?user=alice").json
    assert shown["user"]["name"] and "T" not in str(set(in_all(shown["events"], "at")))
    assert json.dumps(shown)


COMMANDS = (
    *("sessions list --user alice", "activity list alice", "tokens show alice", "tokens audit"),
    *("features list", "features history", "features sets list", "features export", "export alice"),
)


@pytest.mark.parametrize("moment", [MILLISECONDS, FAR, LONG_AGO, LAST, TEXT])
def test_each_command_says_so_and_goes_on(moment: int | str, new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice, _ = prepared(host, moment)
    for command in COMMANDS:
        for more in ([], ["--json"] if " list" in command else []):
            done = host.app.test_cli_runner().invoke(args=["myprofile", *command.split(), *more])
            assert done.exit_code == 0, (command, done.output, done.exception)
    exported = json.loads(host.app.test_cli_runner().invoke(args=["myprofile", "export", "alice"]).output)
    assert set(in_all(exported["activity"], "at")) == {None}
    assert alice.get("/profile/download-my-data").status_code in (200, 404)


@pytest.mark.parametrize("column", ["created_at", "last_seen_at", "rotated_at", "ended_at", "remember_until"])
def test_a_text_in_ones_own_session_ends_it_at_most(column: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIFETIME=86400, MYPROFILE_SESSION_IDLE=3600, **SETTINGS)
    alice, admin = signed_in(host), signed_in(host, "admin")
    host.sql(
        f"UPDATE myprofile_session SET {column} = :text WHERE user_key = :key", text=TEXT, key=host.user("alice").id
    )
    goes_on = alice.is_in()
    assert goes_on == (column not in ("created_at", "ended_at")), "nobody knows when it began"
    assert alice.get("/profile/sessions").status_code == (200 if goes_on else 302)
    assert admin.get(f"{ADMIN}/sessions?user=alice").status_code == 200
    if goes_on:
        assert alice.post("/profile/sessions/sign-out-others").status_code == 303
        assert len(alice.sessions()) == 1
    assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert alice.login("alice").status_code == 302 and alice.is_in()


def test_texts_in_all_other_columns_keep_nobody_from_doing_anything(new_host: Callable[..., Host]) -> None:
    notes = {"MYPROFILE_NOTIFY": lambda user, notice: None, "MYPROFILE_EXTERNAL_URL": "https://app.test"}
    more = {"MYPROFILE_EMAIL_CHANGE": "verified", "MYPROFILE_PERSONAL_READONLY": ("username",)}
    host = new_host(**SETTINGS, **notes, **more, MYPROFILE_API_TOKEN_LIFETIME=90 * 86400)
    alice, admin = signed_in(host), signed_in(host, "admin")
    wrong = {"current_password": "wrong", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    change, address = "/profile/personal-information/change-email", {"new_email": "new@x.test"}
    assert alice.post(change, address).status_code == 303
    assert alice.post("/profile/password", wrong).status_code == 422
    token = alice.post_json("/profile/api-token/create", {"name": "CI"}).json["token"]
    written(host, TEXT, [alice.session_id(), admin.session_id()])
    answer = host.browser().client.get("/api", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, "it ends, and nobody knows when it was made"
    which = alice.json("/profile/api-token").json["tokens"][0]["id"]
    assert alice.post_json("/profile/api-token/regenerate", {"version": which}).status_code == 200
    assert alice.post(change, address).status_code == 303
    assert alice.post("/profile/personal-information/cancel-email-change").status_code == 303
    assert alice.post("/profile/password", wrong).status_code == 422
    assert alice.post("/profile/password", {**wrong, "current_password": PASSWORD}).status_code == 303
    assert admin.post_json(f"{ADMIN}/features", {"openapi": False}).status_code == 200


@pytest.mark.parametrize("moment", [MILLISECONDS, FAR, 2**63 - 1])
def test_a_browser_that_is_remembered_until_then_comes_back_and_gets_a_new_secret(moment: int, host: Host) -> None:
    alice = host.browser()
    alice.login("alice", remember=True)
    host.sql("UPDATE myprofile_session SET remember_until = :moment", moment=moment)
    alice.restart()
    assert alice.get("/page").status_code == 200
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert alice.post_json("/profile/password", sent).status_code == 200
    assert alice.is_in() and alice.cookie("myprofile_device")


# ---- whom a feature is on for


@pytest.mark.parametrize(
    "moment",
    ["1e30", "-1", "NaN", '"NaN"', '"9999-12-31T23:59Z"', '"0001-01-01T00:00Z"', '"1970-01-01T00:00+14:00"', "null"],
)
@pytest.mark.parametrize("key", ["from", "until"])
def test_of_an_audience_it_is_nobody_or_no_condition(key: str, moment: str, new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS)
    alice, _ = prepared(host, 1_795_900_000)
    admin = host.browser()
    admin.login("admin")
    audience = f'{{"on":true,"for":{{"share":100,"{key}":{moment}}}}}'
    admin.post_json(f"{ADMIN}/features", {"sessions": {"on": True, "for": {"share": 100}}})
    host.sql("UPDATE myprofile_feature_audience SET audience = :audience", audience=audience)
    host.sql("UPDATE myprofile_feature_change SET rule_after = :audience WHERE name = 'sessions'", audience=audience)
    host.sql("UPDATE myprofile_feature_set_rule SET rule = :audience WHERE name = 'sessions'", audience=audience)
    assert alice.get("/profile/sessions").status_code == (200 if moment == "null" else 404)
    for url in ("features", "features/sets", "features/history", "features/audience?feature=sessions"):
        assert (url, admin.get(f"{ADMIN}/{url}").status_code) == (url, 200)
    for command in COMMANDS:
        done = host.app.test_cli_runner().invoke(args=["myprofile", *command.split()])
        assert done.exit_code == 0, (command, done.output, done.exception)


@pytest.mark.parametrize(
    "moment", ["9998-12-31T23:59-12:00", "1971-01-01T00:00+14:00", "1971-01-02T00:00Z", "9998-12-31T23:59Z"]
)
def test_a_moment_that_is_taken_is_one_that_can_be_read_again(moment: str) -> None:
    """In UTC, as it is kept, it may be of another year."""
    try:
        rule = rule_of({"on": True, "for": {"until": moment}})
    except IllFormed:
        return
    assert kept_rule(text_of(rule)) == rule
