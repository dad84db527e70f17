"""Whatever isolation level the host has chosen: what is acknowledged holds, and its own transactions are as it said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.at_once import at_once
from tests.support.devices import live
from tests.support.host import Browser, Host
from tests.support.rounds import rounds

SNAPSHOT = {"connect_args": {"init_command": "SET SESSION innodb_snapshot_isolation = ON"}}
#: MariaDB's default is the first of its own; the second is that of MariaDB 11.8.
LEVELS: list[tuple[str, dict[str, Any]]] = [
    ("postgres", {"isolation_level": "REPEATABLE READ"}),
    ("postgres", {"isolation_level": "SERIALIZABLE"}),
    ("mariadb", {"isolation_level": "REPEATABLE READ"}),
    ("mariadb", SNAPSHOT),
    ("mariadb", {"isolation_level": "SERIALIZABLE"}),
]
NAMES = [f"{place} {options.get('isolation_level', 'snapshot')}" for place, options in LEVELS]
at_each_level = pytest.mark.parametrize(("kept_in", "options"), LEVELS, indirect=["kept_in"], ids=NAMES)
DEVICES = 5
ROUNDS = rounds(2)
NewHost = Callable[..., Host]


def signed_in_at_once(host: Host) -> list[Browser]:
    browsers = [host.browser() for _ in range(DEVICES)]
    for browser in browsers:
        browser.csrf()
    answers = at_once(*(partial(browser.login, "alice") for browser in browsers))
    assert [answer.status_code for answer in answers] == [302] * DEVICES
    return browsers


@at_each_level
def test_no_sign_in_and_no_sign_out_is_lost(options: dict[str, Any], new_host: NewHost) -> None:
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS=options)
    for _ in range(ROUNDS):
        browsers = signed_in_at_once(host)
        assert all(browser.is_in() for browser in browsers)
        assert live(host) == DEVICES
        copies = [browser.copy() for browser in browsers]
        answers = at_once(*(partial(browser.post, "/logout") for browser in browsers))
        assert [answer.location for answer in answers] == ["/login"] * DEVICES
        assert not any(copy.is_in() for copy in copies)
        assert live(host) == 0


@at_each_level
def test_of_many_new_tokens_at_once_one_works_and_the_others_were_refused(
    options: dict[str, Any], new_host: NewHost
) -> None:
    host = new_host(SQLALCHEMY_ENGINE_OPTIONS=options, WTF_CSRF_ENABLED=False)
    browsers, old = signed_in_at_once(host), []
    for _ in range(ROUNDS):
        answers = at_once(*(partial(b.client.post, "/profile/api-token/regenerate", json={}) for b in browsers))
        assert {answer.status_code for answer in answers} <= {200, 409}
        given = [answer.json["token"] for answer in answers if answer.status_code == 200]
        works = [token for token in [*old, *given] if bearer(host, token) == 200]
        assert len(works) == 1
        assert works[0] in given
        old += given


def bearer(host: Host, token: str) -> int:
    return int(host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code)


@at_each_level
def test_the_transactions_of_the_host_are_as_it_has_chosen(options: dict[str, Any], new_host: NewHost) -> None:
    """On the one connection that there is: also after ours."""
    seen: list[str] = []

    def look(host: Host) -> None:
        host.app.get("/level")(lambda: seen.append(host.db.session.connection().get_isolation_level()) or "seen")

    host = new_host(after=look, SQLALCHEMY_ENGINE_OPTIONS={**options, "pool_size": 1, "max_overflow": 0})
    alice = host.browser()
    assert alice.get("/level").text == "seen"
    assert alice.login("alice").status_code == 302
    assert alice.get("/level").text == "seen"
    assert alice.post("/logout").status_code == 302
    assert alice.get("/level").text == "seen"
    assert seen == [options.get("isolation_level", "REPEATABLE READ")] * 3
