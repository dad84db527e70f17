"""Signals: what a listener of the host's does is its own affair."""

from __future__ import annotations

from typing import Any

import pytest

from flask_myprofile import current_profile
from flask_myprofile.config import Config
from flask_myprofile.signals import password_changed, token_changed
from tests.support.host import NEW_PASSWORD, PASSWORD, Host

TAB = "/profile/password"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}


def fail(app: Any, **data: Any) -> None:
    raise RuntimeError("the mail server does not answer")


@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_a_listener_that_fails_undoes_nothing_and_keeps_nobody_from_hearing(
    as_json: bool, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """P21"""
    alice, heard = host.browser(), list[str]()
    alice.login("alice")

    def hear(app: Any, **data: Any) -> None:
        heard.append(data["user_key"])

    with password_changed.connected_to(fail, host.app), password_changed.connected_to(hear, host.app):
        answer = alice.post_json(TAB, CHANGE) if as_json else alice.post(TAB, CHANGE)
    assert answer.status_code == (200 if as_json else 303)
    assert host.user("alice").check_password(NEW_PASSWORD)
    assert heard == [str(host.user("alice").id)]
    assert "the mail server does not answer" in caplog.text


def test_a_password_that_the_host_resets_is_heard_of_once_it_is_committed(host: Host) -> None:
    heard: list[str] = []

    def hear(app: Any, **data: Any) -> None:
        heard.append(data["user_key"])

    with host.app.app_context(), password_changed.connected_to(hear, host.app):
        alice = host.db.session.get(host.User, host.user("alice").id)
        current_profile.passwords.store(alice, NEW_PASSWORD)
        assert heard == []
        host.db.session.commit()
    assert heard == [str(host.user("alice").id)]


def test_a_new_token_is_shown_whatever_a_listener_does(host: Host) -> None:
    alice = host.browser()
    alice.login("alice")
    with token_changed.connected_to(fail, host.app):
        token = alice.post_json("/profile/api-token/regenerate").json["token"]
    assert alice.post_json("/profile/api-token/reveal").json == {"token": token}


def test_the_password_of_redis_is_in_no_repr_and_no_message() -> None:
    url = "redis://:canary@localhost/0"
    config = Config.read({"MYPROFILE_SESSION_STORE": url})
    assert config.session_store == url
    assert "canary" not in repr(config)
