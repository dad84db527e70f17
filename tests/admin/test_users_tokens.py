"""A user's API token, as an administrator sees and ends it; and everything at once, as in an emergency."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile, signals
from tests.admin.test_users import URL, signed_in
from tests.pages.test_pending_forms import confirm, stale
from tests.support.devices import asked_who, live, sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere
from tests.support.walks import everything

REVOKE, EVERYTHING = f"{URL}/revoke-token", f"{URL}/end-everything"


@pytest.fixture
def admin(host: Host) -> Browser:
    browser: Browser = signed_in(host, "admin")
    return browser


def token_of(host: Host, name: str = "alice") -> str:
    with host.app.test_request_context():
        token = current_profile.tokens.regenerate(host.user(name))
        host.db.session.commit()
    return token


def works(host: Host, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return bool(host.browser().get("/api", headers=headers).status_code == 200)


def version_of(admin: Browser) -> str:
    return str(admin.json(f"{URL}?user=alice").json["token"]["version"])


def test_its_facts_are_shown_and_never_the_token(host: Host, admin: Browser) -> None:
    assert "This user has no API token." in admin.get(f"{URL}?user=alice").text
    assert admin.json(f"{URL}?user=alice").json["token"] is None
    token = token_of(host)
    assert works(host, token)
    page, known = admin.get(f"{URL}?user=alice"), admin.json(f"{URL}?user=alice")
    assert token not in page.text + known.text
    for shown in (known.json["token"]["hint"], "127.0.0.1", "Last used", "Active"):
        assert shown in page.text
    assert set(known.json["token"]) == {
        *("hint", "created_at", "last_used_at", "last_used_ip", "last_used_agent", "expires_at", "version")
    }


@everywhere
def test_it_is_revoked_after_a_question_and_noted(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    heard: list[dict[str, Any]] = []
    admin, alice, token = signed_in(host, "admin"), signed_in(host, "alice"), token_of(host)
    question = admin.get(f"{REVOKE}?user=alice").text
    assert "Revoke the API token of Alice Test?" in question
    assert "The current token has never been used." in question
    assert works(host, token), "a question ends nothing"

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data)

    with signals.token_changed.connected_to(listen, sender=host.app):
        answer = admin.post(REVOKE, {"user": "1", "version": version_of(admin)})
    assert (answer.status_code, answer.location) == (303, f"{URL}?user=1")
    assert "The API token of Alice Test has been revoked." in admin.get(answer.location).text
    assert not works(host, token)
    assert alice.is_in()
    assert heard == [{"user_key": "1", "action": "revoked", "by": "3"}]
    assert "MyProfile: administrator '3' revoked the API token of user '1'" in caplog.text
    again = admin.post_json(REVOKE, {"user": "1"})
    assert (again.status_code, again.json["code"]) == (404, "no_such_token")
    assert admin.get(f"{REVOKE}?user=alice").location == f"{URL}?user=alice", "there is nothing to ask about"


def test_a_token_that_was_made_meanwhile_is_not_the_one_that_was_looked_at(host: Host, admin: Browser) -> None:
    token_of(host)
    version, token = version_of(admin), token_of(host)
    answer = admin.post(REVOKE, {"user": "1", "version": version})
    assert answer.status_code == 409
    assert "The token was regenerated in another window meanwhile." in answer.text
    assert admin.post_json(REVOKE, {"user": "1", "version": version}).json["code"] == "token_changed"
    assert works(host, token)


@pytest.mark.parametrize("version", ["", None, "0" * 16])
def test_a_version_that_is_empty_is_not_taken_for_none(version: str | None, host: Host, admin: Browser) -> None:
    """P7: it says that there was no token when somebody looked, and there is one now."""
    token = token_of(host)
    answer = admin.post_json(REVOKE, {"user": "1", "version": version})
    assert (answer.status_code, answer.json["code"]) == (409, "token_changed")
    assert works(host, token)


@everywhere
def test_everything_ends_at_once(host: Host) -> None:
    admin, devices = signed_in(host, "admin"), signed_in(host, "alice", 2)
    token, bobs = token_of(host), token_of(host, "bob")
    question = admin.get(f"{EVERYTHING}?user=alice").text
    assert "Sign Alice Test out everywhere and revoke the token?" in question
    assert "2 sessions will have to sign in again" in question
    assert "Integrations using the API token stop working at once." in question
    assert f'href="{EVERYTHING}?user=1"' in admin.get(f"{URL}?user=alice").text
    answer = admin.post(EVERYTHING, {"user": "1"})
    said = "Signed out of 2 sessions of Alice Test. The API token of Alice Test has been revoked."
    assert said in admin.get(answer.location).text
    assert all(map(sent_to_login, devices))
    assert not works(host, token)
    assert works(host, bobs) and admin.is_in()
    assert admin.post_json(EVERYTHING, {"user": "1"}).json == {"message": "Signed out of 0 sessions of Alice Test."}


def test_who_ends_everything_of_their_own_is_signed_out(host: Host, admin: Browser) -> None:
    token = token_of(host, "admin")
    assert "This device is among them" in admin.get(f"{EVERYTHING}?user=admin").text
    assert admin.post(EVERYTHING, {"user": "admin"}).location == "/login"
    assert sent_to_login(admin)
    assert not works(host, token)


@pytest.mark.parametrize("url", [REVOKE, EVERYTHING])
def test_it_is_for_administrators_who_have_just_signed_in(url: str, host: Host) -> None:
    token, alice = token_of(host), signed_in(host, "alice")
    before = everything(host)
    for answer in (alice.get(f"{url}?user=alice"), alice.post(url, {"user": "1"}), alice.post_json(url, {"user": "1"})):
        assert answer.status_code == 403
    assert everything(host) == before
    admin = stale(host, "admin")
    assert admin.post_json(url, {"user": "1"}).json["code"] == "reauth_required"
    carried = asked_who(admin.post(url, {"user": "1"}))
    assert works(host, token)
    assert confirm(admin, carried).location == f"{URL}?user=1"
    assert not works(host, token)
    assert live(host, "alice") == (1 if url == REVOKE else 0)


@pytest.mark.parametrize("url", [REVOKE, EVERYTHING])
def test_a_get_ends_nothing_and_nobody_is_guessed(url: str, host: Host, admin: Browser) -> None:
    token = token_of(host)
    assert admin.get(url).location == URL
    assert admin.get(f"{url}?user=alice").status_code == 200
    assert admin.get(f"{url}?user=nobody").status_code == 404
    assert admin.post(url, {"user": "alic"}).status_code == 404, "a part of a name is nobody"
    assert admin.post_json(url, {"user": "1", "more": "x"}).status_code == 422
    assert works(host, token)


def test_what_has_leaked_can_be_ended_while_tokens_are_switched_off(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": False})
    admin = signed_in(host, "admin")
    assert "API Token" not in admin.get(f"{URL}?user=alice").text
    token_of(host)
    page = admin.get(f"{URL}?user=alice").text
    assert "Switched off" in page
    assert admin.post(REVOKE, {"user": "alice"}).status_code == 303
    assert host.sql("SELECT * FROM myprofile_token") == []


@pytest.mark.parametrize("number", [3, 4])
def test_more_than_three_tokens_are_one_line_above_the_sessions(new_host: Callable[..., Host], number: int) -> None:
    host = new_host(MYPROFILE_API_TOKENS=10, MYPROFILE_FEATURES={"api_token": True})
    with host.app.test_request_context():
        for each in range(number):
            current_profile.tokens.make(host.user("alice"), f"Export {each}")
        host.db.session.commit()
    page = signed_in(host, "admin").get(f"{URL}?user=alice").text
    assert len(re.findall(r'id="mp-token-\d+"', page)) == number
    assert (f'<details class="mp-fold"><summary class="mp-subhead">{number} tokens</summary>' in page) == (number > 3)
