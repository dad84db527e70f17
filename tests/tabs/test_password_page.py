"""The page of the password: the rules that it ticks off, the sessions that it ends, and what it never says."""

from __future__ import annotations

import html
import logging
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.policy import PolicyBroken
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host

TAB = "/profile/password"
BOX = re.compile(r'<input[^>]*type="checkbox"[^>]*>')


def fields(new: str = NEW_PASSWORD, current: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"current_password": current, "new_password": new, "confirm_password": new, **more}


def rules_of(page: str) -> dict[str, str | None]:
    """Rule as it is read -> how the server marks it."""
    found = re.findall(r'<li data-mp-rule="[^"]*"(?: data-mp-state="(\w+)")?>.*?<span>([^<]*)<', page)
    return {html.unescape(text): state or None for state, text in found}


def two_browsers(host: Host) -> tuple[Browser, Browser]:
    here, there = host.browser(), host.browser()
    here.login("alice")
    there.login("alice", remember=True)
    return here, there


# ---- the rules


def test_the_rules_are_on_the_page_before_anything_is_typed_with_what_a_browser_needs(
    new_host: Callable[..., Host],
) -> None:
    """P08: the page judges by itself; nothing that is typed is sent for it."""
    host = new_host(MYPROFILE_PASSWORD_REQUIRE=("upper", "digit"))
    here, _ = two_browsers(host)
    page = here.get(TAB).text
    assert rules_of(page) == dict.fromkeys(
        [
            "At least 15 characters; spaces count",
            "At most 256 characters",
            "At least one capital letter",
            "At least one number",
            "Different from your current password",
            "Not just your name, email address or the name of this service",
            "Not one of the passwords that many people use",
        ]
    )
    tests = re.findall(r'data-mp-rule="([^"]*)"', page)
    assert tests == ["min:15", "max:256", "upper", "digit", "differs:current_password", "server", "server"]


def test_the_server_marks_the_rules_that_a_refused_password_breaks(new_host: Callable[..., Host]) -> None:
    """P08: without JavaScript as well."""
    host = new_host(MYPROFILE_PASSWORD_REQUIRE=("upper", "digit"))
    here, _ = two_browsers(host)
    answer = here.post(TAB, fields("alice"))
    assert answer.status_code == 422
    assert [rule for rule, state in rules_of(answer.text).items() if state == "no"] == [
        "At least 15 characters; spaces count",
        "At least one capital letter",
        "At least one number",
        "Not just your name, email address or the name of this service",
    ]
    wrong = here.post(TAB, fields("alice", current="wrong"))
    assert rules_of(wrong.text) == rules_of(answer.text), "whatever else is wrong"


# ---- the other sessions


def test_the_box_is_there_and_ticked(host: Host) -> None:
    """B05: to leave the others signed in takes a decision."""
    here, _ = two_browsers(host)
    (box,) = BOX.findall(here.get(TAB).text)
    assert 'name="sign_out_others"' in box
    assert " checked" in box
    assert here.json(TAB).json["sign_out_others"] is True


@pytest.mark.parametrize(
    ("sent", "stays"),
    [
        ({}, False),
        ({"sign_out_others": ["y", "false"]}, False),
        ({"sign_out_others": ["false"]}, True),
    ],
    ids=["a program's form without the box", "ticked", "unticked"],
)
def test_a_form_ends_the_other_sessions_unless_its_box_is_unticked(sent: Any, stays: bool, host: Host) -> None:
    here, there = two_browsers(host)
    secret = here.cookie("session")
    assert here.post(TAB, {**fields(), **sent}).status_code == 303
    assert [here.is_in(), there.is_in()] == [True, stays]
    there.restart()
    assert there.is_in() is stays, "and so does the device"
    assert here.cookie("session") != secret, "this session has a new secret in any case"
    said = "Your other sessions stay signed in." if stays else "1 other session was signed out."
    assert said in host.browser().copy().get(TAB).text or said in here.get(TAB).text


@pytest.mark.parametrize(
    ("sent", "stays"), [({}, False), ({"sign_out_others": True}, False), ({"sign_out_others": False}, True)]
)
def test_json_ends_the_other_sessions_unless_it_says_false(sent: dict[str, bool], stays: bool, host: Host) -> None:
    here, there = two_browsers(host)
    assert here.post_json(TAB, {**fields(), **sent}).status_code == 200
    assert [here.is_in(), there.is_in()] == [True, stays]


def test_an_unticked_box_stays_unticked_when_something_has_to_be_corrected(host: Host) -> None:
    here, _ = two_browsers(host)
    for sent, ticked in ((["false"], False), (["y", "false"], True)):
        answer = here.post(TAB, {**fields("short"), "sign_out_others": sent})
        assert answer.status_code == 422
        (box,) = BOX.findall(answer.text)
        assert (" checked" in box) is ticked


