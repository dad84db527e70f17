"""Recent sign-in of users of Single Sign-On: proved at the provider, by the same person, just now."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.devices import asked_who
from tests.support.host import Browser, Host
from tests.support.kept import everywhere
from tests.support.providers import Provider, forget, serve, with_providers

CONFIRM = "/profile/confirm"
WHO = {"sub": "77", "sid": "s1"}


class Stale:
    """alice has signed in by Single Sign-On in two browsers, a while ago."""

    def __init__(self, new_host: Callable[..., Host], monkeypatch: Any, **settings: Any) -> None:
        self.okta = Provider("Okta", claims=dict(WHO), discovered=True)
        serve(monkeypatch, self.okta)
        self.host = new_host(**with_providers(self.okta), **settings)
        self.alice, self.other = self.host.browser(), self.host.browser()
        for browser in (self.alice, self.other):
            self.okta.sign_in(browser)
        self.host.rows.age(created_at=3600)

    def interrupt(self) -> dict[str, str]:
        """She signs out the other browser, and is asked who she is; what that page carries on."""
        carried = asked_who(self.alice.post("/profile/sessions/sign-out-others"))
        assert self.other.is_in()
        return carried

    def go_there(self, carried: dict[str, str] | None = None) -> dict[str, str]:
        """What the provider is asked for."""
        answer = self.alice.post(CONFIRM, carried)
        assert answer.status_code == 302, answer.text
        target = urlsplit(answer.location)
        assert target.netloc == "okta.example"
        asked = {name: values[0] for name, values in parse_qs(target.query).items()}
        self.okta.nonce = asked["nonce"]
        return asked

    def come_back(self, asked: dict[str, str], browser: Browser | None = None, **claims: Any) -> Any:
        """The provider sends the browser to the app's own callback; where that ends."""
        self.okta.claims = {**WHO, "auth_time": int(time.time()), **claims}
        browser = browser or self.alice
        taken = browser.get(f"/callback/Okta?code=c&state={asked['state']}&as=bob")
        assert taken.status_code == 302, "the app's own view does not run"
        assert urlsplit(taken.location).path == "/profile/sso/confirmed"
        return browser.get(taken.location)


@pytest.fixture
def stale(new_host: Callable[..., Host], monkeypatch: Any) -> Stale:
    return Stale(new_host, monkeypatch)


def check_nothing_happened(stale: Stale, answer: Any) -> None:
    assert answer.status_code == 403, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert stale.other.is_in()
    assert len(stale.alice.sessions()) == 2
    assert stale.interrupt(), "it is still to be proved who is there"


