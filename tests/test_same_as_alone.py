"""Where our hooks run on the host's requests, the host answers as Flask alone does: whatever its routes are like."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from flask import Flask, abort, g, url_for
from flask_login import login_required
from werkzeug.routing import Rule

from flask_myprofile.pages import access
from flask_myprofile.sso import detection
from tests.host import JSON, PASSWORD, Host, user_class
from tests.kept import everywhere

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
PROBLEM = "application/problem+json"


def redirect_to_text(app: Flask) -> None:
    app.add_url_rule("/old/<n>", endpoint="old", redirect_to="new/<n>", methods=["GET"])


def redirect_to_what_is_not_there(app: Flask) -> None:
    app.add_url_rule("/old/<n>", endpoint="old", redirect_to="new/<m>", methods=["PUT"])


def redirect_to_code(app: Flask) -> None:
    def target(adapter: Any, n: str) -> str:
        raise RuntimeError("not for this method")

    app.add_url_rule("/old/<n>", endpoint="old", redirect_to=target, methods=["PUT"])


def other_defaults(app: Flask) -> None:
    app.add_url_rule("/all/", endpoint="all", view_func=lambda n: f"page {n}", defaults={"n": 1}, methods=["POST"])
    app.add_url_rule("/all/<int:n>", endpoint="all", methods=["POST"])


def alias_of_no_endpoint(app: Flask) -> None:
    app.url_map.add(Rule("/alias", endpoint="gone", alias=True, methods=["PUT"]))


def websocket(app: Flask) -> None:
    app.url_map.add(Rule("/socket", endpoint="socket", websocket=True, methods=["GET"]))


def on_another_host(app: Flask) -> None:
    app.url_map.host_matching = True
    app.add_url_rule("/elsewhere", host="localhost", view_func=lambda: "here", methods=["PUT"], endpoint="elsewhere")


def raised_in_a_view(app: Flask) -> None:
    app.add_url_rule("/never", view_func=lambda: abort(405), methods=["GET", "POST"], endpoint="never")


def two_parts(app: Flask) -> None:
    app.add_url_rule("/two/parts", view_func=lambda: "here", endpoint="two")


#: Routes, and an address of theirs that some methods are wrong for.
ROUTES: dict[str, tuple[Callable[[Flask], None] | None, str]] = {
    "redirect_to a text": (redirect_to_text, "/old/1"),
    "redirect_to a text that fails": (redirect_to_what_is_not_there, "/old/1"),
    "redirect_to a function that fails": (redirect_to_code, "/old/1"),
    "defaults that redirect": (other_defaults, "/all/1"),
    "an alias of an endpoint that there is not": (alias_of_no_endpoint, "/alias"),
    "a websocket": (websocket, "/socket"),
    "host_matching": (on_another_host, "/elsewhere"),
    "405 of a view": (raised_in_a_view, "/never"),
    "merged slashes": (two_parts, "/two//parts"),
    "nothing": (None, "/nowhere"),
}


@pytest.mark.parametrize("kind", ROUTES)
@pytest.mark.parametrize("who", ["anonymous", "signed in"])
def test_a_wrong_method_is_answered_as_without_us(who: str, kind: str, new_host: Callable[..., Host]) -> None:
    add, url = ROUTES[kind]

    def before(app: Flask, db: Any) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        if add:
            add(app)

    host, plain = (new_host(before=before, csrf=False, myprofile=mine) for mine in (True, False))
    browsers = [each.browser() for each in (host, plain)]
    if who == "signed in" and kind != "host_matching":  # where the host's other pages are nowhere
        for browser in browsers:
            browser.login("alice")
    statuses = []
    for method in METHODS:
        for headers in ({}, JSON):
            ours, alone = (browser.client.open(url, method=method, headers=headers) for browser in browsers)
            assert (ours.status, ours.data) == (alone.status, alone.data), method
            assert ours.headers.get("Allow") == alone.headers.get("Allow"), method
            assert ours.headers.get("Location") == alone.headers.get("Location"), method
            statuses.append(ours.status_code)
    assert 405 in statuses or kind == "nothing"


def test_no_code_of_the_hosts_runs_for_a_method_that_its_route_does_not_take(new_host: Callable[..., Host]) -> None:
    asked: list[str] = []

    def before(app: Flask, db: Any) -> None:
        app.add_url_rule("/o/<n>", endpoint="o", redirect_to=lambda adapter, n: asked.append(n) or "x", methods=["GET"])

    host = new_host(before=before, csrf=False)
    assert host.browser().client.delete("/o/1").status_code == 405
    assert asked == []


@pytest.mark.parametrize("url", ["/profile/sessions", "/profile//sessions", "/profile/static/nothing.css"])
def test_a_wrong_method_at_a_page_of_ours_is_ours_to_answer(url: str, host: Host) -> None:
    browser = host.browser()
    for _ in range(2):
        answer = browser.client.delete(url, headers=JSON)
        assert (answer.status_code, answer.mimetype) == (405, PROBLEM)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "GET" in answer.headers["Allow"]
    assert browser.client.delete("/pub", headers=JSON).mimetype == "text/html"
    assert len([app for app in access._own_rules if app is host.app.url_map]) == 1, "made once"


# ---- where the address of our pages has a variable, which the host's pages do not say


@pytest.fixture
def tenants(new_host: Callable[..., Host]) -> Host:
    """As Flask's documentation has it, with url_defaults and a preprocessor."""

    def before(app: Flask, db: Any) -> None:
        @app.url_value_preprocessor
        def take(endpoint: str | None, values: dict[str, Any] | None) -> None:
            g.tenant = (values or {}).pop("tenant", None)

        @app.url_defaults
        def give(endpoint: str, values: dict[str, Any]) -> None:
            if "tenant" not in values and g.get("tenant") and app.url_map.is_endpoint_expecting(endpoint, "tenant"):
                values["tenant"] = g.tenant

    return new_host(before=before, MYPROFILE_URL_PREFIX="/<tenant>/profile")


