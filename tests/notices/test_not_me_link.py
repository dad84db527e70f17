"""“This wasn’t me” in a mail: asks, works once, ends the session, and goes on to the rest, signed in or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.events import SESSIONS_ENDED, SIGNED_OUT
from tests.notices.test_notices import PHONE, new_password, signed_in, subjects
from tests.support.host import JSON, Browser, Host
from tests.support.kept import in_each_database
from tests.support.mail_server import Mailbox, link_in

Told = tuple[Host, Browser, Browser, str]


@pytest.fixture
def told(mailing: Callable[..., Host], mailbox: Mailbox) -> Told:
    """Alice at home, a stranger who has just signed in as her, and the link that she is sent."""
    host = mailing()
    alice = signed_in(host)
    alice.post_json("/profile/api-token/regenerate")
    stranger = signed_in(host, agent=PHONE)
    subjects(host, mailbox)
    return host, alice, stranger, link_in(mailbox.received[-1])


def press(browser: Browser, link: str, **boxes: str) -> Any:
    """The button of the page, with what its form has."""
    html = browser.get(link).text
    action, token = re.findall(
        r'<form action="([^"]+)"[^>]*>\s*<input type="hidden" name="token" value="([^"]+)"', html
    )[0]
    own = re.findall(
        r'<input type="hidden" name="token"[^>]*><input type="hidden" name="(csrf_token)" value="([^"]+)"', html
    )
    return browser.client.post(action, data={"token": token, **dict(own), **boxes})


def test_to_open_the_link_changes_nothing_and_the_address_is_passed_on_to_nobody(told: Told) -> None:
    host, alice, stranger, link = told
    visitor = host.browser()
    for _ in range(3):
        answer = visitor.get(link)
        assert answer.status_code == 200
        assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
        visitor.client.head(link)
    assert "Sign out of" in answer.text and "iPhone" in answer.text
    assert stranger.is_in() and alice.is_in()


def test_a_visitor_ends_the_session_and_what_else_is_ticked(told: Told) -> None:
    host, alice, stranger, link = told
    visitor = host.browser()
    answer = press(visitor, link, everywhere="y", api_token="y")
    assert "Now change your password" in answer.text and 'href="/profile/password"' in answer.text
    assert "1 session was signed out." in answer.text
    assert not stranger.is_in() and not alice.is_in()
    with host.app.test_request_context():
        assert current_profile.tokens.find(host.user("alice")) is None
    again = press_again(visitor, link)
    assert again.status_code == 404 and "does not work any more" in again.text


def press_again(browser: Browser, link: str) -> Any:
    return browser.post("/profile/mail-link", {"token": link.partition("token=")[2]})


def test_whose_own_session_ends_reads_a_page_of_visitors(told: Told) -> None:
    host, alice, stranger, link = told
    answer = press(stranger, link)
    assert answer.status_code == 200 and "Now change your password" in answer.text
    assert "/profile/sign-out" not in answer.text and "/profile/sessions" not in answer.text
    assert not stranger.is_in() and alice.is_in()
    with host.app.test_request_context():
        kinds = [event.kind for event in current_profile.activity.list(host.user("alice"))]
    assert SESSIONS_ENDED.name in kinds and SIGNED_OUT.name not in kinds


def test_a_visitor_who_ticks_nothing_ends_that_session_alone(told: Told) -> None:
    host, alice, stranger, link = told
    press(host.browser(), link)
    assert alice.is_in() and not stranger.is_in()
    with host.app.test_request_context():
        assert current_profile.tokens.find(host.user("alice")) is not None


def test_who_is_signed_in_goes_on_along_the_path(told: Told) -> None:
    _, alice, stranger, link = told
    assert 'type="checkbox"' not in alice.get(link).text
    answer = press(alice, link)
    assert answer.status_code == 303
    page = alice.get(answer.location).text
    assert "Signed out of" in page and "Change your password" in page and "Revoke your API token" in page
    assert not stranger.is_in() and alice.is_in()


def test_the_browser_that_it_is_about_is_signed_out_itself(told: Told) -> None:
    _, alice, stranger, link = told
    assert press(stranger, link).status_code == 200
    assert alice.is_in() and not stranger.is_in()


def test_the_device_of_that_session_is_not_known_any_more(told: Told, mailbox: Mailbox) -> None:
    host, _, stranger, link = told
    press(host.browser(), link)
    host.sql("UPDATE myprofile_notice SET at = at - 1000")
    stranger.login("alice")
    assert subjects(host, mailbox)[-1] == "Sign-in from a new device"
    assert len(mailbox.received) == 3


def test_somebody_elses_session_or_a_link_that_is_too_old_is_left_alone(told: Told, mailbox: Mailbox) -> None:
    host, alice, stranger, link = told
    bob = signed_in(host, "bob")
    host.sql("UPDATE myprofile_link SET about = :id", id=bob.session_id())
    press(bob, link)
    assert bob.is_in() and stranger.is_in()
    new_password(alice)
    subjects(host, mailbox)
    late = link_in(mailbox.received[-1])
    host.sql("UPDATE myprofile_link SET expires_at = 1000")
    assert host.browser().get(late).status_code == 404
    assert press_again(host.browser(), late).status_code == 404


def test_a_link_for_what_another_version_has_is_none_here_and_goes_on_there(told: Told) -> None:
    """As while one machine after the other gets the new version."""
    host, alice, stranger, link = told
    visitor = host.browser()
    host.sql("UPDATE myprofile_link SET purpose = 'of_a_later_version'")
    assert visitor.get(link).status_code == 404
    assert press_again(visitor, link).status_code == 404
    assert stranger.is_in() and alice.is_in()
    host.sql("UPDATE myprofile_link SET purpose = 'not_me'")
    press(visitor, link)
    assert not stranger.is_in()


@pytest.mark.parametrize("token", ["", "A" * 43, "x" * 5000, "é", "\0"])
def test_what_is_no_link_is_said_to_be_none(token: str, told: Told) -> None:
    visitor = told[0].browser()
    assert visitor.client.get("/profile/mail-link", query_string={"token": token}).status_code == 404
    answer = visitor.client.post("/profile/mail-link", data={"token": token}, headers=JSON)
    expected = (422, "invalid") if token == "\0" else (404, "link_used_or_too_old")
    assert (answer.status_code, answer.json["code"]) == expected


def test_without_notices_there_is_no_such_page(host: Host) -> None:
    assert host.browser().get("/profile/mail-link").status_code == 404
    assert "myprofile.mail_link" not in host.app.view_functions


# ---- what a program sends


def sent_by_a_program(browser: Browser, body: bytes) -> Any:
    headers = {**JSON, "Content-Type": "application/json"}
    return browser.client.post("/profile/mail-link", data=body, headers=headers)


@in_each_database
def test_a_program_ticks_the_same_boxes(told: Told) -> None:
    host, alice, stranger, link = told
    body = {"token": secret_in(link), "everywhere": True, "api_token": False}
    answer = sent_by_a_program(host.browser(), json.dumps(body).encode())
    assert answer.status_code == 200 and "1 session was signed out" in answer.json["message"]
    assert not stranger.is_in() and not alice.is_in()
    with host.app.test_request_context():
        assert current_profile.tokens.find(host.user("alice")) is not None


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (b', "everywhere": true', 400),  # cut off
        (b', "Everywhere": true}', 422),
        (b', "everywhere": "true", "nonsense": 1}', 422),
        (b', "everywhere": [true]}', 422),
        (b', "token": 123}', 422),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_boxes_without_a_tick(more: bytes, status: int, told: Told) -> None:
    """P7: "Signed out" would have been the answer, with everything else left as it was, and the link used up."""
    host, alice, stranger, link = told
    visitor = host.browser()
    answer = sent_by_a_program(visitor, b'{"token": "' + secret_in(link).encode() + b'"' + more)
    assert answer.status_code == status, answer.text
    assert stranger.is_in() and alice.is_in()
    assert visitor.get(link).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"{}"])
def test_a_body_without_a_secret_is_refused_though_the_address_has_one(body: bytes, told: Told) -> None:
    host, _, stranger, link = told
    headers = {**JSON, "Content-Type": "application/json"}
    assert host.browser().client.post(link, data=body, headers=headers).status_code in (400, 404)
    assert stranger.is_in()


def test_a_body_of_another_kind_is_refused_on_a_page(told: Told) -> None:
    host, _, stranger, link = told
    sent = f"token={secret_in(link)}"
    answer = host.browser().client.post("/profile/mail-link", data=sent, content_type="text/plain")
    assert answer.status_code == 400 and stranger.is_in()


def secret_in(link: str) -> str:
    return link.partition("token=")[2]
