"""Back-channel logout: who has signed out at the provider is signed out here, and nobody else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from flask_myprofile.signals import session_ended, token_changed
from tests.support.host import Host
from tests.support.kept import everywhere
from tests.support.office import Office, check_done, check_refused
from tests.support.providers import Provider, serve, with_providers


@pytest.fixture
def office(new_host: Callable[..., Host], monkeypatch: Any) -> Office:
    return Office(new_host, monkeypatch)


# ---- whom it means


@everywhere
def test_a_logout_of_one_session_at_the_provider_ends_that_session_alone(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B08, X06: whatever cookies it kept."""
    office = Office(new_host, monkeypatch)
    check_done(office.okta.tell(office.host, sub="88", sid="s1"))
    assert office.first.get("/page").status_code == 302
    office.first.drop_cookie("session")
    assert office.in_() == "second local bob", "its remember-me cookie brings nothing back"


@everywhere
def test_a_logout_of_the_person_ends_all_their_sessions_at_that_provider(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B08, X06: not those by password, and not of somebody whom another provider calls the same."""
    office = Office(new_host, monkeypatch)
    check_done(office.okta.tell(office.host, sub="88"))
    assert office.in_() == "local bob"


@everywhere
def test_a_session_is_found_by_its_sid_alone(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """B08: a token without sub; and the same sid at another provider is another session."""
    office = Office(new_host, monkeypatch)
    check_done(office.okta.tell(office.host, sid="s1"))
    assert office.in_() == "second local bob"
    check_done(office.other.tell(office.host, sid="s1"))
    assert office.in_() == "second local"


def test_only_sessions_that_had_begun_are_meant(office: Office) -> None:
    """X06: a message that was on its way for long says nothing of a later sign-in."""
    check_done(office.okta.tell(office.host, sub="88", iat=int(time.time()) - 60))
    assert office.in_() == "first second local bob"


@pytest.mark.parametrize("who", [{"sid": "unknown"}, {"sub": "unknown"}, {"sub": "unknown", "sid": "unknown"}])
def test_whoever_is_unknown_is_signed_out_already(office: Office, who: dict[str, str]) -> None:
    """B08, X06: the provider is told that it is done, and need not try again."""
    check_done(office.okta.tell(office.host, **who))
    assert office.in_() == "first second local bob"


def test_a_session_of_somebody_else_is_not_ended(office: Office) -> None:
    """B08: sid and sub contradict each other."""
    check_refused(office.okta.tell(office.host, sub="somebody else", sid="s1"))
    assert office.in_() == "first second local bob"


def test_a_provider_without_sid_in_its_id_tokens_ends_the_persons_sessions(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B69: which one is meant cannot be told, and too few would be worse than too many."""
    okta = Provider("Okta", claims={"sub": "88"})
    serve(monkeypatch, okta)
    host = new_host(**with_providers(okta))
    first, second = host.browser(), host.browser()
    okta.sign_in(first)
    okta.sign_in(second)
    check_done(okta.tell(host, sid="unheard of"))
    assert first.is_in() and second.is_in()
    check_done(okta.tell(host, sub="88", sid="unheard of"))
    assert not first.is_in() and not second.is_in()


@pytest.mark.parametrize(
    ("also", "left", "token"),
    [((), "local bob", True), (("sessions",), "bob", True), (("api_token",), "local bob", False)],
)
def test_what_else_ends_is_the_hosts_to_say(
    also: tuple[str, ...], left: str, token: bool, new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    office = Office(new_host, monkeypatch, MYPROFILE_SSO_BACKCHANNEL_ALSO=also)
    bearer = {"Authorization": "Bearer " + office.local.post_json("/profile/api-token/regenerate").json["token"]}
    check_done(office.okta.tell(office.host, sub="88"))
    assert office.in_() == left
    assert (office.host.app.test_client().get("/page", headers=bearer).status_code == 200) is token


def test_a_token_is_revoked_of_whoever_has_no_session_left(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """An employee leaves who has signed out of everything."""
    office = Office(new_host, monkeypatch, MYPROFILE_SSO_BACKCHANNEL_ALSO=("api_token",))
    bearer = {"Authorization": "Bearer " + office.local.post_json("/profile/api-token/regenerate").json["token"]}
    told: list[Any] = []
    token_changed.connect(lambda app, **said: told.append(said), office.host.app, weak=False)
    for browser in (office.first, office.second, office.local):
        browser.post("/logout")
    check_done(office.okta.tell(office.host, sub="88"))
    assert office.host.app.test_client().get("/page", headers=bearer).status_code == 401
    assert [(said["user_key"], said["action"]) for said in told] == [("1", "revoked")]


def test_hosts_are_told_of_it(office: Office) -> None:
    told: list[Any] = []
    session_ended.connect(lambda app, **said: told.append(said), office.host.app, weak=False)
    office.okta.tell(office.host, sub="88", sid="s1")
    assert [(said["reason"], said["by"], len(said["session_ids"])) for said in told] == [("provider", None, 1)]


# ---- the door


@pytest.mark.parametrize("how", ["json", "query", "text", "several", "nothing"])
def test_a_token_comes_in_a_form_and_nowhere_else(office: Office, how: str) -> None:
    """X05"""
    url, token = "/profile/sso/Okta/backchannel-logout", office.okta.logout_token(sub="88")
    sent: dict[str, Any] = {
        "json": {"json": {"logout_token": token}},
        "query": {"query_string": {"logout_token": token}},
        "text": {"data": f"logout_token={token}", "content_type": "text/plain"},
        "several": {"data": {"logout_token": [token, token]}},
        "nothing": {},
    }[how]
    check_refused(office.host.app.test_client().post(url, **sent))
    assert office.host.app.test_client().get(url).status_code == 405
    assert office.in_() == "first second local bob"


def test_cookies_mean_nothing_to_it_and_none_is_set(office: Office) -> None:
    """X08: no CSRF token is asked for, and nobody's session is touched."""
    office.host.app.config["SESSION_PERMANENT"] = True
    sent = {"logout_token": office.okta.logout_token(sub="88", sid="s1")}
    check_done(office.second.client.post("/profile/sso/Okta/backchannel-logout", data=sent))
    check_refused(office.second.client.post("/profile/sso/Okta/backchannel-logout", data=sent))
    assert office.in_() == "second local bob"


def test_a_large_body_is_not_read(office: Office) -> None:
    """X08"""
    answer = office.okta.tell(office.host, "x" * 70_000)
    assert answer.status_code == 413
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_is_no_openid_provider_has_no_such_address(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    okta, plain = Provider("Okta"), Provider("Plain", "oauth2")
    serve(monkeypatch, okta, plain)
    host = new_host(**with_providers(okta, plain))
    off = new_host(**with_providers(okta), MYPROFILE_SSO_BACKCHANNEL=False)
    token = okta.logout_token(sub="88")
    for app, name in ((host, "Plain"), (host, "Nobody"), (off, "Okta")):
        sent = app.app.test_client().post(f"/profile/sso/{name}/backchannel-logout", data={"logout_token": token})
        assert (sent.status_code, sent.headers["Cache-Control"]) == (404, "no-store")


# ---- trouble of our own


def test_a_token_that_could_not_be_carried_out_may_come_again(office: Office, monkeypatch: Any) -> None:
    """The jti is remembered in the same transaction: 503, and the next delivery does it."""

    def fail(connection: Any) -> None:
        raise OperationalError("COMMIT", None, Exception("down"))

    token = office.okta.logout_token(sub="88")
    with office.host.app.app_context():
        engine = office.host.db.engine
    event.listen(engine, "commit", fail)
    assert office.okta.tell(office.host, token).status_code == 503
    event.remove(engine, "commit", fail)
    assert office.in_() == "first second local bob"
    check_done(office.okta.tell(office.host, token))
    assert office.in_() == "local bob"


def test_two_deliveries_at_once_are_carried_out_once(office: Office) -> None:
    token, answers = office.okta.logout_token(sub="88"), []
    threads = [
        Thread(target=lambda: answers.append(office.okta.tell(office.host, token).status_code)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 400]
    assert office.in_() == "local bob"
