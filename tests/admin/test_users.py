"""An administrator's view of a user's sessions: one user at a time, and what is ended there is ended for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest

from tests.support.devices import sent_to_login
from tests.support.host import JSON, Browser, Host, make_host
from tests.support.rows import copies

URL = "/profile/admin/sessions"
ONE, ALL = f"{URL}/sign-out", f"{URL}/sign-out-all"
UNKNOWN = "There is no user with this user name, email address or key."


def signed_in(host: Host, name: str, times: int = 1) -> Any:
    browsers = [host.browser() for _ in range(times)]
    for browser in browsers:
        browser.login(name)
    return browsers[0] if times == 1 else browsers


@pytest.fixture
def admin(host: Host) -> Browser:
    browser: Browser = signed_in(host, "admin")
    return browser


# ---- who may look, and at whom


@pytest.mark.parametrize("url", [URL, f"{URL}?user=bob", ONE, ALL, f"{ALL}?user=bob"])
def test_the_page_is_for_administrators_only(url: str, host: Host, caplog: pytest.LogCaptureFixture) -> None:
    alice, bob = signed_in(host, "alice"), signed_in(host, "bob")
    sent = {"user": "bob", "id": bob.session_id()}
    posts = [alice.post(url, sent), alice.post_json(url, sent)] if url in (ONE, ALL) else []
    for answer in (alice.get(url), alice.json(url), *posts):
        assert answer.status_code == 403
        assert "bob" not in answer.text
    assert alice.json(url).json["code"] == "not_admin"
    assert bob.is_in()
    assert f"user '1' is no administrator; {url.partition('?')[0]} refused" in caplog.text


def test_nobody_is_listed_unasked(host: Host, admin: Browser) -> None:
    signed_in(host, "alice")
    page = admin.get(URL)
    assert page.status_code == 200
    assert "alice" not in page.text.lower()
    assert "Sign out all" not in page.text
    nothing = {"user": None, "sessions": [], "total": 0, "token": None}
    assert admin.json(URL).json == {**nothing, "events": [], "preferences": {}, "identities": [], "email_change": None}


@pytest.mark.parametrize("text", ["1", "alice", "alice@x.test", " alice "])
def test_a_user_is_found_by_key_name_or_address(text: str, host: Host, admin: Browser) -> None:
    alice = signed_in(host, "alice")
    page = admin.get(URL, query_string={"user": text})
    assert page.status_code == 200
    assert "Alice Test" in page.text
    assert alice.session_id() in page.text
    answer = admin.get(URL, query_string={"user": text}, headers=JSON).json
    assert answer["user"] == {"key": "1", "name": "Alice Test"}
    assert answer["sessions"] == [{**row, "current": False} for row in alice.sessions()]
    assert answer["total"] == 1


@pytest.fixture
def any_database(database_url: str) -> Iterator[Host]:
    made = make_host(database_url)
    yield made
    made.close()


def test_whatever_is_typed_is_a_user_or_none(any_database: Host) -> None:
    admin = signed_in(any_database, "admin")
    odd = [
        "nobody",
        "ALIC",
        "%",
        "_",
        "*",
        "a\x00b",
        "0",
        "-1",
        str(10**12),
        str(10**30),
        "' OR 1=1 --",
        "x" * 3000,
        "é",
    ]
    for text in odd:
        for url in (URL, ALL):
            page = admin.get(url, query_string={"user": text})
            assert page.status_code == 404, text
            assert UNKNOWN in page.text
            program = admin.get(url, query_string={"user": text}, headers=JSON)
            assert (program.status_code, program.json["code"]) == (404, "no_such_user")
        for url in (ONE, ALL):
            answer = admin.post(url, {"user": text, "id": "f" * 24})
            assert answer.status_code in ((422,) if "\x00" in text else (404,))
    assert admin.get(f"{URL}?user=%ff%fe").status_code == 404
    assert admin.is_in()


def test_what_was_typed_is_kept_and_harmless(admin: Browser) -> None:
    page = admin.get(URL, query_string={"user": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text


def test_a_row_says_all_that_helps_to_decide(host: Host, admin: Browser) -> None:
    alice = host.browser()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    alice.client.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR="203.0.113.7")
    alice.login("alice", remember=True)
    alice.post("/profile/sessions/rename", {"id": alice.session_id(), "name": "<i>Kitchen</i>"})
    page = unescape(admin.get(f"{URL}?user=alice").text.replace("&lt;i", "(i").replace("&lt;/i", "(/i"))
    for text in (
        "(i>Kitchen(/i>",
        "Firefox on Linux",
        "203.0.113.7",
        "Last active",
        "Password, remembered",
        "Signed in",
    ):
        assert text in page
    assert "Active now" not in page


def test_who_is_signed_in_nowhere_has_nothing_to_be_ended(admin: Browser) -> None:
    page = admin.get(f"{URL}?user=bob").text
    assert "Not signed in anywhere" in page
    assert "Sign out all" not in page
    assert admin.get(f"{ALL}?user=bob").location == f"{URL}?user=bob"
    admin.post(ALL, {"user": "bob"})
    assert "Signed out of 0 sessions of Bob Test." in admin.get(URL).text


def test_a_long_list_comes_in_pages(host: Host, admin: Browser) -> None:
    signed_in(host, "alice")
    stored = next(row for row in host.rows.all() if row.user_key == "1")
    for copy in copies(stored, 59):
        host.rows.add(copy)
    first, second, third = (admin.get(f"{URL}?user=alice&page={n}", headers=JSON).json for n in (1, 2, 3))
    assert [len(answer["sessions"]) for answer in (first, second, third)] == [50, 10, 0]
    assert {answer["total"] for answer in (first, second, third)} == {60}
    assert f'href="{URL}?user=1&amp;page=2"' in admin.get(f"{URL}?user=alice").text
    assert "No sessions on this page" in admin.get(f"{URL}?user=alice&page=3").text


# ---- around it


def test_the_administrators_pages_lead_to_each_other(admin: Browser) -> None:
    other = {URL: "/profile/admin/features", "/profile/admin/features": URL}
    for url, linked in other.items():
        page = admin.get(url).text
        nav = page.partition('aria-label="Administration"')[2].partition("</nav>")[0]
        assert f'<a href="{url}" aria-current="page">' in nav
        assert f'<a href="{linked}">' in nav
    assert 'aria-current="page"' in admin.get(f"{ALL}?user=admin").text.partition("</nav>")[0]


def test_the_page_works_while_users_have_no_sessions_tab(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"sessions": False})
    admin = signed_in(host, "admin")
    alice = host.browser()
    alice.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    alice.login("alice")
    assert alice.get("/profile/sessions").status_code == 404
    page = admin.get(f"{URL}?user=alice")
    assert page.status_code == 200
    assert "203.0.113.7" in page.text
    assert admin.post(ALL, {"user": "alice"}).status_code == 303
    assert sent_to_login(alice)
