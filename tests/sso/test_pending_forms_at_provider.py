"""A form that waits while its sender signs in again at the OpenID provider: the same rules as with a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sso.test_step_up import CONFIRM, WHO, Stale, check_nothing_happened
from tests.support.devices import asked_who
from tests.support.host import Browser, Host
from tests.support.kept import FLASK_SESSION, however_kept, in_these

COOKIE = "myprofile_form"


@pytest.fixture
def stale(new_host: Callable[..., Host], monkeypatch: Any) -> Stale:
    return Stale(new_host, monkeypatch)


def waiting(stale: Stale) -> int:
    return len(stale.host.sql("SELECT 1 FROM myprofile_pending_form"))


def test_the_page_says_what_for_and_at_which_provider(stale: Stale) -> None:
    page = stale.alice.get(CONFIRM, query_string=stale.interrupt()).text
    assert "To sign out all other sessions, sign in at Okta again." in page
    assert 'form="mp-reauth-cancel"' in page


@however_kept
def test_each_way_to_the_provider_comes_back_with_its_own_form(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    stale = Stale(new_host, monkeypatch)
    sign_out = stale.interrupt()
    token = asked_who(stale.alice.post("/profile/api-token/regenerate", {"version": ""}))
    done = stale.come_back(stale.go_there(token))
    assert "mpt_" in done.text
    assert stale.other.is_in()
    done = stale.come_back(stale.go_there(sign_out))
    assert done.location == "/profile/sessions"
    assert not stale.other.is_in()
    assert waiting(stale) == 0


def test_a_confirmation_for_nothing_carries_nothing_out(stale: Stale) -> None:
    stale.interrupt()
    assert stale.come_back(stale.go_there()).location == "/profile/"
    assert stale.other.is_in()
    assert waiting(stale) == 1


@in_these("sqlite", *FLASK_SESSION[:1])
def test_what_a_copied_cookie_has_left_is_not_carried_out_by_its_owner(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """Not even where the owner is lured to the provider by the very question that the copy has asked."""
    stale = Stale(new_host, monkeypatch)
    thief = stale.alice.copy("session")
    carried = asked_who(thief.post("/profile/sessions/sign-out-others"))
    assert stale.come_back(stale.go_there(carried)).location == "/profile/"
    assert stale.other.is_in()
    stale.host.rows.age(rotated_at=3600)
    thief = stale.alice.copy("session")
    carried = asked_who(thief.post("/profile/sessions/sign-out-others"))
    answer = stale.come_back(asked_by(stale, thief, carried))
    assert answer.status_code in (303, 403)
    assert stale.other.is_in()


def asked_by(stale: Stale, browser: Browser, carried: dict[str, str]) -> dict[str, str]:
    """The question, as another browser asks it."""
    own, stale.alice = stale.alice, browser
    try:
        return stale.go_there(carried)
    finally:
        stale.alice = own


def test_whoever_changes_their_mind_there_can_go_on_or_cancel(stale: Stale) -> None:
    carried = stale.interrupt()
    asked = stale.go_there(carried)
    taken = stale.alice.get(f"/callback/Okta?error=access_denied&state={asked['state']}")
    page = stale.alice.get(taken.location)
    assert page.status_code == 403
    assert f'name="form" value="{carried["form"]}"' in page.text
    assert stale.come_back(stale.go_there(carried)).location == "/profile/sessions"
    assert not stale.other.is_in()


def test_cancel_forgets_it_and_the_provider_s_answer_carries_nothing_out(stale: Stale) -> None:
    carried = stale.interrupt()
    asked = stale.go_there(carried)
    assert stale.alice.post(CONFIRM, {"cancel": "1", **carried}).location == "/profile/sessions"
    assert stale.come_back(asked).location == "/profile/"
    assert stale.other.is_in()
    assert stale.alice.cookie_of_profile(COOKIE) is None


def test_an_answer_to_another_question_brings_no_form(stale: Stale) -> None:
    """The name is bound to the state."""
    old = stale.go_there()
    stale.go_there(stale.interrupt())
    answer = stale.come_back(old)
    assert 'name="form"' not in answer.text
    check_nothing_happened(stale, answer)


def test_a_page_is_opened_again_on_the_way_back(stale: Stale) -> None:
    assert stale.come_back(stale.go_there({"next": "/profile/sessions?page=2"})).location == "/profile/sessions?page=2"
    assert stale.come_back(stale.go_there({"next": "//evil.example"})).location == "/profile/"


def test_a_logout_at_the_provider_forgets_the_form(stale: Stale) -> None:
    stale.interrupt()
    assert stale.okta.tell(stale.host, sub=WHO["sub"]).status_code == 200
    assert not stale.alice.is_in()
    assert waiting(stale) == 0


def test_whoever_cannot_be_asked_forgets_the_form_by_cancel_or_by_signing_out(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    stale = Stale(new_host, monkeypatch, MYPROFILE_SSO_STEP_UP=False)
    carried = stale.interrupt()
    page = stale.alice.get(CONFIRM, query_string=carried).text
    assert "sign out and sign in again" in page
    assert 'form="mp-reauth-cancel"' in page
    assert stale.alice.post(CONFIRM, {"cancel": "1", **carried}).location == "/profile/sessions"
    assert waiting(stale) == 0
    stale.interrupt()
    stale.alice.post("/profile/sign-out")
    assert waiting(stale) == 0
