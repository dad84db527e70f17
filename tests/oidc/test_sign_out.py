"""Signing out in the app goes on to the provider, which would otherwise sign the next person in as the last one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import session
from playwright.sync_api import Page

from tests.oidc.person import Person, identify
from tests.oidc.relying_party import SESSION_COOKIE, RelyingParty
from tests.support.host import JSON

SIGN_OUT = "/profile/sign-out"


@pytest.fixture
def relying_party(new_app: Callable[..., RelyingParty]) -> RelyingParty:
    return new_app(MYPROFILE_SSO_LOGOUT=True, MYPROFILE_SSO_LOGOUT_RETURN="/pub")


def is_known_there(person: Person) -> bool:
    """Whether the provider signs this browser in without asking who it is."""
    page = person.get("/sso/sign-in")
    assert page.url.startswith(person.site) != ('name="login"' in page.text)
    return page.url.startswith(person.site)


def test_who_signs_out_here_is_signed_out_at_the_provider(relying_party: RelyingParty) -> None:
    alice, elsewhere = relying_party.person(), relying_party.person()
    for browser in (alice, elsewhere):
        browser.sign_in_at_provider("alice")
    at_provider = alice.send(SIGN_OUT)
    assert at_provider.url.startswith(relying_party.provider.issuer + "/session/end?")
    assert not alice.is_in(), "whatever becomes of it there"
    back = alice.send_form(at_provider, {"logout": "yes"})
    assert (back.url, back.text) == (relying_party.address + "/pub", "public")
    assert not is_known_there(alice)
    assert elsewhere.is_in()
    assert is_known_there(elsewhere)


def test_signing_this_session_out_in_the_list_is_signing_out(relying_party: RelyingParty) -> None:
    alice = relying_party.person()
    alice.sign_in_at_provider("alice")
    (row,) = relying_party.live_rows()
    at_provider = alice.send("/profile/sessions/sign-out", {"id": row.id})
    assert at_provider.url.startswith(relying_party.provider.issuer + "/session/end?")
    assert not alice.is_in()


def test_a_session_by_password_ends_here_alone(relying_party: RelyingParty) -> None:
    alice = relying_party.person()
    alice.sign_in_with_password("alice")
    assert alice.send(SIGN_OUT).url.startswith(relying_party.address)
    assert not alice.is_in()


def test_a_program_is_told_where_to_go_on(relying_party: RelyingParty) -> None:
    alice = relying_party.person()
    alice.sign_in_at_provider("alice")
    answer = alice.send(SIGN_OUT, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["end_session_url"].startswith(relying_party.provider.issuer + "/session/end?")
    assert not alice.is_in()


def test_unless_the_app_wants_it_the_provider_is_left_alone(new_app: Callable[..., RelyingParty]) -> None:
    app = new_app()
    alice = app.person()
    alice.sign_in_at_provider("alice")
    assert alice.send(SIGN_OUT).url.startswith(app.address)
    assert not alice.is_in()
    assert is_known_there(alice)


def test_no_token_of_the_provider_can_be_read_in_a_cookie_or_in_the_database(relying_party: RelyingParty) -> None:
    """X10: what is kept for signing out there is kept encrypted."""
    alice = relying_party.person()
    alice.sign_in_at_provider("alice", remember="y")
    (token,) = relying_party.id_tokens
    cookies = " ".join(str(cookie.value) for cookie in alice.http.cookies)
    header = {"Cookie": f"{SESSION_COOKIE}={alice.http.cookies[SESSION_COOKIE]}"}
    with relying_party.host.app.test_request_context(headers=header):
        inside = str(dict(session))
    for part in token.split("."):
        assert part not in cookies + inside + relying_party.host.rows.text()


def test_a_person_signs_out_of_both_with_a_real_browser(relying_party: RelyingParty, page: Page) -> None:
    page.goto(relying_party.address + "/sso/sign-in")
    identify(page, "alice")
    page.get_by_text("Hello alice").wait_for()
    page.goto(relying_party.address + "/profile/sessions")
    page.locator(".mp-menu summary").click()
    page.locator(".mp-menu").get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url(relying_party.address + "/pub")
    page.goto(relying_party.address + "/sso/sign-in")
    page.get_by_placeholder("Enter any login").wait_for()
    assert not page.url.startswith(relying_party.address), "who it is, is asked there again"