def test_a_prefix_with_a_variable_breaks_no_page_of_the_host(tenants: Host) -> None:
    alice = tenants.browser()
    alice.login("alice")
    for url in ("/pub?state=mp-step-up-x&code=1", "/page?state=mp-step-up-x&error=1", "/menu", "/page"):
        assert alice.get(url).status_code == 200, url
    assert alice.get("/menu").text == "<nav></nav>", "there is nowhere to go"
    assert "/acme/profile/sign-out" in alice.get("/acme/profile/sessions").text
    answer = alice.client.delete("/acme/profile/sessions", headers=JSON)
    assert (answer.status_code, answer.mimetype) == (405, PROBLEM)


# ---- where the host's sign-in page is none


@pytest.mark.parametrize("view", ["no_such_endpoint", "product"])
def test_a_login_view_without_a_url_breaks_no_page_of_ours(view: str, new_host: Callable[..., Host]) -> None:
    def after(host: Host) -> None:
        host.app.add_url_rule("/product/<n>", endpoint="product", view_func=lambda n: n)
        host.app.login_manager.login_view = view  # type: ignore[attr-defined]

    host = new_host(after=after)
    stranger, alice = host.browser(), host.browser()
    answer = stranger.json("/profile/sessions")
    assert (answer.status_code, answer.json["code"]) == (401, "login_required")
    assert "login_url" not in answer.json
    alice.login("alice")
    assert alice.post("/profile/sign-out").location == "/"
    assert alice.json("/profile/sessions").status_code == 401


# ---- where Authlib is half imported


def test_a_request_during_the_import_of_authlib_waits_for_the_next(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another thread: its module is known already, and has nothing in it yet."""
    half = ModuleType(detection._CLIENT)
    monkeypatch.setitem(sys.modules, detection._CLIENT, half)
    assert host.browser().get("/pub").status_code == 200
    assert not hasattr(half, detection._WRAPPED)


def test_an_anonymous_page_of_the_host_that_asks_for_sign_in_is_as_without_us(new_host: Callable[..., Host]) -> None:
    def after(host: Host) -> None:
        host.app.add_url_rule(
            "/mine", endpoint="mine", view_func=login_required(lambda: url_for("mine")), methods=["GET", "POST"]
        )

    answers = []
    for mine in (True, False):
        browser = new_host(after=after, csrf=False, myprofile=mine).browser()
        answers.append([browser.client.open("/mine", method=method).status_code for method in METHODS])
    assert answers[0] == answers[1]


# ---- where a login id is no text


def numbered(db: Any) -> type[Any]:
    """Many a ``get_id()`` answers the number that it has; Flask-Login keeps whatever it is."""
    user = user_class(db)
    user.get_id = lambda self: self.id
    return user


@everywhere
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_a_get_id_that_answers_a_number_signs_in(remember: bool, new_host: Callable[..., Host]) -> None:
    host = new_host(model=numbered)
    alice = host.browser()
    assert alice.login("alice", remember=remember).location == "/page"
    assert alice.is_in()
    if remember:
        alice.restart()
        assert alice.is_in()
    assert len(alice.sessions()) == 1
    assert alice.post_json("/profile/confirm", {"current_password": PASSWORD}).status_code == 200
    assert alice.is_in()


@everywhere
@pytest.mark.parametrize("user_id", [1, "1"])
def test_a_session_of_before_is_taken_over_whatever_its_login_id_is(
    user_id: Any, new_host: Callable[..., Host]
) -> None:
    host = new_host(model=numbered)
    alice = host.browser()
    with alice.client.session_transaction() as kept:
        kept["_user_id"] = user_id
    assert alice.is_in()
    assert len(alice.sessions()) == 1
