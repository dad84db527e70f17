"""A sign-in from a browser that the user has not signed in from before is told, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.notices.test_notices import FIREFOX, PHONE, signed_in, subjects
from tests.support.devices import asked_who
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import everywhere
from tests.support.mail_server import Mailbox, text_of

KNOWN = "myprofile_known"
TOLD = "Sign-in from a new device"


def test_only_a_browser_that_is_new_to_a_user_who_has_others_is_news(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing()
    first = signed_in(host)
    assert subjects(host, mailbox) == [], "the first sign-in ever"
    first.post("/logout")
    first.login("alice")
    assert subjects(host, mailbox) == [], "the same browser"
    first.post("/logout")
    first.login("bob")
    first.post("/logout")
    first.login("alice")
    assert subjects(host, mailbox) == [], "two people at one browser"
    signed_in(host, agent=PHONE)
    assert subjects(host, mailbox) == [TOLD]
    assert mailbox.received[0]["To"] == "alice@x.test"
    assert "iPhone" in text_of(mailbox.received[0])


def test_a_cookie_that_is_made_up_or_of_another_user_makes_no_device_known(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing()
    alice, bob = signed_in(host), signed_in(host, "bob")
    for value in ("nonsense", bob.cookie(KNOWN) or "", "A" * 43, ""):
        stranger = host.browser()
        stranger.client.environ_base["HTTP_USER_AGENT"] = f"browser of {value}"
        stranger.set_cookie(KNOWN, value)
        stranger.login("alice")
    assert subjects(host, mailbox) == [TOLD] * 4
    copied = Browser(host.app.test_client())
    copied.set_cookie(KNOWN, alice.cookie(KNOWN) or "")
    copied.login("alice")
    assert len(subjects(host, mailbox)) == 4


def test_the_cookie_is_as_safe_as_that_of_the_session_and_its_secret_is_not_stored(
    mailing: Callable[..., Host],
) -> None:
    host = mailing(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Strict")
    answer = host.browser().client.post("/login", base_url="https://localhost")
    assert KNOWN not in str(answer.headers.getlist("Set-Cookie")), "only who signs in gets one"
    browser = host.browser()
    csrf = browser.client.get("/csrf", base_url="https://localhost").text
    form = {"csrf_token": csrf, "username": "alice", "password": "correct horse battery"}
    kwargs = {"base_url": "https://localhost", "headers": {"Referer": "https://localhost/login"}}
    answer = browser.client.post("/login", data=form, **kwargs)
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(KNOWN)]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0]
    assert secret not in str(host.sql("SELECT * FROM myprofile_known_device"))


@pytest.mark.parametrize(
    "settings", [{"MYPROFILE_NOTIFY": None}, {"MYPROFILE_NOTIFY_NEW_DEVICES": False}], ids=["nobody tells", "off"]
)
def test_where_nobody_is_told_there_is_no_cookie(
    settings: dict[str, object], mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    host = mailing(**settings)
    alice = signed_in(host)
    assert alice.cookie(KNOWN) is None
    signed_in(host, agent=PHONE)
    assert subjects(host, mailbox) == []
    assert "From a browser that you" not in alice.get("/profile/preferences").text


def test_who_does_not_want_to_be_told_is_not(mailing: Callable[..., Host], mailbox: Mailbox) -> None:
    host = mailing()
    alice = signed_in(host)
    assert '<option value="off">Do not tell me</option>' in alice.get("/profile/preferences").text
    assert alice.post("/profile/preferences", {"new_device": "off"}).status_code == 303
    signed_in(host, agent=PHONE)
    assert subjects(host, mailbox) == []
    alice.post("/profile/preferences", {"new_device": ""})
    signed_in(host, agent=PHONE)
    assert subjects(host, mailbox) == [TOLD]


def test_who_finds_a_session_open_does_not_see_to_it_that_nobody_is_told(mailing: Callable[..., Host]) -> None:
    """They would sign in later, from elsewhere. What else is chosen there asks nobody."""
    host, page = mailing(), "/profile/preferences"
    alice = signed_in(host)
    host.rows.age(created_at=31 * 60)
    asked = alice.post(page, {"new_device": "off"})
    assert asked.location.startswith("/profile/confirm")
    program = alice.post_json(page, {"new_device": "off", "language": "de"})
    assert (program.status_code, program.json["code"]) == (403, "reauth_required")
    assert alice.json(page).json["new_device"] is None
    assert alice.post_json(page, {"language": "de"}).status_code == 200
    alice.post("/profile/confirm", {"current_password": PASSWORD, **asked_who(asked)})
    assert alice.json(page).json["new_device"] == "off"
    host.rows.age(rotated_at=31 * 60)
    assert alice.post_json(page, {"new_device": ""}).status_code == 200, "to be told again"


@everywhere
def test_a_sign_in_from_a_known_device_costs_no_further_statement(mailing: Callable[..., Host]) -> None:
    def statements(host: Host, agent: str = FIREFOX) -> int:
        browser = signed_in(host, agent=agent)
        browser.post("/logout")
        token = browser.csrf()
        seen = host.count_statements()
        form = {"username": "alice", "password": "correct horse battery", "csrf_token": token}
        assert browser.client.post("/login", data=form).status_code == 302
        return len(seen)

    assert statements(mailing()) == statements(mailing(MYPROFILE_NOTIFY=None))


@everywhere
def test_a_browser_that_is_disowned_on_the_sessions_page_is_new_again(
    mailing: Callable[..., Host], mailbox: Mailbox
) -> None:
    """Not only by the link in the mail: the stranger has the cookie still."""
    host = mailing()
    alice, stranger = signed_in(host), signed_in(host, agent=PHONE)
    mine = signed_in(host, agent=FIREFOX)
    assert len(subjects(host, mailbox)) == 2
    disowned, signed_out = stranger.session_id(), mine.session_id()
    alice.post(f"/profile/sessions/sign-out?not_me={disowned}", {"id": disowned})
    alice.post("/profile/sessions/sign-out", {"id": signed_out})
    alice.post(f"/profile/sessions/sign-out?not_me={disowned}", {"id": signed_out})
    host.sql("UPDATE myprofile_notice SET at = at - 1000")
    stranger.login("alice")
    assert len(subjects(host, mailbox)) == 3
    mine.login("alice")
    assert len(subjects(host, mailbox)) == 3, "who was merely signed out is known still"


@everywhere
def test_a_hundred_browsers_of_a_user_are_known_and_the_oldest_make_room(
    mailing: Callable[..., Host], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever clears the cookies at each sign-in has a new one each time."""
    monkeypatch.setattr("flask_myprofile.store.sql_notices.MOST_DEVICES", 3)
    host = mailing()
    bob, first = signed_in(host, "bob"), signed_in(host)
    for age in (40, 30, 20):
        host.sql("UPDATE myprofile_known_device SET at = at - 10 WHERE user_key = '1'")
        signed_in(host, agent=f"{FIREFOX} {age}")

    def known(key: str) -> int:
        return len(host.sql(f"SELECT 1 FROM myprofile_known_device WHERE user_key = '{key}'"))

    assert (known("1"), known(str(host.user("bob").id))) == (3, 1)
    assert len(subjects(host, mailbox)) == 3
    first.post("/logout")
    first.login("alice")
    assert len(subjects(host, mailbox)) == 4, "the oldest is new again"
    bob.post("/logout")
    bob.login("bob")
    assert len(subjects(host, mailbox)) == 4


def test_a_sign_in_costs_no_statement_more_for_it(mailing: Callable[..., Host]) -> None:
    host = mailing()
    alice = signed_in(host)
    alice.post("/logout")
    statements = host.count_statements()
    alice.login("alice")
    assert [each for each in statements if "DELETE FROM myprofile_known_device" in each] == []
    assert len([each for each in statements if "known_device" in each]) == 1
