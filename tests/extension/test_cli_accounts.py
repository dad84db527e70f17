"""What an operator sees and ends of one account: its user is told, and nothing that signs in is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from click.testing import Result

from flask_myprofile import StoreDown, cli, current_profile, signals
from tests.admin.test_users_account import VERIFIED
from tests.extension.test_cli import NOBODY
from tests.support.devices import sent_to_login
from tests.support.host import Browser, Host, signed_in
from tests.support.kept import everywhere


def run(host: Host, command: str, answer: str = "") -> Result:
    return host.app.test_cli_runner().invoke(cli.group, command.split(), input=answer)


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


@pytest.mark.parametrize(
    "command", ["tokens show nobody", "tokens revoke nobody --yes", "offboard nobody --yes", "export nobody"]
)
def test_nobody_is_guessed(command: str, host: Host) -> None:
    failed = run(host, command)
    assert (failed.exit_code, failed.stderr) == (1, NOBODY)


# ---- somebody leaves


@everywhere
def test_who_leaves_is_let_in_by_nothing_and_what_is_kept_of_them_stays(new_host: Callable[..., Host]) -> None:
    host = new_host(**VERIFIED)
    alice, bob = signed_in(host), signed_in(host, "bob")
    token, bobs = made_token(alice), made_token(bob)
    alice.post("/profile/preferences", {"timezone": "Europe/Berlin"})
    alice.post("/profile/personal-information/change-email", {"new_email": "new@x.test"})
    assert host.app.extensions["myprofile"].notices.wait()
    assert {row.purpose for row in host.sql("SELECT purpose FROM myprofile_link")} == {"not_me", "confirm_email"}
    assert run(host, "offboard alice", "n\n").exit_code == 1
    assert alice.is_in()
    assert run(host, "offboard alice --yes").output == "Ended 1 session, revoked 1 token.\n"
    assert host.app.extensions["myprofile"].notices.wait()
    assert sent_to_login(alice) and not works(host, token)
    assert bob.is_in() and works(host, bobs)
    left = host.sql("SELECT purpose FROM myprofile_link WHERE user_key = '1' AND purpose != 'not_me'")
    assert left == [] and [row.state for row in host.sql("SELECT state FROM myprofile_email_change")] == ["over"]
    with host.app.app_context():
        events = current_profile.activity.list(host.user("alice"), limit=3)
        assert current_profile.preferences.of(host.user("alice")) == {"timezone": "Europe/Berlin"}
    assert {(each.kind, each.actor) for each in events} == {
        (kind, "command_line") for kind in ("session.ended", "token.revoked", "account.offboarded")
    }
    assert run(host, "offboard alice --yes").output == "Ended 0 sessions, revoked 0 tokens.\n"


def test_who_leaves_is_let_in_by_everything_or_by_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alice = signed_in(host)
    token = made_token(alice)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise StoreDown("the database has gone away")

    monkeypatch.setattr("flask_myprofile.account.one_time_links.OneTimeLinks.drop_all", fail)
    assert run(host, "offboard alice --yes").exit_code == 1
    assert alice.is_in() and works(host, token)


# ---- what is kept


@everywhere
def test_all_that_is_kept_is_printed_and_nothing_that_signs_in(new_host: Callable[..., Host]) -> None:
    host = new_host(**VERIFIED)
    gone, alice, admin = signed_in(host), signed_in(host), signed_in(host, "admin")
    gone_id = gone.session_id()
    gone.post("/logout")
    admin.client.environ_base["REMOTE_ADDR"] = "192.0.2.99"
    token = made_token(alice)
    alice.post("/profile/preferences", {"timezone": "Europe/Berlin"})
    alice.post("/profile/personal-information/change-email", {"new_email": "new@x.test"})
    admin.post("/profile/admin/sessions/revoke-token", {"user": "alice"})
    made_token(alice)
    assert host.app.extensions["myprofile"].notices.wait()

    def collect(app: Any, user: Any, data: dict[str, Any], **extra: Any) -> None:
        data["orders"] = [{"of": user.username, "at": datetime(2026, 1, 2, tzinfo=timezone.utc)}]

    with signals.data_exported.connected_to(collect, sender=host.app):
        printed = run(host, "export alice").output
    found = json.loads(printed)
    assert found["user"] == {"key": "1", "name": "Alice Test", "email": "alice@x.test"}
    ended = {row["id"]: row["end_reason"] for row in found["sessions"]}
    assert ended == {gone_id: "logout", alice.session_id(): None}
    assert found["preferences"] == {"timezone": "Europe/Berlin"} and found["api_token"]["hint"]
    assert [each["new_address"] for each in found["email_changes"]] == ["new@x.test"]
    assert "session.signed_out" in {each["kind"] for each in found["activity"]}
    (revoked,) = [each for each in found["activity"] if each["kind"] == "token.revoked"]
    assert (revoked["by"], revoked["ip"]) == ("Admin Test", None) and "192.0.2.99" not in printed
    assert found["known_devices"] == 2 and found["app"]["orders"][0]["of"] == "alice"
    hashes = [row.secret_hash for row in host.rows.all()]
    stored = [each for each in host.sql("SELECT digest, ciphertext FROM myprofile_token")[0] if each]
    assert [each for each in (*hashes, *stored, token) if each in printed] == []


def test_an_export_that_an_app_cannot_complete_is_none(host: Host) -> None:
    def fail(app: Any, **data: Any) -> None:
        raise LookupError("orders")

    with signals.data_exported.connected_to(fail, sender=host.app):
        failed = run(host, "export alice")
    assert failed.stdout == "" and isinstance(failed.exception, LookupError)
