"""Delete my account: by whoever has just signed in and types their name, as the host does it, and all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, inspect

from flask_myprofile import DeleteMyAccount, DownloadMyData, Forbidden, Notice, SetupError, Users, signals
from tests.admin.test_users import signed_in
from tests.admin.test_users_tokens import token_of, works
from tests.pages.test_pending_forms import confirm, stale
from tests.support.devices import asked_who, sent_to_login
from tests.support.host import Browser, Host
from tests.support.kept import everywhere

URL = "/profile/delete-my-account"
NAME = {"name": "Alice Test"}


class Closing:
    """What the host does to its own user."""

    def __init__(self) -> None:
        self.host: Host
        self.only_closes = False
        self.refusal: Exception | None = None
        self.told: list[tuple[Any, Notice]] = []
        self.heard: list[tuple[str, Any]] = []

    def __call__(self, user: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self.only_closes:
            user.active, user.email = False, f"closed-{user.id}@x.test"
        else:
            self.host.db.session.delete(user)

    def listen(self) -> None:
        for name in ("session_ended", "token_changed"):
            getattr(signals, name).connect(getattr(self, f"_on_{name}"), sender=self.host.app)

    def _on_session_ended(self, app: Any, user_key: str, session_ids: list[str], reason: str, **extra: Any) -> None:
        self.heard.append((reason, len(session_ids)))

    def _on_token_changed(self, app: Any, user_key: str, action: str, **extra: Any) -> None:
        self.heard.append(("token", action))


@pytest.fixture
def closing() -> Iterator[Closing]:
    yield Closing()


@pytest.fixture
def host(new_host: Callable[..., Host], closing: Closing) -> Host:
    closing.host = new_host(
        myprofile_options={"tabs": [DownloadMyData, DeleteMyAccount], "users": Users(delete=closing)},
        MYPROFILE_NOTIFY=lambda user, notice: closing.told.append((user, notice)),
    )
    return closing.host


def users(host: Host) -> list[str]:
    with host.app.app_context():
        return sorted(host.db.session.scalars(host.db.select(host.User.username)))


def all_of(host: Host) -> tuple[list[str], dict[str, int], list[Any]]:
    """Once everybody is told what was to be told."""
    assert host.app.extensions["myprofile"].notices.wait()
    return users(host), kept_of_alice(host), sorted(row.id for row in host.rows.all() if row.ended_at is None)


def kept_of_alice(host: Host) -> dict[str, int]:
    """Table -> rows that are of her key."""
    with host.app.app_context():
        names = [name for name in inspect(host.db.engine).get_table_names() if name.startswith("myprofile_")]
        tables = [host.db.metadata.tables[name] for name in names]
    found = {}
    for table in tables:
        if "user_key" in table.c and (rows := host.sql(f"SELECT 1 FROM {table.name} WHERE user_key = '1'")):
            found[table.name] = len(rows)
    return found


@everywhere
def test_the_account_and_all_that_was_kept_are_gone_and_its_browsers_signed_out(host: Host, closing: Closing) -> None:
    alice, phone, bob = signed_in(host, "alice"), signed_in(host, "alice"), signed_in(host, "bob")
    token = token_of(host)
    alice.post("/profile/preferences", {"timezone": "Europe/Berlin"})
    assert "Type Alice Test to go on" in alice.get(URL).text
    assert alice.json(URL).json == {}
    closing.listen()
    answer = alice.post(URL, NAME)
    assert answer.status_code == 200 and "Your account has been deleted." in answer.text
    assert "You have been signed out everywhere" in answer.text and "Alice" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert sent_to_login(alice) and sent_to_login(phone) and not works(host, token)
    assert users(host) == ["admin", "bob"] and kept_of_alice(host) == {}
    assert sorted(closing.heard) == [("forgotten", 2), ("token", "revoked")]
    assert bob.is_in()
    left = host.sql("SELECT actor, actor_key, ip FROM myprofile_event WHERE kind = 'account.forgotten'")
    assert [tuple(row) for row in left] == [("user", None, "")], "once, and nothing of whoever that was"
    assert host.app.extensions["myprofile"].notices.wait()
    ((user, notice),) = [each for each in closing.told if each[1].kind == "account_deleted"]
    assert (user, notice.to, notice.link) == (None, "alice@x.test", None)
    assert "ask whoever runs the application" in notice.text


@everywhere
def test_a_host_may_close_the_account_and_keep_its_row(host: Host, closing: Closing) -> None:
    closing.only_closes = True
    alice = signed_in(host, "alice")
    answer = alice.post_json(URL, NAME)
    assert (answer.status_code, answer.json) == (200, {"message": "Your account has been deleted."})
    assert sent_to_login(alice) and kept_of_alice(host) == {}
    assert host.user("alice").active is False
    assert host.app.extensions["myprofile"].notices.wait()
    ((user, notice),) = [each for each in closing.told if each[1].kind == "account_deleted"]
    assert user is not None and notice.to == "alice@x.test", "where it was until now"


@everywhere
def test_the_host_may_say_no_and_why_and_nothing_is_lost(host: Host, closing: Closing) -> None:
    closing.refusal = Forbidden("You are the only administrator.")
    alice, phone = signed_in(host, "alice"), signed_in(host, "alice")
    token, before = token_of(host), all_of(host)
    answer = alice.post(URL, NAME)
    assert answer.status_code == 403 and "You are the only administrator." in answer.text
    assert alice.post_json(URL, NAME).json["title"] == "You are the only administrator."
    assert all_of(host) == before
    assert alice.is_in() and phone.is_in() and works(host, token)


@everywhere
def test_what_fails_deletes_nothing_and_signs_nobody_out(host: Host, closing: Closing) -> None:
    closing.refusal, host.app.debug = OSError("the invoices cannot be reached"), False
    alice, phone = signed_in(host, "alice"), signed_in(host, "alice")
    before = all_of(host)
    assert alice.post(URL, NAME).status_code == 503
    assert all_of(host) == before and alice.is_in() and phone.is_in()
    assert "account_deleted" not in {notice.kind for _, notice in closing.told}


@pytest.mark.parametrize("typed", ["", "Alice", "Bob Test", "DELETE"])
def test_the_name_has_to_be_typed(typed: str, host: Host) -> None:
    alice, before = signed_in(host, "alice"), users(host)
    answer = alice.post(URL, {"name": typed})
    assert answer.status_code == 422 and f'value="{typed}"' in answer.text
    assert "This is not the name. Type Alice Test" in answer.text
    assert alice.post_json(URL, {"name": typed}).json["errors"].keys() == {"name"}
    assert alice.post_json(URL, {}).status_code == 422
    assert users(host) == before and alice.is_in()


def test_a_sign_in_of_long_ago_gives_the_password_first(host: Host) -> None:
    alice = stale(host)
    assert alice.post_json(URL, NAME).json["code"] == "reauth_required"
    carried = asked_who(alice.post(URL, NAME))
    assert "To delete your account, enter your password." in alice.get(f"/profile/confirm?form={carried['form']}").text
    assert users(host) == ["admin", "alice", "bob"]
    assert "Your account has been deleted." in confirm(alice, carried).text
    assert users(host) == ["admin", "bob"] and sent_to_login(alice)


def test_a_remembered_browser_is_signed_out_as_well(host: Host) -> None:
    alice = host.browser()
    alice.login("alice", remember=True)
    alice.post(URL, NAME)
    alice.restart()
    assert sent_to_login(alice)


def test_whoever_gets_the_key_next_begins_with_nothing(host: Host) -> None:
    alice, phone = signed_in(host, "alice"), signed_in(host, "alice")
    alice.post(URL, NAME)
    with host.app.app_context():
        user = host.User(id=1, username="al", email="al@x.test", first_name="Al", last_name="Other")
        host.db.session.add(user)
        host.db.session.commit()
    assert sent_to_login(alice) and sent_to_login(phone)
    assert kept_of_alice(host) == {}


def test_it_needs_to_be_told_how_and_says_so_at_the_first_request(new_host: Callable[..., Host]) -> None:
    with pytest.raises(SetupError, match=r"Users\(delete=…\).*docs/tabs/delete_my_account"):
        new_host(myprofile_options={"tabs": [DeleteMyAccount]}).browser().get("/login")


def test_a_subclass_of_users_may_say_how(new_host: Callable[..., Host]) -> None:
    class Ours(Users):
        def delete(self, user: Any) -> None:
            user.active = False

    host = new_host(myprofile_options={"tabs": [DeleteMyAccount], "users": Ours()})
    alice = signed_in(host, "alice")
    assert "Your account has been deleted." in alice.post(URL, NAME).text
    assert host.user("alice").active is False


def test_a_host_says_what_else_goes_and_what_stays(new_host: Callable[..., Host]) -> None:
    class Ours(DeleteMyAccount):
        also_deleted = ("Your photos.",)
        stays = ("Bills, for ten years.",)

    options = {"tabs": [Ours], "users": Users(delete=lambda user: None)}
    page = signed_in(new_host(myprofile_options=options), "alice").get(URL).text
    assert "<li>Your photos.</li>" in page and "<li>Bills, for ten years.</li>" in page
    assert "Whoever runs this application" not in page and "Download your data first" not in page


def test_the_file_is_offered_first_where_there_is_one(host: Host) -> None:
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    assert "Download your data first" in alice.get(URL).text
    admin.post("/profile/admin/features", {"download_my_data": "off"})
    assert "Download your data first" not in alice.get(URL).text
    admin.post("/profile/admin/features", {"delete_my_account": "off"})
    assert [alice.get(URL).status_code, alice.post(URL, NAME).status_code] == [404, 404]
    assert users(host) == ["admin", "alice", "bob"]


def test_a_row_that_is_still_needed_is_said_and_nothing_is_deleted(host: Host, closing: Closing) -> None:
    """A foreign key that does not let go."""
    host.sql("CREATE TABLE invoice (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES user (id))")
    host.sql("INSERT INTO invoice VALUES (1, 1)")

    def strict(browser: Browser) -> Any:
        with host.app.app_context():

            @event.listens_for(host.db.engine, "connect")
            def on(connection: Any, record: Any) -> None:
                connection.execute("PRAGMA foreign_keys = ON")

            host.db.engine.dispose()
        return browser.post(URL, NAME)

    alice = signed_in(host, "alice")
    answer = strict(alice)
    assert answer.status_code == 409 and "This clashes with what is stored already." in answer.text
    assert alice.is_in() and users(host) == ["admin", "alice", "bob"]


@everywhere
def test_where_the_commit_fails_the_account_is_there_and_only_sessions_in_redis_have_ended(
    host: Host, closing: Closing
) -> None:
    """The order that is stated: nothing brings a session back that is kept elsewhere, so it ends as the last thing."""
    alice, phone = signed_in(host, "alice"), signed_in(host, "alice")
    token, before = token_of(host), kept_of_alice(host)
    closing.listen()

    def fail(session: Any) -> None:
        if session.deleted or not session.query(host.User).filter_by(username="alice").count():
            raise OSError("the connection is lost")

    host.app.debug = False
    with host.app.app_context():
        event.listen(host.db.session, "before_commit", fail)
    try:
        assert alice.post(URL, NAME).status_code == 503
    finally:
        event.remove(host.db.session, "before_commit", fail)
    kept = kept_of_alice(host)
    for table in ("myprofile_token", "myprofile_event"):
        assert kept[table] == before[table], table
    assert users(host) == ["admin", "alice", "bob"] and works(host, token) and closing.heard == []
    in_redis = host.app.extensions["myprofile"].config.session_store != "sqlalchemy"
    assert (phone.is_in(), alice.is_in()) == (not in_redis, not in_redis)
