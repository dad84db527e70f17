"""Single Sign-On with providers that differ: sign-in, the locked password, step-up and sign-out at each of them."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads

import flask
import pytest
import requests
from flask import Flask, request_started

from tests.oidc.relying_party import RelyingParty
from tests.oidc.test_step_up import CONFIRM, ask_for_a_token, asked_who, grow_old, tokens
from tests.providers.foreign import Foreign, tried
from tests.providers.visitor import Visitor
from tests.support.devices import pass_time

# better-auth's keys are for it; what joserfc warns of is the name, not the signature
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated via RFC 9864")
TELLING = [kind for kind in tried() if kind.tells]
LOCKED = "Your account uses Single Sign On (SSO). Password is managed by your organization."


def visitor(app: RelyingParty, name: str = "alice") -> Visitor:
    """Signed in at the provider just now."""
    person = Visitor(app.address)
    assert person.sign_in_at_provider(name).text == f"Hello {name}"
    return person


@contextmanager
def requests_of(app: RelyingParty) -> Iterator[list[str]]:
    """The paths that the app is asked for."""
    asked: list[str] = []

    def note(sender: Flask, **more: object) -> None:
        asked.append(flask.request.path)

    with request_started.connected_to(note, app.host.app):
        yield asked


def to_provider(app: RelyingParty, person: Visitor) -> requests.Response:
    """Ask for what needs a recent sign-in, and press "Continue with op"."""
    carried = asked_who(ask_for_a_token(person))
    return person.send(CONFIRM, carried, allow_redirects=False)


def sign_out_there(app: RelyingParty, foreign: Foreign, person: Visitor) -> None:
    """Of the session in which the first ID token was made."""
    metadata = person.get(foreign.issuer.rstrip("/") + "/.well-known/openid-configuration").json()
    asked = {
        "client_id": app.client["client_id"],
        "id_token_hint": app.id_tokens[0],
        "post_logout_redirect_uri": f"{app.address}/pub",
    }
    person.way_back(person.get(metadata["end_session_endpoint"], params=asked, allow_redirects=False), "alice")


def header_of(token: str) -> dict[str, str]:
    header: dict[str, str] = loads(urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return header


def test_who_signs_in_there_is_known_as_such_and_the_password_is_locked(
    relying_party: RelyingParty, foreign: Foreign
) -> None:
    alice = visitor(relying_party)
    (row,) = relying_party.live_rows()
    assert (row.issuer, row.subject) == (foreign.issuer, foreign.subject_of("alice"))
    assert LOCKED in alice.get("/profile/password").text
    sent = {"current_password": "any", "new_password": "a quiet walk in the rain"}
    assert alice.send("/profile/password", sent).status_code == 403


@pytest.mark.parametrize("ahead", [-90, -30, 30, 90])
def test_whoever_signs_in_again_there_confirms_or_is_told_why_not(
    ahead: int, relying_party: RelyingParty, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the app's clock it is half a minute earlier or later than by the provider's, or a minute and a half."""
    pass_time(monkeypatch, ahead)
    alice = visitor(relying_party)
    grow_old(relying_party)
    with requests_of(relying_party) as asked:
        page = alice.get(alice.way_back(to_provider(relying_party, alice), "alice"))
    if foreign.kind.step_up == "done":
        assert (page.status_code, len(tokens(relying_party))) == (200, 1), page.text
        assert asked[asked.index(CONFIRM) :] == [CONFIRM, "/sso/callback", "/profile/sso/confirmed"]
        return
    assert (page.status_code, tokens(relying_party)) == (403, [])
    for said in (page.text, alice.get(CONFIRM).text):
        assert foreign.kind.step_up in said, "and from then on before anybody goes there"


def test_somebody_else_who_signs_in_there_confirms_nothing(relying_party: RelyingParty, foreign: Foreign) -> None:
    alice = visitor(relying_party)
    grow_old(relying_party)
    question = to_provider(relying_party, alice)
    alice.forget_provider()
    page = alice.get(alice.way_back(question, "bob"))
    assert (page.status_code, tokens(relying_party)) == (403, [])
    assert "Somebody else has signed in at op." in page.text
    assert alice.get("/page").text == "Hello alice"


def test_signing_out_goes_on_there_and_comes_back(relying_party: RelyingParty, foreign: Foreign) -> None:
    alice = visitor(relying_party)
    answer = alice.send("/profile/sign-out", allow_redirects=False)
    assert answer.headers["Location"].startswith(foreign.issuer), answer.headers
    assert alice.way_back(answer, "alice").startswith(relying_party.address + "/pub")
    assert not alice.is_in()
    page = alice.get(alice.get("/sso/sign-in", allow_redirects=False).headers["Location"])
    assert not page.url.startswith(relying_party.address + "/"), "who it is, is asked there again"


def test_a_provider_may_take_new_keys_at_any_time(relying_party: RelyingParty, foreign: Foreign) -> None:
    """Who signs out, signs in and confirms afterwards does so by a key that the app has not seen until then."""
    laptop, phone = visitor(relying_party), visitor(relying_party)
    foreign.take_keys()
    if foreign.kind.tells:  # where it cannot be asked for its keys before it is answered, that is put off
        sign_out_there(relying_party, foreign, laptop)
        assert [laptop.is_in(), phone.is_in()] == [foreign.kind.alone, True]
    bob = visitor(relying_party, "bob")
    keys = [header_of(token)["kid"] for token in relying_party.id_tokens]
    assert (keys[0] == keys[1], keys[1] == keys[2]) == (True, False)
    grow_old(relying_party)
    bob.get(bob.way_back(to_provider(relying_party, bob), "bob"))
    assert len(tokens(relying_party)) == (foreign.kind.step_up == "done")


@pytest.mark.parametrize("foreign", TELLING, indirect=True, ids=lambda kind: kind.name)
@pytest.mark.parametrize("ahead", [-90, -30, 30, 90])
def test_a_logout_of_one_browser_there_ends_what_began_in_it(
    ahead: int, relying_party: RelyingParty, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At those that tell the app of it, by whatever kind of token."""
    pass_time(monkeypatch, ahead)
    laptop, phone, bob = (visitor(relying_party, name) for name in ("alice", "alice", "bob"))
    copy = laptop.copy()
    sign_out_there(relying_party, foreign, laptop)
    assert [person.is_in() for person in (laptop, copy, phone, bob)] == [False, False, True, True]
    assert relying_party.host.sql("SELECT carried_out FROM myprofile_logout_token") == [(1,)]
