"""The list answers "was that me?": each sign-in in words, details on demand, and what nobody uses folded away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from html import unescape
from typing import Any

import pytest

from flask_myprofile.account.clock import now
from flask_myprofile.store.records import ADOPTED, TAG_LENGTH, LiveSince
from tests.support.devices import live
from tests.support.host import Browser, Host
from tests.support.kept import everywhere

URL = "/profile/sessions"
UNUSED = f"{URL}/sign-out-unused"
DAY = 86_400


@pytest.fixture
def alice(host: Host) -> Browser:
    browser = host.browser()
    browser.login("alice")
    return browser


def words(html: str) -> str:
    """As they are read."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


def day(moment: datetime) -> str:
    """As it is said this year, and of another one."""
    year = "" if moment.year == datetime.now(timezone.utc).year else f", {moment.year}"
    return f"{moment:%b} {moment.day}{year}"


def add(host: Host, number: int = 1, **changed: Any) -> None:
    stored = next(row for row in host.rows.all() if row.user_key == "1")
    for each in range(number):
        host.rows.add(stored._replace(id=f"{each:x}".zfill(24), secret_hash=f"{each:x}".zfill(64), **changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"method": "password"}, "Signed in with a password on"),
        ({"method": "sso", "provider": "Okta"}, "Signed in with Okta on"),
        ({"method": "sso", "provider": None}, "Signed in by Single Sign On on"),
        ({"method": "passkey", "provider": None}, "Signed in with passkey on"),
        ({"method": ADOPTED}, "Signed in before"),
    ],
)
def test_a_sign_in_is_said_in_words_with_its_moment_and_its_end(
    changed: Any, said: str, host: Host, alice: Browser
) -> None:
    began = datetime.fromtimestamp(now() - DAY, timezone.utc)
    add(host, created_at=int(began.timestamp()), last_seen_at=now(), **changed)
    end = day(began + timedelta(days=30))
    assert f"{said} {day(began)}, {began:%-I:%M %p} · is signed out on {end} at the latest" in words(
        alice.get(URL).text
    )


def test_who_is_remembered_stays_signed_in(host: Host, alice: Browser) -> None:
    phone = host.browser()
    phone.login("alice", remember=True)
    assert words(alice.get(URL).text).count(" · stays signed in until ") == 1


@pytest.mark.parametrize(
    ("since", "changed", "at"),
    [
        (LiveSince(900, None, 1000), {}, 600),
        (LiveSince(900, 990, 1000), {}, 560),
        (LiveSince(None, 990, 1000), {}, 560),
        (LiveSince(None, None, 1000), {}, None),
        (LiveSince(900, 990, 1000), {"remember_until": 5000}, 5000),
    ],
)
def test_a_session_runs_out_when_its_first_limit_is_reached(
    since: LiveSince, changed: Any, at: int | None, host: Host, alice: Browser
) -> None:
    (stored,) = host.rows.all()
    record = stored._replace(created_at=500, last_seen_at=550, remember_until=None)._replace(**changed)
    assert since.runs_out_at(record) == at
    if at is not None:
        for moment in (at, at + 1):
            begun, seen = (None if each is None else each + moment - since.now for each in since[:2])
            assert LiveSince(begun, seen, moment).has_run_out(record) == (moment > at)


def test_an_idle_limit_says_what_prolongs_it(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_IDLE=600)
    alice = host.browser()
    alice.login("alice")
    assert re.search(r"is signed out on [^·]*:\d\d.[AP]M unless it is used", words(alice.get(URL).text))
    assert alice.sessions()[0]["expires_at"] > alice.sessions()[0]["last_seen_at"]


def test_the_details_have_what_the_browser_said_in_full_and_the_form_for_the_name(host: Host, alice: Browser) -> None:
    agent = "Mozilla/5.0 <b>" + "x" * 400
    add(host, user_agent=agent, ip="203.0.113.7")
    page = alice.get(URL).text
    details = page.rpartition('<details class="mp-more">')[2].partition("</details>")[0]
    assert agent in unescape(details)
    assert "<b>" not in details
    for text in ("203.0.113.7", "Last active", "Password", "Name of this session"):
        assert text in details
    assert "203.0.113.7" not in page.replace(details, "")


def test_what_nobody_has_used_for_a_month_is_folded_with_one_button_for_all_of_it(host: Host, alice: Browser) -> None:
    add(host, 54, last_seen_at=now() - 31 * DAY)
    page = alice.get(URL)
    fold = page.text.partition('<details class="mp-fold">')[2].partition("</summary>")
    assert words(fold[0] + fold[1]).strip() == "54 not used for a month", "those of the next page as well"
    assert "Sign all 54 of these out" in fold[2]
    bob = host.browser()
    bob.login("bob")
    for browser in (alice, bob):
        host.sql("UPDATE myprofile_session SET last_seen_at = 1 WHERE id = :id", id=browser.session_id())
    assert alice.post(UNUSED).location == URL
    assert "Signed out of 54 unused sessions." in alice.get(URL).text
    assert live(host) == live(host, "bob") == 1, "this one, however old its row, and that of somebody else"
    assert "There was no unused session to sign out." in (alice.post(UNUSED), alice.get(URL))[1].text


@everywhere
def test_unused_sessions_end_and_no_others(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    (stored,) = host.rows.all()
    used, unused = (f"{stored.id[:TAG_LENGTH]}{number:012x}" for number in (1, 2))
    host.rows.add(stored._replace(id=used))
    host.rows.add(stored._replace(id=unused, last_seen_at=now() - 31 * DAY))
    assert alice.post_json(UNUSED).json == {"message": "Signed out of 1 unused session."}
    assert alice.post_json(UNUSED).json == {"message": "There was no unused session to sign out."}
    assert {row["id"] for row in alice.sessions()} == {stored.id, used}


def test_unused_sessions_are_signed_out_where_all_others_may_be(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"sessions.sign_out_others": False})
    alice = host.browser()
    alice.login("alice")
    add(host, 2, last_seen_at=now() - 31 * DAY)
    page = alice.get(URL).text
    assert "2 not used for a month" in page
    assert "of these out" not in page
    assert alice.post(UNUSED).status_code == 404
    assert live(host) == 3


def test_a_few_are_shown_and_the_others_folded_unless_somebody_asks_for_the_next_page(
    host: Host, alice: Browser
) -> None:
    add(host, 54)
    page = alice.get(URL).text
    shown = page.partition('<details class="mp-fold">')[0]
    assert shown.count('class="mp-session') == 1 + 4 + shown.count("mp-session__foot")
    assert "21 more sessions" in page
    assert '<details class="mp-fold" open>' not in page
    assert 'class="mp-fold"' not in alice.get(f"{URL}?page=2").text


def test_as_many_queries_for_many_sessions_as_for_one(host: Host, alice: Browser) -> None:
    alice.get(URL)
    host.count_statements()
    alice.get(URL)
    few = len(host.statements)
    add(host, 54, last_seen_at=now() - 31 * DAY)
    host.count_statements()
    alice.get(URL)
    assert len(host.statements) == few, host.statements
    assert few <= 4, host.statements


def test_who_is_signed_in_only_here_sees_no_empty_foot(host: Host, alice: Browser) -> None:
    foot = '<div class="mp-panel__foot">'
    assert foot not in alice.get(URL).text
    host.browser().login("alice")
    assert f'{foot}<p class="mp-hint">Something you do not recognize?' in re.sub(r"\s*\n\s*", "", alice.get(URL).text)
