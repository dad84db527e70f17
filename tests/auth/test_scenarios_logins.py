"""Whoever is signed in without a sign-in of Flask-Login's is signed in all the same, and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flask_login
import pytest
from flask import Response, request, session, stream_with_context
from flask_login import FlaskLoginClient
from flask_login.utils import encode_cookie

from tests.support.devices import live, sent_to_login, sign_out
from tests.support.host import Host
from tests.support.kept import everywhere, however_kept


@however_kept
def test_the_test_client_of_flask_login_is_a_signed_in_browser(host: Host) -> None:
    """B13: it writes the user's id into the session, and no signal is sent."""
    host.app.test_client_class = FlaskLoginClient
    for _ in range(2):  # a host's suite makes a new client in each test
        alice = host.browser(user=host.user("alice"))
        assert alice.get("/page").text == "Hello alice"
        assert alice.get("/profile/").location == "/profile/personal-information"
        assert alice.get("/profile/sessions").status_code == 200
        saved = alice.post("/profile/personal-information", {"first_name": "Alicia", "last_name": "Test"})
        assert saved.status_code == 303
        assert [row["current"] for row in alice.sessions()].count(True) == 1
    assert host.user("alice").first_name == "Alicia"


@everywhere
def test_the_very_first_request_of_such_a_client_may_be_the_list(host: Host) -> None:
    """B13"""
    host.app.test_client_class = FlaskLoginClient
    alice, again = (host.browser(user=host.user("alice"), fresh_login=fresh) for fresh in (True, False))
    for number, browser in enumerate((alice, again), 1):
        first = browser.json("/profile/sessions").json
        assert [row["current"] for row in first["sessions"]].count(True) == 1
        assert first["total"] == number
        assert sorted(row["id"] for row in browser.sessions()) == sorted(row["id"] for row in first["sessions"])


@however_kept
def test_a_session_that_the_host_writes_by_itself_becomes_a_session(new_host: Callable[..., Host]) -> None:
    """An admin who acts for a user, by setting Flask-Login's own key: it is that user's session from then on."""

    def impersonating(host: Host) -> None:
        @host.app.post("/become")
        @flask_login.login_required
        def become() -> str:
            session["_user_id"] = "1"
            return "done"

    host = new_host(after=impersonating)
    admin, alice = host.browser(), host.browser()
    admin.login("admin")
    alice.login("alice")
    admin.post("/become")
    assert admin.get("/page").text == "Hello alice"
    assert [row["current"] for row in admin.sessions()].count(True) == 1
    assert live(host, "admin") == 0, "nobody has the cookie of that one any more"
    sign_out(alice, next(row["id"] for row in alice.sessions() if not row["current"]))
    assert sent_to_login(admin)
    assert alice.is_in()


def keys(host: Host) -> None:
    @host.app.login_manager.request_loader  # type: ignore[attr-defined]
    def load(incoming: Any) -> Any:
        name = incoming.headers.get("X-Key")
        return name and host.db.session.execute(host.db.select(host.User).filter_by(username=name)).scalar()


@everywhere
@pytest.mark.parametrize("signs_in", [False, True])
def test_who_comes_by_a_key_of_the_hosts_has_no_session(signs_in: bool, new_host: Callable[..., Host]) -> None:
    """The host's own request_loader: nothing is stored, and the pages work without a session of this browser. What asks
    for a recent sign-in is not for an API key, which leaks; a loader may stand for a sign-in at a proxy."""

    host = new_host(after=keys, MYPROFILE_REQUEST_LOADER_SIGNS_IN=signs_in)
    alice, program = host.browser(), host.browser()
    alice.login("alice")
    program.client.environ_base["HTTP_X_KEY"] = "alice"
    for _ in range(2):
        assert program.get("/page").text == "Hello alice"
        assert program.get("/profile/sessions").status_code == 200
        assert [row["current"] for row in program.sessions()] == [False]
    assert live(host) == 1
    refused = program.post_json("/profile/api-token/regenerate")
    assert (refused.status_code, program.post("/profile/sessions/sign-out-others").status_code) == (
        (200, 303) if signs_in else (403, 403)
    )
    assert signs_in or refused.json["code"] == "sign_in_again"
    assert sent_to_login(alice) is signs_in
    assert program.is_in()


@pytest.mark.parametrize("signed_by", ["a secret of this test", "the key of before"])
def test_a_remember_me_cookie_of_nobody_stands_in_no_ones_way(signed_by: str, new_host: Callable[..., Host]) -> None:
    """Flask-Login asks no request_loader beside one, whatever it is worth."""
    host = new_host(after=keys)
    program = host.browser()
    program.set_cookie("remember_token", encode_cookie("99", signed_by))
    program.client.environ_base["HTTP_X_KEY"] = "alice"
    for _ in range(2):
        assert program.get("/page").text == "Hello alice"


@pytest.mark.parametrize("url", ["/stream", "/pub?late=1"], ids=["while it streams", "at the end of the request"])
@pytest.mark.parametrize("was", [None, "alice", "bob"])
def test_a_sign_in_whose_answer_is_on_its_way_signs_nobody_in_or_out(
    was: str | None, url: str, new_host: Callable[..., Host]
) -> None:
    """No cookie can be given any more, so the browser stays whose it is, as without us."""

    def after(host: Host) -> None:
        def signs_in() -> Iterator[str]:
            yield "Hello "
            flask_login.login_user(host.user("alice"))
            yield flask_login.current_user.username

        host.app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(signs_in())))
        host.app.teardown_request(lambda error: [*signs_in()] if "late" in request.args else None)

    host = new_host(after=after)
    browser = host.browser()
    if was is not None:
        browser.login(was, remember=True)
    before = host.rows.all()
    assert browser.get(url).text in ("Hello alice", "public")
    assert host.rows.all() == before
    assert browser.is_in() == (was is not None)


def test_a_sign_out_while_the_answer_streams_is_one(new_host: Callable[..., Host]) -> None:
    def after(host: Host) -> None:
        def signs_out() -> Iterator[str]:
            yield "Bye"
            flask_login.logout_user()

        host.app.add_url_rule("/stream", "stream", lambda: Response(stream_with_context(signs_out())))

    host = new_host(after=after)
    alice = host.browser()
    alice.login("alice", remember=True)
    assert alice.get("/stream").text == "Bye"
    assert not alice.is_in()
