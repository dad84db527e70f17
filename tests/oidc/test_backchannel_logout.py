"""OpenID Connect Back-Channel Logout: who signs out at a real provider is signed out here, and nobody else is."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.oidc.logout_tokens import EVENT, UNKNOWN_KEY, check_refused, claims_for, forged_for, send, signed_for
from tests.oidc.person import Person, identify
from tests.oidc.relying_party import RelyingParty

NewApp = Callable[..., RelyingParty]
#: Each makes something else of a logout token.
WRONG: list[dict[str, Any]] = [
    {"nonce": "of a sign-in"},
    {"events": None},
    {"events": {"http://schemas.openid.net/event/other": {}}},
    {"events": {EVENT: "yes"}},
    {"events": [EVENT]},
    {"aud": "of another app"},
    {"aud": None},
    {"iss": "http://127.0.0.1:1"},
    {"iss": None},
    {"jti": None},
    {"iat": None},
    {"exp": "tomorrow"},
    {"sub": None},
    {"sub": {"not": "a name"}},
]


def signed_in(app: RelyingParty, name: str = "alice") -> Person:
    person = app.person()
    person.sign_in_at_provider(name, remember="y")
    assert person.is_in()
    return person


def test_signing_out_at_the_provider_ends_the_session_of_that_browser_alone(relying_party: RelyingParty) -> None:
    laptop, phone, bob = (signed_in(relying_party, name) for name in ("alice", "alice", "bob"))
    by_password = relying_party.person()
    by_password.sign_in_with_password("alice")
    thief = laptop.copy()
    laptop.sign_out_at_provider(relying_party.provider.issuer)
    assert not laptop.is_in()
    assert not thief.is_in(), "nor does a copy of its cookies open anything"
    assert [person.is_in() for person in (phone, by_password, bob)] == [True, True, True]
    phone.restart()
    assert phone.is_in(), "its remember-me cookie as well"


def test_the_remember_me_cookie_of_an_ended_session_is_worth_nothing(relying_party: RelyingParty) -> None:
    laptop, phone = signed_in(relying_party), signed_in(relying_party)
    came_back, comes_back = laptop.copy(), laptop.copy()
    came_back.restart()
    assert came_back.is_in(), "still the session that began at the provider"
    laptop.sign_out_at_provider(relying_party.provider.issuer)
    comes_back.restart()
    for browser in (came_back, comes_back):
        assert "remember_token" in browser.http.cookies
        assert not browser.is_in()
        assert "remember_token" not in browser.http.cookies
    assert phone.is_in()


def test_a_provider_that_names_no_session_ends_all_that_the_person_began_there(new_app: NewApp) -> None:
    app = new_app(client={"backchannel_logout_session_required": False})
    laptop, phone, bob = (signed_in(app, name) for name in ("alice", "alice", "bob"))
    by_password = app.person()
    by_password.sign_in_with_password("alice")
    assert {row.idp_session for row in app.live_rows()} == {None}
    laptop.sign_out_at_provider(app.provider.issuer)
    assert [person.is_in() for person in (laptop, phone, by_password, bob)] == [False, False, True, True]


def test_signed_out_in_a_real_browser_by_signing_out_at_the_provider(relying_party: RelyingParty, page: Page) -> None:
    page.goto(relying_party.address + "/sso/sign-in")
    identify(page, "alice")
    page.get_by_text("Hello alice").wait_for()
    page.goto(relying_party.provider.issuer + "/session/end")
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url("**/session/end/success")
    page.goto(relying_party.address + "/page")
    assert page.url.startswith(relying_party.address + "/login?next=")
    page.get_by_text("please sign in").wait_for()


# ---- what the provider has signed


def test_a_token_without_a_session_ends_those_of_single_sign_on_alone(relying_party: RelyingParty) -> None:
    laptop, phone, bob = (signed_in(relying_party, name) for name in ("alice", "alice", "bob"))
    by_password = relying_party.person()
    by_password.sign_in_with_password("alice")
    assert send(relying_party, signed_for(relying_party)).status_code == 200
    assert [person.is_in() for person in (laptop, phone, by_password, bob)] == [False, False, True, True]


def test_a_token_that_comes_late_does_not_end_what_began_after_it(relying_party: RelyingParty) -> None:
    late = signed_for(relying_party, iat=int(time.time()) - 30)
    alice = signed_in(relying_party)
    assert send(relying_party, late).status_code == 200
    assert alice.is_in()


def test_of_copies_that_come_at_once_one_counts(relying_party: RelyingParty) -> None:
    alice, token = signed_in(relying_party), signed_for(relying_party)
    with ThreadPoolExecutor() as at_once:
        answers = list(at_once.map(lambda copy: send(relying_party, copy).status_code, [token] * 5))
    assert sorted(answers) == [200, 400, 400, 400, 400]
    assert not alice.is_in()


def test_whose_browser_it_comes_from_is_nothing_to_it(relying_party: RelyingParty) -> None:
    """The provider has no cookies; one who sends theirs along keeps them as they are."""
    alice, bob = signed_in(relying_party), signed_in(relying_party, "bob")
    answer = bob.http.post(relying_party.logout_url, data={"logout_token": signed_for(relying_party)}, timeout=20)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert [alice.is_in(), bob.is_in()] == [False, True]


def test_a_token_with_a_session_ends_that_alone(relying_party: RelyingParty) -> None:
    laptop = signed_in(relying_party)
    (row,) = relying_party.live_rows()
    phone = signed_in(relying_party)
    token = signed_for(relying_party, sub=None, sid=row.idp_session, aud=[relying_party.client["client_id"], "other"])
    assert send(relying_party, token).status_code == 200
    assert [laptop.is_in(), phone.is_in()] == [False, True]


def test_nobody_to_sign_out_is_no_fault(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    for nobody in ({"sub": "nobody"}, {"sub": None, "sid": "nobody's"}, {"sub": "nobody", "sid": "nobody's"}):
        assert send(relying_party, signed_for(relying_party, **nobody)).status_code == 200, nobody
    assert alice.is_in()


def test_the_same_names_at_another_provider_are_of_somebody_else(relying_party: RelyingParty) -> None:
    """B08: neither a person nor a session is known by its name alone."""
    alice = signed_in(relying_party)
    (row,) = relying_party.live_rows()
    relying_party.host.sql("UPDATE myprofile_session SET issuer = 'https://other.example'")
    for named in ({"sub": "alice"}, {"sub": None, "sid": row.idp_session}, {"sub": "alice", "sid": row.idp_session}):
        assert send(relying_party, signed_for(relying_party, **named)).status_code == 200, named
    assert alice.is_in()


def test_a_session_that_is_somebody_elses_is_refused(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    (row,) = relying_party.live_rows()
    check_refused(relying_party, signed_for(relying_party, sub="bob", sid=row.idp_session))
    assert alice.is_in()


def test_a_token_at_the_wrong_time_ends_nothing(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    now = claims_for(relying_party)["iat"]
    for issued, expires in {
        "expired": (-300, -1),
        "from the future": (180, 240),
        "of eleven minutes ago": (-660, 7200),
    }.values():
        check_refused(relying_party, signed_for(relying_party, iat=now + issued, exp=now + expires))
    assert alice.is_in()


def test_a_token_that_is_no_logout_token_ends_nothing(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    for changes in WRONG:
        check_refused(relying_party, signed_for(relying_party, **changes))
    assert alice.is_in()


def test_an_id_token_is_no_logout_token(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    check_refused(relying_party, relying_party.id_tokens[0])
    assert alice.is_in()


# ---- what the provider has not signed


def test_a_forged_token_ends_nothing(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    for how, token in forged_for(relying_party).items():
        assert send(relying_party, token).status_code == (503 if how == UNKNOWN_KEY else 400), how
    assert alice.is_in()
    assert send(relying_party, signed_for(relying_party)).status_code == 200, "the provider's own, afterwards"
    assert not alice.is_in()


def test_a_provider_may_take_new_keys_at_any_time(relying_party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are fetched when a token comes that needs them; and then the old ones are worth nothing."""
    monkeypatch.setattr("flask_myprofile.sso.provider.INTERVAL", 0)
    alice = signed_in(relying_party)
    assert send(relying_party, signed_for(relying_party, sub="bob")).status_code == 200
    of_old_key = signed_for(relying_party)
    relying_party.provider.take_new_keys()
    assert send(relying_party, signed_for(relying_party, sub="bob")).status_code == 200
    check_refused(relying_party, of_old_key)
    assert alice.is_in()
    assert send(relying_party, signed_for(relying_party)).status_code == 200
    assert not alice.is_in()


