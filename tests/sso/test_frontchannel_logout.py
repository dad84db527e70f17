"""Front-channel logout: a frame of the provider's page ends the session that it names, without our cookies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile.signals import session_ended
from tests.support.devices import sent_to_login
from tests.support.host import Host
from tests.support.kept import everywhere
from tests.support.office import Office, check_nothing_is_kept
from tests.support.providers import Provider, serve, with_providers
from tests.support.refusing import read_only

URL = "/profile/sso/Okta/frontchannel-logout"
NewHost = Callable[..., Host]


@pytest.fixture
def office(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(new_host, monkeypatch)


def frame(office: Office, client: Any = None, **named: Any) -> Any:
    """What the frame is answered, which a browser loads without cookies."""
    answer = (client or office.host.app.test_client()).get(URL, query_string=named)
    check_nothing_is_kept(answer)
    return answer


@everywhere
def test_a_frame_ends_the_session_that_it_names_and_no_other(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(new_host, monkeypatch)
    answer = frame(office, iss=office.okta.issuer, sid="s1")
    assert (answer.status_code, answer.text) == (200, "")
    assert sent_to_login(office.first)
    office.first.drop_cookie("session")
    assert office.in_() == "second local bob", "its remember-me cookie brings nothing back"


@pytest.mark.parametrize(
    "named",
    [
        {"iss": "https://other.example", "sid": "s1"},
        {"iss": "https://okta.example", "sid": "unknown"},
        {"iss": "https://okta.example/", "sid": "s1"},
        {"iss": "https://okta.example", "sid": "S1"},
    ],
)
def test_what_it_does_not_name_goes_on(named: dict[str, str], office: Office) -> None:
    """Whoever is unknown is signed out already; and the name of another provider's session is another name."""
    assert frame(office, **named).status_code == 200
    assert office.in_() == "first second local bob"


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"iss": "https://okta.example"},
        {"sid": "s1"},
        {"iss": "https://okta.example", "sid": ["s1", "s2"]},
        {"iss": "", "sid": "s1"},
        {"iss": "https://okta.example", "sid": ""},
    ],
)
def test_a_frame_that_names_no_session_ends_nothing(
    named: dict[str, Any], office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    answer = frame(office, **named)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert "refused a front-channel logout of Okta: iss and sid are missing" in caplog.text
    assert office.in_() == "first second local bob"


def test_cookies_that_come_with_it_mean_nothing(office: Office) -> None:
    """A page of somebody else's can make a browser ask for it; that signs nobody out who is not named."""
    frame(office, office.second.client, iss=office.okta.issuer, sid="unknown")
    assert office.in_() == "first second local bob"
    frame(office, office.second.client, iss=office.okta.issuer, sid="s1")
    assert office.in_() == "second local bob"


def test_it_may_be_shown_in_a_frame_as_no_other_page_of_ours(office: Office) -> None:
    assert "X-Frame-Options" not in frame(office, iss=office.okta.issuer, sid="s1").headers
    assert office.second.get("/profile/sso/confirmed").headers["X-Frame-Options"] == "DENY"
    assert office.host.app.test_client().post(URL).status_code in (400, 405)


def test_nobody_has_signed_it_so_it_ends_nothing_else(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(new_host, monkeypatch, MYPROFILE_SSO_BACKCHANNEL_ALSO=("sessions", "api_token"))
    bearer = {"Authorization": "Bearer " + office.local.post_json("/profile/api-token/regenerate").json["token"]}
    frame(office, iss=office.okta.issuer, sid="s1")
    assert office.in_() == "second local bob"
    assert office.host.app.test_client().get("/page", headers=bearer).status_code == 200
    assert office.host.sql("SELECT * FROM myprofile_logout_token") == [], "nor is anything kept of it"


def test_hosts_are_told_of_it(office: Office) -> None:
    told: list[Any] = []
    session_ended.connect(lambda app, **said: told.append(said), office.host.app, weak=False)
    frame(office, iss=office.okta.issuer, sid="s1")
    assert [(said["reason"], said["by"], len(said["session_ids"])) for said in told] == [("provider", None, 1)]


def test_who_is_no_openid_provider_has_no_such_address(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> None:
    okta, plain = Provider("Okta"), Provider("Plain", "oauth2")
    serve(monkeypatch, okta, plain)
    on = new_host(**with_providers(okta, plain))
    off = new_host(**with_providers(okta), MYPROFILE_SSO_FRONTCHANNEL=False)
    for host, name in ((on, "Plain"), (on, "Nobody"), (off, "Okta")):
        named = {"iss": okta.issuer, "sid": "idp-session-1"}
        answer = host.app.test_client().get(f"/profile/sso/{name}/frontchannel-logout", query_string=named)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


@everywhere
def test_where_nothing_can_be_written_it_is_not_answered_as_done(
    new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(new_host, monkeypatch)
    with read_only(office.host):
        assert frame(office, iss=office.okta.issuer, sid="s1").status_code == 503
    assert frame(office, iss=office.okta.issuer, sid="s1").status_code == 200
    assert office.in_() == "second local bob"
