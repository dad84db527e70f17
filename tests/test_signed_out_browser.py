"""What the browser (or script) of a session that was signed out gets to see at its next request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint
from flask_login import login_required

from tests.devices import change_password, live, sent_to_login, set_cookies, sign_out
from tests.host import JSON, Browser, Host
from tests.kept import HOWEVER, everywhere, first_everywhere, however_kept, in_each_database

SIGNED_OUT = "You have been signed out of this session."


def shop(host: Host) -> None:
    """A second part of the host."""
    pages = Blueprint("shop", "shop")

    @pages.get("/shop")
    @login_required
    def basket() -> str:
        return "a basket"

    host.app.register_blueprint(pages)


def no_login_view(host: Host) -> None:
    host.app.login_manager.login_view = None  # type: ignore[attr-defined]


def login_elsewhere(host: Host) -> None:
    host.app.login_manager.login_view = "https://sso.test/login"  # type: ignore[attr-defined]


def own_handler(host: Host) -> None:
    host.app.login_manager.unauthorized_handler(lambda: ("a teapot", 418))  # type: ignore[attr-defined]


def login_of_each_part(host: Host) -> None:
    host.app.login_manager.blueprint_login_views = {"shop": "pub"}  # type: ignore[attr-defined]


POLICIES = {
    "login_view": (lambda host: None, 302, "/login?next=%2Fshop"),
    "none": (no_login_view, 401, None),
    "elsewhere": (login_elsewhere, 302, "https://sso.test/login?next="),
    "a handler": (own_handler, 418, None),
    "of each blueprint": (login_of_each_part, 302, "/pub?next=%2Fshop"),
}


@first_everywhere("policy", list(POLICIES), places=HOWEVER)
def test_the_answer_is_what_the_host_gives_any_visitor(policy: str, new_host: Callable[..., Host]) -> None:
    """B64: the host's own login policy decides, whatever it is."""
    set_up, status, location = POLICIES[policy]

    def after(host: Host) -> None:
        shop(host)
        set_up(host)

    host = new_host(after=after)
    for url in ("/shop", "/page", "/profile/sessions", "/profile/"):
        c1, c2 = host.browser(), host.browser()
        c1.login("alice")
        c2.login("alice", remember=True)
        sign_out(c1, c2)
        visitor, answer = host.browser().get(url), c2.get(url)
        assert (answer.status_code, answer.location) == (visitor.status_code, visitor.location), url
        assert answer.data == visitor.data
        assert c2.get(url).location == visitor.location, "and at the next click"
        if url == "/shop":
            assert answer.status_code == status
            assert (answer.location or "").startswith(location or "")


@however_kept
def test_the_person_is_told_once(host: Host) -> None:
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    sign_out(c1, c2)
    assert sent_to_login(c2)
    assert sent_to_login(c2)
    with c2.client.session_transaction() as left:
        told = [text for _, text in left["_flashes"]]
    assert told.count(SIGNED_OUT) == 1
    stranger = host.browser()
    stranger.get("/page")
    with stranger.client.session_transaction() as left:
        assert SIGNED_OUT not in [text for _, text in left["_flashes"]]


@first_everywhere(
    "remember, url",
    [(True, "/profile/sessions"), (False, "/profile/preferences"), (False, "/profile/"), (True, "/api")],
    places=HOWEVER,
)
def test_a_script_is_told_in_json(url: str, remember: bool, host: Host) -> None:
    """B66, S20"""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=remember)
    sign_out(c1, c2)
    answer = c2.get(url, headers=JSON)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {"title": SIGNED_OUT, "status": 401, "code": "signed_out", "login_url": "/login"}
    assert "Location" not in answer.headers
    assert c2.cookie("remember_token") is None
    assert c2.cookie("myprofile_device") is None
    if url.startswith("/profile"):
        again = c2.get(url, headers=JSON)
        assert (again.status_code, again.json["code"]) == (401, "login_required"), "a visitor like any other now"
        assert again.json["login_url"] == "/login"
        sent = c2.post_json("/profile/sessions/sign-out", {"id": "0" * 24})
        assert sent.status_code == 401
        assert "Location" not in sent.headers


@however_kept
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_a_script_is_told_in_json_each_time(remember: bool, host: Host) -> None:
    """Also on the host's own pages, and after the person has been told in another tab; until somebody signs in."""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=remember)
    sign_out(c1, c2)
    answers = [c2.get("/api", headers=JSON) for _ in range(3)]
    assert sent_to_login(c2)
    answers += [c2.get(url, headers=JSON) for url in ("/api", "/profile/sessions", "/api")]
    assert sent_to_login(c2)
    answers.append(c2.client.post("/api", json={}, headers={**JSON, "X-CSRFToken": c2.csrf()}))
    codes = [(answer.status_code, answer.mimetype, answer.json["code"]) for answer in answers]
    assert codes[0] == (401, "application/problem+json", "signed_out")
    assert set(codes[1:]) == {(401, "application/problem+json", "login_required")}
    with c2.client.session_transaction() as left:
        assert [text for _, text in left["_flashes"]].count(SIGNED_OUT) == 1
    c2.login("alice")
    assert c2.json("/api").json == {"user": "alice"}
    assert c2.post("/profile/sign-out").status_code == 303
    assert c2.json("/api").status_code == 302, "who has signed out here is a visitor like any other"


