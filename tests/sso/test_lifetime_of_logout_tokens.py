"""How long a logout token is good: ten minutes from ``iat`` at most, whatever it says, by whichever clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.devices import pass_time
from tests.support.host import Host
from tests.support.kept import everywhere
from tests.support.office import Office, check_done, check_refused
from tests.support.providers import Provider, serve, with_providers

NewHost = Callable[..., Host]
#: Seconds that providers say that their tokens are valid; None: they say nothing.
VALID = {"no exp": None, "two minutes": 120, "a quarter of an hour": 900, "a day": 86_400}


@pytest.fixture
def office(new_host: NewHost, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(new_host, monkeypatch)


def token_of(office: Office, valid: int | None, **claims: Any) -> str:
    issued = int(time.time())
    return office.okta.logout_token(**{"sub": "88", "iat": issued, "exp": valid and issued + valid, **claims})


@pytest.mark.parametrize("valid", VALID)
def test_whatever_a_token_says_it_is_taken_within_ten_minutes(
    valid: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [token_of(office, VALID[valid], sub=None, sid=sid) for sid in ("s1", "s2")]
    pass_time(monkeypatch, 100 if valid == "two minutes" else 590)
    check_done(office.okta.tell(office.host, late[0]))
    assert office.in_() == "second local bob"
    pass_time(monkeypatch, 25)
    check_refused(office.okta.tell(office.host, late[1]))
    assert office.in_() == "second local bob"


@everywhere
@pytest.mark.parametrize("valid", ["no exp", "a day"])
def test_a_token_that_is_good_serves_once_over_restarts_and_workers(
    valid: str, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after the tokens that are no longer good have been pruned."""
    office = Office(new_host, monkeypatch)
    token = token_of(office, VALID[valid])
    check_done(office.okta.tell(office.host, token))
    office.okta.claims = {"sub": "88", "sid": "s3", "iat": int(time.time()) + 1}
    office.okta.sign_in(office.first)
    settings = {name: office.host.app.config.get(name) for name in ("MYPROFILE_SESSION_STORE",)}
    url = office.host.app.config["SQLALCHEMY_DATABASE_URI"]
    restarted = new_host(url, **with_providers(office.okta), **{k: v for k, v in settings.items() if v})
    for host in (office.host, restarted):
        assert host.app.test_cli_runner().invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
        check_refused(office.okta.tell(host, token))
    assert office.first.is_in()


def test_a_token_is_remembered_until_it_is_good_no_more(office: Office) -> None:
    now = int(time.time())
    check_done(office.okta.tell(office.host, token_of(office, 86_400)))
    check_done(office.okta.tell(office.host, token_of(office, 120)))
    good_until = sorted(row.expires_at - now for row in office.host.sql("SELECT * FROM myprofile_logout_token"))
    assert [round(seconds, -1) for seconds in good_until] == [120, 600]


@pytest.mark.parametrize("reason", ["expired", "iat is more than 600 seconds ago", "iat is no time", "jti is missing"])
def test_the_log_names_what_was_wrong(reason: str, office: Office, caplog: pytest.LogCaptureFixture) -> None:
    now = int(time.time())
    wrong: dict[str, dict[str, Any]] = {
        "expired": {"iat": now - 60, "exp": now - 1},
        "iat is more than 600 seconds ago": {"iat": now - 700, "exp": None},
        "iat is no time": {"iat": None},
        "jti is missing": {"jti": None},
    }
    answer = office.okta.tell(office.host, sub="88", **wrong[reason])
    check_refused(answer)
    assert answer.json["error_description"] == reason
    assert f"refused a logout token of Okta: {reason}" in caplog.text


@pytest.mark.parametrize("ahead", [-90, -30, 30, 90])
@pytest.mark.parametrize("named", ["sub", "sid"])
def test_clocks_that_differ_end_the_right_sessions(
    named: str, ahead: int, new_host: NewHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's is ahead, or behind: what began before the logout ends, and what began after it does not."""
    there = lambda: int(time.time()) + ahead  # noqa: E731
    okta = Provider("Okta", claims={"sub": "88", "sid": "s1", "iat": there(), "exp": there() + 300}, discovered=True)
    serve(monkeypatch, okta)
    host = new_host(**with_providers(okta))
    before, after, other = host.browser(), host.browser(), host.browser()
    okta.sign_in(before)
    other.login("bob")
    token = okta.logout_token(**{"iat": there(), "exp": None, **({"sub": "88"} if named == "sub" else {"sid": "s1"})})
    okta.claims = {"sub": "88", "sid": "s2", "iat": there() + 2, "exp": there() + 300}
    okta.sign_in(after)
    check_done(okta.tell(host, token))
    assert [before.is_in(), after.is_in(), other.is_in()] == [False, True, True]
