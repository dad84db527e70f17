"""A form that waits for a recent sign-in is carried out by the confirmation that was asked for it: by that alone, once,
in the browser that has sent it, and while it is still what its sender wants."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import flask_login
import pytest
from flask import Flask, session

from flask_myprofile import current_profile
from flask_myprofile.store.sql_pending_forms import SqlPendingForms
from tests.support.devices import asked_who, change_password, pass_time
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.kept import everywhere, however_kept, in_each_database, in_these
from tests.support.meanwhile import meanwhile

COOKIE = "myprofile_form"

CONFIRM, REGENERATE, OTHERS = "/profile/confirm", "/profile/api-token/regenerate", "/profile/sessions/sign-out-others"
#: A session in Flask's own cookie, and one that is kept on the server, which all holders of its id share.
both_kinds_of_session = in_these("sqlite", "flask-session-files")


def stale(host: Host, username: str = "alice") -> Browser:
    """Signed in a while ago."""
    browser = host.browser()
    browser.login(username)
    host.rows.age(created_at=1860)
    return browser


def confirm(browser: Browser, carried: dict[str, str] | None = None) -> Any:
    return browser.post(CONFIRM, {"current_password": PASSWORD, **(carried or {})})


def leave(browser: Browser) -> dict[str, str]:
    """A form that is to make a token waits; what the page that asks carries on."""
    return asked_who(browser.post(REGENERATE, {"version": ""}))


def waiting(host: Host) -> int:
    return len(host.sql("SELECT 1 FROM myprofile_pending_form"))


def has_token(host: Host) -> bool:
    return bool(host.sql("SELECT 1 FROM myprofile_token"))


# ---- bound to what it confirms


@everywhere
def test_a_confirmation_for_nothing_or_for_something_else_carries_no_form_out(host: Host) -> None:
    """P1: the confirm page of another tab, of a program, of a view of the host's."""
    alice = stale(host)
    carried = leave(alice)
    assert confirm(alice).location == "/profile/"
    assert confirm(alice, {"form": "x" * 43}).location == "/profile/"
    assert alice.post_json(CONFIRM, {"current_password": PASSWORD}).status_code == 200
    assert not has_token(host)
    answer = confirm(alice, carried)
    assert answer.status_code == 200
    assert "mpt_" in answer.text
    assert has_token(host)


def test_a_program_carries_no_form_out(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    sent = {"current_password": PASSWORD, **carried}
    refused = alice.post_json(CONFIRM, sent)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["form"])
    as_form = alice.client.post(CONFIRM, data={**sent, "csrf_token": alice.csrf()}, headers=JSON)
    assert as_form.json == {"message": "Thank you. Your sign-in is confirmed."}
    assert not has_token(host)


def test_a_program_leaves_no_form(host: Host) -> None:
    alice = stale(host)
    answer = alice.post_json(REGENERATE)
    assert (answer.status_code, answer.json["code"], answer.json["confirm_url"]) == (403, "reauth_required", CONFIRM)
    assert alice.cookie_of_profile(COOKIE) is None
    assert waiting(host) == 0


@however_kept
def test_two_tabs_have_a_form_each_and_each_confirmation_carries_out_its_own(host: Host) -> None:
    alice, other = stale(host), host.browser()
    other.login("alice")
    token, sign_out = leave(alice), asked_who(alice.post(OTHERS))
    assert waiting(host) == 2
    assert confirm(alice, sign_out).location == "/profile/sessions"
    assert not other.is_in()
    assert not has_token(host)
    assert "mpt_" in confirm(alice, token).text
    assert waiting(host) == 0


def test_a_tab_whose_page_is_from_before_another_confirmation_asks_again_and_loses_nothing(host: Host) -> None:
    """The first confirmation has changed the CSRF token."""
    alice = stale(host)
    first, second = leave(alice), asked_who(alice.post(OTHERS))
    old = alice.csrf()
    confirm(alice, first)
    sent = {"csrf_token": old, "current_password": PASSWORD, **second}
    again = alice.client.post(CONFIRM, data=sent)
    assert again.status_code == 400
    assert f'name="form" value="{second["form"]}"' in again.text
    assert confirm(alice, second).location == "/profile/sessions"


