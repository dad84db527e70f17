"""Signing in by ``Authorization: Bearer``: beside sessions, cookies and CSRF, and through nobody else's door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import jsonify, request, session
from flask_wtf import FlaskForm
from sqlalchemy import event
from sqlalchemy.orm import with_loader_criteria
from wtforms import StringField

from tests.support.devices import inside, live
from tests.support.host import JSON, PASSWORD, Host, signed_in
from tests.support.kept import in_each_database
from tests.support.walks import ROUTES, everything, right_for, walked_host
from tests.tabs.test_api_token import call, made

REACHABLE = sorted((url, m) for _, url, methods in ROUTES for m in methods & {"GET", "POST"})
INVALID = 'Bearer error="invalid_token"'


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def with_views(host: Host) -> None:
    """Views as hosts have them: one reads the browser's session, one writes it, one has a login of its own."""

    @host.app.route("/cart", methods=["GET", "POST"])
    def cart() -> Any:
        if request.method == "POST":
            session["cart"] = "bought"
        return jsonify(cart=session.get("cart"), user=getattr(flask_login.current_user, "username", None))

    @host.app.post("/delete-account")
    @flask_login.fresh_login_required
    def delete_account() -> Any:
        return "deleted"

    @host.app.login_manager.request_loader  # type: ignore[attr-defined]
    def by_api_key(incoming: Any) -> Any:
        if incoming.headers.get("X-API-Key") == "bobs key" or incoming.headers.get("Authorization") == "Bearer bobs":
            return host.db.session.get(host.User, 2)
        return None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_program_with_a_token_is_signed_in_and_leaves_no_trace(method: str, host: Host) -> None:
    """B17 a: no cookie, no session row, no CSRF token needed, no redirect."""
    token = made(signed_in(host))
    rows = host.sql("SELECT count(*) FROM myprofile_session")
    for _ in range(2):
        answer = host.browser().client.open("/api", method=method, headers=bearer(token))
        assert (answer.status_code, answer.json) == (200, {"user": "alice"})
        assert "Set-Cookie" not in answer.headers
    assert host.sql("SELECT count(*) FROM myprofile_session") == rows


def test_without_a_token_csrf_is_checked_as_ever(host: Host) -> None:
    """B17 b: also once tokens have been used, and with a header that only looks a little like one."""
    alice = signed_in(host)
    assert host.browser().client.post("/api", headers=bearer(made(alice))).status_code == 200
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic bXB0Xzph"}, {"Authorization": ""}):
        assert alice.client.post("/api", json={}, headers={**JSON, **headers}).status_code == 400


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_next_to_a_cookie_the_token_alone_counts(method: str, new_host: Callable[..., Host]) -> None:
    """B17 c: nothing of the other user's session is used, changed or ended; so it opens no way around CSRF."""
    host = new_host(after=with_views)
    token, bob = made(signed_in(host)), signed_in(host, "bob")
    with bob.client.session_transaction() as kept:
        kept["cart"] = "bob's"
    before = inside(host, bob)
    answer = bob.client.open("/cart", method=method, headers=bearer(token))
    assert answer.json == {"cart": "bought" if method == "POST" else None, "user": "alice"}
    assert "Set-Cookie" not in answer.headers
    assert inside(host, bob) == before
    assert bob.get("/cart").json == {"cart": "bob's", "user": "bob"}
    assert (live(host, "bob"), bob.is_in()) == (1, True)


@pytest.mark.parametrize("how", ["replaced", "garbage"])
def test_an_invalid_token_is_not_made_good_by_a_cookie(how: str, new_host: Callable[..., Host]) -> None:
    """B17 c: neither the browser's user, nor the host's own request_loader, nor a remember-me cookie."""
    host = new_host(after=with_views)
    alice, bob = signed_in(host), host.browser()
    bob.login("bob", remember=True)
    token = made(alice) if how == "replaced" else "mpt_junk"
    made(alice)
    for restarted in (False, True):
        if restarted:
            bob.restart()
        for method in ("GET", "POST"):
            for url in ("/api", "/cart"):
                headers = {**bearer(token), "X-API-Key": "bobs key"}
                answer = bob.client.open(url, method=method, headers=headers)
                assert (answer.status_code, answer.json["code"]) == (401, "invalid_token"), (method, url)
                assert answer.headers["WWW-Authenticate"] == INVALID
                assert "Set-Cookie" not in answer.headers
    assert bob.is_in()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer {}", 200),
        ("bearer {}", 200),
        ("BEARER   {}  ", 200),
        ("Bearer\t{}\t", 200),
        ("Bearer \xa0{}\x0b", 200),
        ("Bearer  {}x", 401),
        ("Bearer\t{}x", 401),
        ("Bearer {}\tx", 401),
        ("Bearer mpt_\xe9", 401),
        (" ", 302),
        ("Bearer\t", 302),
        ("Bearer {} {}", 401),
        ("Bearer {}x", 401),
        ("Bearer mpt_", 401),
        ("Bearer", 302),
        ("Bearer ", 302),
        ("", 302),
        ("{}", 302),
        ("Token {}", 302),
        ("Basic {}", 302),
        ("Bearer,{}", 302),
        ("Bearer MPT_{}", 302),
    ],
)
def test_the_header_is_read_as_rfc_6750_has_it(header: str, status: int, host: Host) -> None:
    """B17 d: what is no token of ours is left to the host; what is one and not valid is 401."""
    sent = {"Authorization": header.replace("{}", made(signed_in(host)))}
    answer = host.browser().get("/api", headers=sent)
    assert answer.status_code == status
    assert (answer.headers.get("WWW-Authenticate") == INVALID) is (status == 401)
    assert host.browser().json("/profile/sessions").status_code == 401


