"""All features together have one version: of two administrators who save the same one, one has saved it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.errors import Conflict
from flask_myprofile.store.sqlalchemy import SqlStore
from tests.host import JSON, Browser, Host
from tests.kept import in_each_database
from tests.meanwhile import begun_meanwhile, meanwhile

URL, RESET = "/profile/admin/features", "/profile/admin/features/reset"
SENTENCE = "Somebody changed these settings while you were editing. Check them and save again."
ROUNDS = 20


def admin_of(host: Host) -> Browser:
    browser = host.browser()
    browser.login("admin")
    return browser


def states(browser: Browser) -> dict[str, bool]:
    return {name: state["on"] for name, state in browser.json(URL).json["features"].items()}


def version_on(browser: Browser, url: str = URL) -> str:
    found = re.search(r'name="version" value="([^"]*)"', browser.get(url).text)
    assert found, "the page does not say which version it shows"
    return found[1]


def save(browser: Browser, version: str | None, as_json: bool, **changes: bool) -> Any:
    more = {} if version is None else {"version": version}
    if as_json:
        return browser.post_json(URL, {**changes, **more})
    return browser.post(URL, {**{name: "on" if on else "off" for name, on in changes.items()}, **more})


# ---- the same version, saved twice


@in_each_database
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
@pytest.mark.parametrize("before", [True, False], ids=["saved before", "first save"])
@pytest.mark.parametrize("other", ["preferences", "sessions"], ids=["the same feature", "another feature"])
def test_of_two_who_save_one_version_at_once_one_has_saved_it(
    other: str, before: bool, as_json: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, first = admin_of(host), admin_of(host)
    if before:
        assert save(first, None, True, password=False).status_code == 200
    version = version_on(late)
    done = meanwhile(monkeypatch, SqlStore, "save_features", lambda: save(first, version, as_json, **{other: False}))
    refused = save(late, version, as_json, preferences=False)
    assert done[0].status_code == (200 if as_json else 303)
    assert refused.status_code == 409
    assert SENTENCE in refused.text
    assert not as_json or refused.json["code"] == "conflict"
    off = {name for name, on in states(first).items() if not on}
    assert off == {other, *(["password"] if before else [])}
    assert save(late, version_on(late), as_json, **{other: True}).status_code == done[0].status_code


@in_each_database
def test_whoever_comes_while_somebody_saves_waits_and_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where both find that nothing has ever been saved."""
    first, late = admin_of(host), admin_of(host)
    version = version_on(late)
    token = late.csrf()

    def save_late() -> Any:
        headers = {**JSON, "X-CSRFToken": token}
        return late.client.post(URL, json={"preferences": False, "version": version}, headers=headers)

    answer = begun_meanwhile(monkeypatch, SqlStore, "_put", save_late)
    assert save(first, version, True, sessions=False).status_code == 200
    assert answer().status_code == 409
    assert [name for name, on in states(first).items() if not on] == ["sessions"]


