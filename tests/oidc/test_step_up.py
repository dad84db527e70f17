"""Recent sign-in of a user of Single Sign-On (X03): proved at the provider, by the same person, and nothing is lost.

What matters here is an API token, which is made long after the sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from playwright.sync_api import Page

from tests.oidc.person import Person, identify
from tests.oidc.relying_party import SESSION_COOKIE, RelyingParty

CONFIRM = "/profile/confirm"
SESSIONS = "/profile/sessions"
MAKE_TOKEN = "/profile/api-token/regenerate"


@pytest.fixture
def relying_party(new_app: Callable[..., RelyingParty]) -> RelyingParty:
    """The provider tells this one of no logout: whom it lets sign in next changes no session by itself."""
    return new_app(client={"backchannel_logout_uri": None, "backchannel_logout_session_required": None})


def long_signed_in(app: RelyingParty, name: str = "alice", **options: str) -> Person:
    person = app.person()
    assert person.sign_in_at_provider(name, **options).text == f"Hello {name}"
    grow_old(app)
    return person


def grow_old(app: RelyingParty) -> None:
    app.host.rows.age(created_at=3600)
    app.host.sql("UPDATE myprofile_session SET auth_time = auth_time - 3600")


def ask_for_a_token(person: Person) -> requests.Response:
    """Send the form that makes a token; who signed in long ago is asked to confirm."""
    return person.send(MAKE_TOKEN, allow_redirects=False)


def go_on_to_provider(person: Person) -> requests.Response:
    """Press "Continue with …" on the page that asks."""
    carried = asked_who(ask_for_a_token(person))
    assert "Continue with op" in person.get(CONFIRM, params=carried).text
    return person.send(CONFIRM, carried, allow_redirects=False)


def asked_who(answer: requests.Response) -> dict[str, str]:
    """What the page that asks who is there carries on, to which this answer leads."""
    target = urlsplit(answer.headers["Location"])
    assert (answer.status_code, target.path) == (303, CONFIRM)
    return dict(parse_qsl(target.query))


def tokens(app: RelyingParty) -> list[Any]:
    return app.host.sql("SELECT user_key, COUNT(*) FROM myprofile_token GROUP BY user_key")


def check_nothing_changed(app: RelyingParty, person: Person, name: str = "alice") -> None:
    """Nothing was made, it is still the same session of the same person, and it is as old as it was."""
    assert tokens(app) == []
    assert person.get("/page").text == f"Hello {name}"
    (row,) = app.live_rows()
    assert row.subject == name
    assert asked_who(ask_for_a_token(person))


def test_what_was_sent_is_carried_out_when_the_person_has_signed_in_there_again(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    (before,) = relying_party.live_rows()
    provider = go_on_to_provider(alice)
    page = alice.get(alice.way_back(provider, "alice"))
    assert page.status_code == 200
    assert re.search(r"mpt_\w{40,}", page.text), "the page that shows it, this once"
    assert tokens(relying_party) == [(before.user_key, 1)]
    (after,) = relying_party.live_rows()
    assert (after.id, after.subject) == (before.id, "alice")
    assert after.secret_hash != before.secret_hash, "what was copied before is worth nothing after"
    assert alice.is_in()


def test_the_provider_asks_although_it_knows_the_person(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    to_provider = go_on_to_provider(alice)
    asked = parse_qs(urlsplit(to_provider.headers["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["60"])
    assert asked["redirect_uri"] == [f"{relying_party.address}/sso/callback"], "nothing more has to be registered"
    assert 'name="login"' in alice.get(to_provider.headers["Location"]).text


@pytest.mark.parametrize("max_age", [None, 3600])
def test_a_sign_in_is_recent_at_once_if_the_provider_was_asked_to_say_when_it_was(
    max_age: int | None, relying_party: RelyingParty
) -> None:
    """This one says so only then."""
    client = relying_party.host.app.extensions["authlib.integrations.flask_client"].create_client("op")
    client.authorize_params = {} if max_age is None else {"max_age": max_age}
    alice = relying_party.person()
    alice.sign_in_at_provider("alice")
    asks = ask_for_a_token(alice)
    assert ("/confirm" in asks.headers.get("Location", "")) is (max_age is None)
    if max_age is None:
        alice.get(alice.way_back(alice.send(CONFIRM, asked_who(asks), allow_redirects=False), "alice"))
    assert len(tokens(relying_party)) == 1


def test_who_confirms_stays_remembered(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party, remember="y")
    alice.get(alice.way_back(go_on_to_provider(alice), "alice"))
    alice.restart()
    assert alice.is_in()


def test_the_session_follows_the_person_into_a_new_session_at_the_provider(
    new_app: Callable[..., RelyingParty],
) -> None:
    """Where the one that it began in is over, confirming begins another; signing out of that one ends ours."""
    app = new_app()
    alice = long_signed_in(app)
    (before,) = app.live_rows()
    alice.forget_provider()
    alice.get(alice.way_back(go_on_to_provider(alice), "alice"))
    (after,) = app.live_rows()
    assert (after.id, after.idp_session != before.idp_session) == (before.id, True)
    alice.sign_out_at_provider(app.provider.issuer)
    assert not alice.is_in()


def test_a_recent_sign_in_is_not_asked_about_again(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    alice.get(alice.way_back(go_on_to_provider(alice), "alice"))
    assert alice.send("/profile/sessions/sign-out-others", allow_redirects=False).headers["Location"] == SESSIONS


def test_somebody_else_who_signs_in_there_is_refused(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    refused = alice.get(alice.way_back(go_on_to_provider(alice), "bob"))
    assert refused.status_code == 403
    assert "Hello bob" not in refused.text
    check_nothing_changed(relying_party, alice)


def test_a_provider_that_signs_the_first_person_out_before_the_second_leaves_nobody_signed_in(
    new_app: Callable[..., RelyingParty],
) -> None:
    """This one does, and tells the app at once: the session that would have been confirmed has ended meanwhile."""
    app = new_app()
    alice = long_signed_in(app)
    alice.get(alice.way_back(go_on_to_provider(alice), "bob"))
    assert not alice.is_in()
    assert tokens(app) == []
    assert app.live_rows() == []


def test_an_answer_of_the_provider_serves_once(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    answer = alice.way_back(go_on_to_provider(alice), "alice")
    alice.get(answer)
    assert [version for _, version in tokens(relying_party)] == [1]
    assert alice.get(answer).status_code == 403
    assert [version for _, version in tokens(relying_party)] == [1]
    assert alice.is_in()


def test_an_answer_to_another_question_is_refused(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    earlier = alice.way_back(go_on_to_provider(alice), "alice")
    for state in ("made-up", "mp-step-up-made-up"):
        assert alice.get(re.sub("state=[^&]+", f"state={state}", earlier)).status_code == 403
    go_on_to_provider(alice)
    assert alice.get(earlier).status_code == 403
    check_nothing_changed(relying_party, alice)


def test_pressing_the_button_again_and_again_does_not_fill_the_cookie(relying_party: RelyingParty) -> None:
    """A browser drops a cookie of more than 4 KB; each question to the provider takes 200 bytes."""
    alice = long_signed_in(relying_party)
    lengths = []
    for _ in range(4):
        go_on_to_provider(alice)
        lengths.append(len(alice.http.cookies[SESSION_COOKIE]))
    assert max(lengths) - min(lengths) < 100, lengths


def test_an_answer_that_another_browser_got_is_refused(relying_party: RelyingParty) -> None:
    """Nobody can be led to confirm, or to be signed in as, somebody else."""
    alice = long_signed_in(relying_party)
    answer = alice.way_back(go_on_to_provider(alice), "alice")
    bob = relying_party.person()
    assert bob.get(answer).url.startswith(relying_party.address + "/login?next=")
    assert not bob.is_in()
    bob.sign_in_with_password("bob")
    assert bob.get(answer).status_code == 403
    assert bob.get("/page").text == "Hello bob"
    assert tokens(relying_party) == []


def test_who_cancels_there_has_confirmed_nothing(relying_party: RelyingParty) -> None:
    alice = long_signed_in(relying_party)
    sign_in_page = alice.get(go_on_to_provider(alice).headers["Location"])
    cancel = re.search(r'href="([^"]+/abort)"', sign_in_page.text)
    assert cancel
    cancelled = alice.get(cancel[1])
    assert cancelled.url.startswith(relying_party.address)
    assert cancelled.status_code == 403
    check_nothing_changed(relying_party, alice)


def test_an_ordinary_sign_in_goes_on_beside_it(relying_party: RelyingParty) -> None:
    """The host's own callback gets its own answers, also while a confirmation is under way."""
    alice = long_signed_in(relying_party)
    confirmation = alice.way_back(go_on_to_provider(alice), "alice")
    assert alice.sign_in_at_provider("alice").text == "Hello alice"
    assert len(relying_party.live_rows()) == 1
    assert alice.get(confirmation).status_code == 403, "it was asked for in the session before"
    assert alice.is_in()