@in_each_database
def test_of_two_confirmations_at_once_one_carries_it_out(host: Host) -> None:
    for _ in range(5):
        alice = stale(host)
        host.sql("DELETE FROM myprofile_token")
        carried = leave(alice)
        sent = {"csrf_token": alice.csrf(), "current_password": PASSWORD, **carried}
        windows = [alice, alice.copy("session", COOKIE)]
        windows[1].client.set_cookie(COOKIE, str(alice.cookie_of_profile(COOKIE)), path="/profile/")
        together = Barrier(2)

        def send(window: Browser, sent: dict[str, str] = sent, together: Barrier = together) -> Any:
            together.wait()
            return window.client.post(CONFIRM, data=sent)

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(send, windows))
        made = [answer for answer in answers if "mpt_" in answer.text]
        assert len(made) == 1, [(answer.status_code, answer.location) for answer in answers]
        assert len(host.sql("SELECT 1 FROM myprofile_token")) == 1


@in_each_database
def test_of_two_that_have_both_found_it_one_takes_it(host: Host) -> None:
    alice = stale(host)
    leave(alice)
    with host.app.app_context():
        store = current_profile.pending_forms._store
        (form,) = store.pending_forms(user_key="1")
        assert store.drop_pending_forms([form.id]) == 1
        assert store.drop_pending_forms([form.id]) == 0


