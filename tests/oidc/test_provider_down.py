"""A provider that is gone, or accepts connections and says nothing: whom it has signed in stays, and nobody waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.oidc import provider
from tests.oidc.logout_tokens import check_put_off, check_refused, send, signed_for
from tests.oidc.person import Person
from tests.oidc.provider import OpenIdProvider
from tests.oidc.relying_party import RelyingParty
from tests.oidc.test_step_up import CONFIRM, ask_for_a_token, check_nothing_changed, go_on_to_provider, long_signed_in
from tests.support.providers import forget

#: Seconds in which the app has to answer, and what a busy machine may add.
PATIENCE, BUSY = 3.5, 8


@pytest.fixture(params=["stopped", "hanging"])
def failing(request: pytest.FixtureRequest, openid_provider: OpenIdProvider) -> Iterator[OpenIdProvider]:
    """A provider that works until :func:`take_down`."""
    if request.param == "hanging":
        yield openid_provider
        openid_provider.go_on()
        return
    with provider.start() as of_this_test:
        yield of_this_test


@pytest.fixture
def take_down(failing: OpenIdProvider, openid_provider: OpenIdProvider) -> Callable[[], None]:
    return failing.hang if failing is openid_provider else failing.stop


@pytest.fixture
def relying_party(failing: OpenIdProvider, new_app: Callable[..., RelyingParty]) -> RelyingParty:
    return new_app(provider=failing, MYPROFILE_SSO_LOGOUT=True)


def check_everything_else_works(app: RelyingParty, person: Person) -> None:
    assert person.is_in()
    for tab in ("sessions", "password", "personal-information"):
        assert person.get(f"/profile/{tab}").status_code == 200
    assert app.person().sign_in_with_password("bob").text == "Hello bob"


def test_a_token_whose_key_is_not_known_is_put_off_in_time(
    relying_party: RelyingParty, take_down: Callable[[], None]
) -> None:
    alice = relying_party.person()
    alice.sign_in_at_provider("alice")
    token = signed_for(relying_party)
    forget(relying_party.host, "op")
    take_down()
    began = time.monotonic()
    with ThreadPoolExecutor() as meanwhile:
        answers = [meanwhile.submit(check_put_off, relying_party, token) for _ in range(3)]
        check_everything_else_works(relying_party, alice)
        for answer in answers:
            answer.result()
    assert time.monotonic() - began < PATIENCE + BUSY
    assert alice.is_in()


def test_keys_that_are_known_go_on_to_serve(relying_party: RelyingParty, take_down: Callable[[], None]) -> None:
    alice, bob = relying_party.person(), relying_party.person()
    alice.sign_in_at_provider("alice")
    bob.sign_in_at_provider("bob")
    token = signed_for(relying_party)
    assert send(relying_party, signed_for(relying_party, sub="bob")).status_code == 200
    take_down()
    assert send(relying_party, token).status_code == 200
    assert [alice.is_in(), bob.is_in()] == [False, False]


def test_who_cannot_be_sent_there_is_told_so_and_can_sign_out_here(
    relying_party: RelyingParty, take_down: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = long_signed_in(relying_party)
    forget(relying_party.host, "op")
    take_down()
    monkeypatch.setattr("flask_myprofile.sso.provider.PATIENCE", 0.5)
    ask_for_a_token(alice)
    told = alice.send(CONFIRM, allow_redirects=False)
    assert told.status_code == 503
    assert "op cannot be reached. Try again later." in told.text
    check_nothing_changed(relying_party, alice)
    assert alice.send("/profile/sign-out").url.startswith(relying_party.address)
    assert not alice.is_in()


def test_a_confirmation_fails_and_costs_nothing(
    relying_party: RelyingParty, take_down: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person has signed in there again, and the provider is gone before the app could ask it who that was."""
    monkeypatch.setattr("flask_myprofile.sso.step_up._PATIENCE", 0.5)
    alice = long_signed_in(relying_party)
    answer = alice.way_back(go_on_to_provider(alice), "alice")
    take_down()
    assert alice.get(answer).status_code == 403
    check_nothing_changed(relying_party, alice)


def test_keys_of_strangers_do_not_make_the_app_ask_the_provider_again_and_again(
    new_app: Callable[..., RelyingParty],
) -> None:
    """X08"""
    app = new_app()
    before = app.provider.asked("/jwks")
    for number in range(20):
        check = check_put_off if number else check_refused
        check(app, app.provider.sign({"sub": "alice"}, kid=f"made up {number}", stranger=True))
    assert app.provider.asked("/jwks") - before == 1
