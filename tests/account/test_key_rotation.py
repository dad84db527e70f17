"""A new SECRET_KEY with the old one in SECRET_KEY_FALLBACKS signs nobody out and loses nothing; an old key alone opens
nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import Result
from flask_login import decode_cookie, encode_cookie

from flask_myprofile import cli, current_profile
from flask_myprofile.account import token_copies
from flask_myprofile.store.sqlalchemy import SqlStore
from tests.support.devices import live, sent_to_login, sign_out
from tests.support.host import Browser, Host
from tests.support.kept import Kept, everywhere, first_everywhere, in_each_database

COOKIES = ("session", "remember_token", "myprofile_device")
REVEAL = "/profile/api-token/reveal"
#: None of these ever signed a cookie.
UNUSABLE = ["", None, "ключ"]


@pytest.fixture
def with_key(new_host: Callable[..., Host], kept: Kept) -> Callable[..., Host]:
    """The one host, started again with another key."""
    url = kept.new_database()

    def start(secret_key: str, *fallbacks: str, **settings: Any) -> Host:
        return new_host(url, SECRET_KEY=secret_key, SECRET_KEY_FALLBACKS=list(fallbacks), **settings)

    return start


def moved(browser: Browser, host: Host, *names: str) -> Browser:
    """The browser, or a copy of some of its cookies, at the host that was started again."""
    other = host.browser()
    for name in names or COOKIES:
        if (value := browser.cookie(name)) is not None:
            other.set_cookie(name, value)
    return other


def signer(host: Host, browser: Browser) -> str | None:
    """Whose key signed the browser's remember-me cookie."""
    cookie = browser.cookie("remember_token") or ""
    return next((key for key in ("new", "old") if decode_cookie(cookie, key) is not None), None)


# ---- browsers


@everywhere
def test_who_is_signed_in_stays_so_and_is_one_row(with_key: Callable[..., Host]) -> None:
    old = with_key("old")
    browser = old.browser()
    browser.login("alice")
    rotated = with_key("new", "older", "old")
    alice = moved(browser, rotated)
    assert alice.is_in()
    assert live(rotated) == 1
    assert sent_to_login(moved(browser, with_key("new")))


@everywhere
def test_a_remembered_device_comes_back_and_its_cookie_is_signed_by_the_new_key(with_key: Callable[..., Host]) -> None:
    old = with_key("old")
    browser = old.browser()
    browser.login("alice", remember=True)
    rotated = with_key("new", "older", "old")
    device = moved(browser, rotated, "remember_token", "myprofile_device")
    assert signer(rotated, device) == "old"
    assert device.is_in()
    assert signer(rotated, device) == "new"
    assert len(device.sessions()) == 1
    final = moved(device, with_key("new"), "remember_token", "myprofile_device")
    assert final.is_in(), "also when the old key is no fallback any more"
    assert live(rotated) == 1


def test_a_remembered_device_that_logs_out_in_that_very_request_is_not_remembered_again(
    with_key: Callable[..., Host],
) -> None:
    old = with_key("old", csrf=False)
    browser = old.browser()
    browser.login("alice", remember=True)
    rotated = with_key("new", "old", csrf=False)
    device = moved(browser, rotated, "remember_token", "myprofile_device")
    assert device.client.post("/logout").status_code == 302
    assert device.cookie("remember_token") is None
    assert sent_to_login(device)


@first_everywhere("device", ["signed out", "none", "junk", "of another user"])
def test_an_old_key_alone_signs_nobody_in(device: str, with_key: Callable[..., Host]) -> None:
    """Whoever has found it can name anybody in a remember-me cookie, and has no device of theirs."""
    old = with_key("old")
    alice, bob = old.browser(), old.browser()
    alice.login("alice", remember=True)
    bob.login("bob", remember=True)
    rotated = with_key("new", "old")
    attacker = rotated.browser()
    attacker.set_cookie("remember_token", encode_cookie("1", "old"))
    if device == "junk":
        attacker.set_cookie("myprofile_device", f"{(alice.cookie('myprofile_device') or '')[:24]}.{'x' * 43}")
    elif device == "of another user":
        attacker.set_cookie("myprofile_device", str(bob.cookie("myprofile_device")))
    elif device == "signed out":
        attacker.set_cookie("myprofile_device", str(alice.cookie("myprofile_device")))
        other = rotated.browser()
        other.login("alice")
        sign_out(other, moved(alice, rotated))
    assert sent_to_login(attacker)
    deleted = attacker.cookie("remember_token") is None
    assert deleted is (device != "none"), "one that nobody here has signed may be of another app"
    assert sent_to_login(attacker)


@pytest.mark.parametrize("fallbacks", [UNUSABLE, None, ()])
def test_a_fallback_that_never_signed_anything_is_passed_over(fallbacks: Any, new_host: Callable[..., Host]) -> None:
    host = new_host(SECRET_KEY="new", SECRET_KEY_FALLBACKS=fallbacks)
    browser = host.browser()
    browser.login("alice", remember=True)
    browser.restart()
    assert browser.is_in()
    browser.restart()
    browser.set_cookie("remember_token", encode_cookie("1", "unknown"))
    assert sent_to_login(browser)


