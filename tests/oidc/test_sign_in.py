"""Signing in at a real OpenID provider: the session knows by whom, as whom and in which session there."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.oidc.person import identify
from tests.oidc.relying_party import RelyingParty
from tests.support.host import JSON


def test_the_session_knows_who_it_is_at_the_provider(relying_party: RelyingParty) -> None:
    alice = relying_party.person()
    page = alice.sign_in_at_provider("alice")
    assert (page.status_code, page.text) == (200, "Hello alice")
    (row,) = relying_party.live_rows()
    assert (row.method, row.provider, row.issuer, row.subject) == ("sso", "op", relying_party.provider.issuer, "alice")
    assert row.idp_session
    assert "Single Sign On · op" in alice.get("/profile/sessions").text
    assert alice.get("/profile/password", headers=JSON).json()["can_change"] is False


def test_each_browser_has_a_session_of_its_own_at_the_provider(relying_party: RelyingParty) -> None:
    for _ in range(2):
        relying_party.person().sign_in_at_provider("alice")
    first, second = relying_party.live_rows()
    assert first.subject == second.subject
    assert first.idp_session != second.idp_session


def test_who_is_new_gets_an_account_and_is_found_again(relying_party: RelyingParty) -> None:
    for _ in range(2):
        assert relying_party.person().sign_in_at_provider("carol").text == "Hello carol"
    first, second = relying_party.live_rows()
    assert first.user_key == second.user_key == str(relying_party.host.user("carol").id)


def test_a_password_signs_the_same_user_in_without_single_sign_on(relying_party: RelyingParty) -> None:
    by_sso, by_password = relying_party.person(), relying_party.person()
    by_sso.sign_in_at_provider("alice")
    assert by_password.sign_in_with_password("alice").text == "Hello alice"
    methods = {row.method: row for row in relying_party.live_rows()}
    assert methods["sso"].user_key == methods["password"].user_key
    assert (methods["password"].issuer, methods["password"].idp_session) == (None, None)
    assert by_password.get("/profile/password", headers=JSON).json()["can_change"] is True


def test_a_person_signs_in_with_a_real_browser(relying_party: RelyingParty, page: Page) -> None:
    page.goto(relying_party.address + "/sso/sign-in")
    identify(page, "alice")
    page.get_by_text("Hello alice").wait_for()
    page.goto(relying_party.address + "/profile/sessions")
    page.get_by_text("Signed in with").wait_for()
    page.get_by_text("Details").first.click()
    page.get_by_text("Single Sign On · op").wait_for()
    assert page.get_by_text("Single Sign On · op").count() == 1
