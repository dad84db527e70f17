"""Single Sign-On: whoever signed in by it has no password to change here, and everybody else has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import redirect, request

from flask_myprofile import Users, current_profile, record_sso
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.providers import Provider, serve, with_providers

SENTENCE = "Your account uses Single Sign On (SSO). Password is managed by your organization."
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


def check_password_is_managed(browser: Browser, host: Host, username: str = "alice") -> None:
    """The page says the sentence and has no form; no POST, of whatever kind, does anything."""
    before = host.user(username).password_hash
    page = browser.get("/profile/password")
    assert page.status_code == 200
    assert f"<p>{SENTENCE}</p>" in page.text
    assert 'type="password"' not in page.text
    assert browser.json("/profile/password").json["can_change"] is False
    refused = browser.post("/profile/password", CHANGE)
    assert refused.status_code == 403
    assert SENTENCE in refused.text
    refused = browser.post_json("/profile/password", CHANGE)
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    assert (refused.json["title"], refused.json["code"]) == (SENTENCE, "sso_managed")
    assert browser.post_json("/profile/password", {}).status_code == 403, "whatever is in it"
    assert host.user(username).password_hash == before


def check_password_can_be_changed(browser: Browser) -> None:
    page = browser.get("/profile/password")
    assert SENTENCE not in page.text
    assert 'name="current_password"' in page.text
    assert browser.post("/profile/password", CHANGE).status_code == 303


def row_of(browser: Browser) -> dict[str, Any]:
    return next(row for row in browser.sessions() if row["current"])


@pytest.mark.parametrize("kind", ["oidc", "oauth2", "oauth1"])
@pytest.mark.parametrize(
    "way",
    [{}, {"oauth_first": False}, {"lazily": True}, {"subclass": True}],
    ids=["OAuth first", "OAuth last", "on first use", "subclass of the client"],
)
def test_a_sign_in_through_authlib_is_recognised(
    kind: str, way: dict[str, Any], new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B69: with all claims and with none; however and whenever the clients are made."""
    provider = Provider("Okta", kind)
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider, **way))
    alice = host.browser()
    assert provider.sign_in(alice).location == "/page"
    row = row_of(alice)
    assert (row["method"], row["provider"]) == ("sso", "Okta")
    assert "Single Sign On · Okta" in alice.get("/profile/sessions").text
    check_password_is_managed(alice, host)
    assert alice.get("/profile/personal-information").status_code == 200