def test_a_cookie_from_before_the_installation_that_was_signed_out_stays_so(
    new_host: Callable[..., Host], with_key: Callable[..., Host], kept: Kept
) -> None:
    """Its row's name was made from the old key; that it is older than the sign-out is enough."""
    with_key("old").close(drop=False)
    before = with_key("old", myprofile=False)
    browser = before.browser()
    browser.login("alice")
    installed = with_key("old")
    adopted, other = moved(browser, installed), installed.browser()
    assert adopted.is_in()
    other.login("alice")
    sign_out(other, adopted)
    rotated = with_key("new", "old")
    assert sent_to_login(moved(browser, rotated))
    assert sent_to_login(moved(adopted, rotated))


# ---- tokens that can be copied


def made(host: Host, *names: str) -> list[str]:
    with host.app.test_request_context():
        return [current_profile.tokens.regenerate(host.user(name)) for name in names]


def revealed(host: Host, name: str) -> str | None:
    browser = host.browser()
    browser.login(name)
    token: str | None = browser.post_json(REVEAL).json.get("token")
    return token


def rekey(host: Host, *options: str) -> Result:
    return host.app.test_cli_runner().invoke(cli.group, ["tokens", "rekey", *options])


def said(number: int) -> str:
    return f"Encrypted {number} {'token' if number == 1 else 'tokens'} with the newest key.\n"


def ciphertexts(host: Host) -> dict[str, str]:
    return dict(map(tuple, host.sql("SELECT user_key, ciphertext FROM myprofile_token")))


@in_each_database
def test_after_rekey_the_old_keys_are_needed_no_more(with_key: Callable[..., Host]) -> None:
    made_by = dict(zip(("alice", "bob"), made(with_key("old"), "alice", "bob"), strict=True))
    rotated = with_key("new", "older", "old")
    before = ciphertexts(rotated)
    assert (rekey(rotated).output, rekey(rotated).exit_code) == (said(2), 0)
    after = ciphertexts(rotated)
    assert set(before.values()).isdisjoint(after.values())
    final = with_key("new")
    assert {name: revealed(final, name) for name in made_by} == made_by
    assert rekey(rotated).output == said(0)
    assert ciphertexts(rotated) == after, "running it twice changes nothing"
    assert rekey(rotated, "--quiet").output == ""


def test_what_no_key_reads_is_counted_and_left_and_what_is_not_kept_is_passed_over(
    with_key: Callable[..., Host],
) -> None:
    (lost,) = made(with_key("lost"), "alice")
    made(with_key("old"), "bob")
    rotated = with_key("new", "old")
    before = ciphertexts(rotated)["1"]
    made(with_key("new", MYPROFILE_FEATURES={"api_token": True, "api_token.copy": False}), "admin")
    for number in (1, 0):
        result = rekey(rotated)
        assert result.exit_code == 0
        assert result.stdout == said(number)
        assert result.stderr == "Left 1 token that no key reads: they work, and cannot be copied.\n"
    assert ciphertexts(rotated)["1"] == before
    assert ciphertexts(rotated)["3"] is None
    with rotated.app.test_request_context():
        assert current_profile.tokens.verify(lost).username == "alice"


def test_rekey_that_was_interrupted_goes_on_where_it_was(
    with_key: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch is a transaction of its own."""
    made_by = dict(zip(("alice", "bob", "admin"), made(with_key("old"), "alice", "bob", "admin"), strict=True))
    rotated, seen = with_key("new", "old"), list[str]()
    monkeypatch.setattr(token_copies, "_BATCH", 1)
    rewrite = SqlStore.rewrite_ciphertexts

    def fails_at_the_third(self: SqlStore, change: Any, after: str, limit: int) -> str | None:
        seen.append(after)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return rewrite(self, change, after, limit)

    monkeypatch.setattr(SqlStore, "rewrite_ciphertexts", fails_at_the_third)
    assert rekey(rotated).exit_code != 0
    assert seen == ["", "1", "2"]
    assert rekey(rotated).output == said(1)
    final = with_key("new")
    assert {name: revealed(final, name) for name in made_by} == made_by


@in_each_database
def test_rekey_twice_at_once_spoils_nothing(with_key: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    made_by = dict(zip(("alice", "bob", "admin"), made(with_key("old"), "alice", "bob", "admin"), strict=True))
    rotated = with_key("new", "old")
    monkeypatch.setattr(token_copies, "_BATCH", 1)

    def run(number: int) -> tuple[int, int]:
        with rotated.app.app_context():
            return current_profile.tokens.rekey()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(2)))
    assert all(unreadable == 0 for _, unreadable in results)
    assert sum(changed for changed, _ in results) >= 3
    final = with_key("new")
    assert {name: revealed(final, name) for name in made_by} == made_by


@pytest.mark.parametrize("meanwhile", ["regenerated", "revoked"])
def test_a_token_that_changes_while_it_is_encrypted_again_stays_as_it_became(
    meanwhile: str, with_key: Callable[..., Host]
) -> None:
    made(with_key("old"), "alice")
    rotated, fresh = with_key("new", "old"), list[str]()
    with rotated.app.app_context():
        manager = current_profile.tokens

        def slowly(ciphertext: str) -> str:
            if meanwhile == "regenerated":
                fresh.extend(made(rotated, "alice"))
            else:
                rotated.sql("DELETE FROM myprofile_token")
            return "what was read before"

        assert manager._store.rewrite_ciphertexts(slowly, "", 10) == "1"
    assert revealed(rotated, "alice") == (fresh[0] if fresh else None)