@pytest.mark.parametrize(
    ("policy", "login_url"), [("none", None), ("elsewhere", "https://sso.test/login"), ("of each blueprint", "/pub")]
)
def test_a_script_is_told_where_this_part_of_the_host_has_people_sign_in(
    policy: str, login_url: str | None, new_host: Callable[..., Host]
) -> None:
    """B64, B66"""

    def after(host: Host) -> None:
        shop(host)
        POLICIES[policy][0](host)

    host = new_host(after=after)
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    sign_out(c1, c2)
    answer = c2.get("/shop", headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (401, "signed_out")
    assert answer.json.get("login_url") == login_url


@however_kept
def test_a_script_gets_what_a_host_with_a_handler_of_its_own_has_to_say(new_host: Callable[..., Host]) -> None:
    host = new_host(after=own_handler)
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice")
    sign_out(c1, c2)
    assert c2.get("/api", headers=JSON).status_code == 418


#: A host's own choice, none of it Flask-Login's default.
CHOSEN = {
    "SERVER_NAME": "app.example.com",
    "PREFERRED_URL_SCHEME": "https",
    "REMEMBER_COOKIE_NAME": "stay",
    "REMEMBER_COOKIE_DOMAIN": "example.com",
    "REMEMBER_COOKIE_PATH": "/",
    "REMEMBER_COOKIE_SAMESITE": "None",
    "REMEMBER_COOKIE_SECURE": True,
    "SESSION_COOKIE_DOMAIN": "example.com",
    "MYPROFILE_DEVICE_COOKIE": "this_device",
}


def secure(host: Host) -> Browser:
    browser = host.browser()
    browser.client.environ_base["HTTP_REFERER"] = "https://app.example.com/"
    return browser


FORGETTING: dict[str, Callable[[Browser, Browser], Any]] = {
    "signed out elsewhere": lambda victim, other: sign_out(other, victim),
    "its own sign-out": lambda victim, other: victim.post("/profile/sign-out"),
    "the host's logout": lambda victim, other: victim.post("/logout"),
    "password changed elsewhere": lambda victim, other: change_password(other),
}


@first_everywhere("how, path", [(how, path) for path in ("/", "/page") for how in FORGETTING])
def test_the_cookies_are_deleted_with_the_attributes_they_were_set_with(
    how: str, path: str, new_host: Callable[..., Host]
) -> None:
    """B85, B20: or browsers keep them. And one that is kept nevertheless is worth nothing."""
    host = new_host(**{**CHOSEN, "REMEMBER_COOKIE_PATH": path})
    c1, c2 = secure(host), secure(host)
    c1.login("alice")
    signed_in = c2.login("alice", remember=True)
    given = {name: set_cookies(signed_in, name)[-1] for name in ("stay", "this_device")}
    kept = {key: cookie for key, cookie in c2.client._cookies.items() if key[2] in given}  # type: ignore[union-attr]
    assert len(kept) == 2
    ends_here = FORGETTING[how](c2, c1)
    next_request = c2.get("/page")
    assert next_request.location.startswith("/login")
    if path == "/page" and how in ("its own sign-out", "the host's logout"):
        pass  # a browser does not send them there, so that answer cannot know of them
    else:
        answers = [ends_here, next_request]
        for name, header in given.items():
            deletions = [d for answer in answers for d in set_cookies(answer, name)]
            assert deletions, f"{name} is deleted"
            assert attributes(deletions[-1]) == attributes(header)
            assert "Max-Age=0" in deletions[-1]
        assert not [key for key in c2.client._cookies if key[2] in given]  # type: ignore[union-attr]
    c2.client._cookies = dict(kept)
    assert c2.get("/page").location.startswith("/login")
    assert live(host) == 1


def attributes(header: str) -> set[str]:
    return {part for part in header.split("; ")[1:] if not part.startswith(("Expires=", "Max-Age="))}


@everywhere
def test_a_logout_out_of_reach_of_the_cookies_path_is_finished_at_the_next_page(new_host: Callable[..., Host]) -> None:
    """The remember cookie is sent to /page alone, so the answer to /logout deletes nothing."""
    host = new_host(REMEMBER_COOKIE_PATH="/page")
    alice = host.browser()
    alice.login("alice", remember=True)
    alice.post("/logout")
    answer = alice.get("/page")
    assert answer.location.startswith("/login")
    for name in ("remember_token", "myprofile_device"):
        assert any("Path=/page" in header for header in set_cookies(answer, name))
    assert live(host) == 0


@in_each_database
def test_a_host_without_a_database_for_visitors_is_asked_nothing_by_them(host: Host) -> None:
    """Only the first request of a signed-out browser costs two queries; then it is a visitor."""
    c1, c2 = host.browser(), host.browser()
    c1.login("alice")
    c2.login("alice", remember=True)
    sign_out(c1, c2)
    statements = host.count_statements()
    c2.get("/page")
    assert len(statements) == 2
    c2.get("/page")
    assert len(statements) == 2
