"""Whatever a host tells its users apart by, a session is one person's: it goes on while they are the same person with
the same password, it ends with them, and nobody else ever has it.

By default each two kinds of key, login id, user_loader and store meet once; MYPROFILE_TEST_ROUNDS=2 has them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect

from flask_myprofile import current_profile
from tests.hosts.identities import KEYS, LOADERS, LOGIN_IDS, PLACES, cover, loader, model
from tests.support.devices import sent_to_login
from tests.support.host import NEW_PASSWORD, PASSWORD, Browser, Host
from tests.support.rounds import rounds

KINDS = (PLACES, KEYS, LOGIN_IDS, LOADERS)
HOSTS = list(itertools.product(*KINDS) if rounds(1) > 1 else cover(*KINDS))

in_every_host = pytest.mark.parametrize(
    ["kept_in", "key", "login_id", "load"], HOSTS, indirect=["kept_in"], ids=["-".join(each) for each in HOSTS]
)


@pytest.fixture
def person_host(new_host: Callable[..., Host], key: str, login_id: str, load: str) -> Host:
    options = {"model": model(key, login_id), "load": loader(login_id, load)}
    return new_host(**options, MYPROFILE_PERSONAL_READONLY=("username",))


def signed_in(host: Host, remember: bool = False, password: str = PASSWORD) -> Browser:
    browser = host.browser()
    assert browser.login("alice", password, remember=remember).location == "/page"
    return browser


def in_app(host: Host, do: Callable[[Any, Any], Any]) -> Any:
    """Do something with Alice and with ``current_profile``, as the host's own code does."""
    with host.app.app_context():
        alice = host.db.session.scalar(host.db.select(host.User).filter_by(username="alice"))
        result = do(alice, current_profile)
        host.db.session.commit()
        return result


@in_every_host
def test_it_goes_on_and_costs_as_much_as_with_a_primary_key(person_host: Host, load: str) -> None:
    host = person_host
    alice = signed_in(host, remember=True)
    assert alice.is_in()  # for the first time in this process: what is asked is remembered
    statements = host.count_statements()
    assert alice.get("/page").text == "Hello alice"
    # a loader that goes elsewhere asks there, as it does without the extension
    most = {"own session": 2, "cache": 1}.get(load, 1)
    assert len(statements) <= most, statements
    for _ in range(2):
        alice.restart()
        statements.clear()
        assert alice.get("/page").text == "Hello alice"
        assert len(statements) <= most, statements


@in_every_host
def test_it_ends_alone_when_it_is_signed_out(person_host: Host) -> None:
    host = person_host
    alice, other = signed_in(host, remember=True), signed_in(host, remember=True)
    first = host.rows.all()[0].id
    assert in_app(host, lambda user, profile: profile.sessions.end(user, first))
    out = [browser for browser in (alice, other) if sent_to_login(browser)]
    assert len(out) == 1
    out[0].restart()
    assert sent_to_login(out[0])
    assert in_app(host, lambda user, profile: profile.sessions.count(user)) == 1


@in_every_host
def test_it_ends_when_the_password_changes_anywhere(person_host: Host) -> None:
    host = person_host
    alice, other = signed_in(host, remember=True), signed_in(host)
    in_app(host, lambda user, profile: user.set_password(NEW_PASSWORD))
    assert in_app(host, lambda user, profile: len(profile.sessions.list(user))) == 0
    alice.restart()
    assert sent_to_login(alice)
    assert sent_to_login(other)
    assert {row.ended_at is None for row in host.rows.all()} == {False}
    assert signed_in(host, password=NEW_PASSWORD).is_in()


@in_every_host
def test_this_one_goes_on_when_the_password_is_changed_here(person_host: Host) -> None:
    host = person_host
    alice, other = signed_in(host, remember=True), signed_in(host)
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert alice.post("/profile/password", sent).status_code == 303
    assert alice.is_in()
    alice.restart()
    assert alice.is_in()
    assert sent_to_login(other)
    assert host.user("alice").check_password(NEW_PASSWORD)


@in_every_host
def test_it_goes_on_when_the_address_is_changed_here(person_host: Host) -> None:
    host = person_host
    alice, other, remembered = signed_in(host), signed_in(host), signed_in(host, remember=True)
    for address in ("anna@example.com", "ann@example.com"):
        changed = {"first_name": "Anna", "last_name": "Test", "email": address}
        assert alice.post("/profile/personal-information", changed).status_code == 303
        assert alice.is_in()
    assert host.user("alice").email == "ann@example.com"
    with host.app.app_context():  # somebody else gets the address
        host.db.session.add(person(host, "newcomer", email="alice@x.test"))
        host.db.session.commit()
    remembered.restart()
    for browser in (alice, other, remembered):
        assert browser.get("/page").text == "Hello alice"
    assert in_app(host, lambda user, profile: profile.sessions.count(user)) == 3


@in_every_host
def test_nothing_is_left_for_who_gets_the_key_of_a_deleted_user(person_host: Host, load: str) -> None:
    host = person_host
    alice, remembered = signed_in(host), signed_in(host, remember=True)
    token = in_app(host, lambda user, profile: profile.tokens.regenerate(user))
    in_app(host, lambda user, profile: profile.preferences.save(user, {"theme": "dark"}))
    key = in_app(host, lambda user, profile: profile.users.key(user))
    same = in_app(host, lambda user, profile: {c.key: getattr(user, c.key) for c in inspect(host.User).primary_key})
    in_app(host, lambda user, profile: host.db.session.delete(user))
    assert [row for row in host.rows.all() if row.user_key == key] == []
    with host.app.app_context():
        newcomer = person(host, "newcomer", email="alice@x.test", **same)
        host.db.session.add(newcomer)
        host.db.session.commit()
        assert current_profile.users.key(newcomer) == key
        assert current_profile.tokens.find(newcomer) is None
        assert current_profile.preferences.of(newcomer) == {}
    remembered.restart()
    assert sent_to_login(alice)
    assert sent_to_login(remembered)
    remembered.drop_cookie("myprofile_device")
    assert sent_to_login(remembered)
    assert host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def person(host: Host, username: str, **values: Any) -> Any:
    made = host.User(username=username, first_name="N", last_name="N", **values)
    made.set_password(PASSWORD)
    return made
