"""P5 of API tokens: a session is looked at before the token is born that it makes. Whoever ends both, as in an
emergency, is not got past by a token that is made meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.tokens import Tokens
from flask_myprofile.store.sql_tokens import SqlTokens
from flask_myprofile.testing import wait_for_notices
from tests.support.devices import sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere, in_these
from tests.support.meanwhile import meanwhile

MAKE = "/profile/api-token/regenerate"


def signed_in(host: Host, name: str) -> Browser:
    browser = host.browser()
    browser.login(name)
    browser.csrf()
    return browser


def tokens_left(host: Host) -> list[Any]:
    return host.sql("SELECT user_key FROM myprofile_token")


def by_an_administrator(host: Host, as_json: bool) -> Callable[[], Any]:
    admin = signed_in(host, "admin")
    send = admin.post_json if as_json else admin.post
    return lambda: send("/profile/admin/sessions/end-everything", {"user": "1"}).status_code


def by_python(host: Host) -> Callable[[], Any]:
    def offboard() -> Any:
        with host.app.test_request_context():
            return current_profile.offboard(host.user("alice"))

    return offboard


def by_the_command_line(host: Host) -> Callable[[], Any]:
    runner = host.app.test_cli_runner()
    return lambda: runner.invoke(args=["myprofile", "offboard", "alice", "--yes"]).exit_code


def by_erasing(host: Host) -> Callable[[], Any]:
    def forget() -> Any:
        with host.app.test_request_context():
            current_profile.forget(host.user("alice"))
            return True

    return forget


WAYS: dict[str, Callable[[Host], Callable[[], Any]]] = {
    "page": lambda host: by_an_administrator(host, as_json=False),
    "JSON": lambda host: by_an_administrator(host, as_json=True),
    "Python": by_python,
    "command line": by_the_command_line,
    "erased": by_erasing,
}


@everywhere
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("had_one", [False, True], ids=["the first", "another"])
def test_a_token_that_is_made_while_everything_ends_does_not_work(
    had_one: bool, way: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thief was let in before, and the token is stored after."""
    thief = signed_in(host, "alice")
    if had_one:
        thief.post_json(MAKE)
    meanwhile(monkeypatch, Tokens, "regenerate", WAYS[way](host))
    answer = thief.post_json(MAKE)
    assert "token" not in (answer.json or {}) and answer.status_code in (401, 403, 409), answer.text
    assert tokens_left(host) == []
    assert sent_to_login(thief)


@in_these("postgres")
@pytest.mark.parametrize("way", WAYS)
def test_nor_one_that_is_stored_before_the_end_is_committed(
    way: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends it has looked for a token, and there was none yet; and its session is not seen to have ended."""
    thief, end = signed_in(host, "alice"), WAYS[way](host)
    made: list[Any] = []
    usual = SqlTokens.delete_token

    def looked_for(*args: Any, **kwargs: Any) -> Any:
        found = usual(*args, **kwargs)
        if not made:
            made.append(None)
            beside = Thread(target=lambda: made.append(thief.post_json(MAKE).status_code))
            beside.start()
            beside.join(30)
        return found

    monkeypatch.setattr(SqlTokens, "delete_token", looked_for)
    end()
    assert made[1] == 200, "it was let in before, and was there in time"
    assert tokens_left(host) == []
    assert sent_to_login(thief)


@everywhere
def test_nor_past_this_was_not_me(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    settings = {"MYPROFILE_NOTIFY": lambda user, notice: told.append(notice)}
    host = new_host(MYPROFILE_EXTERNAL_URL="https://app.example", **settings)
    alice = signed_in(host, "alice")
    alice.post_json(MAKE)
    wait_for_notices(host.app)
    sent = {"token": told[-1].link.partition("token=")[2], "everywhere": "y", "api_token": "y"}
    visitor = host.browser()
    meanwhile(monkeypatch, Tokens, "regenerate", lambda: visitor.post("/profile/mail-link", sent).status_code)
    assert "token" not in alice.post_json(MAKE).json
    assert tokens_left(host) == []


def test_a_session_that_has_not_ended_makes_its_token(host: Host) -> None:
    alice = signed_in(host, "alice")
    token = alice.post_json(MAKE).json["token"]
    answer = host.browser().get("/api", headers={"Authorization": f"Bearer {token}"})
    assert answer.json == {"user": "alice"}