@everywhere
def test_signing_in_again_at_the_provider_carries_out_what_was_interrupted(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """X03"""
    stale = Stale(new_host, monkeypatch)
    carried = stale.interrupt()
    page = stale.alice.get(CONFIRM, query_string=carried)
    assert "Continue with Okta" in page.text
    assert 'type="password"' not in page.text
    asked = stale.go_there(carried)
    assert (asked["prompt"], asked["max_age"]) == ("login", "60")
    assert asked["redirect_uri"] == "https://host.example/callback/Okta", "the one that is registered there"
    before = stale.alice.cookie("session")
    done = stale.come_back(asked)
    assert (done.status_code, done.location) == (303, "/profile/sessions")
    assert "Signed out of 1 other session." in stale.alice.get(done.location).text
    assert not stale.other.is_in()
    assert stale.alice.is_in()
    stale.host.rows.age(rotated_at=31)
    copy = stale.host.browser()
    copy.set_cookie("session", str(before))
    assert not copy.is_in(), "the session has another secret"


def test_nothing_interrupted_is_a_confirmation_all_the_same(stale: Stale) -> None:
    done = stale.come_back(stale.go_there())
    assert (done.status_code, done.location) == (303, "/profile/")
    stale.alice.post("/profile/sessions/sign-out-others")
    assert not stale.other.is_in(), "and it lasts"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "78"},
        {"aud": "another client"},
        {"auth_time": None},
        {"auth_time": 1_700_000_000},
        {"auth_time": "now"},
        {"auth_time": 4_000_000_000},
        {"nonce": "of another answer"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
def test_whatever_else_the_provider_says_changes_nothing(stale: Stale, claims: dict[str, Any]) -> None:
    """X03: another person, an old sign-in, an answer to another question."""
    carried = stale.interrupt()
    check_nothing_happened(stale, stale.come_back(stale.go_there(carried), **claims))


def test_an_answer_serves_once(stale: Stale) -> None:
    """X03: replayed, it is refused, and what was carried out is not carried out again."""
    asked = stale.go_there(stale.interrupt())
    assert stale.come_back(asked).status_code == 303
    assert stale.come_back(asked).status_code == 403


def test_an_answer_to_another_question_does_not_end_the_one_that_is_open(stale: Stale) -> None:
    """Any page can send the browser to such an address."""
    asked = stale.go_there(stale.interrupt())
    taken = stale.alice.get("/?code=c&state=mp-step-up-of-nobody")
    assert stale.alice.get(taken.location).status_code == 403
    assert stale.come_back(asked).status_code == 303
    assert not stale.other.is_in()


def test_an_answer_counts_in_the_browser_that_asked(stale: Stale) -> None:
    """X04: not in another one of hers, and not in somebody else's."""
    bob = stale.host.browser()
    bob.login("bob")
    asked = stale.go_there()
    for browser in (stale.other, bob):
        assert stale.come_back(asked, browser).status_code == 403
    stranger = stale.host.browser()
    assert stale.come_back(asked, stranger).status_code == 302, "to the sign-in page"
    stale.interrupt()


def test_an_answer_counts_in_the_session_that_asked(stale: Stale) -> None:
    asked = stale.go_there()
    stale.alice.post("/logout")
    stale.okta.claims = dict(WHO)
    stale.okta.sign_in(stale.alice)
    stale.host.rows.age(created_at=3600)
    stale.interrupt()
    assert stale.come_back(asked).status_code == 403
    assert stale.other.is_in()


def test_whoever_changes_their_mind_at_the_provider_is_where_they_were(stale: Stale) -> None:
    asked = stale.go_there(stale.interrupt())
    taken = stale.alice.get(f"/callback/Okta?error=access_denied&error_description=x&state={asked['state']}")
    check_nothing_happened(stale, stale.alice.get(taken.location))


def test_a_provider_that_fails_changes_nothing(stale: Stale) -> None:
    carried = stale.interrupt()

    def down() -> None:
        raise ConnectionError("with a secret in it")

    asked = stale.go_there(carried)
    stale.okta.trouble = down
    check_nothing_happened(stale, stale.come_back(asked))


def test_a_provider_that_is_down_is_said_to_be(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    stale = Stale(new_host, monkeypatch)

    def down() -> None:
        raise ConnectionError("down")

    stale.okta.trouble = down
    forget(stale.host, "Okta")
    answer = stale.alice.post(CONFIRM)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Okta cannot be reached. Try again later." in answer.text


def test_a_sign_in_at_the_provider_of_some_time_ago_is_no_recent_one(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """X03: it lets in without asking whoever has been there before, and says when it did ask."""
    okta = Provider("Okta", claims={**WHO, "auth_time": int(time.time()) - 7200}, discovered=True)
    serve(monkeypatch, okta)
    host, lax = new_host(**with_providers(okta)), new_host(**with_providers(okta), MYPROFILE_SSO_STEP_UP=False)
    alice, bob = host.browser(), lax.browser()
    okta.sign_in(alice)
    okta.sign_in(bob, as_user="bob")
    assert asked_who(alice.post("/profile/sessions/sign-out-others"))
    assert bob.post("/profile/sessions/sign-out-others").location == "/profile/sessions"
    host.rows.age(created_at=3600)
    lax.rows.age(created_at=3600)
    assert "sign out and sign in again" in bob.get(CONFIRM).text
    okta.claims = {**WHO, "auth_time": int(time.time())}
    okta.sign_in(alice)
    assert alice.post("/profile/sessions/sign-out-others").location == "/profile/sessions"


@pytest.mark.parametrize("kind", ["oauth2", "oauth1"])
def test_who_cannot_be_asked_signs_out_and_in_again(kind: str, new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """Providers without ID tokens prove nothing."""
    provider = Provider("Old", kind)
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    alice = host.browser()
    provider.sign_in(alice)
    host.rows.age(created_at=3600)
    page = alice.get(CONFIRM)
    assert "sign out and sign in again" in page.text
    assert "Continue with" not in page.text
    assert alice.post(CONFIRM).status_code == 403


def test_a_provider_that_answers_by_a_form_is_not_asked(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """Its answer would reach the app's own callback, which signs in whoever it is."""
    stale = Stale(new_host, monkeypatch)
    client = stale.host.app.extensions["authlib.integrations.flask_client"].create_client("Okta")
    assert "Continue with Okta" in stale.alice.get(CONFIRM).text
    client.authorize_params = {"response_mode": "form_post"}
    assert "Continue with Okta" not in stale.alice.get(CONFIRM).text
    assert stale.alice.post(CONFIRM).status_code == 403


def test_a_program_cannot_confirm_for_a_person(stale: Stale) -> None:
    assert stale.alice.json(CONFIRM).json == {"can_confirm": False}
    answer = stale.alice.post_json(CONFIRM)
    assert (answer.status_code, answer.json["code"]) == (403, "sign_in_again")


def test_leaving_for_the_provider_needs_a_form_of_ours(stale: Stale) -> None:
    assert stale.alice.client.post(CONFIRM).status_code == 400


def test_the_hosts_own_sign_ins_are_left_alone(stale: Stale) -> None:
    """Only an answer to our own question is taken over."""
    stale.okta.claims = dict(WHO)
    assert stale.okta.sign_in(stale.alice).location == "/page"
    asked = stale.okta.start(stale.alice)
    assert not asked["state"].startswith("mp-")


def test_no_token_is_in_the_cookie(stale: Stale) -> None:
    """X10"""
    with stale.alice.client.session_transaction() as kept:
        text = str(dict(kept))
    assert "eyJ" not in text
    assert "access_token" not in text


def test_the_id_token_is_kept_sealed_and_only_if_signing_out_goes_on(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """X10, B25"""
    okta = Provider("Okta", claims=dict(WHO), discovered=True)
    serve(monkeypatch, okta)
    for settings, kept in (({}, False), ({"MYPROFILE_SSO_LOGOUT": True}, True)):
        host = new_host(**with_providers(okta), **settings)
        alice = host.browser()
        okta.sign_in(alice)
        assert "eyJ" not in host.rows.text()
        assert [record.id_token is not None for record in host.rows.all()] == [kept]
        alice.post("/logout")
        assert [record.id_token for record in host.rows.all()] == [None], "not beyond the session's end"
