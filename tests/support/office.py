"""Somebody who is signed in several times, when a provider says that they have signed out there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.host import Host
from tests.support.providers import Provider, serve, with_providers


class Office:
    """A host with two providers at which alice has two sessions and one by password, and bob the same subject."""

    def __init__(self, new_host: Callable[..., Host], monkeypatch: Any, **settings: Any) -> None:
        self.okta = Provider("Okta", claims={"sub": "88", "sid": "s1"}, discovered=True)
        self.other = Provider("Other", claims={"sub": "88", "sid": "s1"}, discovered=True)
        serve(monkeypatch, self.okta, self.other)
        self.host = new_host(**with_providers(self.okta, self.other), **settings)
        self.first, self.second, self.local, self.bob = (self.host.browser() for _ in range(4))
        self.okta.sign_in(self.first, remember="1")
        self.okta.claims = {"sub": "88", "sid": "s2"}
        self.okta.sign_in(self.second)
        self.local.login("alice")
        self.other.sign_in(self.bob, as_user="bob")

    def in_(self) -> str:
        """Whose browsers are signed in."""
        names = ("first", "second", "local", "bob")
        return " ".join(name for name in names if getattr(self, name).is_in())


def check_done(answer: Any) -> None:
    assert (answer.status_code, answer.text) == (200, "")
    check_nothing_is_kept(answer)


def check_put_off(answer: Any) -> None:
    """It may come again: what is needed to check it is not to be had now."""
    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    check_nothing_is_kept(answer)


def check_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request"), answer.text
    check_nothing_is_kept(answer)


def check_nothing_is_kept(answer: Any) -> None:
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
