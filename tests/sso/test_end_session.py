"""Signing out goes on to the provider, where the host wants it so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask_login
import pytest
from flask import redirect

from flask_myprofile import current_profile
from tests.support.host import Browser, Host
from tests.support.providers import Provider, forget, serve, with_providers

WHO = {"sub": "77", "sid": "s1"}


def _leaving(host: Host) -> None:
    @host.app.get("/leave")
    def leave() -> Any:
        url = current_profile.end_session_url()
        flask_login.logout_user()
        return redirect(url or "/left")


def _signed_in(new_host: Callable[..., Host], monkeypatch: Any, **settings: Any) -> tuple[Host, Browser, Provider]:
    okta = Provider("Okta", claims=dict(WHO), discovered=True)
    serve(monkeypatch, okta)
    parts = with_providers(okta)

    def after(host: Host) -> None:
        parts["after"](host)
        _leaving(host)

    host = new_host(**{**parts, "after": after}, **settings)
    alice = host.browser()
    okta.sign_in(alice)
    return host, alice, okta


def _asked(url: str) -> tuple[str, dict[str, str]]:
    target = urlsplit(url)
    return f"{target.scheme}://{target.netloc}{target.path}", {k: v[0] for k, v in parse_qs(target.query).items()}


@pytest.mark.parametrize("back", [None, "/bye", "https://host.example/bye"])
def test_signing_out_goes_on_to_the_provider(back: str | None, new_host: Callable[..., Host], monkeypatch: Any) -> None:
    settings = {"MYPROFILE_SSO_LOGOUT": True, **({"MYPROFILE_SSO_LOGOUT_RETURN": back} if back else {})}
    _, alice, okta = _signed_in(new_host, monkeypatch, **settings)
    answer = alice.post("/profile/sign-out")
    where, asked = _asked(answer.location)
    assert (answer.status_code, where, asked["client_id"]) == (303, "https://okta.example/sign-out", "c")
    assert asked["id_token_hint"].count(".") == 2
    expected = {"/bye": "http://localhost/bye"}.get(back or "", back)
    assert asked.get("post_logout_redirect_uri") == expected
    assert not alice.is_in()
    okta.sign_in(alice)
    below = alice.post("/profile/sign-out", environ_overrides={"SCRIPT_NAME": "/below"})
    expected = {"/bye": "http://localhost/below/bye"}.get(back or "", back)
    assert _asked(below.location)[1].get("post_logout_redirect_uri") == expected, "a path of the app, wherever it is"
    okta.sign_in(alice)
    assert alice.post_json("/profile/sign-out").json["end_session_url"].startswith("https://okta.example/sign-out?")
    okta.sign_in(alice)
    assert _asked(alice.get("/leave").location)[0] == "https://okta.example/sign-out", "the host's own sign-out"
    assert not alice.is_in()


def test_signing_out_stays_here_unless_it_is_wanted_and_possible(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    _, alice, okta = _signed_in(new_host, monkeypatch)
    assert alice.get("/leave").location == "/left"
    host, alice, okta = _signed_in(new_host, monkeypatch, MYPROFILE_SSO_LOGOUT=True)
    local = host.browser()
    local.login("alice")
    assert local.get("/leave").location == "/left"
    assert host.browser().get("/leave").location == "/left"

    def down() -> None:
        raise ConnectionError("down")

    okta.trouble = down
    forget(host, "Okta")
    assert alice.get("/leave").location == "/left", "a provider that is down keeps nobody signed in"
    assert not alice.is_in()
