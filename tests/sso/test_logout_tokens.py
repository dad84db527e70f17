"""Logout tokens: which are to be believed, and by which keys."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import RSAKey

from flask_myprofile.sso import provider as provider_module
from tests.support.host import Host
from tests.support.kept import everywhere
from tests.support.office import Office, check_done, check_put_off, check_refused
from tests.support.providers import LOGOUT, Provider, forget, key, serve, wait_for_questions, with_providers


@pytest.fixture
def office(new_host: Callable[..., Host], monkeypatch: Any) -> Office:
    return Office(new_host, monkeypatch)


# ---- what is no logout token


def _with_header(provider: Provider, **header: Any) -> str:
    """The first two parts of a token."""
    said = base64.urlsafe_b64encode(json.dumps({"typ": "logout+jwt", **header}).encode()).rstrip(b"=").decode()
    return said + "." + provider.logout_token(sub="88").split(".")[1]


def _unsigned(provider: Provider) -> str:
    return _with_header(provider, alg="none") + "."


def _keyed_with_the_public_key(provider: Provider) -> str:
    signed = _with_header(provider, alg="HS256", kid=key().kid)
    signature = hmac.digest(key().as_pem(private=False), signed.encode(), "sha256")
    return signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def _with_a_critical_header(provider: Provider) -> str:
    signed = _with_header(provider, alg="RS256", kid=key().kid, crit=["exp"], exp=1)
    signature = key().private_key.sign(signed.encode(), PKCS1v15(), SHA256())
    return signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def _id_token(provider: Provider) -> str:
    moment = int(time.time())
    claims = {"iss": provider.issuer, "aud": "c", "iat": moment, "exp": moment + 60, "nonce": "n", "sub": "88"}
    return jwt.encode({"alg": "RS256", "kid": key().kid}, claims, key())


def _cut(provider: Provider) -> str:
    token = provider.logout_token(sub="88")
    return token[:-8] + ("AAAAAAAA" if not token.endswith("AAAAAAAA") else "BBBBBBBB")


_STRANGER = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
_NOW = int(time.time())
#: K29: sixteen, and what else could be wrong.
BROKEN: dict[str, Callable[[Provider], str]] = {
    "alg none": _unsigned,
    "HS256 keyed with public key": _keyed_with_the_public_key,
    "unknown kid": lambda p: p.logout_token(sub="88", header={"kid": _STRANGER.kid}, by=_STRANGER),
    "known kid, other key": lambda p: p.logout_token(sub="88", by=_STRANGER),
    "with nonce": lambda p: p.logout_token(sub="88", nonce="n"),
    "events missing": lambda p: p.logout_token(sub="88", events=None),
    "events of something else": lambda p: p.logout_token(sub="88", events={"http://schemas.openid.net/event/x": {}}),
    "events member not an object": lambda p: p.logout_token(sub="88", events={LOGOUT: "yes"}),
    "events not an object": lambda p: p.logout_token(sub="88", events=[LOGOUT]),
    "wrong aud": lambda p: p.logout_token(sub="88", aud="another"),
    "no aud": lambda p: p.logout_token(sub="88", aud=None),
    "wrong iss": lambda p: p.logout_token(sub="88", iss="https://other.example"),
    "expired": lambda p: p.logout_token(sub="88", iat=_NOW - 300, exp=_NOW - 180),
    "no exp, eleven minutes old": lambda p: p.logout_token(sub="88", iat=_NOW - 660, exp=None),
    "valid for a day, eleven minutes old": lambda p: p.logout_token(sub="88", iat=_NOW - 660, exp=_NOW + 86_400),
    "exp no number": lambda p: p.logout_token(sub="88", exp="tomorrow"),
    "no iat": lambda p: p.logout_token(sub="88", iat=None),
    "iat in future": lambda p: p.logout_token(sub="88", iat=_NOW + 3600, exp=_NOW + 3700),
    "iat no number": lambda p: p.logout_token(sub="88", iat="now"),
    "no jti": lambda p: p.logout_token(sub="88", jti=None),
    "no sub and no sid": lambda p: p.logout_token(),
    "sub an object": lambda p: p.logout_token(sub={"$ne": ""}),
    "sid empty": lambda p: p.logout_token(sid=""),
    "typ of another purpose": lambda p: p.logout_token(sub="88", header={"typ": "at+jwt"}),
    "critical header": _with_a_critical_header,
    "an ID token": _id_token,
    "signature cut": _cut,
    "no JWT": lambda p: "a.b",
    "header no object": lambda p: base64.urlsafe_b64encode(b'["alg"]').decode().rstrip("=") + ".e30.AAAA",
    "alg a list": lambda p: _with_header(p, alg=["RS256"]) + ".AAAA",
    "kid an object": lambda p: _with_header(p, alg="RS256", kid={}) + ".AAAA",
    "not ASCII": lambda p: "é.è.ê",
    "empty": lambda p: "",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_logout_token_ends_nothing(office: Office, kind: str) -> None:
    """X05, K29, B08"""
    token = BROKEN[kind](office.okta)
    check_refused(office.okta.tell(office.host, token))
    assert office.in_() == "first second local bob"


def test_a_token_without_kid_is_refused_where_there_are_two_keys(office: Office) -> None:
    """K29: which key is meant must not be a guess. With one key there is no guess."""
    forget(office.host, "Other")
    token = office.okta.logout_token(sub="88", header={"kid": None})
    keys = [key().as_dict(private=False), _STRANGER.as_dict(private=False)]
    office.other.metadata = lambda: {"issuer": office.other.issuer, "jwks": {"keys": keys}}  # type: ignore[method-assign]
    check_refused(office.other.tell(office.host, office.other.logout_token(sub="88", header={"kid": None})))
    assert office.bob.is_in()
    check_done(office.okta.tell(office.host, token))
    assert not office.first.is_in()


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "application/logout+jwt"])
def test_what_providers_really_send_is_taken(office: Office, typ: str | None) -> None:
    check_done(office.okta.tell(office.host, sub="88", header={"typ": typ}, aud=["x", "c"], trace="a claim of its own"))
    assert office.in_() == "local bob"


@everywhere
def test_a_token_serves_once(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """X07, K30: sent again, it does nothing to whoever has signed in since."""
    office = Office(new_host, monkeypatch)
    token = office.okta.logout_token(sub="88", iat=int(time.time()) + 60)
    check_done(office.okta.tell(office.host, token))
    office.okta.claims |= {"iat": int(time.time()) + 61, "exp": int(time.time()) + 120}  # its clock is ahead
    office.okta.sign_in(office.first)
    check_refused(office.okta.tell(office.host, token))
    assert office.in_() == "first local bob"
    again = office.okta.logout_token(sub="88", iat=int(time.time()) + 62)
    assert again != token
    check_done(office.okta.tell(office.host, again))
    assert office.in_() == "local bob"


def test_tokens_are_forgotten_once_they_have_expired(office: Office) -> None:
    office.okta.tell(office.host, sub="88")
    prune = ["myprofile", "sessions", "prune"]
    assert office.host.app.test_cli_runner().invoke(args=prune).exit_code == 0
    assert len(office.host.sql("SELECT * FROM myprofile_logout_token")) == 1
    office.host.sql("UPDATE myprofile_logout_token SET expires_at = expires_at - 1000 - 86400")
    assert office.host.app.test_cli_runner().invoke(args=prune).exit_code == 0
    assert office.host.sql("SELECT * FROM myprofile_logout_token") == []


# ---- the provider's keys


def test_the_keys_are_asked_for_once_a_minute_whatever_arrives(office: Office, monkeypatch: Any) -> None:
    """X08: bad tokens by the hundred cost the provider nothing."""
    moment = [1000.0]
    monkeypatch.setattr(provider_module.time, "monotonic", lambda: moment[0])
    office.okta.asked.clear()
    for minute in (1, 2):
        for number in range(100):
            stranger = office.okta.logout_token(sub="88", header={"kid": f"unknown {number}"}, by=_STRANGER)
            (check_put_off if number else check_refused)(office.okta.tell(office.host, stranger))
            moment[0] += 0.1
        assert office.okta.asked.count("/jwks") == minute
        moment[0] += 61
    forged = office.okta.logout_token(sub="88", by=_STRANGER)
    check_refused(office.okta.tell(office.host, forged))
    check_done(office.okta.tell(office.host, sub="88"))
    assert office.okta.asked.count("/jwks") == 2
    moment[0] += 3601
    check_done(office.okta.tell(office.host, sub="88"))
    wait_for_questions()
    assert office.okta.asked.count("/jwks") == 3, "a key may have been withdrawn"


def test_a_new_key_is_found(office: Office, monkeypatch: Any) -> None:
    moment = [1000.0]
    monkeypatch.setattr(provider_module.time, "monotonic", lambda: moment[0])
    check_done(office.okta.tell(office.host, sub="nobody"))
    wait_for_questions()
    keys = {"keys": [_STRANGER.as_dict(private=False)]}
    usual = office.okta.answer
    monkeypatch.setattr(
        office.okta, "answer", lambda path: ("application/json", json.dumps(keys)) if path == "/jwks" else usual(path)
    )
    new = {"header": {"kid": _STRANGER.kid}, "by": _STRANGER}
    moment[0] += 30
    answer = office.okta.tell(office.host, sub="88", **new)
    check_put_off(answer)
    moment[0] += int(answer.headers["Retry-After"])
    check_done(office.okta.tell(office.host, sub="88", **new))
    assert office.in_() == "local bob"


def test_a_provider_that_hangs_costs_three_seconds_and_nothing_else(office: Office, monkeypatch: Any) -> None:
    """X08, F22: with its keys known, it costs nothing; nobody waits twice, and other pages do not wait at all."""
    monkeypatch.setattr(provider_module, "PATIENCE", 0.2)
    hangs, released = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        released.wait(20)

    office.okta.trouble = hang
    forget(office.host, "Okta")
    began = time.monotonic()
    for _ in range(20):
        check_put_off(office.okta.tell(office.host, sub="88"))
    assert time.monotonic() - began < 10, "twenty who wait for the same answer do not wait twenty times"
    assert hangs.is_set()
    assert office.in_() == "first second local bob"
    assert office.first.get("/profile/sessions").status_code == 200
    released.set()


def test_known_keys_serve_while_the_provider_is_down(office: Office, monkeypatch: Any) -> None:
    """F22"""
    moment = [1000.0]
    monkeypatch.setattr(provider_module.time, "monotonic", lambda: moment[0])
    check_done(office.okta.tell(office.host, sub="nobody"))
    wait_for_questions()

    def down() -> None:
        raise ConnectionError("down")

    office.okta.trouble = down
    moment[0] += 4000
    check_done(office.okta.tell(office.host, sub="88"))
    assert office.in_() == "local bob"


@pytest.mark.parametrize("named", ["https://evil.example", "", None])
def test_a_provider_that_calls_itself_another_is_not_believed(office: Office, named: str | None, caplog: Any) -> None:
    """X09: its metadata names another issuer than the one at whose address they are."""
    usual = office.okta.metadata()
    office.okta.metadata = lambda: {**usual, "issuer": named}  # type: ignore[method-assign]
    forget(office.host, "Okta")
    check_put_off(office.okta.tell(office.host, sub="88"))
    check_put_off(office.okta.tell(office.host, sub="88", iss=named or "x"))
    assert office.in_() == "first second local bob"
    assert "register it with issuer=" in caplog.text


def test_metadata_may_be_elsewhere_if_the_client_says_who_it_is(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """X09: inside a network, a provider is often reached by another name than its own."""
    okta = Provider("Okta", claims={"sub": "88", "sid": "s1"}, discovered=True)
    serve(monkeypatch, okta)

    def register(oauth: Any) -> None:
        where = {"server_metadata_url": okta.issuer + "/.well-known/openid-configuration"}
        oauth.register("Okta", client_id="c", client_secret="s", issuer="https://public.example", **where)

    monkeypatch.setattr(okta, "register", register)
    usual = okta.metadata()
    monkeypatch.setattr(okta, "metadata", lambda: {**usual, "issuer": "https://public.example"})
    host = new_host(**with_providers(okta))
    check_done(okta.tell(host, sub="88", iss="https://public.example"))
    check_refused(okta.tell(host, sub="88"))