def test_without_step_up_the_person_is_told_to_sign_in_again(new_app: Callable[..., RelyingParty]) -> None:
    app = new_app(MYPROFILE_SSO_STEP_UP=False)
    alice = long_signed_in(app)
    ask_for_a_token(alice)
    page = alice.get(CONFIRM).text
    assert "sign out and sign in again" in page
    assert "Continue with op" not in page
    assert alice.send(CONFIRM).status_code == 403
    check_nothing_changed(app, alice)


def test_who_signed_in_with_a_password_is_asked_for_that(relying_party: RelyingParty) -> None:
    alice = relying_party.person()
    alice.sign_in_with_password("alice")
    grow_old(relying_party)
    ask_for_a_token(alice)
    page = alice.get(CONFIRM).text
    assert 'name="current_password"' in page
    assert "Continue with op" not in page


def test_a_person_confirms_with_a_real_browser(relying_party: RelyingParty, page: Page) -> None:
    page.goto(relying_party.address + "/sso/sign-in")
    identify(page, "alice")
    page.get_by_text("Hello alice").wait_for()
    grow_old(relying_party)
    page.goto(relying_party.address + "/profile/api-token")
    page.get_by_role("button", name="Generate token").click()
    page.get_by_role("button", name="Continue with op").click()
    identify(page, "alice")
    page.get_by_role("link", name="Hide token").wait_for()
    assert len(tokens(relying_party)) == 1