@pytest.mark.parametrize("place", ["query", "auth_token", "form", "json", "cookie", "X-API-Key", "password"])
def test_a_token_counts_in_no_other_place(place: str, host: Host) -> None:
    """K17, T07"""
    token, browser = made(signed_in(host)), host.browser()
    sent: dict[str, dict[str, Any]] = {
        "query": {"query_string": {"access_token": token}},
        "auth_token": {"query_string": {"auth_token": token}},
        "form": {"data": {"access_token": token, "csrf_token": browser.csrf()}, "method": "POST"},
        "json": {"json": {"access_token": token}, "headers": {"X-CSRFToken": browser.csrf()}, "method": "POST"},
        "cookie": {},
        "X-API-Key": {"headers": {"X-API-Key": token, "X-Authorization": f"Bearer {token}"}},
        "password": {"auth": ("alice", token)},
    }
    if place == "cookie":
        for name in ("access_token", "session", "remember_token", "myprofile_device"):
            browser.set_cookie(name, token)
    assert browser.client.open("/api", **sent[place]).status_code == 302


GARBAGE = [
    "mpt_", "mpt_x", "mpt_" + "a" * 49, "mpt_" + "0" * 43 + "000001", "mpt_" + "é" * 49, "mpt_" + "a" * 60_000,
    "mpt_" + "١" * 49, "mpt_" + "a" * 43 + "é" * 6, "mpt_\x00", "mpt_' OR 1=1 --",
]  # fmt: skip


def test_garbage_costs_no_query(host: Host) -> None:
    """T06"""
    token, statements = made(signed_in(host)), host.count_statements()
    changed = token[:-1] + ("a" if token[-1] != "a" else "b")
    for text in [*GARBAGE, changed, token[:-1], token + "0", token.swapcase()]:
        environ = {"HTTP_AUTHORIZATION": f"Bearer {text}".encode().decode("latin-1")}
        for url in ("/api", "/profile/sessions"):
            answer = host.browser().get(url, environ_overrides=environ)
            ours = text.startswith("mpt_")
            assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (
                (401, INVALID) if ours else (302, None)
            )
    assert statements == []
    assert call(host, token).status_code == 200  # the first use asks where others came from
    statements.clear()
    assert call(host, token).status_code == 200
    assert len(statements) == 1, statements


@pytest.mark.parametrize(("url", "method"), REACHABLE)
def test_a_token_opens_no_page_of_the_profile(url: str, method: str, new_host: Callable[..., Host]) -> None:
    """K18, T08: not even an administrator's, and not next to a session that could."""
    host = walked_host(new_host, url)
    admin = signed_in(host, "admin")
    token, right = made(admin), right_for(url, signed_in(host, "admin"))
    call(host, token)
    before = everything(host)
    for browser in (host.browser(), admin):
        page = browser.client.open(url, method=method, headers=bearer(token), data=right if method == "POST" else None)
        data = browser.client.open(
            url, method=method, headers={**bearer(token), **JSON}, json=right if method == "POST" else None
        )
        assert (page.status_code, data.status_code) == (403, 403)
        assert data.json["code"] == "insufficient_scope"
        for answer in (page, data):
            assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
            assert token not in answer.text
    assert everything(host) == before


def test_the_hosts_own_request_loader_goes_on_working(new_host: Callable[..., Host]) -> None:
    """B46: its keys sign in, its bearer tokens are its own, and its users need a CSRF token as they did before."""
    host = new_host(after=with_views)
    token = made(signed_in(host))
    for _ in range(2):
        for headers in ({"X-API-Key": "bobs key"}, {"Authorization": "Bearer bobs"}):
            assert host.browser().get("/api", headers=headers).json == {"user": "bob"}
            assert host.browser().client.post("/api", headers=headers).status_code == 400
        assert host.browser().get("/api", headers={**bearer(token), "X-API-Key": "bobs key"}).json == {"user": "alice"}
    assert host.browser().get("/api", headers={"X-API-Key": "nobody's"}).status_code == 302


def test_a_token_is_no_recent_sign_in(new_host: Callable[..., Host]) -> None:
    host = new_host(after=with_views)
    alice = signed_in(host)
    token = made(alice)
    assert alice.post("/delete-account").text == "deleted"
    assert host.browser().client.post("/delete-account", headers=bearer(token)).status_code in (302, 401)
    with_cookie = alice.client.post("/delete-account", headers=bearer(token))
    assert with_cookie.text != "deleted", "the freshness of the cookie beside it does not count"