def test_a_replayed_token_ends_nothing_that_began_later(new_app: NewApp) -> None:
    """K30: also a token that names the person alone, to whom the new session belongs as well."""
    app = new_app(client={"backchannel_logout_session_required": False})
    alice = signed_in(app)
    alice.sign_out_at_provider(app.provider.issuer)
    assert not alice.is_in()
    (token,) = app.sent_tokens()
    # of the same second, it could not be told which came first
    app.host.sql("UPDATE myprofile_logout_token SET issued_at = issued_at - 1")
    alice.sign_in_at_provider("alice")
    check_refused(app, token)
    assert alice.is_in()


# ---- what the app has decided


def test_the_app_may_have_a_logout_there_end_all_that_the_user_has_here(new_app: NewApp) -> None:
    app = new_app(MYPROFILE_SSO_BACKCHANNEL_ALSO=("sessions", "api_token"))
    laptop, bob, by_password = signed_in(app), signed_in(app, "bob"), app.person()
    by_password.sign_in_with_password("alice")
    made = by_password.post_json("/profile/api-token/regenerate", {}, "/profile/api-token")
    program = {"Authorization": f"Bearer {made.json()['token']}"}
    assert app.person().get("/api", headers=program).status_code == 200
    laptop.sign_out_at_provider(app.provider.issuer)
    assert [laptop.is_in(), by_password.is_in(), bob.is_in()] == [False, False, True]
    assert app.person().get("/api", headers=program).status_code == 401


def test_an_app_without_back_channel_logout_has_no_such_address(new_app: NewApp) -> None:
    app = new_app(MYPROFILE_SSO_BACKCHANNEL=False)
    alice = signed_in(app)
    answer = alice.http.post(app.logout_url, data={"logout_token": signed_for(app)}, timeout=20)
    assert answer.status_code == 404
    assert alice.is_in()


def test_a_client_that_there_is_not_has_no_such_address(relying_party: RelyingParty) -> None:
    alice = signed_in(relying_party)
    elsewhere = relying_party.logout_url.replace("/op/", f"/{secrets.token_hex(4)}/")
    answer = alice.http.post(elsewhere, data={"logout_token": signed_for(relying_party)}, timeout=20)
    assert answer.status_code == 404
    assert alice.is_in()