@in_each_database
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_a_reset_of_a_version_that_somebody_has_changed_meanwhile_resets_nothing(
    as_json: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, first = admin_of(host), admin_of(host)
    save(first, None, True, password=False)
    sent = {"version": version_on(late, RESET)}
    meanwhile(monkeypatch, SqlStore, "save_features", lambda: save(first, None, True, sessions=False))
    answer = (late.post_json if as_json else late.post)(RESET, sent)
    assert answer.status_code == 409
    assert [name for name, on in states(first).items() if not on] == ["password", "sessions"]


# ---- without a version


@in_each_database
def test_a_program_that_names_no_version_goes_by_what_is_there_when_it_saves(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by what it has read before: what it is told to be off is off."""
    late, first = admin_of(host), admin_of(host)
    save(first, None, True, preferences=False)
    done = meanwhile(monkeypatch, SqlStore, "save_features", lambda: save(first, None, True, preferences=True))
    answer = save(late, None, True, preferences=False, sessions=False)
    assert done[0].json["changes"] == {"preferences": True}
    assert answer.json["changes"] == {"preferences": False, "sessions": False}
    assert [name for name, on in states(first).items() if not on] == ["preferences", "sessions"]


@in_each_database
def test_a_reset_without_a_version_resets_what_is_changed_when_it_is_done(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, first = admin_of(host), admin_of(host)
    save(first, None, True, preferences=False)
    meanwhile(monkeypatch, SqlStore, "save_features", lambda: save(first, None, True, sessions=False))
    assert late.post_json(RESET).json["changes"] == {"preferences": True, "sessions": True}
    assert [name for name, on in states(first).items() if not on] == []


@in_each_database
def test_python_saves_by_the_same_version(host: Host) -> None:
    admin = admin_of(host)
    with host.app.app_context():
        features, seen = current_profile.features, current_profile.features.version()
        assert features.save({"sessions": False}, "cron", seen) == {"sessions": False}
        with pytest.raises(Conflict):
            features.save({"preferences": False}, "cron", seen)
        assert features.save({"preferences": False, "sessions": False}, "cron") == {"preferences": False}
    assert [name for name, on in states(admin).items() if not on] == ["preferences", "sessions"]


# ---- what the version is


@pytest.mark.parametrize("version", ["", "x", "-1", "00", "1.0", " 0", "9" * 400])
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_no_other_text_is_taken_for_the_version(as_json: bool, version: str, host: Host) -> None:
    admin = admin_of(host)
    assert save(admin, version, as_json, preferences=False).status_code == 409
    assert states(admin)["preferences"]


def test_the_version_is_no_feature_and_changes_with_every_save_that_changes_something(host: Host) -> None:
    admin = admin_of(host)
    first = admin.json(URL).json["version"]
    assert first == version_on(admin)
    assert save(admin, first, True, preferences=True).json["changes"] == {}
    assert admin.json(URL).json["version"] == first, "nothing has changed"
    assert save(admin, first, True, preferences=False).json["changes"] == {"preferences": False}
    second = admin.json(URL).json["version"]
    assert first != second == version_on(admin) == version_on(admin, RESET)
    assert save(admin, second, True, preferences=True).status_code == 200
    assert admin.json(URL).json["version"] not in (first, second), "as it was is not what it was"
    with host.app.test_request_context():
        assert "version" not in admin.json(URL).json["features"]
        assert "version" not in current_profile.features._store.features()


def test_a_page_never_names_a_later_version_than_the_one_that_it_shows(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saves between the two queries is not overwritten unseen."""
    admin, other = admin_of(host), admin_of(host)
    meanwhile(monkeypatch, SqlStore, "features_version", lambda: save(other, None, True, preferences=False))
    page = admin.json(URL).json
    assert not page["features"]["preferences"]["on"]
    done = meanwhile(monkeypatch, SqlStore, "features", lambda: save(other, None, True, sessions=False))
    with host.app.test_request_context():
        version = current_profile.features.version()
        assert current_profile.features["preferences"] is False
    assert done[0].status_code == 200
    assert save(admin, version, True, password=False).status_code == 409


@in_each_database
@pytest.mark.parametrize("number", [2, 4])
def test_of_administrators_who_race_one_has_saved_the_version_each_time(number: int, host: Host) -> None:
    names = ["preferences", "sessions", "password", "api_token"][:number]
    with ThreadPoolExecutor(number) as pool:
        admins = [admin_of(host) for _ in range(number)]
        for turn in range(ROUNDS):
            if turn % 4 == 0:  # the first save ever
                host.sql("DELETE FROM myprofile_feature")
                host.sql("DELETE FROM myprofile_version")
            before, version, start = states(admins[0]), version_on(admins[0]), Barrier(number)

            def race(who: Browser, name: str, on: bool, start: Barrier = start, version: str = version) -> int:
                headers = {**JSON, "X-CSRFToken": who.csrf()}
                start.wait(30)
                return int(who.client.post(URL, json={name: on, "version": version}, headers=headers).status_code)

            statuses = list(pool.map(race, admins, names, [not before[name] for name in names]))
            assert sorted(statuses) == [200, *[409] * (number - 1)], f"round {turn}"
            winner = names[statuses.index(200)]
            assert states(admins[0]) == {**before, winner: not before[winner]}
