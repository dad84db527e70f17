"""What an operator sees and ends of one account: its user is told, and nothing that signs in is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result

from flask_myprofile import cli, current_profile, signals
from tests.extension.test_cli import NOBODY
from tests.support.host import Browser, Host


def run(host: Host, command: str, answer: str = "") -> Result:
    return host.app.test_cli_runner().invoke(cli.group, command.split(), input=answer)


def signed_in(host: Host, name: str = "alice") -> Browser:
    browser = host.browser()
    browser.login(name)
    return browser


def made_token(browser: Browser) -> str:
    return str(browser.post_json("/profile/api-token/regenerate").json["token"])


def works(host: Host, token: str) -> bool:
    return bool(host.browser().get("/api", headers={"Authorization": f"Bearer {token}"}).status_code == 200)


# ---- tokens


def test_a_token_is_shown_by_its_facts_alone(host: Host) -> None:
    alice = signed_in(host)
    assert run(host, "tokens show alice").output == "No API token.\n"
    assert json.loads(run(host, "tokens show alice --json").output) == []
    token = made_token(alice)
    assert works(host, token)
    on_page = alice.json("/profile/api-token").json
    (row,) = json.loads(run(host, "tokens show alice@x.test --json").output)
    assert row == {name: on_page[name] for name in row} and row["last_used_ip"] == "127.0.0.1"
    printed = run(host, "tokens show 1").output
    assert printed.splitlines()[0].split()[0] == "hint" and row["hint"] in printed
    stored = host.sql("SELECT digest, ciphertext FROM myprofile_token")[0]
    assert [each for each in (token, *stored) if each in printed + json.dumps(row)] == []
    host.sql("UPDATE myprofile_token SET last_used_agent = :evil", evil="curl\x1b]0;owned\x07")
    assert "\x1b" not in run(host, "tokens show 1").output


def test_a_token_is_revoked_after_a_question_by_the_command_line_and_its_user_sees_that(host: Host) -> None:
    heard: list[dict[str, Any]] = []
    alice, bob = signed_in(host), signed_in(host, "bob")
    token, bobs = made_token(alice), made_token(bob)
    assert run(host, "tokens revoke alice", "n\n").exit_code == 1
    assert works(host, token)

    def listen(sender: Any, **data: Any) -> None:
        heard.append(data)

    with signals.token_changed.connected_to(listen, sender=host.app):
        assert "Revoked 1 token." in run(host, "tokens revoke alice", "y\n").output
        assert run(host, "tokens revoke alice --yes").output == "Revoked 0 tokens.\n"
    assert heard == [{"user_key": "1", "action": "revoked"}]
    assert not works(host, token) and works(host, bobs) and alice.is_in()
    with host.app.app_context():
        events = current_profile.activity.list(host.user("alice"), topic="token")
    assert [(each.kind, each.actor) for each in events if each.kind == "token.revoked"] == [
        ("token.revoked", "command_line")
    ]


@pytest.mark.parametrize("command", ["tokens show nobody", "tokens revoke nobody --yes"])
def test_nobody_is_guessed(command: str, host: Host) -> None:
    failed = run(host, command)
    assert (failed.exit_code, failed.stderr) == (1, NOBODY)
