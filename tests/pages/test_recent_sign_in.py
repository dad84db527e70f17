"""Recent sign-in (S11): what matters asks who is there, and loses nothing that was sent meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.account import sessions
from tests.support.devices import asked_who
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.kept import everywhere

CONFIRM = "/profile/confirm"


def stale(host: Host, minutes: int = 31) -> Browser:
    """A browser in which alice signed in a while ago, and another one of hers."""
    alice, other = host.browser(), host.browser()
    alice.login("alice")
    other.login("alice")
    host.rows.age(created_at=minutes * 60)
    return alice


def confirm(browser: Browser, carried: dict[str, str] | None = None, password: str = PASSWORD) -> Any:
    """With what the page carries on, see :func:`tests.support.devices.asked_who`."""
    return browser.post(CONFIRM, {"current_password": password, **(carried or {})})


def sends(browser: Browser) -> dict[str, dict[str, str]]:
    """What matters: each URL with a right form."""
    other = next(row["id"] for row in browser.sessions() if not row["current"])
    return {
        "/profile/sessions/sign-out": {"id": other},
        "/profile/sessions/sign-out-others": {},
        "/profile/personal-information": {"first_name": "Alice", "last_name": "Test", "email": "new@acme-mail.com"},
        "/profile/api-token/regenerate": {"confirmed": "1"},
    }


@everywhere
def test_signing_out_others_long_after_the_sign_in_asks_for_the_password_and_then_does_it(
    new_host: Callable[..., Host],
) -> None:
    host = new_host()
    alice = stale(host)
    asked = alice.post("/profile/sessions/sign-out-others")
    carried = asked_who(asked)
    assert len(alice.sessions()) == 2, "nothing has happened"
    page = alice.get(asked.location)
    assert page.status_code == 200
    assert f'name="form" value="{carried["form"]}"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert 'autocomplete="current-password"' in page.text
    done = confirm(alice, carried)
    assert (done.status_code, done.location) == (303, "/profile/sessions")
    assert "Signed out of 1 other session." in alice.get(done.location).text
    assert len(alice.sessions()) == 1
    assert alice.is_in()


def test_within_the_time_nothing_is_asked(host: Host) -> None:
    alice = stale(host, minutes=29)
    assert alice.post("/profile/sessions/sign-out-others").location == "/profile/sessions"
    assert len(alice.sessions()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "/profile/sessions/sign-out",
        "/profile/sessions/sign-out-others",
        "/profile/personal-information",
        "/profile/api-token/regenerate",
    ],
)
def test_a_program_is_told_where_to_confirm(url: str, new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    body = {name: value for name, value in sends(alice)[url].items() if name != "confirmed"}
    answer = alice.post_json(url, body)
    assert answer.status_code == 403
    assert answer.json["code"] == "reauth_required"
    assert answer.json["confirm_url"] == CONFIRM
    assert alice.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 200
    assert alice.post_json(url, body).status_code == 200


def test_what_was_typed_is_carried_out_once_the_password_is_given(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "Alicia", "last_name": "Tēst", "email": "new@acme-mail.com"}
    carried = asked_who(alice.post("/profile/personal-information", sent))
    assert host.user("alice").email == "alice@x.test"
    assert confirm(alice, carried).status_code == 303
    changed = host.user("alice")
    assert (changed.first_name, changed.last_name, changed.email) == ("Alicia", "Tēst", "new@acme-mail.com")


def test_what_is_not_the_address_needs_no_password(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "Alicia", "last_name": "Test", "email": "alice@x.test"}
    assert alice.post("/profile/personal-information", sent).location == "/profile/personal-information"
    assert host.user("alice").first_name == "Alicia"


def test_a_wrong_password_does_nothing_and_keeps_what_was_sent(host: Host) -> None:
    alice = stale(host)
    carried = asked_who(alice.post("/profile/sessions/sign-out-others"))
    refused = confirm(alice, carried, "not it")
    assert refused.status_code == 422
    assert f'name="form" value="{carried["form"]}"' in refused.text
    assert "Your current password is not correct" in refused.text
    assert "not it" not in refused.text
    assert len(alice.sessions()) == 2
    assert confirm(alice, carried, "").status_code == 422
    confirm(alice, carried)
    assert len(alice.sessions()) == 1


def test_guesses_are_counted_with_those_of_the_password_tab(host: Host) -> None:
    """P17: one count for all doors."""
    alice = stale(host)
    for _ in range(3):
        assert confirm(alice, password="wrong").status_code == 422
    wrong = {"current_password": "wrong", "new_password": "a quiet walk in the rain"}
    for _ in range(2):
        assert alice.post("/profile/password", wrong).status_code == 422
    throttled = confirm(alice)
    assert throttled.status_code == 429, "even the right one"
    assert int(throttled.headers["Retry-After"]) > 0
    assert alice.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 429
    assert alice.is_in()


def test_confirming_gives_the_session_a_new_secret(host: Host) -> None:
    """S07: what was copied before is worth nothing after."""
    alice = stale(host)
    copied = alice.copy()
    assert confirm(alice).status_code == 303
    host.rows.age(rotated_at=31)
    assert alice.is_in()
    assert not copied.is_in()


def test_what_was_sent_is_carried_out_once(host: Host) -> None:
    alice = stale(host)
    carried = asked_who(alice.post("/profile/sessions/sign-out-others"))
    confirm(alice, carried)
    host.browser().login("alice")
    again = confirm(alice, carried)
    assert again.location == "/profile/"
    assert "waits no longer" in alice.get("/profile/personal-information").text
    assert len(alice.sessions()) == 2, "the second confirmation confirms, and no more"


def test_the_page_that_followed_says_what_it_was_when_it_is_loaded_again(host: Host) -> None:
    """Without scripts, the browser sends the password once more."""
    alice = stale(host)
    carried = asked_who(alice.post("/profile/api-token/regenerate", {"version": ""}))
    sent = {"csrf_token": alice.csrf(), "current_password": PASSWORD, **carried}
    first, again = (alice.client.post(CONFIRM, data=sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 400)
    assert "it was carried out already" in again.text
    assert alice.post_json("/profile/api-token/reveal").json["token"] in first.text


def test_feature_management_asks_as_well(host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    host.rows.age(created_at=31 * 60)
    carried = asked_who(admin.post("/profile/admin/features", {"preferences": "off"}))
    assert admin.get("/profile/preferences").status_code == 200
    assert confirm(admin, carried).location == "/profile/admin/features"
    assert admin.get("/profile/preferences").status_code == 404


def test_an_administrator_is_asked_before_ending_sessions(host: Host) -> None:
    alice, admin = host.browser(), host.browser()
    alice.login("alice")
    admin.login("admin")
    host.rows.age(created_at=31 * 60)
    carried = asked_who(admin.post("/profile/admin/sessions/sign-out-all", {"user": "alice"}))
    assert alice.is_in()
    assert confirm(admin, carried).status_code == 303
    assert not alice.is_in()


def test_signing_out_this_very_session_is_never_asked_about(host: Host) -> None:
    alice = stale(host)
    assert alice.post("/profile/sessions/sign-out", {"id": alice.session_id()}).location == "/login"
    assert not alice.is_in()


def test_the_confirmation_needs_a_csrf_token_and_somebody_signed_in(host: Host) -> None:
    alice = stale(host)
    assert alice.client.post(CONFIRM, data={"current_password": PASSWORD}).status_code == 400
    assert host.browser().get(CONFIRM).status_code == 302
    assert host.browser().get(CONFIRM, headers=JSON).status_code == 401


def test_who_has_no_password_here_is_told_to_sign_in_again(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)  # who takes a password away would end the session
    alice = stale(host)
    host.change("alice", password_hash=None)
    page = alice.get(CONFIRM)
    assert "sign out and sign in again" in page.text
    assert 'name="current_password"' not in page.text
    assert alice.post(CONFIRM, {"current_password": ""}).status_code == 403
    assert len(alice.sessions()) == 2


def test_an_app_can_ask_for_a_recent_sign_in_itself(host: Host) -> None:
    from flask_login import current_user

    from flask_myprofile import current_profile

    with host.app.test_request_context():
        assert not current_profile.sessions.is_fresh(host.user("alice")), "nobody is signed in"

    @host.app.get("/vault")
    def vault() -> str:
        return str(current_profile.sessions.is_fresh(current_user._get_current_object()))

    alice = stale(host)
    assert alice.get("/vault").text == "False"
    confirm(alice)
    assert alice.get("/vault").text == "True"


@pytest.mark.parametrize("door", [CONFIRM, "/profile/password"])
def test_the_twentieth_wrong_password_in_a_row_ends_the_session(
    door: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P17: whichever door, and however long between them; another session of the user goes on."""
    alice = stale(host)
    moment = [int(sessions.now())]
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: moment[0])
    sent = {"current_password": "wrong", "new_password": "a quiet walk in the rain"}
    for _ in range(19):
        moment[0] += 200
        assert alice.post(door, sent).status_code == 422
    moment[0] += 200
    last = alice.post(door, sent)
    assert (last.status_code, last.location) == (303, "/login")
    assert not alice.is_in()
    other = host.browser()
    assert other.login("alice").status_code == 302, "signing in is not touched"
    assert other.is_in()
    moment[0] += 900
    last = other.post_json(CONFIRM, {"current_password": "wrong"})
    assert (last.status_code, last.json["code"]) == (401, "signed_out"), "until a right one"
