"""What has happened to an account, as its user sees it: the newest first, by days, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event

from flask_myprofile import current_profile
from flask_myprofile.account.events import id_at
from flask_myprofile.store.records import EventRecord
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.kept import everywhere

URL = "/profile/activity"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
ON = {"activity": True, "api_token": True}
NOW = 1_800_000_000


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(MYPROFILE_FEATURES=ON)


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    browser.client.environ_base.update(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.7")
    browser.login(name)
    return browser


def titles(html: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'id="mp-event-[\d-]+"><bdi>([^<]+)<', html)]


def fill(host: Host, number: int, kind: str = "session.confirmed", name: str = "alice", at: float = NOW) -> None:
    """So many events, a second apart, the last one at that moment."""
    key = str(host.user(name).id)
    rows = [
        EventRecord(
            *(f"{id_at(key, at - each)}{each % 65536:04x}", key, kind.partition(".")[0], kind, int(at - each)),
            *("user", None, None, None, "192.0.2.7", FIREFOX, None),
        )
        for each in range(number)
    ]
    with host.app.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["myprofile_event"]
        connection.execute(table.insert(), [row._asdict() for row in rows])


@everywhere
def test_what_was_done_is_said_in_words_with_the_device_and_what_helps(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES=ON)
    alice, other = signed_in(host), signed_in(host)
    theirs = other.session_id()
    alice.post("/profile/sessions/rename", {"id": theirs, "name": "Kitchen"})
    alice.post("/profile/personal-information", {"first_name": "Alicia"})
    alice.post("/profile/password", CHANGE)
    html = alice.get(URL).text
    # Redis keeps no name of a session that has ended
    ended = "1 session was signed out" if "MYPROFILE_SESSION_STORE" in host.app.config else "Signed out of Kitchen"
    assert titles(html) == [ended, "Password changed", "Personal information changed", *["Signed in"] * 2]
    assert re.findall(r'class="mp-subhead mp-h3">([^<]+)<', html) == ["Today"]
    assert "Because the password was changed" in html and "First name" in html and "Firefox on Linux" in html
    assert html.count("This device") == 4
    (link,) = re.findall(r'href="([^"]+not-me[^"]+)"', html)
    (said,) = re.findall(r'not-me[^>]+aria-describedby="(\S+) (\S+)"', html)
    assert [f'id="{each}"' in html for each in said] == [True, True], "which of them, by time and device"
    assert theirs in link and alice.get(unescape(link)).status_code == 200
    data = alice.json(URL).json
    assert [each["kind"] for each in data["events"]][-1] == "session.signed_in" and data["next"] is None
    assert {each["ip"] for each in data["events"]} == {"192.0.2.7"}


def test_what_to_choose_is_said_only_where_it_is_there_to_choose(host: Host) -> None:
    alice, advice = signed_in(host), "Choose “This wasn’t me” beside it."
    assert advice not in alice.get(URL).text
    signed_in(host)
    alice.post_json("/profile/api-token/regenerate")
    assert advice in alice.get(URL).text and advice not in alice.get(f"{URL}?topic=token").text


def test_what_somebody_else_has_done_says_who_and_nothing_of_their_browser(host: Host) -> None:
    alice = signed_in(host)
    admin = host.browser()
    admin.client.environ_base["REMOTE_ADDR"] = "192.0.2.99"
    admin.login("admin")
    alice.post_json("/profile/api-token/regenerate")
    admin.post("/profile/admin/sessions/revoke-token", {"user": "alice"})
    html = alice.get(URL).text
    assert "By Admin Test, an administrator" in html and "192.0.2.99" not in html
    assert alice.json(URL).json["events"][0] | {"id": 0, "at": 0} == {
        **{"id": 0, "at": 0, "kind": "token.revoked", "topic": "token", "actor": "admin", "by": "Admin Test"},
        **dict.fromkeys(("session", "device", "ip", "place")),
        "details": {},
    }


def test_one_topic_is_shown_alone_and_others_of_others_never(host: Host) -> None:
    alice, bob = signed_in(host), signed_in(host, "bob")
    alice.post_json("/profile/api-token/regenerate")
    assert titles(alice.get(f"{URL}?topic=token").text) == ["API token made"]
    assert titles(alice.get(f"{URL}?topic=session").text) == ["Signed in"]
    assert titles(bob.get(URL).text) == ["Signed in"]
    assert "Nothing of this kind has happened" in alice.get(f"{URL}?topic=password").text
    for wrong in ("topic=nonsense", "topic=features", "before=x", "before=" + "g" * 32):
        assert alice.get(f"{URL}?{wrong}").status_code == 404, wrong
        assert alice.json(f"{URL}?{wrong}").json["code"] == "no_such_list", wrong
    admin = signed_in(host, "admin")
    admin.post_json("/profile/admin/features", {"sessions.rename": False})
    assert "Turned off: Sessions › Name a session" in admin.get(f"{URL}?topic=features").text


def test_pages_follow_each_other_and_miss_nothing_that_comes_meanwhile(host: Host, monkeypatch: Any) -> None:
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: NOW + 10.0)
    alice = signed_in(host)
    fill(host, 60)
    seen: list[str] = []
    url = URL
    while url:
        html = alice.get(url).text
        seen += titles(html)
        fill(host, 1, "password.changed", at=NOW + 1 + len(seen))  # newer than what is shown
        (url, *_) = [unescape(each) for each in re.findall(r'href="([^"]+)">Show older', html)] or [""]
    assert len(seen) == 61 and seen.count("Password changed") == 0
    assert "Back to the newest" in alice.get(f"{URL}?before={id_at('1', NOW)}0000").text
    ids: list[str] = []
    before = ""
    while before is not None:
        page = alice.json(f"{URL}?before={before}").json
        ids += [each["id"] for each in page["events"]]
        before = page["next"]
    assert ids == sorted(set(ids), reverse=True) and len(ids) >= 64


@pytest.mark.parametrize("which", ["", "?topic=session"])
def test_a_page_costs_two_statements_whatever_there_is(which: str, host: Host, monkeypatch: Any) -> None:
    """The one of events is read by an index and in its order: nothing is sorted, and nothing read that is not shown."""
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: NOW + 10.0)
    alice = signed_in(host)
    signed_in(host)
    alice.get(URL)
    ran: list[tuple[str, Any]] = []
    with host.app.app_context():
        engine = host.db.engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, text, values, *more: ran.append((text, values)))
    for number in (8, 3000):
        fill(host, number, at=NOW - number)
        ran.clear()
        assert alice.get(f"{URL}{which}").status_code == 200
        found = [each for each in ran if "myprofile_event" in each[0] or "myprofile_session.id IN" in each[0]]
        assert len(found) == 2
        (statement, values) = found[0]
        with engine.connect() as connection:
            (row,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        assert "USING INDEX" in row[-1] and "id>? AND id<?" in row[-1]


@pytest.mark.parametrize(
    "settings",
    [{"MYPROFILE_FEATURES": {"activity": False}}, {"MYPROFILE_ACTIVITY_KEEP": None, "MYPROFILE_FEATURES": ON}],
)
def test_where_it_is_off_or_nothing_is_kept_there_is_no_tab(settings: Any, new_host: Callable[..., Host]) -> None:
    alice = signed_in(new_host(**settings))
    assert [alice.get(URL).status_code, alice.json(URL).status_code] == [404, 404]
    html = alice.get("/profile/personal-information").text
    assert URL not in html and "mp-glance" not in html


def test_events_of_the_app_are_said_in_its_words(new_host: Callable[..., Host]) -> None:
    kinds = {
        "billing.card_changed": "Payment card <changed>",
        "billing.paid": lambda details: f"Invoice {details['number']} paid",
    }
    host = new_host(MYPROFILE_FEATURES=ON, MYPROFILE_ACTIVITY_KINDS=kinds)
    alice = signed_in(host)
    with host.app.app_context():
        user = host.user("alice")
        for kind, details in (("card_changed", None), ("paid", {"number": 7}), ("paid", None)):
            current_profile.activity.record(f"billing.{kind}", user, details)
    html = alice.get(f"{URL}?topic=billing").text
    assert titles(html) == ["billing.paid", "Invoice 7 paid", "Payment card <changed>"], "by its name where words fail"
    assert ">Billing</a>" in html and "By the application" in html


# ---- security at a glance


def glance(html: str) -> list[str]:
    (part,) = re.findall(r'<section class="mp-glance".*?</section>', html, re.S) or [""]
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in re.findall(r"<li>.*?</li>", part, re.S)]


def test_the_first_page_says_what_one_would_look_at_first(host: Host) -> None:
    alice = signed_in(host)
    assert glance(alice.get("/profile/personal-information").text) == [
        *("Password No change on record", "API Token There is none", "Sessions Only here"),
    ]
    signed_in(host)
    alice.post("/profile/password", {**CHANGE, "sign_out_others": "false"})
    alice.post_json("/profile/api-token/regenerate")
    assert glance(alice.get("/profile/personal-information").text) == [
        *("Password Changed just now", "API Token Never used", "Sessions 1 other session 1 new"),
    ]
    assert glance(alice.get("/profile/preferences").text) == []


def test_it_follows_the_switches_and_costs_nothing_where_it_is_off(new_host: Callable[..., Host]) -> None:
    def statements(**features: bool) -> tuple[list[str], int]:
        host = new_host(MYPROFILE_FEATURES={**ON, **{name.replace("__", "."): on for name, on in features.items()}})
        alice = signed_in(host)
        alice.get("/profile/personal-information")
        found = host.count_statements()
        return glance(alice.get("/profile/personal-information").text), len(found)

    (facts, with_it), (some, _) = statements(), statements(password=False, api_token=False)
    assert [len(facts), len(some)] == [3, 1]
    (nothing, without), (none, usual) = statements(activity__at_a_glance=False), statements(activity=False)
    assert (nothing, none, without) == ([], [], usual)
    assert with_it == usual + 3


def test_whose_password_is_the_organizations_is_told_nothing_of_it(new_host: Callable[..., Host]) -> None:
    from flask_myprofile import Users

    host = new_host(MYPROFILE_FEATURES=ON, myprofile_options={"users": Users(is_sso=lambda user: True)})
    facts = glance(signed_in(host).get("/profile/personal-information").text)
    assert [each.split()[0] for each in facts] == ["API", "Sessions"]
