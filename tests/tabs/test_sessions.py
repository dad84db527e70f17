"""The Sessions tab: every session that can get in and no other, each user's own, and nothing in it that signs in."""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import datetime, timezone
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.config import DAY
from tests.support.devices import age, ended, inside, live, secret_of, sent_to_login, sign_out
from tests.support.host import JSON, Browser, Host, token_in
from tests.support.kept import HOWEVER, everywhere, first_everywhere, however_kept
from tests.support.rows import copies

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEWER = FIREFOX.replace("128", "129")


@first_everywhere("name", ["alice", "admin"], places=HOWEVER)
def test_each_sign_in_is_a_row_and_one_is_this_device(name: str, host: Host) -> None:
    """S08: whatever the user's role."""
    browsers = [host.browser() for _ in range(3)]
    for browser in browsers:
        browser.login(name, remember=browser is browsers[2])
    before = datetime.now(timezone.utc)
    ids = set()
    for browser in browsers:
        rows = browser.sessions()
        assert [row["current"] for row in rows].count(True) == 1
        assert len(rows) == 3
        ids.add(browser.session_id())
        for row in rows:
            for moment in (row["created_at"], row["last_seen_at"]):
                at = datetime.fromisoformat(moment.replace("Z", "+00:00"))
                assert at.utcoffset() is not None
                assert abs((before - at).total_seconds()) < 60
            assert (row["ip"], row["method"], row["provider"]) == ("127.0.0.1", "password", None)
    assert len(ids) == 3
    answer = browsers[0].json("/profile/sessions").json
    assert answer["total"] == 3
    assert sorted(row["remembered"] for row in answer["sessions"]) == [False, False, True]


@however_kept
def test_signing_in_three_times_in_one_browser_is_one_device(host: Host) -> None:
    """B89: a double click on the sign-in form, or signing in again."""
    alice = host.browser()
    copies = []
    for _ in range(3):
        alice.login("alice")
        copies.append(alice.copy())
    assert [row["current"] for row in alice.sessions()] == [True]
    assert live(host) == 1
    assert alice.is_in()
    assert [sent_to_login(copy) for copy in copies] == [True, True, False]


@first_everywhere("wrong", ["bob's", "0" * 24, "0", "-1", "abc", str(2**63), "' OR 1=1 --", "A" * 24, "x" * 5000])
def test_the_id_of_somebody_else_is_an_id_that_does_not_exist(wrong: str, host: Host) -> None:
    """B40, K07: the same bytes, in HTML and in JSON, and no row is touched."""
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    unknown, given = "f" * 24, bob.session_id() if wrong == "bob's" else wrong
    before = host.rows.all()
    pages = [sign_out(alice, id_) for id_ in (given, unknown)]
    answers = [alice.post_json("/profile/sessions/sign-out", {"id": id_}) for id_ in (given, unknown)]
    assert {answer.status_code for answer in (*pages, *answers)} == {404}
    bodies = [page.text.replace(token_in(page.text), "") for page in pages]  # which says when the page was made
    assert bodies[0] == bodies[1]
    assert answers[0].data == answers[1].data
    assert answers[0].json["code"] == "no_such_session"
    assert host.rows.all() == before
    assert bob.is_in()


@first_everywhere("odd", [0, -1, 2**63, 1.5, None, [], {"$ne": ""}, True, ""])
def test_an_id_that_is_no_text_is_refused(odd: Any, host: Host) -> None:
    """B40"""
    alice, other = host.browser(), host.browser()
    alice.login("alice")
    other.login("alice")
    assert alice.post_json("/profile/sessions/sign-out", {"id": odd}).status_code in (404, 422)
    assert alice.post("/profile/sessions/sign-out").status_code == 422
    assert live(host) == 2


@everywhere
def test_the_hosts_code_cannot_mix_users_up_either(host: Host) -> None:
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    id_ = bob.session_id()
    with host.app.app_context():
        a, b = (host.db.session.get(host.User, number) for number in (1, 2))
        assert not current_profile.sessions.end(a, id_)
        assert current_profile.sessions.end_others(a) == 1, "all, where there is no request whose session stays"
        assert [row.id for row in current_profile.sessions.list(b)] == [id_]
        assert current_profile.sessions.end(b, id_)
        assert current_profile.sessions.end(b, id_), "ended already is ended"
    assert live(host) == 0


