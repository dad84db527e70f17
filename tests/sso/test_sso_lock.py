"""What belongs to the organization: the password of whoever comes by Single Sign-On, and what else the host says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from tests.sso.test_detection import check_password_can_be_changed, check_password_is_managed
from tests.support.host import Host
from tests.support.kept import everywhere
from tests.support.providers import Provider, serve, with_providers

PERSONAL = "/profile/personal-information"


def with_okta(new_host: Callable[..., Host], monkeypatch: Any, **settings: Any) -> tuple[Host, Provider]:
    okta = Provider("Okta", claims={"sub": "77", "sid": "s1"})
    serve(monkeypatch, okta)
    return new_host(**with_providers(okta), **settings), okta


# ---- by session, or by account


@everywhere
def test_an_account_that_has_ever_signed_in_by_sso_is_managed_where_the_host_wants_it_so(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B24 D: signed in with the password now, on every page and in the host's own reset flow; others are not."""
    host, okta = with_okta(new_host, monkeypatch, MYPROFILE_SSO_DECIDES="account")
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    check_password_can_be_changed(bob)
    okta.sign_in(alice)
    alice.post("/logout")
    alice.login("alice")
    check_password_is_managed(alice, host)
    with host.app.app_context():
        assert not current_profile.can_change_password(host.user("alice"))
        assert current_profile.can_change_password(host.user("bob"))


def test_a_provider_that_the_app_no_longer_has_can_be_forgotten(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B24: removing it brings its users back to a sane state."""
    host, okta = with_okta(new_host, monkeypatch, MYPROFILE_SSO_DECIDES="account")
    alice = host.browser()
    okta.sign_in(alice)
    alice.post("/logout")
    alice.login("alice")
    run = host.app.test_cli_runner().invoke
    assert run(args=["myprofile", "sso", "forget", "Other", "--yes"]).output == "Forgot 0 identities.\n"
    check_password_is_managed(alice, host)
    asked = run(args=["myprofile", "sso", "forget", "Okta"], input="n\n")
    assert asked.exit_code == 1
    check_password_is_managed(alice, host)
    assert run(args=["myprofile", "sso", "forget", "Okta", "--yes"]).output == "Forgot 1 identity.\n"
    check_password_can_be_changed(alice)


def test_nothing_that_a_user_can_edit_or_drop_takes_the_lock_away(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """X02: it is in the row of the session, not in the cookie."""
    host, okta = with_okta(new_host, monkeypatch)
    alice = host.browser()
    okta.sign_in(alice, remember="1")
    with alice.client.session_transaction() as kept:
        for name in [name for name in kept if name not in ("_user_id", "_fresh", "_id", "_myprofile")]:
            del kept[name]
    check_password_is_managed(alice, host)
    alice.drop_cookie("session")
    check_password_is_managed(alice, host)


# ---- only what was validated counts


def test_claims_that_nobody_has_validated_do_not_count(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """A provider without ID tokens puts claims of another one into its answer."""
    plain = Provider("Plain", "oauth2")
    usual = plain.answer
    said = '{"access_token": "a", "token_type": "Bearer", "userinfo": {"iss": "https://okta.example", "sub": "77"}}'
    monkeypatch.setattr(plain, "answer", lambda path: ("application/json", said) if path == "/token" else usual(path))
    serve(monkeypatch, plain)
    host = new_host(**with_providers(plain))
    alice = host.browser()
    plain.sign_in(alice)
    [row] = host.rows.all()
    assert (row.method, row.provider, row.issuer, row.subject, row.callback) == ("sso", "Plain", None, None, None)
    check_password_is_managed(alice, host)


@everywhere
def test_what_the_provider_says_of_the_sign_in_is_kept_with_the_session(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    host, okta = with_okta(new_host, monkeypatch)
    okta.claims = {"sub": "77", "sid": "s1", "acr": "urn:mfa", "auth_time": 1_750_000_000}
    okta.sign_in(host.browser())
    [row] = host.rows.all()
    assert (row.issuer, row.subject, row.idp_session) == ("https://okta.example", "77", "s1")
    assert (row.acr, row.auth_time, row.id_token) == ("urn:mfa", 1_750_000_000, None)
    assert row.callback == "https://host.example/callback/Okta"


@pytest.mark.parametrize("auth_time", [True, -1, 1e300, 0, None])
def test_a_time_that_is_none_is_left_out(auth_time: Any, new_host: Callable[..., Host], monkeypatch: Any) -> None:
    host, okta = with_okta(new_host, monkeypatch)
    okta.claims = {"sub": "77", "auth_time": auth_time}
    okta.sign_in(host.browser())
    assert [row.auth_time for row in host.rows.all()] == [None]


@everywhere
def test_two_people_whose_long_names_begin_alike_are_two(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """What is too long for its column is not cut; and no character of it is an error."""
    host, okta = with_okta(new_host, monkeypatch)
    alice, bob = host.browser(), host.browser()
    for browser, name, last in ((alice, "alice", "a"), (bob, "bob", "b")):
        okta.claims = {"sub": "x" * 300 + last, "sid": "\x00" + "y" * 300 + last}
        assert okta.sign_in(browser, as_user=name).location == "/page"
    assert okta.tell(host, sub="x" * 300 + "a").status_code == 200
    assert not alice.is_in()
    assert bob.is_in()


# ---- where else, and what else


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("https://id.example/pw", True),
        ({"Okta": "https://id.example/pw"}, True),
        ({"Other": "https://x.example"}, False),
    ],
)
def test_the_page_says_where_the_organization_changes_passwords(
    setting: Any, shown: bool, new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    host, okta = with_okta(new_host, monkeypatch, MYPROFILE_SSO_PASSWORD_URL=setting)
    alice, local = host.browser(), host.browser()
    okta.sign_in(alice)
    local.login("alice")
    assert ('href="https://id.example/pw"' in alice.get("/profile/password").text) is shown
    assert alice.json("/profile/password").json["password_url"] == ("https://id.example/pw" if shown else None)
    assert "id.example" not in local.get("/profile/password").text
    assert local.json("/profile/password").json["password_url"] is None


def test_fields_that_the_provider_owns_are_locked_for_its_users(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """And for nobody else; with the reason beside them, and by whatever door they are sent."""
    host, okta = with_okta(new_host, monkeypatch, MYPROFILE_PERSONAL_SSO_FIELDS=("first_name", "last_name"))
    alice, local = host.browser(), host.browser()
    okta.sign_in(alice)
    local.login("bob")
    page = alice.get(PERSONAL).text
    assert page.count("Your organization manages this.") == 4, "and nobody but the organization has the other two"
    assert "This cannot be changed here." not in page
    assert "Your organization manages this." not in local.get(PERSONAL).text
    sent = {"first_name": "Mallory", "last_name": "Mallory", "phone": "1"}
    assert alice.post(PERSONAL, sent).status_code == 303
    assert alice.post_json(PERSONAL, sent).status_code == 200
    saved = host.user("alice")
    assert (saved.first_name, saved.last_name, saved.phone) == ("Alice", "Test", "1")
    assert local.post(PERSONAL, sent).status_code == 303
    assert host.user("bob").first_name == "Mallory"
