"""Who was signed out is told why, once, in one box, and in the category that the host shows such things in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import get_flashed_messages

from flask_myprofile import current_profile
from tests.support.devices import age, change_password, sent_to_login, sign_out
from tests.support.host import Browser, Host
from tests.support.kept import first_everywhere

CATEGORY = "of the sign-in"


def with_flashes(host: Host) -> None:
    """A host whose sign-in page shows messages of its own categories alone."""
    host.app.login_manager.login_message_category = CATEGORY  # type: ignore[attr-defined]

    @host.app.get("/told")
    def told() -> Any:
        return get_flashed_messages(with_categories=True, category_filter=[CATEGORY])

    @host.app.get("/told-otherwise")
    def otherwise() -> Any:
        return [text for category, text in get_flashed_messages(with_categories=True) if category != CATEGORY]


def by_administrator(host: Host, here: Browser, there: Browser) -> None:
    admin = host.browser()
    admin.login("admin")
    admin.post("/profile/admin/sessions/sign-out-all", {"user": "alice"})


def at_provider(host: Host, here: Browser, there: Browser) -> None:
    with host.app.test_request_context():
        current_profile.sessions.end_all(host.user("alice"), "provider")
        host.db.session.commit()


def grows_old(host: Host, here: Browser, there: Browser) -> None:
    age(host, 86_400 * 30, here.session_id())


def is_one_too_many(host: Host, here: Browser, there: Browser) -> None:
    age(host, 600, here.session_id())
    for _ in range(3):
        host.browser().login("alice")


REASONS: dict[str, tuple[Callable[[Host, Browser, Browser], Any], str]] = {
    "an administrator": (by_administrator, "An administrator has signed you out."),
    "the password": (lambda host, here, there: change_password(there), "Your password was changed on "),
    "the provider": (at_provider, "You have signed out at your organization, and so you have here."),
    "another device": (lambda host, here, there: sign_out(there, here), "You have been signed out of this session."),
    "too many": (is_one_too_many, "You have signed in elsewhere since, so this session has ended."),
    "too old": (grows_old, "You have been signed in for long, or away for long. Sign in again."),
    "closed": (lambda host, here, there: host.change("alice", active=False), "Your account has been disabled."),
}


@first_everywhere("why", list(REASONS))
def test_the_reason_is_told_once_and_alone(why: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_flashes, MYPROFILE_SESSION_LIMIT=3, MYPROFILE_SESSION_IDLE=3600)
    ends, sentence = REASONS[why]
    here, there = host.browser(), host.browser()
    here.login("alice")
    there.login("alice")
    assert here.is_in()
    ends(host, here, there)
    for url in ("/page", "/profile/sessions", "/page"):  # before anybody has read it
        assert sent_to_login(here, url)
    ((category, text),) = here.get("/told").json
    assert (category, text[: len(sentence)]) == (CATEGORY, sentence)
    assert sent_to_login(here)
    (usual,) = here.get("/told").json
    assert usual[1].startswith("Please log in"), "a visitor like any other now"


@first_everywhere("why", list(REASONS))
def test_a_program_is_told_the_same(why: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_LIMIT=3, MYPROFILE_SESSION_IDLE=3600)
    ends, sentence = REASONS[why]
    here, there = host.browser(), host.browser()
    here.login("alice")
    there.login("alice")
    ends(host, here, there)
    answer = here.json("/profile/sessions")
    assert (answer.status_code, answer.json["code"]) == (401, "signed_out")
    assert answer.json["title"].startswith(sentence)


def test_whoever_has_not_proved_the_session_is_not_told_why(new_host: Callable[..., Host]) -> None:
    """Its id may be out of a cookie that nobody has signed."""
    host = new_host(after=with_flashes)
    here = host.browser()
    here.login("alice")
    with here.client.session_transaction() as kept:
        whole = kept["_myprofile"]
        kept["_myprofile"] = whole.replace(whole.split(".")[1][:8], "AAAAAAAA")
    by_administrator(host, here, here)
    assert sent_to_login(here)
    assert "An administrator" not in str(here.get("/told").json)


def test_the_next_who_signs_in_has_none_of_it(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_flashes)
    here = host.browser()
    here.login("alice")
    by_administrator(host, here, here)
    here.login("bob")
    here.post("/logout")
    assert sent_to_login(here)
    assert "An administrator" not in str(here.get("/told").json)


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}])
def test_whoever_signs_out_on_a_page_of_a_session_that_is_over_is_out(
    headers: dict[str, str], new_host: Callable[..., Host]
) -> None:
    """And comes to no page that nobody can open after signing in again."""
    host = new_host(after=with_flashes)
    here, again = host.browser(), host.browser()
    here.login("alice")
    token = here.csrf()
    for browser, sentence in ((here, "An administrator has"), (again, "You have been signed out.")):
        by_administrator(host, here, here)
        answer = browser.client.post("/profile/sign-out", data={"csrf_token": token}, headers=headers)
        assert (answer.status_code, answer.location) == (302, "/login?next=%2Fprofile%2F")
        (told,) = browser.get("/told").json
        assert told[1].startswith(sentence)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_page_from_before_somebody_signed_in_here_signs_out_where_the_browser_says_whose_page_it_is(
    who: str, host: Host
) -> None:
    here = host.browser()
    here.login("alice")
    token = here.csrf()
    here.post("/logout")
    here.login(who)
    sent = {"data": {"csrf_token": token}}
    for site in ("cross-site", "same-site", "none", None):
        headers = {"Sec-Fetch-Site": site} if site else {}
        assert here.client.post("/profile/sign-out", headers=headers, **sent).status_code in (400, 403)
        assert here.is_in()
    same = {"Sec-Fetch-Site": "same-origin"}
    assert here.client.post("/profile/sessions/sign-out-others", headers=same, **sent).status_code == 400
    assert here.client.post("/profile/sign-out", headers=same, **sent).status_code == 303
    assert not here.is_in()


@pytest.mark.parametrize("ends", ["sign-out", "guesses"])
def test_what_is_said_on_the_hosts_page_is_in_its_category(ends: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_flashes)
    here = host.browser()
    here.login("alice")
    if ends == "sign-out":
        here.post("/profile/sign-out")
    else:
        by_administrator(host, here, here)
        here.get("/profile/sessions")
    assert len(here.get("/told").json) == 1
    assert here.get("/told-otherwise").json == []
