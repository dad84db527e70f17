"""When an account is closed, nothing of it is left: not in the tables, not for an old cookie, and not for whoever gets
the key next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, inspect

from flask_myprofile import cli, current_profile, signals
from flask_myprofile.store.records import IdentityRecord
from tests.support.devices import live, sent_to_login
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import everywhere

KEY = "1"


@pytest.fixture
def alice(host: Host) -> Browser:
    """Signed in, with something in every table that there is for users."""
    browser = host.browser()
    browser.login("alice", remember=True)
    browser.post_json("/profile/api-token/regenerate")
    browser.post("/profile/preferences", {"theme": "dark"})
    gone = host.browser()
    gone.login("alice")
    gone.post("/logout")
    with host.app.app_context():
        store = current_profile.identities._store
        store.keep_identity(IdentityRecord("d" * 64, KEY, "keycloak", "https://id.example", "a"))
        current_profile.passwords._throttle.begin(host.user("alice"))
    assert left(host) >= {"session", "token", "preference", "identity", "guess", "history"}
    return browser


def left(host: Host, key: str = KEY) -> set[str]:
    """The tables, and Redis, that have something of the user with that key."""
    with host.app.app_context():
        names = [name for name in inspect(host.db.engine).get_table_names() if name.startswith("myprofile_")]
        tables = [host.db.metadata.tables[name] for name in names]
    found = {
        table.name.removeprefix("myprofile_")
        for table in tables
        if "user_key" in table.c and host.sql(f"SELECT 1 FROM {table.name} WHERE user_key = :key", key=key)
    }
    return found | ({"session"} if any(row.user_key == key for row in host.rows.all()) else set())


def delete_alice(host: Host, *, many: bool = False, undo: bool = False) -> None:
    with host.app.app_context():
        if many:  # beside the models, as for all who have not been seen for years
            host.db.session.execute(delete(host.User.__table__).where(host.User.__table__.c.username == "alice"))
        else:
            host.db.session.delete(host.db.session.get(host.User, 1))
            host.db.session.flush()
        host.db.session.rollback() if undo else host.db.session.commit()


def new_user(host: Host, **values: Any) -> Any:
    made = host.User(username="new", email="new@x.test", first_name="N", last_name="N", **values)
    made.set_password(PASSWORD)
    return made


@everywhere
def test_who_is_deleted_leaves_nothing(host: Host, alice: Browser) -> None:
    delete_alice(host)
    assert left(host) == set()
    assert sent_to_login(alice)


@everywhere
def test_a_deletion_that_is_undone_has_erased_nothing(host: Host, alice: Browser) -> None:
    before = left(host)
    delete_alice(host, undo=True)
    assert left(host) == before
    assert alice.is_in()


@everywhere
def test_who_was_deleted_behind_our_back_is_noticed_at_the_next_request(host: Host, alice: Browser) -> None:
    delete_alice(host, many=True)
    assert left(host) != set()
    assert sent_to_login(alice)
    assert left(host) == set()


@everywhere
def test_pruning_erases_what_was_kept_of_those_who_are_gone(host: Host, alice: Browser) -> None:
    bob = host.browser()
    bob.login("bob")
    delete_alice(host, many=True)
    printed = host.app.test_cli_runner().invoke(cli.group, ["sessions", "prune"])
    assert "Erased what was kept of 1 user who is gone." in printed.output
    assert left(host) == set()
    assert bob.is_in()


@everywhere
def test_pruning_erases_nothing_where_no_user_can_be_seen(host: Host, alice: Browser) -> None:
    """The table is hidden from this connection, or is just being restored."""
    before = left(host)
    host.sql("DELETE FROM " + quoted(host))
    printed = host.app.test_cli_runner().invoke(cli.group, ["sessions", "prune"])
    assert printed.exit_code == 0
    assert left(host) == before


def quoted(host: Host) -> str:
    with host.app.app_context():
        return host.db.engine.dialect.identifier_preparer.format_table(host.User.__table__)


@everywhere
@pytest.mark.parametrize("many", [False, True], ids=["", "deleted by a statement"])
def test_who_gets_the_key_next_begins_with_nothing(many: bool, host: Host, alice: Browser) -> None:
    old = alice.copy("remember_token")
    delete_alice(host, many=many)
    with host.app.app_context():
        host.db.session.add(new_user(host, id=1))
        host.db.session.commit()
    assert left(host) == set()
    assert sent_to_login(alice)
    assert sent_to_login(old), "a remember-me cookie alone, which is the same for ever"
    new = host.browser()
    new.login("new")
    assert new.json("/profile/preferences").json["theme"] is None
    assert len(new.sessions()) == 1
    assert sent_to_login(old)


@everywhere
def test_a_user_who_takes_the_place_of_another_in_one_flush_begins_with_nothing(host: Host, alice: Browser) -> None:
    with host.app.app_context():
        host.db.session.delete(host.db.session.get(host.User, 1))
        host.db.session.add(new_user(host, id=1))
        host.db.session.commit()
    assert left(host) == set()
    assert sent_to_login(alice)


@everywhere
@pytest.mark.parametrize("by", ["user", "key", "command"])
def test_forgetting_a_user_erases_all_that_is_kept(by: str, host: Host, alice: Browser) -> None:
    ended: list[Any] = []

    def listen(app: Any, **data: Any) -> None:
        ended.append((data["user_key"], data["reason"], len(data["session_ids"])))

    with signals.session_ended.connected_to(listen, sender=host.app):
        if by == "command":
            runner = host.app.test_cli_runner()
            assert runner.invoke(cli.group, ["forget", "alice"], input="n\n").exit_code == 1
            assert left(host) != set()
            assert runner.invoke(cli.group, ["forget", "alice", "--yes"]).output == "All of it is erased.\n"
        else:
            with host.app.app_context():
                current_profile.forget(host.db.session.get(host.User, 1) if by == "user" else KEY)
    assert left(host) == set()
    assert ended == [(KEY, "forgotten", 1)]
    assert sent_to_login(alice)
    again = host.browser()
    again.login("alice")
    assert again.is_in(), "the account is the host's to delete"
    assert live(host) == 1


def test_the_command_takes_the_key_of_who_is_gone(host: Host, alice: Browser) -> None:
    delete_alice(host, many=True)
    asked = host.app.test_cli_runner().invoke(cli.group, ["forget", KEY], input="y\n")
    assert "the user who had the key 1?" in asked.output
    assert left(host) == set()


def test_users_can_be_deleted_before_our_tables_are_made(new_host: Callable[..., Host], caplog: Any) -> None:
    host = new_host(anew=True)
    with host.app.app_context():
        for table in reversed(host.db.metadata.sorted_tables):
            if table.name.startswith("myprofile_"):
                table.drop(host.db.engine)
        host.db.session.add(new_user(host))
        host.db.session.commit()
        host.db.session.delete(host.db.session.get(host.User, 1))
        host.db.session.commit()
        assert host.db.session.get(host.User, 1) is None
    assert "could not write down" in caplog.text


def named(host: Host, name: str) -> set[str]:
    """The tables of features that have this name."""
    tables = ("feature", "feature_change", "feature_set", "feature_author")
    return {each for each in tables if name in str(host.sql(f"SELECT * FROM myprofile_{each}"))}


@pytest.fixture
def administrator(host: Host) -> Browser:
    browser = host.browser()
    browser.login("admin")
    browser.post_json("/profile/admin/features", {"preferences.theme": False})
    browser.post_json("/profile/admin/features/sets", {"name": "Before the launch"})
    assert len(named(host, "Admin Test")) == 4
    return browser


@everywhere
@pytest.mark.parametrize("many", [False, True], ids=["", "deleted by a statement"])
def test_what_an_administrator_did_to_features_stays_without_their_name(
    many: bool, host: Host, administrator: Browser
) -> None:
    table = host.User.__table__
    with host.app.app_context():
        if many:
            host.db.session.execute(delete(table).where(table.c.username == "admin"))
        else:
            host.db.session.delete(host.db.session.get(host.User, host.user("admin").id))
        host.db.session.commit()
    if many:
        assert len(named(host, "Admin Test")) == 4
        host.app.test_cli_runner().invoke(cli.group, ["sessions", "prune"])
    assert named(host, "Admin Test") == set()
    assert len(host.sql("SELECT * FROM myprofile_feature_change")) == 1
    assert len(host.sql("SELECT * FROM myprofile_feature_set")) == 1


@everywhere
def test_an_administrators_name_goes_also_after_their_key_has_changed(host: Host, administrator: Browser) -> None:
    with host.app.app_context():
        user = host.db.session.get(host.User, host.user("admin").id)
        user.id = 77
        host.db.session.commit()
        assert current_profile.export(host.user("admin"))["named_in_features"] == ["Admin Test"]
        current_profile.forget("77")
    assert named(host, "Admin Test") == set()


def test_only_an_administrators_export_says_what_they_are_called_in_features(host: Host, alice: Browser) -> None:
    with host.app.app_context():
        assert "named_in_features" not in current_profile.export(host.user("alice"))