@in_each_database
def test_what_somebody_takes_once_another_has_found_it_is_taken_by_them_alone(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = stale(host)
    name, browser = leave(alice)["form"], alice.cookie_of_profile(COOKIE)
    session_id = alice.session_id()

    def take() -> Any:
        with host.app.app_context():
            session = current_profile.sessions.load(session_id)
            return [current_profile.pending_forms.take(session, name, browser)]

    faster = meanwhile(monkeypatch, SqlPendingForms, "drop_pending_forms", take)
    assert take() == [None]
    ((form,),) = faster
    assert form.path == REGENERATE


# ---- bound to the browser that sent it


@both_kinds_of_session
def test_what_a_copied_cookie_has_left_is_not_carried_out_by_its_owner_who_was_lured_to_it(host: Host) -> None:
    """P1: the very person that a recent sign-in is asked for to stop. On the server, both have the same session."""
    alice = stale(host)
    thief = alice.copy("session")
    carried = leave(thief)
    page = alice.get(CONFIRM, query_string=carried)
    assert "Regenerate" not in page.text
    assert 'name="form"' not in page.text
    answer = confirm(alice, carried)
    assert answer.location == "/profile/"
    assert "waits no longer" in alice.get("/profile/personal-information").text
    assert not has_token(host)


@both_kinds_of_session
def test_the_owner_s_own_form_is_carried_out_beside_one_that_a_copied_cookie_has_left(host: Host) -> None:
    alice, other = stale(host), host.browser()
    other.login("alice")
    thief = alice.copy("session")
    own, theirs = asked_who(alice.post(OTHERS)), leave(thief)
    assert confirm(alice, own).location == "/profile/sessions"
    assert not other.is_in()
    assert confirm(alice, theirs).location == "/profile/"
    assert not has_token(host)


@both_kinds_of_session
def test_a_form_of_another_session_of_the_user_or_of_somebody_else_is_not_carried_out(host: Host) -> None:
    """Not even with the browser's own secret."""
    alice, other, bob = stale(host), host.browser(), host.browser()
    other.login("alice")
    bob.login("bob")
    carried = leave(alice)
    for browser in (other, bob):
        browser.client.set_cookie(COOKIE, str(alice.cookie_of_profile(COOKIE)), path="/profile/")
        assert confirm(browser, carried).location == "/profile/"
    assert not has_token(host)
    assert "mpt_" in confirm(alice, carried).text


def cookie_header(answer: Any) -> str:
    """What the browser is told of the secret."""
    found = [header for header in answer.headers.getlist("Set-Cookie") if header.startswith(COOKIE)]
    return found[0] if found else ""


def test_the_browser_s_secret_is_in_a_cookie_of_the_profile_alone_while_a_form_waits(host: Host) -> None:
    alice = stale(host)
    answer = alice.post(OTHERS)
    header = cookie_header(answer)
    assert re.fullmatch(
        rf"{COOKIE}=[\w-]{{43}}; Expires=[^;]+; Max-Age=900; HttpOnly; Path=/profile/; SameSite=Lax", header
    )
    second = alice.post(OTHERS)
    assert cookie_header(second).split(";")[0] == header.split(";")[0], "one for all forms of this browser"
    assert not cookie_header(confirm(alice, asked_who(answer))), "another form waits"
    deleted = cookie_header(confirm(alice, asked_who(second)))
    assert deleted.startswith(f"{COOKIE}=;")
    assert deleted.endswith("Max-Age=0; HttpOnly; Path=/profile/; SameSite=Lax")
    assert alice.cookie_of_profile(COOKIE) is None
    host.rows.age(rotated_at=1860)
    assert cookie_header(alice.post(OTHERS)).split(";")[0] != header.split(";")[0], "a new one each time"


def test_the_next_user_of_the_browser_has_a_secret_of_their_own(host: Host) -> None:
    """P6: whoever was there before may know the old one, which is still in its cookie."""
    browser = stale(host)
    leave(browser)
    before = browser.cookie_of_profile(COOKIE)
    browser.login("bob")
    host.rows.age(created_at=1860)
    assert browser.cookie_of_profile(COOKIE) == before
    carried = leave(browser)
    assert browser.cookie_of_profile(COOKIE) not in (None, before)
    assert "mpt_" in confirm(browser, carried).text


def test_the_cookie_has_the_attributes_of_the_session_s(new_host: Callable[..., Host]) -> None:
    settings = {"DOMAIN": "localhost.local", "SECURE": True, "SAMESITE": "None", "PARTITIONED": True}
    host = new_host(
        **{f"SESSION_COOKIE_{name}": value for name, value in settings.items()},
        MYPROFILE_URL_PREFIX="/me",
        SERVER_NAME="localhost.local",
        PREFERRED_URL_SCHEME="https",
    )
    alice = host.browser()
    alice.client.environ_base["wsgi.url_scheme"] = "https"
    alice.client.environ_base["HTTP_REFERER"] = "https://localhost.local/"
    alice.login("alice")
    host.rows.age(created_at=1860)
    header = cookie_header(alice.post("/me/sessions/sign-out-others"))
    for part in ("Domain=localhost.local", "Secure", "HttpOnly", "Path=/me/", "SameSite=None", "Partitioned"):
        assert f"; {part}" in header


def test_an_app_below_a_path_has_the_cookie_below_that_path(host: Host) -> None:
    alice = stale(host)
    sent = {"data": {"csrf_token": alice.csrf()}, "environ_overrides": {"SCRIPT_NAME": "/app"}}
    answer = alice.client.post(OTHERS, **sent)
    assert answer.location.startswith("/app/profile/confirm?form=")
    assert "; Path=/app/profile/;" in cookie_header(answer)


# ---- what ends the waiting


def test_cancel_forgets_the_form_and_leads_back_to_its_tab(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    page = alice.get(CONFIRM, query_string=carried).text
    (form,) = re.findall(r'<form id="mp-reauth-cancel".*?</form>', page, re.S)
    assert re.search(r'<button[^>]* type="submit" form="mp-reauth-cancel">Cancel</button>', page)
    assert "current_password" not in form
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    answer = alice.client.post(CONFIRM, data=sent)
    assert (answer.status_code, answer.location) == (303, "/profile/api-token")
    assert waiting(host) == 0
    assert alice.cookie_of_profile(COOKIE) is None
    assert confirm(alice, carried).location == "/profile/"
    assert not has_token(host)


@pytest.mark.parametrize(
    ("sent_to", "sent", "page"),
    [
        (OTHERS, {}, "/profile/sessions"),
        ("/profile/personal-information", {"email": "n@acme-mail.com"}, "/profile/personal-information"),
        ("/profile/admin/features", {"preferences": "off"}, "/profile/admin/features"),
        ("/profile/admin/features/reset", {}, "/profile/admin/features"),
        ("/profile/admin/sessions/sign-out-all", {"user": "bob"}, "/profile/admin/sessions?user=bob"),
        ("/profile/admin/sessions/sign-out", {"user": "bob", "id": "x"}, "/profile/admin/sessions?user=bob"),
    ],
)
def test_cancel_leads_back_to_the_page_where_one_was(
    sent_to: str, sent: dict[str, str], page: str, new_host: Callable[..., Host]
) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    admin = stale(host, "admin")
    sent = {"first_name": "A", "last_name": "B", **sent} if "email" in sent else sent
    carried = asked_who(admin.post(sent_to, sent))
    assert admin.post(CONFIRM, {"cancel": "1", **carried}).location == page
    assert waiting(host) == 0
    assert host.user("admin").email == "admin@x.test"


def test_cancel_needs_a_csrf_token_and_is_nothing_for_a_program(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    assert alice.client.post(CONFIRM, data={"cancel": "1", **carried}).status_code == 400
    assert alice.post_json(CONFIRM, {"cancel": "1"}).status_code == 422
    as_form = {"cancel": "1", "csrf_token": alice.csrf(), **carried}
    assert alice.client.post(CONFIRM, data=as_form, headers=JSON).status_code == 422
    assert waiting(host) == 1


def test_whoever_cannot_open_a_form_cannot_cancel_it(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    thief = alice.copy("session")
    assert thief.post(CONFIRM, {"cancel": "1", **carried}).location == "/profile/"
    assert waiting(host) == 1


def test_a_form_waits_a_quarter_of_an_hour_by_a_clock_that_may_have_been_ahead(host: Host) -> None:
    """P8: both ends."""
    alice = stale(host)
    for at, waits in ((-901, False), (-899, True), (30, True), (90, False), (86_400, False)):
        host.rows.age(created_at=1860, rotated_at=1860)
        carried = asked_who(alice.post(OTHERS))
        host.sql("UPDATE myprofile_pending_form SET at = at + :seconds", seconds=at)
        assert (confirm(alice, carried).location == "/profile/sessions") is waits, at
        host.sql("DELETE FROM myprofile_pending_form")


@pytest.mark.parametrize("seconds", [-901, 90])
def test_pruning_deletes_what_nobody_came_back_for(seconds: int, host: Host) -> None:
    alice = stale(host)
    leave(alice)
    host.sql("UPDATE myprofile_pending_form SET at = at + :seconds", seconds=seconds)
    leave(alice)
    leave(stale(host, "bob"))
    host.sql("UPDATE myprofile_pending_form SET at = at + :seconds WHERE user_key = '2'", seconds=seconds)
    assert waiting(host) == 2, "the next form of the user has deleted the old one"
    host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"])
    assert host.sql("SELECT user_key FROM myprofile_pending_form") == [("1",)]


@in_each_database
def test_ten_forms_wait_in_a_session_and_the_oldest_makes_room(host: Host) -> None:
    alice, other = stale(host), stale(host)
    others = leave(other)
    first, second = leave(alice), leave(alice)
    host.sql("UPDATE myprofile_pending_form SET at = at - 30")
    for _ in range(9):
        last = leave(alice)
    assert waiting(host) == 11
    for carried in (first, last, second):
        alice.post(CONFIRM, {"cancel": "1", **carried})
    assert waiting(host) == 9, "the first one was gone"
    assert other.post(CONFIRM, {"cancel": "1", **others}).location == "/profile/api-token"


def ends(by: str, host: Host, alice: Browser) -> None:
    """Alice's session ends."""
    other, which = host.browser(), alice.session_id()
    if by == "another user signs in":
        alice.login("bob")
    elif by == "the same user signs in":
        alice.login("alice")
    elif by == "the host":
        alice.post("/logout")
    elif by == "the host, by emptying the session":
        alice.get("/forget")
    elif by == "Sign out":
        alice.post("/profile/sign-out")
    elif by == "the Sessions tab":
        alice.post("/profile/sessions/sign-out", {"id": which})
    elif by == "the password is wrong too often":
        for number in range(20):
            host.sql("UPDATE myprofile_guess SET at = at - 900")
            assert confirm(alice, {"current_password": "wrong"}).status_code == (303 if number == 19 else 422)
    elif by == "protection":
        alice.get("/page", headers={"User-Agent": "another one"})
    elif by == "the user is disabled":
        host.change("alice", active=False)
        assert not alice.is_in()
        host.change("alice", active=True)
    elif by == "an operator":
        host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "end", "--user", "alice", "--all", "--yes"])
    elif by == "an operator, everyone's":
        host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "end", "--everyone", "--yes"])
    else:
        other.login("admin" if by == "an administrator" else "alice")
        if by == "an administrator":
            other.post("/profile/admin/sessions/sign-out", {"user": "alice", "id": which})
        elif by == "another session":
            other.post("/profile/sessions/sign-out", {"id": which})
        elif by == "another session, with all others":
            other.post(OTHERS)
        else:
            assert by == "the limit"


