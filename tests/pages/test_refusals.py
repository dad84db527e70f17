"""How a request is refused: the status for everybody, a page for people, ``application/problem+json`` for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from flask_myprofile import Conflict
from flask_myprofile.account.tokens import Tokens
from tests.support.host import JSON, NEW_PASSWORD, Host, signed_in
from tests.support.walks import CHANGING, READABLE, busy, everything, walked_host

PERSONAL, PASSWORD_TAB, SIGN_OUT = "/profile/personal-information", "/profile/password", "/profile/sessions/sign-out"
REVOKE, REGENERATE, REVEAL = (f"/profile/api-token/{action}" for action in ("revoke", "regenerate", "reveal"))
GUESS = {"current_password": "wrong", "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
HTML = {"Accept": "text/html"}
PROBLEM = "application/problem+json"
Ask = Callable[[Host, dict[str, str]], Any]


def sends(url: str, sent: dict[str, Any] | None = None, *, token: bool = True, who: str = "alice", **more: Any) -> Ask:
    """A user POSTs this: a form, or JSON with the same fields."""

    def ask(host: Host, accept: dict[str, str]) -> Any:
        browser = signed_in(host, who)
        headers = {**accept, **({"X-CSRFToken": browser.csrf()} if token else {}), **more.get("headers", {})}
        if "data" in more:
            return browser.client.post(url, data=more["data"], content_type=more["kind"], headers=headers)
        body = {"json": sent or {}} if accept is JSON else {"data": sent or {}}
        return browser.client.post(url, headers=headers, **body)

    return ask


def gets(url: str, who: str = "alice", method: str = "GET") -> Ask:
    return lambda host, accept: signed_in(host, who).client.open(url, method=method, headers=accept)


def guesses_six_times(host: Host, accept: dict[str, str]) -> Any:
    return [sends(PASSWORD_TAB, GUESS)(host, accept) for _ in range(6)][-1]


def presents_a_token(host: Host, accept: dict[str, str]) -> Any:
    token = signed_in(host).post_json(REGENERATE).json["token"]
    return host.browser().get("/profile/sessions", headers={**accept, "Authorization": f"Bearer {token}"})


def signed_in_by_sso(host: Host, accept: dict[str, str]) -> Any:
    bob = signed_in(host, "bob")
    host.sql("UPDATE myprofile_session SET method = 'sso' WHERE user_key = :key", key=str(host.user("bob").id))
    return bob.client.post(PASSWORD_TAB, data=GUESS, headers={**accept, "X-CSRFToken": bob.csrf()})


def uses_what_is_off(host: Host, accept: dict[str, str]) -> Any:
    signed_in(host, "admin").post("/profile/admin/features", {"preferences": "off"})
    return gets("/profile/preferences")(host, accept)


def saves_an_old_page(host: Host, accept: dict[str, str]) -> Any:
    admin = signed_in(host, "admin")
    old_page = {"version": "of another day", "password": "off"}
    return admin.client.post("/profile/admin/features", data=old_page, headers={**accept, "X-CSRFToken": admin.csrf()})


LARGE = '{"first_name": "%s"}' % ("x" * 70_000)
CROSS = {"Sec-Fetch-Site": "cross-site"}
REFUSALS: dict[str, tuple[int, Ask]] = {
    "csrf": (400, sends(REVOKE, token=False)),
    "bad_request": (400, sends(PERSONAL, data="[", kind="application/json")),
    "not_admin": (403, gets("/profile/admin/features")),
    "sso_managed": (403, signed_in_by_sso),
    "insufficient_scope": (403, presents_a_token),
    "cross_site": (403, sends(REVOKE, headers=CROSS)),
    "no_such_session": (404, sends(SIGN_OUT, {"id": "a" * 24})),
    "not_copyable": (404, sends(REVEAL)),
    "feature_off": (404, uses_what_is_off),
    "method_not_allowed": (405, gets("/profile/sessions", method="DELETE")),
    "conflict": (409, saves_an_old_page),
    "request_entity_too_large": (413, sends(PERSONAL, data=LARGE, kind="application/json")),
    "unsupported_media_type": (415, sends(PERSONAL, data="{}", kind="text/plain")),
    "invalid": (422, sends(PERSONAL, {"first_name": "", "last_name": "x" * 41})),
    "throttled": (429, guesses_six_times),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_program_gets_a_problem_and_a_person_a_page(code: str, host: Host) -> None:
    status, ask = REFUSALS[code]
    problem, page = ask(host, JSON), ask(host, HTML)
    assert (problem.status_code, page.status_code) == (status, status)
    assert problem.mimetype == PROBLEM
    assert (problem.json["status"], problem.json["code"]) == (status, code)
    assert isinstance(problem.json["title"], str)
    assert problem.json["title"]
    assert set(problem.json) <= {"title", "status", "code", "errors"}
    assert page.mimetype == "text/html"
    assert "Traceback" not in page.text
    for answer in (problem, page):
        assert answer.headers["Cache-Control"] == "no-store"
        assert ("Retry-After" in answer.headers) == (status == 429)
        assert ("Allow" in answer.headers) == (status == 405)
        assert ("WWW-Authenticate" in answer.headers) == (code == "insufficient_scope")


def test_invalid_input_names_each_field_and_shows_the_page_with_its_messages(host: Host) -> None:
    problem, page = (REFUSALS["invalid"][1](host, accept) for accept in (JSON, HTML))
    errors = problem.json["errors"]
    assert errors == {"first_name": ["Enter your first name"], "last_name": [errors["last_name"][0]]}
    for (sentence,) in errors.values():
        assert sentence in page.text
    assert f'value="{"x" * 41}"' in page.text, "what was typed is kept"


def test_who_loses_a_race_for_the_token_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """409, and the token of whoever was faster lives on."""
    alice = signed_in(host)
    token = alice.post_json(REGENERATE).json["token"]

    def too_late(*args: Any, **options: Any) -> None:
        raise Conflict(code="token_changed")

    with monkeypatch.context() as patch:
        patch.setattr(Tokens, "regenerate", too_late)
        problem, page = alice.post_json(REGENERATE), alice.post(REGENERATE, {"version": "older"})
    assert (problem.status_code, problem.json["code"], page.status_code) == (409, "token_changed", 409)
    assert alice.post_json(REVEAL).json == {"token": token}


def test_a_switch_that_is_pinned_cannot_be_changed(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"password": True})
    answer = sends("/profile/admin/features", {"password": "off"}, who="admin")(host, JSON)
    assert (answer.status_code, answer.json["code"]) == (409, "feature_locked")
    assert gets("/profile/password")(host, HTML).status_code == 200


@pytest.mark.parametrize("accept", [JSON, HTML], ids=["JSON", "HTML"])
def test_an_id_of_somebody_else_is_answered_as_one_that_does_not_exist(accept: dict[str, str], host: Host) -> None:
    bobs = signed_in(host, "bob").session_id()
    foreign, unknown = (sends(SIGN_OUT, {"id": value})(host, accept) for value in (bobs, "0" * 24))
    same = [answer.text.replace(bobs, "").replace("0" * 24, "") for answer in (foreign, unknown)]
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert accept is HTML or same[0] == same[1]
    assert [bobs in foreign.text, "bob" in foreign.text] == [False, False]


def without_database(host: Host) -> Callable[[], None]:
    """Every statement fails, the host's own too; calling the result heals it."""

    def fail(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        raise OperationalError(statement, {}, Exception("the server has gone away"))

    with host.app.app_context():
        engine = host.db.engine
    event.listen(engine, "before_cursor_execute", fail)
    return lambda: event.remove(engine, "before_cursor_execute", fail)


@pytest.mark.parametrize("url", READABLE)
def test_without_a_database_every_page_says_to_come_back_later(url: str, new_host: Callable[..., Host]) -> None:
    """B02: 503 with Retry-After in HTML and JSON; what needs no database works; it heals by itself."""
    host = walked_host(new_host, url)
    here = busy(host)
    page = here.get("/profile/sessions").text
    style = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    token, before = here.csrf(), everything(host)
    heal = without_database(host)
    try:
        for accept in (HTML, JSON):
            headers = {**accept, "X-CSRFToken": token}
            for method in ("GET", "POST") if url in CHANGING else ("GET",):
                answer = here.client.open(url, method=method, headers=headers)
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) > 0
                assert "myprofile_" not in answer.text, "no statement is shown"
                assert accept is HTML or (answer.mimetype, answer.json["code"]) == (PROBLEM, "unavailable")
        for browser in (here, host.browser()):
            assert browser.get("/pub").text == "public"
            with browser.get(style) as static:
                assert static.status_code == 200
    finally:
        heal()
    assert here.get("/profile/sessions").status_code == 200, "nobody was signed out by it"
    assert everything(host) == before
