"""A provider's page posts its answer without our cookies: one browser is one session all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import redirect, request

from flask_myprofile import current_profile, hand_over, handed_over, record_sso
from flask_myprofile.account.identities import KEPT
from tests.support.devices import live, pass_time
from tests.support.host import Browser, Host
from tests.support.kept import everywhere

NewHost = Callable[..., Host]
ISSUER = "https://saml.example"


def _views(host: Host) -> None:
    """A SAML service provider, but for SAML."""

    @host.app.post("/saml/acs")
    def acs() -> Any:
        facts = {"subject": request.form["subject"], "session": request.form.get("session", "i1")}
        return hand_over("/saml/signed-in", facts)

    @host.app.get("/saml/signed-in")
    def signed_in() -> Any:
        facts = handed_over()
        if facts is None:
            return redirect("/login")
        flask_login.login_user(host.db.session.get(host.User, 1))
        record_sso("Saml", "saml", subject=facts["subject"], issuer=ISSUER, session_id=facts["session"])
        return redirect("/page")


@pytest.fixture
def host(new_host: NewHost) -> Host:
    return new_host(after=_views, csrf=False)


def answer_of_provider(host: Host, browser: Browser, **said: str) -> Any:
    """The form that the provider's page sends: a browser keeps its cookies to itself, and takes new ones."""
    page = host.app.test_client().post("/saml/acs", data={"subject": "alice", **said})
    for header in page.headers.getlist("Set-Cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        browser.set_cookie(name, value)
    return page


def sign_in(host: Host, browser: Browser, **said: str) -> Any:
    return browser.get(answer_of_provider(host, browser, **said).location)


@everywhere
def test_who_signs_in_again_has_one_session(new_host: NewHost) -> None:
    host = new_host(after=_views, csrf=False)
    alice = host.browser()
    for number in range(3):
        assert sign_in(host, alice, session=f"i{number}").location == "/page"
    assert alice.is_in()
    assert live(host) == 1
    assert [row.idp_session for row in host.rows.all() if row.ended_at is None] == ["i2"]


def test_the_cookie_says_nothing_and_is_for_this_browser_alone(host: Host) -> None:
    page = answer_of_provider(host, host.browser(), subject="a very secret name")
    (cookie,) = page.headers.getlist("Set-Cookie")
    assert "secret" not in cookie
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert page.headers["Cache-Control"] == "no-store"
    assert page.status_code == 303


def test_it_serves_once(host: Host) -> None:
    alice = host.browser()
    sign_in(host, alice)
    alice.post("/logout")
    assert alice.get("/saml/signed-in").location == "/login"
    assert not alice.is_in()


def test_it_serves_for_two_minutes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = host.browser()
    page = answer_of_provider(host, alice)
    pass_time(monkeypatch, 121)
    assert alice.get(page.location).location == "/login"


@pytest.mark.parametrize("value", ["", "x", "é", "gAAAAA"])
def test_whatever_else_is_in_the_cookie_signs_nobody_in(value: str, host: Host) -> None:
    alice = host.browser()
    alice.set_cookie("myprofile_handed_over", value)
    assert alice.get("/saml/signed-in").location == "/login"


def test_what_is_too_much_for_a_cookie_is_said_at_once(host: Host) -> None:
    with pytest.raises(Exception, match="what fits into a cookie"):
        answer_of_provider(host, host.browser(), subject="x" * 4000)


# ---- identities that are new each time


@everywhere
def test_names_that_are_new_each_time_do_not_pile_up(new_host: NewHost) -> None:
    host = new_host(after=_views, csrf=False)
    for number in range(KEPT + 5):
        sign_in(host, host.browser(), subject=f"transient {number}")
    with host.app.app_context():
        assert [count for *_, count in current_profile.identities.crowded()] == [KEPT + 5]
    host.sql("UPDATE myprofile_identity SET noted_at = noted_at - 60 WHERE subject <> 'transient 3'")
    host.sql("UPDATE myprofile_identity SET noted_at = NULL WHERE subject = 'transient 4'")
    for _ in range(2):
        assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
        left = {row.subject for row in host.sql("SELECT subject FROM myprofile_identity")}
        assert len(left) == KEPT
        assert "transient 3" in left and "transient 4" not in left, "those that were met last stay"


def test_the_doctor_says_that_names_are_new_each_time(host: Host) -> None:
    examine = ["myprofile", "doctor"]
    run = host.app.test_cli_runner().invoke
    assert "No user has many names at one provider." in run(args=examine).output
    for number in range(7):
        sign_in(host, host.browser(), subject=f"transient {number}")
    assert "Saml has given one user 7 different names" in run(args=examine).output
