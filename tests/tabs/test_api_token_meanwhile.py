"""What a confirmation was given for: one token, and not the one that has taken its place meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.errors import Conflict
from flask_myprofile.signals import token_changed
from flask_myprofile.store.sqlalchemy import SqlStore
from tests.support.host import Browser, Host
from tests.support.kept import in_each_database, in_these
from tests.support.meanwhile import meanwhile

TAB = "/profile/api-token"
MAKE, SHOW, REVOKE = f"{TAB}/regenerate", f"{TAB}/reveal", f"{TAB}/revoke"
SENTENCE = "This was done already, here or in another window. Look at the token before you try again."
ROUNDS = 50


def alice_of(host: Host) -> Browser:
    browser = host.browser()
    browser.login("alice")
    return browser


def live_token(host: Host) -> str | None:
    """Alice's token, if there is one and it works."""
    with host.app.test_request_context():
        tokens, user = current_profile.tokens, host.db.session.get(host.User, 1)
        token = tokens.reveal(user) if tokens.find(user) else None
        assert token is None or tokens.verify(token) is user
        return token


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="([^"]*)"', page)
    assert found, "the question does not say which token it is about"
    return found[1]


def made_anew(browser: Browser) -> str:
    """Revoked and made again: the new one is the first of its row, as the old one was."""
    assert browser.post_json(REVOKE).status_code == 200
    return str(browser.post_json(MAKE).json["token"])


def by_page(host: Host, browser: Browser, url: str) -> Any:
    answer = browser.post(url, {"version": version_on(browser.get(url).text)})
    assert answer.status_code != 409 or (SENTENCE in answer.text and "mp-badge--ok" in answer.text), "the tab says so"
    return answer.status_code


def by_json(host: Host, browser: Browser, url: str) -> Any:
    answer = browser.post_json(url, {"version": browser.json(TAB).json["version"]})
    assert answer.status_code != 409 or answer.json["code"] == "token_changed"
    return answer.status_code


def in_python(host: Host, browser: Browser, url: str) -> Any:
    with host.app.test_request_context():
        tokens, user = current_profile.tokens, host.db.session.get(host.User, 1)
        try:
            getattr(tokens, url.rpartition("/")[2])(user, tokens.version(tokens.find(user)))
        except Conflict as error:
            assert error.code == "token_changed"
            return 409
    return 200


@in_each_database
@pytest.mark.parametrize("confirm", [by_page, by_json, in_python])
@pytest.mark.parametrize(("url", "step"), [(MAKE, "replace_token"), (REVOKE, "delete_token")])
def test_a_token_that_was_revoked_and_made_anew_meanwhile_is_not_the_one_that_was_confirmed(
    url: str, step: str, confirm: Callable[..., Any], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, elsewhere = alice_of(host), alice_of(host)
    made_anew(alice)
    new = meanwhile(monkeypatch, SqlStore, step, lambda: made_anew(elsewhere))
    assert confirm(host, alice, url) == 409
    assert live_token(host) == new[0]


@in_each_database
@pytest.mark.parametrize("as_json", [True, False], ids=["JSON", "form"])
def test_a_page_of_an_earlier_token_ends_no_later_one(as_json: bool, host: Host) -> None:
    """However long it has been open."""
    alice = alice_of(host)
    none = version_on(alice.get(REVOKE).text)
    made_anew(alice)
    old = version_on(alice.get(REVOKE).text)
    new = made_anew(alice)
    for version in (none, old, "nonsense"):
        answer = (alice.post_json if as_json else alice.post)(REVOKE, {"version": version})
        assert answer.status_code == 409
        assert SENTENCE in answer.text
    assert live_token(host) == new
    assert alice.post(REVOKE, {"version": version_on(alice.get(REVOKE).text)}).status_code == 303
    assert live_token(host) is None


def test_a_revocation_that_is_sent_twice_has_done_what_it_says(host: Host) -> None:
    """What was looked at works no more: no conflict, and nobody is told a second time."""
    alice, heard = alice_of(host), list[Any]()

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data["action"])

    made_anew(alice)
    sent = {"version": version_on(alice.get(REVOKE).text)}
    with token_changed.connected_to(listen, sender=host.app):
        assert [alice.post(REVOKE, sent).status_code for _ in range(2)] == [303, 303]
        assert alice.post_json(REVOKE, sent).status_code == 200
    assert heard == ["revoked"]


def test_who_names_no_version_ends_whichever_token_there_is(host: Host) -> None:
    """A program, a direct form and the Python door; the end of a token is never harder than that."""
    alice = alice_of(host)
    for end in (lambda: alice.post(REVOKE), lambda: alice.post_json(REVOKE), lambda: alice.post_json(REVOKE, {})):
        made_anew(alice)
        assert end().status_code in (200, 303)
        assert live_token(host) is None
    made_anew(alice)
    with host.app.test_request_context():
        assert current_profile.tokens.revoke(host.user("alice"))
        assert not current_profile.tokens.revoke(host.user("alice"))
        assert not current_profile.tokens.revoke(host.user("alice"), "")
    assert live_token(host) is None


@in_these("postgres")
def test_of_those_who_race_for_one_token_one_has_ended_it(host: Host) -> None:
    """Regenerations and revocations of the same token at once: what each of them was told is so."""
    with ThreadPoolExecutor(4) as pool:
        browsers = [alice_of(host) for _ in range(4)]
        for turn in range(ROUNDS):
            version = "" if live_token(host) is None else browsers[0].json(TAB).json["version"]
            if not version:  # it was revoked in the round before
                made_anew(browsers[0])
                version = browsers[0].json(TAB).json["version"]
            urls, start = [MAKE, REVOKE, MAKE, REVOKE][: 2 + turn % 3], Barrier(2 + turn % 3)

            def race(browser: Browser, url: str, start: Barrier = start, version: str = version) -> Any:
                headers = {"Accept": "application/json", "X-CSRFToken": browser.csrf()}
                start.wait(30)
                return browser.client.post(url, json={"version": version}, headers=headers)

            answers = list(pool.map(race, browsers, urls))
            made = [answer.json["token"] for answer in answers if "token" in answer.json]
            assert {answer.status_code for answer in answers} <= {200, 409}
            assert len(made) <= 1
            assert live_token(host) == (made[0] if made else None), f"round {turn}"