def test_signing_in_by_form_with_a_token_leaves_no_session(host: Host) -> None:
    """A program that posts to the login page with the header on becomes no mixture of both."""
    token, program = made(signed_in(host)), host.browser()
    answer = program.client.post("/login", data={"username": "bob", "password": PASSWORD}, headers=bearer(token))
    assert answer.status_code == 302
    assert program.get("/api", headers=bearer(token)).json == {"user": "alice"}
    assert not program.is_in()
    assert live(host, "bob") == 0


def test_a_page_with_a_form_can_be_shown_to_a_token(host: Host) -> None:
    """A CSRF token, a message or the user menu write into the session, which a token's request does not have."""
    token = made(signed_in(host))
    for url in ("/csrf", "/menu"):
        answer = host.browser().get(url, headers=bearer(token))
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("csrf", [True, False], ids=["CSRFProtect", "a FlaskForm alone"])
def test_a_form_of_the_host_asks_a_token_for_no_csrf_token(csrf: bool, new_host: Callable[..., Host]) -> None:
    """Without CSRFProtect, a FlaskForm checks for itself; and does so for everybody else."""

    class Note(FlaskForm):
        text = StringField()

    def with_form(host: Host) -> None:
        @host.app.post("/note")
        @flask_login.login_required
        def note() -> Any:
            form = Note()
            return jsonify(errors={} if form.validate_on_submit() else form.errors)

    host = new_host(after=with_form, csrf=csrf)
    alice = signed_in(host)
    token = made(alice)
    assert host.browser().client.post("/note", data={"text": "a"}, headers=bearer(token)).json == {"errors": {}}
    refused = alice.client.post("/note", data={"text": "a"})
    assert refused.status_code == 400 if csrf else refused.json["errors"].keys() == {"csrf_token"}
    assert alice.post("/note", {"text": "a"}).json == {"errors": {}}


@in_each_database
def test_one_statement_finds_the_token_its_user_and_whether_tokens_are_on(host: Host) -> None:
    """And what a host has listening to its database is told of it."""
    alice = signed_in(host)
    token = made(alice)
    assert call(host, token).status_code == 200  # its first use is written down
    statements = host.count_statements()
    for _ in range(2):
        assert call(host, token).json == {"user": "alice"}
        assert len(statements) == 1, statements
        statements.clear()
    host.sql("INSERT INTO myprofile_feature VALUES ('my_profile', '1', 'admin', 1), ('api_token', '0', 'admin', 1)")
    assert call(host, token).status_code == 401, "in every worker at once"
    host.sql("UPDATE myprofile_feature SET enabled = '1'")
    assert call(host, token).status_code == 200


@in_each_database
@pytest.mark.parametrize("key", ["1x", "users:1"])
def test_a_key_that_is_not_quite_a_users_is_nobodys(key: str, host: Host) -> None:
    """As of a time when users were of other classes. Databases read some of these as a number, and others fail."""
    token = made(signed_in(host))
    host.sql(f"UPDATE myprofile_token SET user_key = '{key}'")
    answer = call(host, token)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    host.sql("UPDATE myprofile_token SET user_key = '1'")
    assert call(host, token).status_code == 200


def test_a_user_whom_the_host_has_loaded_already_is_the_one_that_the_token_finds(new_host: Callable[..., Host]) -> None:
    held: list[Any] = []

    def loading(host: Host) -> None:
        @host.app.before_request
        def load() -> None:
            held[:] = [host.db.session.get(host.User, 1)]

        @host.app.get("/same")
        @flask_login.login_required
        def same() -> Any:
            return jsonify(same=flask_login.current_user._get_current_object() is held[0])  # type: ignore[attr-defined]

    host = new_host(after=loading)
    token = made(signed_in(host))
    assert host.browser().get("/same", headers=bearer(token)).json == {"same": True}


@pytest.mark.parametrize("listens", ["to the class", "to the session"])
def test_whoever_observes_how_users_are_loaded_observes_the_user_of_a_token(
    listens: str, new_host: Callable[..., Host]
) -> None:
    """Such as one who hides those that are marked as deleted. It is one statement all the same."""
    host = new_host(before=lambda app, db: None)  # one that no other test is lent
    token, seen = made(signed_in(host)), list[str]()

    def hide(asked: Any) -> None:
        seen.append("asked")
        asked.statement = asked.statement.options(with_loader_criteria(host.User, host.User.username != "alice"))

    if listens == "to the class":
        event.listen(host.User, "load", lambda user, context: seen.append(user.username))
    else:
        event.listen(host.db.session, "do_orm_execute", hide)
    call(host, token)
    seen.clear()
    statements = host.count_statements()
    is_found = call(host, token).status_code == 200
    assert (is_found, seen[:1]) == ((True, ["alice"]) if listens == "to the class" else (False, ["asked"]))
    assert len(statements) == 1, statements
