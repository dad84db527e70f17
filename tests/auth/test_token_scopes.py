"""Tokens that are limited to scopes: what they open, what they do not, and what nobody is held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, jsonify
from flask.views import MethodView, View
from flask_login import login_required

from flask_myprofile import SetupError, current_profile, require_token_scope, scope_by_method, token_scope
from tests.support.host import Browser, Host, signed_in
from tests.tabs.test_api_tokens import TAB, make

SCOPES = {"reports:read": "Read reports", "reports:write": "Write reports", "api:read": "Read", "api:write": "Write"}
SETTINGS: dict[str, Any] = {
    "MYPROFILE_FEATURES": {"api_token": True},
    "MYPROFILE_API_TOKENS": 9,
    "MYPROFILE_API_SCOPES": SCOPES,
}


class Things(MethodView):
    decorators = [login_required]

    @token_scope("reports:read")
    def get(self) -> Any:
        return jsonify(done=True)

    def post(self) -> Any:
        return jsonify(done=True)


class AnswersHead(MethodView):
    decorators = [login_required]

    @token_scope("reports:read")
    def get(self) -> Any:
        return jsonify(done=True)

    def head(self) -> Any:
        return ""


class AsksNobody(View):
    """Which calls its own method for all requests, and no get()."""

    decorators = [login_required]
    get = AnswersHead.get

    def dispatch_request(self) -> Any:
        return jsonify(done=True)


def views(host: Host) -> None:
    app: Flask = host.app

    @app.get("/reports")
    @login_required
    @token_scope("reports:read")
    def reports() -> Any:
        return jsonify(done=True)

    @app.get("/both")
    @login_required
    @token_scope("reports:read", "reports:write")
    async def both() -> Any:
        return jsonify(done=True)

    @app.get("/by-itself")
    @login_required
    @token_scope()
    def by_itself() -> Any:
        token = current_profile.token
        return jsonify(name=token and token.name, reads=token.has("reports:read") if token else None)

    @app.get("/forgotten")
    @login_required
    def forgotten() -> Any:
        return jsonify(done=True)

    app.add_url_rule("/things", view_func=Things.as_view("things"))
    app.add_url_rule("/answers-head", view_func=AnswersHead.as_view("answers_head"))
    app.add_url_rule("/asks-nobody", view_func=AsksNobody.as_view("asks_nobody"))
    one, by_method = Blueprint("one", __name__), Blueprint("by_method", __name__)
    one.before_request(require_token_scope("reports:write"))
    by_method.before_request(scope_by_method("api:read", "api:write"))
    for blueprint in (one, by_method):

        @blueprint.route(f"/{blueprint.name}", methods=["GET", "POST"])
        @login_required
        def view() -> Any:
            return jsonify(done=True)

        app.register_blueprint(blueprint)


@pytest.fixture
def host(new_host: Callable[..., Host]) -> Host:
    return new_host(**SETTINGS, after=views)


def limited(browser: Browser, *scopes: str) -> str:
    token: str = make(browser, "limited", scopes=list(scopes))["token"]
    return token


def asked(host: Host, url: str, token: str, method: str = "GET") -> Any:
    return host.browser().client.open(url, method=method, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("url", "method", "opens", "needs"),
    [
        ("/reports", "GET", {"reports:read"}, "reports:read"),
        ("/reports", "HEAD", {"reports:read"}, None),
        ("/both", "GET", set(), "reports:read reports:write"),
        ("/things", "GET", {"reports:read"}, "reports:read"),
        ("/things", "HEAD", {"reports:read"}, None),
        ("/things", "POST", set(), None),
        ("/answers-head", "HEAD", set(), None),
        ("/asks-nobody", "GET", set(), None),
        ("/one", "GET", {"reports:write"}, "reports:write"),
        ("/by_method", "GET", {"api:read"}, "api:read"),
        ("/by_method", "POST", {"api:write"}, "api:write"),
        ("/forgotten", "GET", set(), None),
        ("/api", "GET", set(), None),
        ("/by-itself", "GET", set(SCOPES), None),
    ],
)
def test_a_limited_token_opens_what_is_marked_for_it_and_nothing_else(
    url: str, method: str, opens: set[str], needs: str | None, host: Host
) -> None:
    alice = signed_in(host)
    for scope in SCOPES:
        answer = asked(host, url, limited(alice, scope), method)
        assert answer.status_code == (200 if scope in opens else 403), scope
        if answer.status_code == 403 and method != "HEAD":
            assert answer.json["code"] == "insufficient_scope"
            said = answer.headers["WWW-Authenticate"]
            assert said == 'Bearer error="insufficient_scope"' + (f', scope="{needs}"' if needs else "")
        alice.post_json(f"{TAB}/revoke-all")
    everything = make(alice, "all", access="everything")["token"]
    assert asked(host, url, everything, method).status_code == 200


def test_two_scopes_open_what_needs_both(host: Host) -> None:
    token = limited(signed_in(host), "reports:read", "reports:write")
    assert asked(host, "/both", token).status_code == 200


def test_who_signed_in_otherwise_is_not_held_to_scopes(host: Host) -> None:
    alice = signed_in(host)
    for url in ("/reports", "/both", "/one", "/by_method", "/forgotten", "/things"):
        assert alice.get(url).status_code == 200
    assert alice.get("/by-itself").json == {"name": None, "reads": None}


def test_a_view_asks_for_the_token_by_itself(host: Host) -> None:
    alice = signed_in(host)
    assert asked(host, "/by-itself", limited(alice, "api:read")).json == {"name": "limited", "reads": False}
    assert asked(host, "/by-itself", limited(alice, "reports:read")).json == {"name": "limited", "reads": True}


def test_a_scope_that_the_app_has_no_more_opens_nothing_and_frees_nobody(new_host: Callable[..., Host]) -> None:
    host = new_host(**SETTINGS, after=views)
    alice = signed_in(host)
    two, one = limited(alice, "reports:read", "api:read"), limited(alice, "reports:read")
    url = host.app.config["SQLALCHEMY_DATABASE_URI"]
    fewer = {name: words for name, words in SCOPES.items() if name != "reports:read"}

    def some(host: Host) -> None:
        by_method = Blueprint("by_method", __name__)
        by_method.before_request(scope_by_method("api:read", "api:write"))
        by_method.add_url_rule("/by_method", view_func=login_required(lambda: jsonify(done=True)))
        host.app.register_blueprint(by_method)

    later = new_host(url, **{**SETTINGS, "MYPROFILE_API_SCOPES": fewer}, after=some)
    assert [asked(later, "/by_method", each).status_code for each in (two, one)] == [200, 403]
    assert [asked(later, "/api", each).status_code for each in (two, one)] == [403, 403]
    assert "Nothing any more" in signed_in(later).get(TAB).text
    none = new_host(url, MYPROFILE_FEATURES={"api_token": True}, after=some)
    assert [asked(none, "/by_method", each).status_code for each in (two, one)] == [403, 403]
    assert [asked(none, "/api", each).status_code for each in (two, one)] == [403, 403]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"access": "scopes"}, "scopes"),
        ({"access": "everything", "scopes": ["api:read"]}, "scopes"),
        ({"scopes": ["api:read", "root"]}, "scopes"),
        ({"access": "root"}, "access"),
    ],
)
def test_nobody_gets_a_token_that_may_do_everything_by_a_slip(sent: dict[str, Any], field: str, host: Host) -> None:
    alice = signed_in(host)
    answer = alice.post_json(f"{TAB}/create", {"name": "x", **sent})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert alice.json(TAB).json["tokens"] == []


def test_a_regenerated_token_may_do_what_the_old_one_might(host: Host) -> None:
    alice = signed_in(host)
    made = make(alice, "limited", scopes=["reports:read"])
    token = alice.post_json(f"{TAB}/regenerate", {"id": made["id"]}).json["token"]
    assert asked(host, "/reports", token).status_code == 200
    assert asked(host, "/one", token).status_code == 403
    assert alice.json(TAB).json["tokens"][0]["scopes"] == ["reports:read"]


def test_verify_answers_for_the_scopes_that_it_is_asked_for(host: Host) -> None:
    alice = signed_in(host)
    some, everything = limited(alice, "reports:read"), make(alice, "all", access="everything")["token"]
    with host.app.test_request_context():
        verify = current_profile.tokens.verify
        assert verify(everything).username == "alice"
        assert verify(everything, "reports:read").username == "alice"
        assert verify(some, "reports:read").username == "alice"
        assert verify(some) is None
        assert verify(some, "reports:read", "reports:write") is None


def test_a_rule_for_a_scope_that_there_is_not_stops_at_its_first_request(new_host: Callable[..., Host]) -> None:
    def typo(host: Host) -> None:
        host.app.add_url_rule("/typo", view_func=token_scope("report:read")(lambda: "x"), endpoint="typo")

    host = new_host(**SETTINGS, after=typo)
    with pytest.raises(SetupError, match="MYPROFILE_API_SCOPES has no report:read, which a rule for typo asks for"):
        host.browser().get("/typo")


@pytest.mark.parametrize("scopes", [["a"], {"a b": "x"}, {1: "x"}, {"": "x"}, {'a"b': "x"}, "reports:read"])
def test_scopes_that_are_none_are_named_at_start(scopes: Any, new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match="MYPROFILE_API_SCOPES must be a dict of scope"):
        new_host(MYPROFILE_API_SCOPES=scopes)


def test_the_page_says_plainly_what_a_token_may_do(host: Host) -> None:
    alice = signed_in(host)
    page = alice.get(TAB).text
    assert "Only what is ticked below" in page and "Everything you can do" in page and "Read reports" in page
    refused = alice.post(f"{TAB}/create", {"name": "kept", "access": "scopes"})
    assert refused.status_code == 422 and 'value="kept"' in refused.text
    assert "Choose at least one scope, or everything" in refused.text
    made = alice.post(f"{TAB}/create", {"name": "kept", "access": "scopes", "scopes": ["api:read", "reports:read"]})
    assert made.status_code == 200 and "mpt_" in made.text
    assert "<bdi>Read reports</bdi> · <bdi>Read</bdi>" in alice.get(TAB).text
