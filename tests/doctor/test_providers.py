"""What the doctor says of the app's OpenID providers, by what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flask_myprofile.doctor.examination import examine
from tests.sso.test_step_up import Stale
from tests.support.host import Host
from tests.support.providers import Provider, forget, serve, with_providers


def said(host: Host) -> str:
    with host.app.test_request_context():
        return "\n".join(f"{line.level}: {line.text}" for line in examine() if line.check == "sso_clients")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"claims_supported": ["sub"]}, "note: Okta does not list auth_time among its claims"),
        ({"id_token_signing_alg_values_supported": ["HS512"]}, "note: Okta signs by HS512 alone"),
        (
            {"frontchannel_logout_supported": True},
            "front-channel alone, which goes to http://localhost/profile/sso/Okta/frontchannel-logout.",
        ),
        (
            {"frontchannel_logout_supported": True, "backchannel_logout_supported": True},
            "Its back-channel logout goes to http://localhost/profile/sso/Okta/backchannel-logout.",
        ),
    ],
)
def test_what_a_provider_cannot_do_is_said(
    metadata: Mapping[str, Any], expected: str, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    okta = Provider("Okta", discovered=True)
    usual = okta.metadata()
    monkeypatch.setattr(okta, "metadata", lambda: {**usual, **metadata})
    serve(monkeypatch, okta)
    assert expected in said(new_host(**with_providers(okta)))


def test_a_provider_that_has_not_said_when_somebody_signed_in_is_named(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Stale(new_host, monkeypatch)
    assert "auth_time" not in said(stale.host)
    stale.come_back(stale.go_there(), auth_time=None)
    assert "note: Okta was asked when somebody signed in (auth_time), and has not said it" in said(stale.host)
    forget(stale.host, "Okta")
    assert "auth_time" not in said(stale.host)