@however_kept
def test_neither_page_nor_database_nor_log_has_a_secret_that_signs_in(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """B55, S05"""
    caplog.set_level(logging.DEBUG)
    c1, c2 = host.browser(), host.browser()
    for browser in (c1, c2):
        browser.login("alice", remember=True)
    with c2.client.session_transaction() as kept:
        payload = dict(kept)
    secrets = {
        "session cookie": c2.cookie("session"),
        "remember token": c2.cookie("remember_token"),
        "device cookie": c2.cookie("myprofile_device"),
        "its secret": str(c2.cookie("myprofile_device")).partition(".")[2],
        "the session's secret": payload["_myprofile"].partition(".")[2],
    }
    pages = [
        c1.get("/profile/sessions").text,
        c1.json("/profile/sessions").text,
        c1.get("/menu").text,
        c1.get("/page").text,
    ]
    rows = host.rows.text()
    sign_out(c1, c2)
    for name, secret in secrets.items():
        assert secret
        assert len(secret) > 20
        assert not [page for page in pages if secret in page], f"{name} on a page"
        assert secret not in rows, f"{name} in the database"
        assert secret not in caplog.text, f"{name} in the log"
    id_ = payload["_myprofile"].partition(".")[0]
    assert id_ in pages[0], "the row's id alone, by which it is signed out"
    thief = host.browser()
    for name in ("session", "remember_token", "myprofile_device"):
        thief.set_cookie(name, id_)
    assert sent_to_login(thief)


def test_secrets_differ_between_sign_ins_and_from_the_ids(host: Host) -> None:
    """S04, S06, S07"""
    browsers = [host.browser() for _ in range(20)]
    for browser in browsers:
        browser.login("alice")
    values = [secret_of(host, browser).split(".") for browser in browsers]
    assert len({id_ for id_, _ in values}) == len({secret for _, secret in values}) == 20
    assert all(len(secret) == 43 and len(id_) == 24 for id_, secret in values)
    assert not any(id_ in secret for id_, secret in values)
    assert not any(hashlib.sha256(secret.encode()).hexdigest().startswith(id_) for id_, secret in values)


@however_kept
def test_a_session_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(host: Host) -> None:
    """S07: somebody puts the session of an own account into Alice's browser, and waits for her to sign in."""
    attacker, alice = host.browser(), host.browser()
    attacker.login("bob")
    planted = attacker.copy()
    alice.set_cookie("session", str(attacker.cookie("session")))
    alice.login("alice")
    assert inside(host, alice)["_myprofile"] != inside(host, planted).get("_myprofile")
    assert alice.get("/page").text == "Hello alice"
    assert sent_to_login(planted)
    assert [row["current"] for row in alice.sessions()] == [True]


ADDRESSES = {
    "none": (None, None),
    "empty": ("", None),
    "bytes": ("b''", None),
    "socket": ("unix:", None),
    "text": ("<b>", None),
    "mapped": ("::ffff:10.0.0.1", "10.0.0.1"),
    "link-local": ("fe80::1%eth0", "fe80::1"),
    "v6": ("2001:DB8::7", "2001:db8::7"),
    "v4 with a port": ("203.0.113.7:51234", "203.0.113.7"),  # as Azure has it
    "v6 with a port": ("[2001:db8::1]:51234", "2001:db8::1"),
}


@first_everywhere("kind", list(ADDRESSES))
def test_an_address_that_is_none_is_no_hindrance(kind: str, host: Host) -> None:
    """B34: behind a Unix socket there is none."""
    given, shown = ADDRESSES[kind]
    browsers = [host.browser() for _ in range(2)]
    for browser in browsers:
        environ = browser.client.environ_base
        environ.pop("REMOTE_ADDR")
        if given is not None:
            environ["REMOTE_ADDR"] = given
        assert browser.login("alice", remember=True).location == "/page"
    page = browsers[0].get("/profile/sessions")
    assert page.status_code == 200
    assert (shown or "unknown address") in page.text
    assert [row["ip"] for row in browsers[0].sessions()] == [shown, shown]
    assert sign_out(browsers[0], browsers[1]).status_code == 303
    assert sent_to_login(browsers[1])
    age(host, 300)
    browsers[0].restart()
    assert browsers[0].is_in()


@everywhere
def test_another_network_or_version_of_the_browser_is_the_same_session(host: Host) -> None:
    """B91: the row follows, no more often than last activity is written down."""
    alice = host.browser()
    environ = alice.client.environ_base
    environ.update(REMOTE_ADDR="198.51.100.1", HTTP_USER_AGENT=FIREFOX)
    alice.login("alice")
    id_ = alice.session_id()
    environ.update(REMOTE_ADDR="2001:db8::7", HTTP_USER_AGENT=NEWER)
    assert alice.is_in()
    assert [(row.ip, row.user_agent) for row in host.rows.all()] == [("198.51.100.1", FIREFOX)]
    age(host, 61)
    assert alice.is_in()
    assert [(row.id, row.ip, row.user_agent) for row in host.rows.all()] == [(id_, "2001:db8::7", NEWER)]
    assert not ended(host)


def test_no_forwarding_header_is_believed(host: Host) -> None:
    """B60: what the list shows is the peer as the host's own set-up has it."""
    alice = host.browser()
    for header in ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP"):
        alice.client.environ_base[header] = "6.6.6.6"
    alice.login("alice")
    assert [row["ip"] for row in alice.sessions()] == ["127.0.0.1"]
    assert "6.6.6.6" not in alice.get("/profile/sessions").text


def many(host: Host, number: int) -> Browser:
    alice = host.browser()
    alice.login("alice")
    (first,) = host.rows.all()
    for copy in copies(first, number):
        host.rows.add(copy)
    return alice


@everywhere
def test_a_long_list_comes_in_pages(host: Host) -> None:
    alice = many(host, 60)
    first, second = (alice.get(f"/profile/sessions{query}", headers=JSON).json for query in ("", "?page=2"))
    assert (len(first["sessions"]), len(second["sessions"])) == (50, 11)
    assert first["total"] == second["total"] == 61
    assert len({row["id"] for row in (*first["sessions"], *second["sessions"])}) == 61
    assert "?page=2" in alice.get("/profile/sessions").text
    for page in ("0", "-1", "x", "999999", "99999999999999999999", "١"):
        assert alice.get(f"/profile/sessions?page={page}").status_code == 200
    assert alice.post("/profile/sessions/sign-out-others").status_code == 303
    assert live(host) == 1


@everywhere
def test_of_very_many_each_page_says_how_many_there_are_and_how_many_are_unused(host: Host) -> None:
    """A person may have ten thousand."""
    alice = host.browser()
    alice.login("alice")
    (stored,) = host.rows.all()
    for number in range(1, 131):
        seen = stored.last_seen_at - (40 * DAY if number > 90 else number)
        changed = {"id": f"{stored.id[:12]}{number:012x}", "secret_hash": f"{number:064x}", "last_seen_at": seen}
        host.rows.add(stored._replace(created_at=seen, remember_until=stored.created_at + 9 * DAY, **changed))
    shown = [re.findall(r'id="mp-session-\d+"', alice.get(f"/profile/sessions?page={n}").text) for n in (1, 2, 4, 6, 7)]
    assert [len(rows) for rows in shown] == [26, 26, 26, 6, 1], "this session, and 25 of the others"
    first = alice.get("/profile/sessions").text
    assert "(130)" in first
    assert "Sign all 40 of these out" in first
    answers = [alice.json(f"/profile/sessions?page={number}").json for number in (1, 2, 3, 4)]
    assert [(len(each["sessions"]), each["total"]) for each in answers] == [(50, 131), (50, 131), (31, 131), (0, 131)]
    assert len({row["id"] for each in answers for row in each["sessions"]}) == 131


def test_a_page_of_the_list_is_one_query(host: Host) -> None:
    alice = many(host, 130)
    for path in ("/profile/sessions", "/profile/sessions?page=2"):
        statements = host.count_statements()
        alice.get(path)
        assert len([each for each in statements if "myprofile_session.user_key =" in each]) == 1
