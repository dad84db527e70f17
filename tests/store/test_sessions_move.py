"""Sessions move from a database to Redis and back: whoever is signed in stays so, and nobody who is out comes in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from flask_myprofile import cli, current_profile
from flask_myprofile.store.session_store import SessionStore, session_store_at
from tests.support.devices import sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import in_these
from tests.support.redis_server import client_fixture
from tests.support.stores import session

client = client_fixture()


def move(host: Host, url: str) -> str:
    done = host.app.test_cli_runner().invoke(cli.group, ["sessions", "move"], env={"SESSIONS_MOVE_TO": url})
    assert done.exit_code == 0, done.output
    return str(done.output)


def at(host: Host, browser: Browser) -> Browser:
    """The same browser, once the app has been started anew with other settings."""
    moved = browser.copy()
    moved.client = host.app.test_client()
    for name in ("session", "remember_token", "myprofile_device"):
        if (value := browser.cookie(name)) is not None:
            moved.set_cookie(name, value)
    return moved


@in_these("sqlite", "postgres")
def test_the_app_is_stopped_between_two_moves_and_nobody_notices(
    new_host: Callable[..., Host], redis_url: str, client: redis.Redis
) -> None:
    here = new_host(anew=True)
    there = new_host(here.app.config["SQLALCHEMY_DATABASE_URI"], MYPROFILE_SESSION_STORE=redis_url)
    alice, phone, gone, late = (here.browser() for _ in range(4))
    for browser in (alice, phone, gone):
        browser.login("alice", remember=browser is phone)
    copy = gone.copy()
    gone.post("/logout")
    assert move(here, redis_url) == "Wrote 3 sessions there, and deleted 0.\n"
    assert move(here, redis_url) == "Wrote 0 sessions there, and deleted 0.\n"
    late.login("bob")
    out = alice.copy()
    alice.post("/logout")
    assert move(here, redis_url) == "Wrote 2 sessions there, and deleted 0.\n"
    assert [at(there, browser).is_in() for browser in (phone, late)] == [True, True]
    assert [sent_to_login(at(there, browser)) for browser in (copy, out)] == [True, True]
    # and back: what has ended there has ended, and what had before is known without its address
    moved = at(there, phone)
    moved.client.post("/logout", data={"csrf_token": moved.csrf()})
    assert move(there, "sqlalchemy") == "Wrote 3 sessions there, and deleted 0.\n"
    assert sent_to_login(phone)
    assert late.is_in()


def test_of_whom_nothing_is_left_nothing_is_left_there(
    new_host: Callable[..., Host], redis_url: str, client: redis.Redis
) -> None:
    host = new_host(anew=True)
    browser = host.browser()
    browser.login("alice")
    move(host, redis_url)
    with host.app.app_context():
        current_profile.forget("1")
        target = session_store_at(redis_url, current_profile.stores[0], current_profile.config)
        assert list(target.owners()) == ["1"]
    assert move(host, redis_url) == "Wrote 0 sessions there, and deleted 1.\n"
    with host.app.app_context():
        assert list(target.owners()) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlalchemy", "The app keeps its sessions there."),
        ("mongodb://x", "--to must be "),
        ("redis://:p4ssword@x:port/0", "look at its port"),
        ("redis://:p4ssword@127.0.0.1:1/0", "cannot"),
    ],
)
def test_where_it_cannot_be_nothing_is_moved(url: str, words: str, host: Host) -> None:
    host.browser().login("alice")
    done = host.app.test_cli_runner().invoke(cli.group, ["sessions", "move", "--to", url])
    assert done.exit_code
    assert words in done.output
    assert "p4ssword" not in done.output


def test_what_redis_could_not_find_again_is_left_and_said(host: Host, redis_url: str, client: redis.Redis) -> None:
    """An id of a version that did not tell in it whose session it is."""
    with host.app.app_context():
        store: SessionStore = current_profile.stores[0]
        with current_profile.own_transaction():
            assert store.add_session(session(1)._replace(id="f" * 24, created_at=2**31, last_seen_at=2**31))
    done = host.app.test_cli_runner().invoke(cli.group, ["sessions", "move", "--to", redis_url])
    assert done.exit_code == 1
    assert "Left 1 session whose id is of an older version" in done.output
