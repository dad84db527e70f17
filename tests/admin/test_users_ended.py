"""What an administrator ends: for good, by the rules of every page, and noted as an administrator's deed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from flask_myprofile import signals
from tests.admin.test_users import ALL, ONE, URL, signed_in
from tests.support.devices import ended, live, sent_to_login
from tests.support.host import Browser, Host
from tests.support.walks import everything


@pytest.fixture
def admin(host: Host) -> Browser:
    browser: Browser = signed_in(host, "admin")
    return browser


@pytest.fixture
def told(host: Host) -> Iterator[list[dict[str, Any]]]:
    """What the signal has told of each end."""
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data)

    with signals.session_ended.connected_to(listen, sender=host.app):
        yield heard


def test_one_session_is_ended_for_good_and_no_other(
    host: Host, admin: Browser, told: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = signed_in(host, "alice", 2)
    id_, saved = first.session_id(), first.copy()
    answer = admin.post(ONE, {"user": "1", "id": id_})
    assert (answer.status_code, answer.location) == (303, f"{URL}?user=1")
    assert "Alice Test has been signed out of" in admin.get(answer.location).text
    assert ended(host) == [id_]
    assert [row.end_reason for row in host.rows.all() if row.id == id_] == ["admin"]
    assert told == [{"user_key": "1", "session_ids": [id_], "reason": "admin", "by": "3"}]
    assert "MyProfile: administrator '3' ended 1 sessions of user '1'" in caplog.text
    assert "alice" not in caplog.text.lower()
    assert sent_to_login(first) and sent_to_login(saved)
    assert second.is_in() and admin.is_in()


def test_all_sessions_of_a_user_are_ended_after_a_question(
    host: Host, admin: Browser, told: list[dict[str, Any]]
) -> None:
    devices, bob = signed_in(host, "alice", 3), signed_in(host, "bob")
    remembered = host.browser()
    remembered.login("alice", remember=True)
    link = f'href="{ALL}?user=1"'
    assert link in admin.get(f"{URL}?user=alice").text
    question = admin.get(f"{ALL}?user=1").text
    assert "Sign out of all sessions of Alice Test?" in question
    assert "4 sessions will have to sign in again" in question
    assert "This device is among them" not in question
    assert live(host) == 4, "a question ends nothing"
    answer = admin.post(ALL, {"user": "1"})
    assert (answer.status_code, answer.location) == (303, f"{URL}?user=1")
    assert "Signed out of 4 sessions of Alice Test." in admin.get(answer.location).text
    assert [(end["reason"], end["by"], len(end["session_ids"])) for end in told] == [("admin", "3", 4)]
    remembered.restart()
    assert all(map(sent_to_login, [*devices, remembered]))
    assert bob.is_in() and admin.is_in()


def test_programs_end_sessions_by_the_same_rules(host: Host, admin: Browser) -> None:
    first, second, third = signed_in(host, "alice", 3)
    answer = admin.post_json(ONE, {"user": "alice", "id": first.session_id()})
    assert answer.status_code == 200
    assert answer.json["message"].startswith("Alice Test has been signed out of ")
    assert sent_to_login(first) and second.is_in()
    answer = admin.post_json(ALL, {"user": "alice@x.test"})
    assert answer.json == {"message": "Signed out of 2 sessions of Alice Test."}
    assert sent_to_login(second) and sent_to_login(third)


@pytest.mark.parametrize("url", [ONE, ALL])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user"),
        ({"user": 1, "id": "x"}, "user"),
        ({"user": "1", "id": "x", "more": "x"}, "more"),
        ({"user": ["1"]}, "user"),
    ],
)
def test_a_request_of_the_wrong_form_is_refused(
    url: str, body: dict[str, Any], field: str, host: Host, admin: Browser
) -> None:
    signed_in(host, "alice")
    answer = admin.post_json(url, body)
    assert (answer.status_code, field in answer.json["errors"]) == (422, True)
    assert live(host) == 1


@pytest.mark.parametrize("kind", ["somebody else's", "unknown", "odd", "none", "long"])
def test_a_session_that_is_not_that_users_is_not_found(kind: str, host: Host, admin: Browser) -> None:
    signed_in(host, "alice")
    bob = signed_in(host, "bob")
    id_ = {
        "somebody else's": bob.session_id(),
        "unknown": "f" * 24,
        "odd": "' OR 1=1 --",
        "none": "",
        "long": "x" * 5000,
    }[kind]
    answer, usual = (admin.post(ONE, {"user": "1", "id": each}) for each in (id_, "e" * 24))
    assert answer.status_code == 404
    assert "This user has no such session." in answer.text
    pages = [re.sub(r'(name="csrf_token" value=)"[^"]*"', r"\1", each.text) for each in (answer, usual)]
    assert pages[0] == pages[1]
    program = admin.post_json(ONE, {"user": "1", "id": id_})
    assert (program.status_code, program.json["code"]) == (404, "no_such_session")
    assert not ended(host)


@pytest.mark.parametrize("url", [ONE, ALL])
def test_a_request_that_is_not_the_pages_own_changes_nothing(url: str, host: Host, admin: Browser) -> None:
    alice = signed_in(host, "alice")
    sent, token, before = {"user": "1", "id": alice.session_id()}, admin.csrf(), everything(host)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for headers, kind, status in (
        ({}, {"data": sent}, 400),
        ({}, {"json": sent}, 400),
        ({"X-CSRFToken": token, **elsewhere}, {"data": sent}, 403),
        ({"X-CSRFToken": token, **elsewhere}, {"json": sent}, 403),
        ({"X-CSRFToken": token}, {"data": "user=1", "content_type": "text/plain"}, 415),
    ):
        for accept in ("text/html", "application/json"):
            answer = admin.client.post(url, headers={**headers, "Accept": accept}, **kind)
            assert answer.status_code == status
            assert answer.mimetype == ("text/html" if accept == "text/html" else "application/problem+json")
    assert everything(host) == before
    assert alice.is_in()


def test_a_get_ends_nothing(host: Host, admin: Browser) -> None:
    alice = signed_in(host, "alice")
    query = {"user": "alice", "id": alice.session_id()}
    assert admin.get(ONE, query_string=query).location == f"{URL}?user=alice"
    assert admin.get(ONE).location == URL
    assert admin.get(ALL).location == URL
    assert admin.get(ALL, query_string=query).status_code == 200
    assert alice.is_in()


# ---- the administrator's own


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("url", [ONE, ALL])
def test_who_ends_the_own_session_is_signed_out(
    url: str, as_json: bool, host: Host, admin: Browser, told: list[dict[str, Any]]
) -> None:
    other = signed_in(host, "admin")
    saved, id_ = admin.copy(), admin.session_id()
    assert "This device is among them: you will be signed out here." in admin.get(f"{ALL}?user=admin").text
    sent = {"user": "admin", **({"id": id_} if url == ONE else {})}
    answer = admin.post_json(url, sent) if as_json else admin.post(url, sent)
    assert (answer.status_code, answer.location) == ((200, None) if as_json else (303, "/login"))
    assert sent_to_login(admin) and sent_to_login(saved)
    assert other.is_in() == (url == ONE)
    assert {row.end_reason for row in host.rows.all() if row.ended_at} == {"admin"}
    assert [(end["reason"], end["by"]) for end in told] == [("admin", "3")]


def test_the_own_session_is_marked(admin: Browser) -> None:
    page = admin.get(f"{URL}?user=admin").text
    assert page.count('class="mp-session is-current"') == 1
    assert [row["current"] for row in admin.json(f"{URL}?user=admin").json["sessions"]] == [True]
