"""The example's own identity provider does what one does: it asks anew, and a logout there reaches the app."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.flask_client import FlaskOAuth2App
from flask import Flask, request
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from example_app.idp import people
from example_app.idp.client import Client
from example_app.idp.logout import EVENT
from example_app.idp.people import SignIns
from tests.support.live import Person, example, serving

ACCOUNT = "/demo-idp/account"
END_SESSION = "/demo-idp/end-session"
CLIENT_ID = "acme-analytics"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with example(tmp_path_factory.mktemp("example")) as made:
        yield made


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    app.extensions["example_idp"].sign_ins = SignIns()
    with serving(app) as address:
        yield address


@pytest.fixture
def browser(site: str) -> Iterator[Callable[[], Person]]:
    """``browser()``: somebody at a browser of their own."""
    with ExitStack() as closing:
        yield lambda: closing.enter_context(Person(site))


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """What the provider posts, to another server that stands in for the app and confirms."""
    forms: list[dict[str, str]] = []
    other = Flask("other")

    @other.post("/logout")
    def logout() -> str:
        forms.append(request.form.to_dict())
        return ""

    with serving(other) as address:
        monkeypatch.setattr(Client, "backchannel_logout_uri", lambda self: address + "/logout")
        yield forms


def metadata(site: str) -> Any:
    return requests.get(f"{site}/demo-idp/.well-known/openid-configuration", timeout=20).json()


def is_signed_in(person: Person) -> bool:
    return person.get("/dashboard").url == f"{person.site}/dashboard"


def text_of(answer: requests.Response) -> str:
    return " ".join(re.sub("<[^>]+>", " ", answer.text).split())


def ask(person: Person, **asked: str) -> requests.Response:
    """A request of the app's for a sign-in, with ``asked`` added; the answer is not followed."""
    at_provider = person.get("/sso/sign-in", allow_redirects=False).headers["Location"]
    return person.get(f"{at_provider}&{urlencode(asked)}", allow_redirects=False)