def test_issuer_subject_and_session_are_those_of_the_validated_token(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B25, B69: kept in the row; a subject may be a number, a sid may be missing."""
    full = Provider("full", claims={"sub": "77", "sid": "s-1"})
    bare = Provider("bare", claims={"sub": "78"})
    plain = Provider("plain", "oauth2", profile={"id": 42})
    serve(monkeypatch, full, bare, plain)
    host = new_host(**with_providers(full, bare, plain))
    for provider in (full, bare):
        assert provider.sign_in(host.browser()).status_code == 302
    assert plain.sign_in(host.browser(), profile="1").status_code == 302
    rows = host.sql("SELECT provider, issuer, subject, idp_session FROM myprofile_session ORDER BY subject")
    assert rows == [
        ("plain", None, "42", None),
        ("full", "https://full.example", "77", "s-1"),
        ("bare", "https://bare.example", "78", None),
    ]


def test_who_is_refused_by_the_provider_has_no_session(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """B69"""
    provider = Provider("Okta")
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    alice = host.browser()
    asked = provider.start(alice)
    refused = alice.get(f"/callback/Okta?error=access_denied&state={asked['state']}&as=alice")
    assert (refused.status_code, refused.text) == (403, "not signed in: access_denied")
    assert provider.come_back(alice, {"state": "of somebody else"}).status_code == 403
    assert host.sql("SELECT * FROM myprofile_session") == []
    alice.login("alice")
    check_password_can_be_changed(alice)


def test_the_app_having_sso_locks_nobody_who_signs_in_with_a_password(
    new_host: Callable[..., Host], monkeypatch: Any
) -> None:
    """B24 A and D: it is the session that decides, not the app and not the past."""
    provider = Provider("Okta")
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    by_sso, by_password, bob = host.browser(), host.browser(), host.browser()
    provider.sign_in(by_sso)
    by_password.login("alice")
    bob.login("bob")
    check_password_is_managed(by_sso, host)
    check_password_can_be_changed(by_password)
    check_password_can_be_changed(bob)
    assert not by_sso.is_in(), "a new password ends the other sessions, those by SSO as well"


def test_who_has_no_password_is_told_so_and_cannot_set_one(new_host: Callable[..., Host]) -> None:
    """B24 E: not SSO, and no hash: an empty current password opens nothing."""
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)  # or there is no session without the password
    alice = host.browser()
    alice.login("alice")
    host.sql('UPDATE "user" SET password_hash = NULL WHERE username = :name', name="alice")
    page = alice.get("/profile/password")
    assert SENTENCE not in page.text
    assert "Your account has no password yet." in page.text
    assert "<input class=" not in page.text.partition('id="mp-tab-title"')[2], "nothing to type in"
    for current in ("", PASSWORD, "None"):
        sent = {**CHANGE, "current_password": current}
        assert alice.post("/profile/password", sent).status_code == 422
        assert alice.post_json("/profile/password", sent).status_code == 422
    assert host.user("alice").password_hash is None


def test_linking_a_provider_while_signed_in_is_no_sign_in(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """B24 D"""
    provider = Provider("Okta")
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    alice = host.browser()
    alice.login("alice")
    provider.sign_in(alice, link="1")
    assert row_of(alice)["method"] == "password"
    check_password_can_be_changed(alice)


def test_sso_is_remembered_with_the_device(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    provider = Provider("Okta")
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    alice = host.browser()
    provider.sign_in(alice, remember="1")
    alice.restart()
    assert alice.is_in()
    check_password_is_managed(alice, host)


def test_the_same_subject_at_two_providers_is_two_identities(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """B42: nothing is linked by an e-mail address, verified or not."""
    first = Provider("first", claims={"sub": "77", "email": "ALICE@x.test", "email_verified": False})
    second = Provider("second", claims={"sub": "77", "email": "alice@x.test", "email_verified": True})
    serve(monkeypatch, first, second)
    host = new_host(**with_providers(first, second))
    alice = host.browser()
    alice.login("alice")
    for provider in (first, second):
        stranger = host.browser()
        provider.sign_in(stranger, as_user="bob")
        check_password_is_managed(stranger, host, "bob")
        assert len(alice.sessions()) == 1, "the address in a claim says nothing about Alice"
    found = host.sql("SELECT issuer, subject FROM myprofile_session WHERE method = 'sso' ORDER BY issuer")
    assert found == [("https://first.example", "77"), ("https://second.example", "77")]
    check_password_can_be_changed(alice)


def test_the_session_cookie_stays_small(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """B25: big tokens are kept nowhere in the browser, and of ours there is one short value."""
    groups = [f"group-{number:03}-of-the-company" for number in range(200)]
    provider = Provider("Okta", claims={"sub": "77", "sid": "x" * 200, "groups": groups})
    serve(monkeypatch, provider)
    host = new_host(**with_providers(provider))
    alice = host.browser()
    for _ in range(15):  # signing in was begun and given up
        asked = provider.start(alice)
    assert provider.come_back(alice, asked).location == "/page"
    for tab in ("personal-information", "preferences", "password", "api-token", "sessions"):
        assert alice.get(f"/profile/{tab}").status_code == 200
        assert len(alice.cookie("session") or "") <= 4093
    with alice.client.session_transaction() as kept:
        ours = {name: value for name, value in kept.items() if "myprofile" in name}
    assert len(ours) == 1
    assert len(str(ours)) <= 100


def test_whoever_wants_it_otherwise_may_switch_recognition_off(new_host: Callable[..., Host], monkeypatch: Any) -> None:
    """Also beside another app of the same process that has it on."""
    provider = Provider("Okta")
    serve(monkeypatch, provider)
    recognising = new_host(**with_providers(provider))
    other = new_host(**with_providers(provider), MYPROFILE_SSO_AUTHLIB=False)
    alice, bob = recognising.browser(), other.browser()
    provider.sign_in(alice)
    provider.sign_in(bob, as_user="bob")
    assert row_of(alice)["method"] == "sso"
    assert row_of(bob)["method"] == "password"
    check_password_can_be_changed(bob)


# ---- record_sso(): SAML, LDAP, headers


def recording(host: Host) -> None:
    """A host that signs in by something else than Authlib, and says so before or after login_user()."""

    @host.app.get("/saml/<when>")
    def saml(when: str) -> Any:
        user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar()

        def say() -> None:
            method = request.args.get("method", "sso")
            record_sso("Corp SAML", method, subject=7, issuer="https://idp.corp", session_id="_9")

        if when == "before":
            say()
        flask_login.login_user(user)
        if when == "after":
            say()
        return redirect("/page")


@pytest.mark.parametrize("when", ["before", "after"])
def test_record_sso_works_before_and_after_login_user(when: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=recording)
    alice, local = host.browser(), host.browser()
    assert alice.get(f"/saml/{when}").status_code == 302
    check_password_is_managed(alice, host)
    assert row_of(alice)["provider"] == "Corp SAML"
    stored = host.sql("SELECT method, provider, issuer, subject, idp_session FROM myprofile_session")
    assert stored == [("sso", "Corp SAML", "https://idp.corp", "7", "_9")]
    local.login("alice")
    check_password_can_be_changed(local)


@pytest.mark.parametrize("signs_out", [False, True], ids=["at once", "after a sign-out"])
def test_who_signs_in_after_somebody_in_one_request_is_not_whom_the_provider_has_named(
    signs_out: bool, new_host: Callable[..., Host]
) -> None:
    """As a supporter does who looks at what somebody sees, behind a proxy that signs in with a header."""

    def after(host: Host) -> None:
        @host.app.get("/as-bob")
        def as_bob() -> str:
            record_sso("Corp SAML", subject=7, issuer="https://idp.corp", session_id="_9")
            for name in ("alice", "alice", "bob"):
                flask_login.login_user(host.user(name))
                if signs_out and name != "bob":
                    flask_login.logout_user()
            return "bob"

    host = new_host(after=after, MYPROFILE_NOTIFY=lambda user, notice: None)
    browser = host.browser()
    assert browser.get("/as-bob").text == "bob"
    key = {name: str(host.user(name).id) for name in ("alice", "bob")}
    kept = host.sql("SELECT user_key, method, subject, idp_session FROM myprofile_session")
    assert kept == [(key["alice"], "sso", "7", "_9")] * 2 + [(key["bob"], "password", None, None)]
    assert host.sql("SELECT user_key FROM myprofile_identity") == [(key["alice"],)]
    devices = (
        "SELECT d.user_key, s.user_key FROM myprofile_known_device d JOIN myprofile_session s ON s.id = d.session_id"
    )
    assert set(host.sql(devices)) == {(key[name], key[name]) for name in key}
    check_password_can_be_changed(browser)


@pytest.mark.parametrize("method", ["saml", "ldap", "header"])
def test_whatever_its_method_is_called_the_password_is_locked(method: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=recording, MYPROFILE_SSO_DECIDES="account")
    alice, local = host.browser(), host.browser()
    alice.get(f"/saml/before?method={method}")
    assert (row_of(alice)["method"], row_of(alice)["provider"]) == (method, "Corp SAML")
    assert "Corp SAML" in alice.get("/profile/sessions").text
    check_password_is_managed(alice, host)
    local.login("alice")
    check_password_is_managed(local, host)


def test_a_provider_whose_people_have_a_password_here_says_so_and_locks_nothing(new_host: Callable[..., Host]) -> None:
    host = new_host(after=recording)
    alice = host.browser()
    alice.get("/saml/before?method=password")
    assert (row_of(alice)["method"], row_of(alice)["provider"]) == ("password", "Corp SAML")
    check_password_can_be_changed(alice)


@pytest.mark.parametrize(
    "rule", ["first_name_is_alice", lambda user: user.username == "alice"], ids=["name", "callable"]
)
def test_the_hosts_own_word_on_who_is_managed_counts_more(rule: Any, new_host: Callable[..., Host]) -> None:
    """B24: "linked = managed by the organisation", where the host wants it so."""
    host = new_host(after=recording, myprofile_options={"users": Users(is_sso=rule)})
    host.User.first_name_is_alice = property(lambda self: self.first_name == "Alice")
    alice, bob = host.browser(), host.browser()
    alice.login("alice")
    bob.login("bob")
    check_password_is_managed(alice, host)
    check_password_can_be_changed(bob)


def test_a_reset_by_mail_can_ask_who_may_change_a_password(host: Host) -> None:
    """Outside any session: on the command line, in the host's own "forgot password"."""
    host.sql('UPDATE "user" SET password_hash = NULL WHERE username = :name', name="bob")
    with host.app.app_context():
        assert current_profile.can_change_password(host.user("alice"))
        assert not current_profile.can_change_password(host.user("bob"))


def test_after_an_sso_session_a_password_session_is_one(new_host: Callable[..., Host]) -> None:
    """An SSO session ends like any other, and signing in by password afterwards is a password session."""
    host = new_host(after=recording)
    alice = host.browser()
    alice.get("/saml/before")
    alice.post("/logout")
    assert alice.get("/profile/password").status_code == 302
    alice.login("alice")
    check_password_can_be_changed(alice)
