"""API Token: made and shown once or copied again, dead as soon as it is replaced, and no way around the sessions."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.signals import token_changed
from flask_myprofile.store.sqlalchemy import SqlStore
from tests.support.devices import pass_time
from tests.support.host import Browser, Host, signed_in
from tests.support.walks import everything

TAB = "/profile/api-token"
MAKE, SHOW, REVOKE = f"{TAB}/regenerate", f"{TAB}/reveal", f"{TAB}/revoke"
SWITCHES = "/profile/admin/features"


def made(browser: Browser) -> str:
    return str(browser.post_json(MAKE).json["token"])


def confirmed(browser: Browser, times: int = 1) -> list[Any]:
    """Answers to the form of the question before a regeneration, sent so many times."""
    asked = browser.get(MAKE).text
    sent = dict(re.findall(r'<input type="hidden" name="(version)" value="([^"]*)"', asked))
    return [browser.post(MAKE, sent) for _ in range(times)]


def call(host: Host, token: str, **kwargs: Any) -> Any:
    return host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}, **kwargs)


def switch(host: Host, **features: bool) -> None:
    sent = {name.replace("__", "."): on for name, on in features.items()}
    assert signed_in(host, "admin").post_json(SWITCHES, sent).status_code == 200


def shown_in(html: str) -> str:
    found = re.search(r"<textarea[^>]*>(mpt_\w+)</textarea>", html)
    assert found, "no token on the page"
    return found[1]


# ---- what a token is, and where it can be seen


def test_a_token_is_256_random_bits_with_a_checksum(host: Host) -> None:
    """T01"""
    alice = signed_in(host)
    with host.app.test_request_context():
        tokens, user = current_profile.tokens, host.user("alice")
        many = {tokens._new() for _ in range(10_000)}
        assert len(many) == 10_000
        assert all(re.fullmatch(r"mpt_[0-9A-Za-z]{49}", each) and tokens.looks_like_one(each) for each in many)
        assert len({each[4] for each in many}) > 1
        made_here = tokens.regenerate(user)
        assert tokens.verify(made_here).username == "alice"
        swapped = made_here[:4] + made_here[5] + made_here[4] + made_here[6:]
        assert swapped == made_here or not tokens.looks_like_one(swapped)
    assert alice.post_json(SHOW).json["token"] == made_here


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_a_token_is_in_the_answer_that_made_it_and_nowhere_else(
    copy: bool, as_json: bool, new_host: Callable[..., Host], caplog: pytest.LogCaptureFixture
) -> None:
    """B29, T02, T03, T11: not in the database, later pages, cookies, messages, logs or what code may print."""
    host = new_host(MYPROFILE_FEATURES={"api_token": True, "api_token.copy": copy})
    caplog.set_level("DEBUG")
    alice, admin = signed_in(host), signed_in(host, "admin")
    answer = alice.post_json(MAKE) if as_json else alice.post(MAKE)
    token = answer.json["token"] if as_json else shown_in(answer.text)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert token not in str(answer.headers)
    if not as_json:
        assert ("it will not be shown again" in answer.text) is not copy
    assert call(host, token).json == {"user": "alice"}
    urls = (TAB, MAKE, REVOKE, "/profile/sessions", "/profile/personal-information", "/menu")
    later = [fetch(url).text for url in urls for fetch in (alice.get, alice.json)]
    later += [admin.get(url).text for url in (SWITCHES, TAB)] + [admin.json(SWITCHES).text, caplog.text]
    with host.app.test_request_context(), alice.client.session_transaction() as kept:
        later += [str(dict(kept)), repr(current_profile.tokens.find(host.user("alice"))), str(everything(host))]
    secret = token[4:]
    assert not [text for text in later if secret in text or secret[8:-8] in text]
    hint = alice.json(TAB).json["hint"]
    assert hint == f"{token[:8]}…{token[-4:]}"
    assert hint in alice.get(TAB).text


@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_a_token_that_may_be_copied_is_shown_again_by_a_post_only(as_json: bool, host: Host) -> None:
    """T04"""
    alice = signed_in(host)
    token = made(alice)
    assert alice.get(SHOW).location == TAB, "a GET shows nothing"
    answer = alice.post_json(SHOW) if as_json else alice.post(SHOW)
    assert (answer.json["token"] if as_json else shown_in(answer.text)) == token
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert signed_in(host, "bob").post_json(SHOW).json["code"] == "not_copyable"


def test_where_copying_is_off_a_token_is_only_a_digest_and_shown_once(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES_PINNED={"api_token": True, "api_token.copy": False})
    alice = signed_in(host)
    made(alice)
    assert host.sql("SELECT ciphertext FROM myprofile_token") == [(None,)]
    assert [alice.post(SHOW).status_code, alice.post_json(SHOW).status_code] == [404, 404]
    assert SHOW not in alice.get(TAB).text


def test_pruning_deletes_what_could_be_copied_before_the_configuration_switched_copying_off(
    new_host: Callable[..., Host],
) -> None:
    """And the copy of a token that was being made while somebody switched it off."""
    host = new_host()
    token = made(signed_in(host))
    runner = host.app.test_cli_runner()
    runner.invoke(args=["myprofile", "sessions", "prune"])
    assert host.sql("SELECT count(ciphertext) FROM myprofile_token") == [(1,)]
    switch(host, api_token__copy=False)
    host.sql("UPDATE myprofile_token SET ciphertext = 'made meanwhile'")
    assert runner.invoke(args=["myprofile", "sessions", "prune"]).exit_code == 0
    assert host.sql("SELECT count(ciphertext) FROM myprofile_token") == [(0,)]
    assert call(host, token).json == {"user": "alice"}


def test_switching_copying_off_deletes_what_could_be_copied(host: Host) -> None:
    """The token itself goes on working, and switching copying on again brings no copy back."""
    alice, bob = signed_in(host), signed_in(host, "bob")
    token, other = made(alice), made(bob)
    switch(host, preferences=False)
    assert alice.post_json(SHOW).json["token"] == token, "no other switch does that"
    switch(host, api_token__copy=False)
    assert host.sql("SELECT ciphertext FROM myprofile_token") == [(None,), (None,)]
    switch(host, api_token__copy=True)
    assert (alice.post_json(SHOW).status_code, alice.post_json(SHOW).json["code"]) == (404, "not_copyable")
    page = alice.post(SHOW)
    assert page.status_code == 404
    assert "This token cannot be shown again. Regenerate it to get one that can." in page.text
    assert SHOW not in alice.get(TAB).text
    assert [call(host, each).json for each in (token, other)] == [{"user": "alice"}, {"user": "bob"}]
    assert alice.post_json(SHOW).status_code == 404
    assert made(alice) == alice.post_json(SHOW).json["token"]


def test_a_new_secret_key_keeps_copyable_tokens_while_the_old_one_is_a_fallback(
    new_host: Callable[..., Host], tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    old = new_host(url, SECRET_KEY="old")
    token = made(signed_in(old))
    rotated = new_host(url, SECRET_KEY=b"new", SECRET_KEY_FALLBACKS=["old"])
    assert signed_in(rotated).post_json(SHOW).json["token"] == token
    forgotten = new_host(url, SECRET_KEY="new")
    alice = signed_in(forgotten)
    assert (alice.post_json(SHOW).status_code, alice.post(SHOW).status_code) == (404, 404)
    assert call(forgotten, token).json == {"user": "alice"}, "the token itself depends on no key"
    fresh = made(signed_in(rotated))
    assert alice.post_json(SHOW).json["token"] == fresh, "the newest key encrypts"


@pytest.mark.parametrize("columns", [("ciphertext",), ("ciphertext", "digest")])
def test_a_ciphertext_in_another_users_row_is_refused(columns: tuple[str, ...], host: Host) -> None:
    """T04: who can write to the database does not get to read other people's tokens on a page of their own."""
    token = made(signed_in(host))
    bob = signed_in(host, "bob")
    made(bob)
    (values,) = host.sql(f"SELECT {', '.join(columns)} FROM myprofile_token WHERE user_key = '1'")
    host.sql("DELETE FROM myprofile_token WHERE user_key = '1'")
    for name, value in zip(columns, values, strict=True):
        host.sql(f"UPDATE myprofile_token SET {name} = :value WHERE user_key = '2'", value=value)
    answers = [bob.post_json(SHOW), bob.post(SHOW)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert token not in "".join(answer.text for answer in answers)


# ---- the end of a token


def test_a_replaced_token_is_dead_at_the_next_request_in_every_worker(
    new_host: Callable[..., Host], tmp_path: Any
) -> None:
    """B43, K16"""
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    workers = [new_host(url), new_host(url)]
    alice = signed_in(workers[0])
    first = made(alice)
    assert [call(each, first).status_code for each in workers] == [200, 200]
    second = made(alice)
    for each in workers:
        refused = call(each, first)
        assert (refused.status_code, refused.json["code"]) == (401, "invalid_token")
        assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert "Set-Cookie" not in refused.headers
        assert call(each, second).json == {"user": "alice"}
    assert alice.post(REVOKE).location == TAB
    assert [call(each, second).status_code for each in workers] == [401, 401]
    assert alice.json(TAB).json["hint"] is None
    assert "You have no API token" in alice.get(TAB).text
    third = alice.post(MAKE)
    assert [call(each, shown_in(third.text)).status_code for each in workers] == [200, 200]


@pytest.mark.parametrize("existing", [True, False], ids=["second token", "first token"])
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_of_two_regenerations_at_once_one_gives_the_token_and_one_409(
    existing: bool,
    as_json: bool,
    database_url: str,
    new_host: Callable[..., Host],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = new_host(database_url)
    alice, elsewhere, replace, won = signed_in(host), signed_in(host), SqlStore.replace_token, list[str]()
    old = made(alice) if existing else None

    def meanwhile(store: SqlStore, *args: Any) -> bool:
        monkeypatch.setattr(SqlStore, "replace_token", replace)
        other = threading.Thread(target=lambda: won.append(made(elsewhere)))
        other.start()
        other.join()
        return replace(store, *args)

    monkeypatch.setattr(SqlStore, "replace_token", meanwhile)
    lost = alice.post_json(MAKE) if as_json else confirmed(alice)[0]
    assert lost.status_code == 409
    assert "This was done already, here or in another window." in lost.text
    assert "token_changed" in lost.text or not as_json
    assert call(host, won[0]).json == {"user": "alice"}
    assert host.sql("SELECT count(*) FROM myprofile_token") == [(1,)]
    assert old is None or call(host, old).status_code == 401
    assert alice.post_json(SHOW).json["token"] == won[0]


def test_one_confirmation_is_one_regeneration(host: Host) -> None:
    """T05: the form that was sent twice, or is older than a revocation, makes no second token."""
    alice = signed_in(host)
    first, again = confirmed(alice, 2)
    assert [first.status_code, again.status_code] == [200, 409]
    second, again = confirmed(alice, 2)
    token = shown_in(second.text)
    assert again.status_code == 409
    assert "This was done already, here or in another window." in again.text
    assert call(host, token).json == {"user": "alice"}
    page = alice.get(MAKE).text
    asked = re.findall(r'name="version" value="([^"]+)"', page)[0]
    alice.post(REVOKE)
    assert alice.post(MAKE, {"version": asked}).status_code == 409
    token = shown_in(alice.post(MAKE).text)
    assert alice.post(MAKE, {"version": asked}).status_code == 409
    assert call(host, token).json == {"user": "alice"}


def test_a_form_that_was_not_confirmed_replaces_no_token(host: Host) -> None:
    """T05: a direct POST, a second click on Generate."""
    alice = signed_in(host)
    token = shown_in(alice.post(MAKE).text)
    for sent in ({}, {"confirm": "true"}):
        refused = alice.post(MAKE, sent)
        assert refused.status_code == 422
        assert "Confirm first that it is to be replaced." in refused.text
    for sent in ({"version": ""}, {"version": "1"}):
        assert alice.post(MAKE, sent).status_code == 409
    assert alice.post_json(SHOW).json["token"] == token


def test_a_program_that_says_what_it_replaces_replaces_nothing_else(host: Host) -> None:
    """T05: the version of a token counts for that one, and a call that names none for whichever there is."""
    alice = signed_in(host)
    none = alice.json(TAB).json["version"]
    first = alice.post_json(MAKE, {"version": none}).json["token"]
    version = alice.json(TAB).json["version"]
    assert none != version
    second = alice.post_json(MAKE, {"version": version}).json["token"]
    for old in (none, version):
        again = alice.post_json(MAKE, {"version": old})
        assert (again.status_code, again.json["code"]) == (409, "token_changed")
    assert alice.post_json(SHOW).json["token"] == second
    third = alice.post_json(MAKE, {})
    assert third.status_code == 200
    assert third.json["token"] not in (first, second)


def test_a_token_expires_after_its_lifetime(new_host: Callable[..., Host]) -> None:
    """T10"""
    host = new_host(MYPROFILE_API_TOKEN_LIFETIME=3600)
    alice = signed_in(host)
    token = made(alice)
    host.sql("UPDATE myprofile_token SET expires_at = expires_at - 3590")
    assert call(host, token).status_code == 200
    host.sql("UPDATE myprofile_token SET expires_at = expires_at - 10")
    assert call(host, token).headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "This token has expired and no longer works." in alice.get(TAB).text
    assert call(host, made(alice)).status_code == 200


def test_its_page_asks_for_the_token_once(host: Host) -> None:
    alice = signed_in(host)
    made(alice)
    alice.get(TAB)
    statements = host.count_statements()
    assert "Integrations using it will stop working." in alice.get(TAB).text
    assert len([text for text in statements if "myprofile_token" in text]) == 1


def test_the_last_use_is_written_at_most_once_a_minute(host: Host) -> None:
    """T10"""
    alice = signed_in(host)
    token = made(alice)
    statements = host.count_statements()
    for _ in range(3):
        call(host, token, environ_base={"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "curl/8.5"})
    assert len([text for text in statements if text.startswith("UPDATE")]) == 1
    data = alice.json(TAB).json
    assert data["last_used_ip"] == "192.0.2.7"
    assert data["last_used_agent"] == "curl/8.5"
    assert "192.0.2.7" in alice.get(MAKE).text, "the question before a regeneration says who would be cut off"
    host.sql("UPDATE myprofile_token SET last_used_at = last_used_at - 60")
    statements.clear()
    call(host, token)
    assert len([text for text in statements if text.startswith("UPDATE")]) == 1


def test_of_uses_at_the_same_moment_the_first_is_kept(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """T10: workers that all found it due do not write it one after the other."""
    made(signed_in(host))
    pass_time(monkeypatch, 0)
    with host.app.test_request_context():
        tokens, user = current_profile.tokens, host.user("alice")
        record = tokens.find(user)
        for address in ("192.0.2.1", "192.0.2.2"):
            tokens.touch(record, address, "curl/8.5")
        assert tokens.find(user).last_used_ip == "192.0.2.1"
        pass_time(monkeypatch, 1)
        tokens.touch(record, "192.0.2.3", "curl/8.5")
        assert tokens.find(user).last_used_ip == "192.0.2.3"


@pytest.mark.parametrize("end", ["UPDATE user SET active = 0", "DELETE FROM user"])
def test_the_token_of_a_user_who_is_gone_signs_nobody_in(end: str, host: Host) -> None:
    token = made(signed_in(host))
    host.sql(f"{end} WHERE username = 'alice'")
    assert (call(host, token).status_code, call(host, token).json["code"]) == (401, "invalid_token")


def test_listeners_hear_of_the_token_and_never_the_token(host: Host) -> None:
    heard: list[dict[str, Any]] = []

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data)

    alice = signed_in(host)
    with token_changed.connected_to(listen, sender=host.app):
        made(alice)
        alice.post(REVOKE)
        alice.post(REVOKE)
    assert heard == [{"user_key": "1", "action": action} for action in ("regenerated", "revoked")]


def test_a_tab_that_is_switched_off_refuses_tokens_and_on_again_takes_them(host: Host) -> None:
    """B57, T09"""
    alice = signed_in(host)
    token = made(alice)
    switch(host, api_token=False)
    for url in (TAB, MAKE, SHOW, REVOKE):
        assert [alice.get(url).status_code, alice.json(url).status_code] == [404, 404]
        assert url == TAB or [alice.post(url).status_code, alice.post_json(url).status_code] == [404, 404]
    assert (call(host, token).status_code, call(host, token).json["code"]) == (401, "invalid_token")
    switch(host, api_token=True)
    assert call(host, token).json == {"user": "alice"}
    assert alice.post_json(SHOW).json["token"] == token


def test_revoked_is_said_only_of_a_token_that_was_there(host: Host) -> None:
    alice = signed_in(host)
    made(alice)
    assert alice.post_json("/profile/api-token/revoke").json["message"] == "Your API token has been revoked."
    assert alice.post_json("/profile/api-token/revoke").json["message"] == "You have no API token"