@pytest.fixture
def id_tokens(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The claims of the ID tokens that the app has got."""
    seen: list[dict[str, Any]] = []
    parse = FlaskOAuth2App.parse_id_token

    def parse_id_token(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(parse(self, *args, **kwargs))
        return seen[-1]

    monkeypatch.setattr(FlaskOAuth2App, "parse_id_token", parse_id_token)
    return seen


# ---- signing in


def test_every_sign_in_is_asked_for_and_says_when_it_was(
    browser: Callable[[], Person], id_tokens: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So prompt=login and max_age=0 are kept: there is no sign-in without the button."""
    alex, first = browser(), int(time.time())
    for moment in (first, first + 60):
        monkeypatch.setattr(people, "now", lambda moment=moment: moment)
        page = ask(alex, prompt="login", max_age="0")
        assert page.status_code == 200
        alex.continue_as("Alex Kim", page)
        assert id_tokens[-1]["auth_time"] == moment
    alex.sign_in_by_sso()
    assert id_tokens[-1]["auth_time"] == first + 60, "also where nobody asks for it"
    assert len({claims["sid"] for claims in id_tokens}) == 1, "the same browser stays in its session"


def test_nobody_is_signed_in_without_being_asked(browser: Callable[[], Person]) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    answer = ask(alex, prompt="none")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["login_required"]


def test_a_person_without_an_account_is_known_to_the_provider_only(browser: Callable[[], Person]) -> None:
    robin = browser()
    refused = robin.sign_in_by_sso("Robin Park")
    assert refused.url == f"{robin.site}/sign-in"
    assert "Your Demo SSO account has no access to this app." in refused.text
    assert not is_signed_in(robin)
    assert "robin.park@acme.example" in robin.get(ACCOUNT).text


def test_who_is_made_up_at_the_button_is_nobody(browser: Callable[[], Person]) -> None:
    person = browser()
    page = person.get("/sso/sign-in")
    assert person.post(page.url, {"person": "maya"}).url == f"{person.site}/sign-in"
    assert not is_signed_in(person)


# ---- signing out everywhere


def test_the_account_page_lists_where_one_is_signed_in(
    browser: Callable[[], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, robin = browser(), browser(), browser()
    assert "You are not signed in to Demo SSO" in here.get(ACCOUNT).text
    for person in (here, there):
        person.sign_in_by_sso()
    robin.sign_in_by_sso("Robin Park")
    monkeypatch.setattr(people, "now", lambda: int(time.time()) + 180)
    text = text_of(here.get(ACCOUNT))
    assert (text.count("This browser"), text.count("Another browser")) == (1, 1)
    assert text.count("3 minutes ago") == 2
    assert text_of(robin.get(ACCOUNT)).count("browser") == 1, "nobody sees another person's"


def test_the_logout_token_is_what_the_specification_asks_for(
    browser: Callable[[], Person], received: list[dict[str, str]]
) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    before = int(time.time())
    assert alex.post(ACCOUNT, {}).status_code == 200
    about = metadata(alex.site)
    keys = KeySet.import_key_set(alex.get(about["jwks_uri"]).json())
    tokens = [form["logout_token"] for form in received]
    assert all(form.keys() == {"logout_token"} for form in received)
    assert jws.extract_compact(tokens[-1].encode()).headers() == {
        "alg": "RS256",
        "typ": "logout+jwt",
        "kid": keys.keys[0].kid,
    }
    claims = jwt.decode(tokens[-1], keys, algorithms=["RS256"]).claims
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "events", "sub", "sid"}
    assert (claims["iss"], claims["aud"]) == (about["issuer"], CLIENT_ID)
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] == claims["iat"] + 120
    assert claims["events"] == {EVENT: {}}
    jtis = {jwt.decode(token, keys, algorithms=["RS256"]).claims["jti"] for token in tokens}
    assert len(jtis) == len(tokens)


def test_signing_out_everywhere_needs_the_pages_own_form(
    browser: Callable[[], Person], received: list[dict[str, str]]
) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    for path in (ACCOUNT, END_SESSION):
        assert alex.http.post(alex.site + path, timeout=20).status_code == 400
    assert received == []
    assert "This browser" in alex.get(ACCOUNT).text


def test_an_app_that_cannot_be_reached_is_reported(
    browser: Callable[[], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    monkeypatch.setattr(Client, "backchannel_logout_uri", lambda self: "http://127.0.0.1:9/")
    text = text_of(alex.post(ACCOUNT, {}))
    assert "Sign-ins ended: 1 Confirmed by Acme Analytics: 0" in text
    assert "You may still be signed in to Acme Analytics." in text


def test_signing_out_at_the_provider_signs_every_browser_out_of_the_app(browser: Callable[[], Person]) -> None:
    here, there, maya = browser(), browser(), browser()
    for alex in (here, there):
        alex.sign_in_by_sso()
    maya.sign_in("maya")
    assert all(map(is_signed_in, (here, there, maya)))

    done = here.post(ACCOUNT, {})
    assert "Sign-ins ended: 2 Confirmed by Acme Analytics: 2" in text_of(done)
    for alex in (here, there):
        assert alex.get("/profile/sessions").url.startswith(f"{alex.site}/sign-in?next=")
    assert is_signed_in(maya)
    here.sign_in_by_sso()
    assert is_signed_in(here), "and anybody may come again"


# ---- signing out of the app, and then at the provider


@pytest.mark.parametrize("path", ["/sign-out", "/profile/sign-out"])
def test_signing_out_of_the_app_goes_on_to_the_provider_and_back(path: str, browser: Callable[[], Person]) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    asked = alex.post(path, {}, "/dashboard")
    assert asked.url.startswith(metadata(alex.site)["end_session_endpoint"] + "?")
    assert "Sign out of Demo SSO?" in asked.text
    assert not is_signed_in(alex), "out of the app, whatever the answer at the provider"
    back = alex.post(asked.url, {})
    assert back.url == f"{alex.site}/"
    assert "You are not signed in to Demo SSO" in alex.get(ACCOUNT).text


def test_who_signed_in_with_a_password_does_not_see_the_provider(browser: Callable[[], Person]) -> None:
    sam = browser()
    sam.sign_in("sam")
    gone = sam.post("/sign-out", {}, "/dashboard")
    assert gone.url == f"{sam.site}/"
    assert "You have signed out." in gone.text


def test_whoever_stays_signed_in_at_the_provider_goes_back_all_the_same(
    browser: Callable[[], Person], received: list[dict[str, str]]
) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    asked = alex.get(end_session(alex, state="a b&c"))
    answer = alex.post(asked.url, {"stay": "1"}, allow_redirects=False)
    assert answer.headers["Location"] == f"{alex.site}/?state=a+b%26c"
    assert received == []
    assert "This browser" in alex.get(ACCOUNT).text


def end_session(person: Person, **asked: str) -> str:
    """The address that an app sends people to."""
    query = {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{person.site}/", **asked}
    return f"{END_SESSION}?{urlencode({key: value for key, value in query.items() if value})}"


@pytest.mark.parametrize(
    "asked",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": "//evil.example/"},
        {"post_logout_redirect_uri": "/dashboard"},
        {"post_logout_redirect_uri": ""},
        {"client_id": "somebody-else"},
        {"client_id": ""},
        {"client_id": "", "id_token_hint": "no.id.token"},
    ],
)
def test_the_provider_sends_nobody_to_an_address_that_is_not_registered(
    asked: dict[str, str], browser: Callable[[], Person], received: list[dict[str, str]]
) -> None:
    alex = browser()
    alex.sign_in_by_sso()
    page = alex.get(end_session(alex, **asked))
    stayed = alex.post(page.url, {"stay": "1"}, allow_redirects=False)
    assert stayed.headers["Location"] == ACCOUNT
    gone = alex.post(page.url, {}, allow_redirects=False)
    assert gone.status_code == 200
    assert "You have signed out of Demo SSO" in gone.text
    assert len(received) == 1
    assert alex.get(end_session(alex, **asked), allow_redirects=False).status_code == 200, (
        "nor who is signed out already"
    )