def test_an_administrator_may_take_the_choice_away(new_host: Callable[..., Host]) -> None:
    """B05: there is no box, and what is sent does not count."""
    host = new_host(MYPROFILE_PASSWORD_END_SESSIONS="always")
    here, there = two_browsers(host)
    assert BOX.findall(here.get(TAB).text) == []
    assert here.post(TAB, {**fields(), "sign_out_others": "false"}).status_code == 303
    assert [here.is_in(), there.is_in()] == [True, False]


# ---- limits


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
@pytest.mark.parametrize("field", ["new_password", "current_password", "confirm_password"])
@pytest.mark.parametrize("marks", [3_000, 100_000])
def test_marks_that_take_long_to_normalise_are_refused_before_they_are(
    marks: int, field: str, as_json: bool, host: Host
) -> None:
    """P13: NFC of 200,000 marks takes half a minute."""
    here, _ = two_browsers(host)
    sent = {**fields(), field: "a" + "\u0301\u0323" * marks}
    token = here.csrf()
    here.post(TAB, fields("short"))  # its templates are compiled now
    began = time.thread_time()
    if as_json:
        answer = here.client.post(TAB, json=sent, headers={"Accept": "application/json", "X-CSRFToken": token})
    else:
        answer = here.client.post(TAB, data={"csrf_token": token, **sent})
    assert time.thread_time() - began < 0.2
    assert answer.status_code == (422 if marks == 3_000 else 413)
    assert here.is_in()


def test_a_million_letters_are_refused_at_once(new_host: Callable[..., Host]) -> None:
    """P13: at the door of the rules as well, where a host's own view lets them pass."""
    host = new_host()
    with host.app.test_request_context():
        alice: Any = host.db.session.get(host.User, 1)
        for new in ("x" * 1_000_000, "a" + "\u0301\u0323" * 100_000):
            began = time.thread_time()
            with pytest.raises(PolicyBroken, match="max_length"):
                current_profile.passwords.check(alice, PASSWORD, new)
            assert not current_profile.passwords.is_current(alice, new)
            assert not current_profile.users.check_password(alice, "b" + new)
            assert time.thread_time() - began < 0.2


# ---- what is never said


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_submitted_password_comes_back_nowhere(
    as_json: bool, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P22: neither in a page nor in JSON, a message or the log, whatever is wrong."""
    caplog.set_level(logging.DEBUG)
    host = new_host()
    here, _ = two_browsers(host)
    send = here.post_json if as_json else here.post
    canaries = {"current_password": "canary-one", "new_password": "canary-two", "confirm_password": "canary-six"}
    answers = [send(TAB, canaries), send(TAB, {**canaries, "current_password": PASSWORD})]
    answers.append(send(TAB, {**canaries, "current_password": PASSWORD, "new_password": "canary" * 99}))
    answers.append(send(TAB, {**canaries, "new_password": "canary\x00"}))
    for _ in range(6):
        answers.append(send(TAB, canaries))
    host.sql("DELETE FROM myprofile_guess")

    def broken(user: Any, text: str) -> None:
        raise RuntimeError("the directory does not answer")

    monkeypatch.setattr(host.User, "set_password", broken)
    long = {**fields("a canary that is long enough"), "confirm_password": "a canary that is long enough"}
    answers.append(send(TAB, long))
    assert {answer.status_code for answer in answers} == {422, 429, 500}
    assert not any("canary" in answer.text for answer in (*answers, here.get(TAB)))
    assert "canary" not in caplog.text
    assert PASSWORD not in caplog.text


# ---- no usable hash


@pytest.mark.parametrize("stored", [None, "", "!", "*", "!scrypt:1:1:1$salt$hash"])
@pytest.mark.parametrize("current", ["", "!", "anything"])
def test_who_has_no_usable_hash_cannot_set_a_password(
    stored: str | None, current: str, new_host: Callable[..., Host]
) -> None:
    """P23: not by leaving the current one empty either."""
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)  # who takes a password away would end the session
    here, _ = two_browsers(host)
    host.change("alice", password_hash=stored)
    page = here.get(TAB)
    assert page.status_code == 200
    for send in (here.post, here.post_json):
        answer = send(TAB, fields(current=current))
        assert answer.status_code in (403, 422)
    assert host.user("alice").password_hash == stored


# ---- where password managers send people


def test_password_managers_find_the_page(new_host: Callable[..., Host]) -> None:
    """P09: at the address that all apps share; who is signed out signs in first."""
    host = new_host(MYPROFILE_URL_PREFIX="/my/account")
    here, address = host.browser(), "/.well-known/change-password"
    answer = here.get(address)
    assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login")
    here.login("alice")
    answer = here.get(address)
    assert (answer.status_code, answer.location) == (302, "/my/account/password")


def test_there_is_no_such_address_where_the_page_is_off(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"password": False})
    here, _ = two_browsers(host)
    assert here.get("/.well-known/change-password").status_code == 404


def test_an_address_that_the_host_has_already_stays_the_hosts(new_host: Callable[..., Host]) -> None:
    def add_view(app: Any, db: Any) -> None:
        app.add_url_rule("/.well-known/change-password", "own", lambda: "the host's own")

    assert new_host(before=add_view).browser().get("/.well-known/change-password").text == "the host's own"