def forgetful(app: Flask, db: Any) -> None:
    @app.get("/forget")
    def forget() -> str:
        assert flask_login.current_user.is_authenticated
        session.clear()
        return ""


@everywhere
@pytest.mark.parametrize(
    "by",
    [
        *("another user signs in", "the same user signs in", "the host", "the host, by emptying the session"),
        *("Sign out", "the Sessions tab", "the password is wrong too often", "the user is disabled"),
        *("an operator", "an operator, everyone's", "an administrator"),
        *("another session", "another session, with all others", "the limit", "protection"),
    ],
)
def test_a_form_is_gone_with_its_session_however_that_ends(by: str, new_host: Callable[..., Host]) -> None:
    settings = {"the limit": {"MYPROFILE_SESSION_LIMIT": 1}, "protection": {"SESSION_PROTECTION": "strong"}}
    host = new_host(before=forgetful, **settings.get(by, {}))
    alice = stale(host)
    carried, which = leave(alice), alice.session_id()
    assert waiting(host) == 1
    ends(by, host, alice)
    assert [row.ended_at is not None for row in host.rows.all() if row.id == which] == [True]
    assert waiting(host) == 0
    alice.login("alice")
    assert confirm(alice, carried).location == "/profile/"
    assert not has_token(host)


@everywhere
def test_a_form_of_a_session_that_has_run_out_is_not_carried_out(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(MYPROFILE_SESSION_IDLE=60)
    alice = stale(host)
    carried = leave(alice)
    pass_time(monkeypatch, 61)
    assert not alice.is_in()
    alice.login("alice")
    assert confirm(alice, carried).location == "/profile/"
    assert not has_token(host)


@everywhere
@pytest.mark.parametrize("in_this_browser", [True, False])
def test_a_new_password_forgets_the_forms_of_all_sessions_of_the_user(in_this_browser: bool, host: Host) -> None:
    """Those too that the old password could have carried out."""
    alice, other, bob = stale(host), host.browser(), stale(host, "bob")
    other.login("alice")
    leave(alice)
    leave(bob)
    changed = change_password(alice if in_this_browser else other)
    assert changed.status_code == 303
    assert host.sql("SELECT user_key FROM myprofile_pending_form") == [("2",)]


def test_a_new_password_by_json_forgets_the_forms(host: Host) -> None:
    alice = stale(host)
    leave(alice)
    sent = {"current_password": PASSWORD, "new_password": "a quiet walk in the rain"}
    assert alice.post_json("/profile/password", sent).status_code == 200
    assert waiting(host) == 0


def test_a_password_that_was_not_changed_forgets_nothing(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    sent = {"current_password": PASSWORD, "new_password": "short", "confirm_password": "short"}
    assert alice.post("/profile/password", sent).status_code == 422
    assert "mpt_" in confirm(alice, carried).text


# ---- as if it were sent now


def test_what_was_switched_off_meanwhile_is_answered_as_always(host: Host) -> None:
    alice, admin = stale(host), host.browser()
    admin.login("admin")
    for feature in ("api_token.regenerate", "api_token"):
        host.rows.age(rotated_at=1860)
        carried = leave(alice)
        assert admin.post_json("/profile/admin/features", {feature: False}).status_code == 200
        assert confirm(alice, carried).status_code == 404
        admin.post_json("/profile/admin/features", {"api_token": True, "api_token.regenerate": True})
    assert not has_token(host)


def test_who_is_no_administrator_any_more_is_refused(host: Host) -> None:
    admin = stale(host, "admin")
    carried = asked_who(admin.post("/profile/admin/features", {"preferences": "off"}))
    host.change("admin", is_admin=False)
    assert confirm(admin, carried).status_code == 403
    assert admin.get("/profile/preferences").status_code == 200


def test_a_field_that_was_locked_meanwhile_keeps_its_value(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "Al", "last_name": "Test", "email": "new@acme-mail.com"}
    carried = asked_who(alice.post("/profile/personal-information", sent))
    locked = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"])
    there = locked.browser()
    for cookie in ("session", COOKIE):
        there.client.set_cookie(cookie, str(alice.cookie(cookie) or alice.cookie_of_profile(cookie)))
    assert confirm(there, carried).location == "/profile/personal-information"
    changed = host.user("alice")
    assert (changed.first_name, changed.email) == ("Al", "alice@x.test")


def test_what_is_wrong_with_it_is_said_on_its_page(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "Al", "last_name": "Test", "email": "bob2@x.test"}
    host.change("bob", email="bob2@x.test")
    sent["email"] = "taken@acme-mail.com"
    carried = asked_who(alice.post("/profile/personal-information", sent))
    host.change("bob", email="taken@acme-mail.com")
    answer = confirm(alice, carried)
    assert answer.status_code == 422
    assert "Email address is already in use" in answer.text
    assert 'value="Al"' in answer.text


def test_a_store_that_does_not_keep_the_form_answers_503(host: Host) -> None:
    alice = stale(host)
    host.sql("DROP TABLE myprofile_pending_form")
    assert alice.post(OTHERS).status_code == 503


# ---- sealed


def test_nothing_of_what_is_kept_can_be_read_in_the_database(new_host: Callable[..., Host]) -> None:
    """P12: not what was typed, not where to, and not the name by which it is asked for."""
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "Canary", "last_name": "B", "email": "canary@acme-mail.com"}
    carried = asked_who(alice.post("/profile/personal-information", sent))
    stored = host.rows.text()
    secrets = ("anary", "personal-information", carried["form"], str(alice.cookie_of_profile(COOKIE)))
    assert [text for text in secrets if text in stored] == []
    (row,) = host.sql("SELECT id, session_id, user_key, ciphertext, at FROM myprofile_pending_form")
    assert (len(row.id), row.session_id, row.user_key) == (64, alice.session_id(), "1")


def test_a_ciphertext_in_the_row_of_another_form_does_not_open(host: Host) -> None:
    alice, bob = stale(host), stale(host, "bob")
    leave(alice)
    carried = leave(bob)
    host.sql(
        "UPDATE myprofile_pending_form SET ciphertext ="
        " (SELECT ciphertext FROM myprofile_pending_form WHERE user_key = '1') WHERE user_key = '2'"
    )
    assert confirm(bob, carried).location == "/profile/"
    assert not has_token(host)


def test_a_new_secret_key_keeps_the_form_while_the_old_one_is_a_fallback(host: Host) -> None:
    alice = stale(host)
    carried = leave(alice)
    host.app.config.update(SECRET_KEY="another", SECRET_KEY_FALLBACKS=["a secret of this test"])
    assert "mpt_" in confirm(alice, carried).text


@in_each_database
def test_a_long_form_is_kept_whole(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "A", "last_name": "B", "email": "n@acme-mail.com", "more": "x" * 39_800}
    assert confirm(alice, asked_who(alice.post("/profile/personal-information", sent))).status_code == 303
    assert host.user("alice").email == "n@acme-mail.com"


def test_a_form_that_is_too_long_to_be_kept_leads_back_to_its_page(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_PERSONAL_READONLY=())
    alice = stale(host)
    sent = {"first_name": "A", "last_name": "B", "email": "n@acme-mail.com", "more": "x" * 40_000}
    carried = asked_who(alice.post("/profile/personal-information", sent))
    assert carried == {"next": "/profile/personal-information"}
    assert waiting(host) == 0
    assert confirm(alice, carried).location == "/profile/personal-information"
    assert host.user("alice").email == "alice@x.test"
