"""Download my data: a tab that a host adds, and a file that nobody gets by a sign-in of long ago."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import DownloadMyData, Notice, signals
from tests.admin.test_users import signed_in
from tests.pages.test_pending_forms import confirm, stale
from tests.support.devices import asked_who, pass_time
from tests.support.host import Browser, Host
from tests.support.kept import everywhere

URL = "/profile/download-my-data"
FILE = f"{URL}/download"


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def host(new_host: Callable[..., Host], told: list[Notice]) -> Host:
    return new_host(
        myprofile_options={"tabs": [DownloadMyData]}, MYPROFILE_NOTIFY=lambda user, notice: told.append(notice)
    )


def kinds(browser: Browser) -> list[str]:
    return [each["kind"] for each in browser.json("/profile/activity").json["events"]]


@everywhere
def test_a_browser_saves_all_that_is_kept_as_a_file_that_no_cache_keeps(host: Host, told: list[Notice]) -> None:
    alice = signed_in(host, "alice")
    assert f'action="{FILE}"' in alice.get(URL).text

    @signals.data_exported.connect_via(host.app)
    def add(app: Any, data: dict[str, Any], **extra: Any) -> None:
        data["orders"] = [7]

    answer = alice.post(FILE)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=my-data-2")
    assert answer.headers["Content-Disposition"].endswith(".json")
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    data = json.loads(answer.text)
    assert (data["user"]["name"], data["app"]) == ("Alice Test", {"orders": [7]})
    assert [each["id"] for each in data["sessions"]] == [alice.session_id()]
    assert data["activity"][0]["kind"] == "account.data_downloaded" == kinds(alice)[0]
    assert host.app.extensions["myprofile"].notices.wait()
    assert [each.kind for each in told] == ["data_downloaded"]
    assert told[0].device and "password" not in told[0].text.split("If this")[0]


def test_a_program_gets_it_as_the_answer_and_not_as_a_file(host: Host) -> None:
    answer = signed_in(host, "alice").post_json(FILE)
    assert (answer.status_code, answer.json["user"]["email"]) == (200, host.user("alice").email)
    assert "Content-Disposition" not in answer.headers and answer.headers["Cache-Control"] == "no-store"


def test_it_is_of_whoever_asks_alone(host: Host) -> None:
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    theirs = bob.post_json(FILE).json
    assert theirs["user"]["name"] == "Bob Test"
    assert alice.session_id() not in json.dumps(theirs)


def test_a_minute_goes_by_before_the_next_file_and_others_do_not_wait(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    assert alice.post(FILE).status_code == 200
    too_soon = alice.post(FILE)
    assert (too_soon.status_code, too_soon.headers["Retry-After"]) == (429, "60")
    assert "You have just downloaded it." in too_soon.text
    assert alice.post_json(FILE).json["code"] == "throttled"
    assert bob.post(FILE).status_code == 200
    assert kinds(alice).count("account.data_downloaded") == 1, "a file that nobody got is no event"
    pass_time(monkeypatch, 61)
    assert alice.post(FILE).status_code == 200


def test_a_sign_in_of_long_ago_gives_the_password_and_asks_once_more(host: Host) -> None:
    """The answer to the password is a page: a browser that saves a file stays on the one that had asked."""
    alice = stale(host)
    assert alice.post_json(FILE).json["code"] == "reauth_required"
    carried = asked_who(alice.post(FILE))
    assert carried == {"next": URL}
    assert confirm(alice, carried).location == URL
    assert "Your sign-in is confirmed." in alice.get(URL).text
    assert alice.post(FILE).headers["Content-Disposition"].startswith("attachment")


def test_nothing_is_saved_where_the_event_cannot_be_written(host: Host) -> None:
    """Whoever has got the file must not have got it unseen."""
    alice = signed_in(host, "alice")
    host.sql("ALTER TABLE myprofile_event RENAME TO elsewhere")
    assert alice.post(FILE).status_code == 503
    host.sql("ALTER TABLE elsewhere RENAME TO myprofile_event")
    assert alice.post(FILE).status_code == 200, "and the try has not counted"


def test_a_collector_that_fails_ends_the_export(host: Host) -> None:
    alice = signed_in(host, "alice")

    @signals.data_exported.connect_via(host.app)
    def fail(app: Any, **extra: Any) -> None:
        raise RuntimeError("the orders cannot be read")

    host.app.debug = False
    assert alice.post(FILE).status_code == 503
    assert "account.data_downloaded" not in kinds(alice)


def test_it_is_there_only_where_a_host_adds_it_and_an_administrator_leaves_it_on(
    host: Host, new_host: Callable[..., Host]
) -> None:
    assert signed_in(new_host(), "alice").get(URL).status_code == 404
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    assert admin.post("/profile/admin/features", {"download_my_data": "off"}).status_code == 303
    assert [alice.get(URL).status_code, alice.post(FILE).status_code, alice.post_json(FILE).status_code] == [404] * 3
    assert host.browser().post(FILE).status_code == 302
