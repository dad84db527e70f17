"""P5: a password is checked before its session is born. A sign-in with the old one that is under way while it is
changed does not survive that the others were signed out; and a hash that is only made anew signs nobody out.

Workers are threads here, which stop where they are told to: each order of what they do is one that could be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from typing import Any

import flask_login
import pytest
from flask import redirect, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from flask_myprofile import Users, current_profile
from flask_myprofile.account.session_registry import SessionRegistry
from flask_myprofile.account.sessions import Sessions
from flask_myprofile.signals import session_ended
from tests.support.devices import change_password, live, sent_to_login
from tests.support.host import HASH, NEW_PASSWORD, PASSWORD, Browser, Host, make_host
from tests.support.kept import Kept, everywhere, in_these

PATIENCE = 30


class Stopped:
    """Work that a thread does, and a place where the first one that comes by waits."""

    def __init__(self) -> None:
        self.reached, self.go = Event(), Event()
        self.working: Future[Any] = Future()

    def wait(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(PATIENCE), "nobody lets it go on"

    def finish(self) -> Any:
        """Let it go on to its end; what comes of it."""
        self.go.set()
        return self.working.result(PATIENCE)


@contextmanager
def stopped(
    patch: pytest.MonkeyPatch, where: type[Any], name: str, work: Callable[[], Any], *, after: bool = False
) -> Iterator[Stopped]:
    """Within this, the work has come to that method (or to its end) and stops; after it, it is done."""
    stop, usual = Stopped(), getattr(where, name)

    def stopping(*args: Any, **kwargs: Any) -> Any:
        if not after:
            stop.wait()
        result = usual(*args, **kwargs)
        if after:
            stop.wait()
        return result

    with ThreadPoolExecutor(1) as beside, patch.context() as changed:
        changed.setattr(where, name, stopping)
        stop.working = beside.submit(work)
        try:
            assert stop.reached.wait(PATIENCE), "the work does not come by"
            yield stop
        finally:
            stop.finish()


def signed_in(host: Host, password: str = PASSWORD) -> Browser:
    browser = host.browser()
    assert browser.login("alice", password).status_code == 302
    browser.csrf()
    return browser


def marks(host: Host) -> set[str | None]:
    return {row.password_mark for row in host.rows.all() if row.ended_at is None}


def mark_now(host: Host) -> str | None:
    with host.app.test_request_context():
        mark: str | None = current_profile.users.password_mark(host.user("alice"))
        return mark


# ---- the old password, in each order


@everywhere
@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (None, "check_password", True),
        (SessionRegistry, "add", False),
    ],
    ids=["checked", "about to be stored"],
)
def test_a_sign_in_with_the_old_password_does_not_survive_its_change(
    where: type[Any] | None, name: str, after: bool, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it has come to when the password is changed."""
    alice, thief = signed_in(host), host.browser()
    thief.csrf()
    with stopped(monkeypatch, where or host.User, name, lambda: thief.login("alice"), after=after) as signing_in:
        changed = change_password(alice)
        assert changed.status_code == 303, changed.text
    assert signing_in.finish().status_code == 302, "it was the password when it was checked"
    assert sent_to_login(thief)
    assert alice.is_in()
    assert live(host) == 1
    ended = [row.end_reason for row in host.rows.all() if row.ended_at is not None]
    assert ended == ["password_changed"]


@everywhere
def test_where_no_request_looks_at_the_password_a_sign_in_does_once_it_is_stored(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)
    alice, thief = signed_in(host), host.browser()
    thief.csrf()
    with stopped(monkeypatch, Users, "has_password_changed", lambda: thief.login("alice")) as signing_in:
        assert change_password(alice).status_code == 303
    assert signing_in.finish().status_code == 302
    assert live(host) == 1
    assert sent_to_login(thief)
    assert alice.is_in()


@everywhere
def test_it_looks_at_the_database_and_not_at_what_has_been_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an app context goes on after the request, as in tests of hosts, ``db.session`` still has the user."""
    alice, thief = signed_in(host), host.browser()

    def sign_in() -> Any:
        with host.app.app_context():
            return thief.login("alice")

    with stopped(monkeypatch, SessionRegistry, "add", sign_in):
        assert change_password(alice).status_code == 303
    assert sent_to_login(thief)
    assert alice.is_in()


@in_these("postgres", "mariadb")
def test_what_is_born_before_the_change_is_committed_is_ended_after_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was checked, and the others have ended by then."""
    alice, thief, heard = signed_in(host), host.browser(), []
    thief.csrf()
    with session_ended.connected_to(lambda app, **data: heard.append(data), host.app):
        with stopped(monkeypatch, Sessions, "end_others", lambda: change_password(alice), after=True):
            assert thief.login("alice").status_code == 302
        assert live(host) == 1
        assert sent_to_login(thief)
    assert alice.is_in()
    assert [(data["reason"], len(data["session_ids"])) for data in heard] == [("password_changed", 1)]


@everywhere
def test_what_is_born_between_the_commit_and_the_second_look_is_ended(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, thief = signed_in(host), host.browser()
    thief.csrf()
    with (
        stopped(monkeypatch, SessionRegistry, "add", lambda: thief.login("alice")) as signing_in,
        stopped(monkeypatch, SessionRegistry, "_end_late", lambda: change_password(alice)),
    ):
        assert signing_in.finish().status_code == 302
        assert sent_to_login(thief)
    assert alice.is_in()


@in_these("sqlite", "postgres")
def test_signing_in_in_a_loop_with_the_old_password_gets_nobody_past_its_change(host: Host) -> None:
    """Without any stops, as somebody would who knows it."""
    password, other = PASSWORD, NEW_PASSWORD
    for _ in range(3):
        alice, began, changed = signed_in(host, password), Barrier(3), Event()

        def sign_in_again_and_again(known: str = password, began: Barrier = began, over: Event = changed) -> Any:
            thieves = [signed_in(host, known)]
            began.wait(PATIENCE)
            while not over.is_set():
                thief = host.browser()
                if thief.login("alice", known).status_code == 302:
                    thieves.append(thief)
            return thieves

        with ThreadPoolExecutor(2) as pool:
            loops = [pool.submit(sign_in_again_and_again) for _ in range(2)]
            sent = {"current_password": password, "new_password": other, "confirm_password": other}
            began.wait(PATIENCE)
            try:
                assert alice.post("/profile/password", sent).status_code == 303
            finally:
                changed.set()
            thieves = [thief for loop in loops for thief in loop.result()]
        assert len(thieves) > 1
        assert [thief.is_in() for thief in thieves] == [False] * len(thieves)
        assert alice.is_in()
        password, other = other, password


@everywhere
def test_signing_in_with_the_new_password_is_signing_in(host: Host) -> None:
    alice = signed_in(host)
    assert change_password(alice).status_code == 303
    assert signed_in(host, NEW_PASSWORD).is_in()
    assert alice.is_in()
    assert marks(host) == {mark_now(host)}


# ---- hosts that do more in their sign-in view


def commits_first(host: Host) -> None:
    """As those do that write down the last sign-in: the user object is read from the database again after that."""

    @host.app.post("/sign-in")
    def sign_in() -> Any:
        user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
        assert user.check_password(request.form["password"])
        user.phone = "seen"
        host.db.session.commit()
        flask_login.login_user(user)
        return redirect("/page")


@everywhere
def test_a_host_that_commits_before_it_signs_in_tells_nothing_else(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(after=commits_first)
    alice, thief = signed_in(host), host.browser()
    thief.csrf()

    def sign_in() -> Any:
        return thief.post("/sign-in", {"password": PASSWORD})

    with stopped(monkeypatch, host.User, "check_password", sign_in, after=True) as signing_in:
        assert change_password(alice).status_code == 303
    assert signing_in.finish().status_code == 302
    assert sent_to_login(thief)
    assert alice.is_in()


REHASHES = ("before", "before, committed", "after", "after, committed")


def hashes_anew(when: str) -> Callable[[Host], None]:
    def views(host: Host) -> None:
        @host.app.post("/sign-in")
        def sign_in() -> Any:
            user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
            assert user.check_password(PASSWORD)
            if when.startswith("after"):
                flask_login.login_user(user)
            user.password_hash = generate_password_hash(PASSWORD, HASH)
            if when.endswith("committed"):
                host.db.session.commit()
            if when.startswith("before"):
                flask_login.login_user(user)
            host.db.session.commit()
            return redirect("/page")

    return views


@everywhere
@pytest.mark.parametrize("when", REHASHES)
def test_a_hash_that_is_made_anew_at_the_sign_in_signs_nobody_out(when: str, new_host: Callable[..., Host]) -> None:
    host = new_host(after=hashes_anew(when))
    before, hashed = signed_in(host), host.user("alice").password_hash
    alice = host.browser()
    assert alice.post("/sign-in", {"password": PASSWORD}).location == "/page"
    assert host.user("alice").password_hash != hashed
    assert alice.is_in()
    assert before.is_in(), "the same text fits both hashes"
    assert marks(host) == {mark_now(host)}
    (row,) = (row for row in host.rows.all() if row.id == alice.session_id())
    assert row.password_mark == mark_now(host)


def model_without_methods(db: SQLAlchemy) -> type[Any]:
    """A user whose hashes are the extension's own, and made anew by it where they are weak."""

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        email: Mapped[str | None] = mapped_column(String(80))
        first_name: Mapped[str | None] = mapped_column(String(80))
        last_name: Mapped[str | None] = mapped_column(String(80))
        password_hash: Mapped[str | None] = mapped_column(String(255))
        is_admin: Mapped[bool | None] = mapped_column(default=False)

    return User


@everywhere
def test_a_hash_that_the_extension_makes_anew_signs_nobody_out(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def model(db: SQLAlchemy) -> type[Any]:
        made = model_without_methods(db)
        made.set_password = lambda self, text: setattr(self, "password_hash", generate_password_hash(text, HASH))
        made.check_password = lambda self, text: check_password_hash(self.password_hash, text)
        return made

    host = new_host(model=model)
    monkeypatch.delattr(host.User, "set_password")
    monkeypatch.delattr(host.User, "check_password")

    @host.app.post("/sign-in")
    def sign_in() -> Any:
        user = host.db.session.get(host.User, 1)
        assert current_profile.users.check_password(user, PASSWORD)
        current_profile.users.upgrade_password(user, PASSWORD)
        flask_login.login_user(user)
        host.db.session.commit()
        return redirect("/page")

    hashed = host.user("alice").password_hash
    first, second = host.browser(), host.browser()
    for browser in (first, second):
        assert browser.post("/sign-in").location == "/page"
    assert host.user("alice").password_hash != hashed
    assert first.post("/profile/confirm", {"current_password": PASSWORD}).status_code == 303
    assert first.is_in()
    assert second.is_in()
    assert marks(host) == {mark_now(host)}


@everywhere
def test_a_user_who_registers_is_signed_in_by_it(new_host: Callable[..., Host]) -> None:
    """The user is made in the request that signs in, before or after the commit."""

    def registers(host: Host) -> None:
        @host.app.post("/register/<name>")
        def register(name: str) -> Any:
            user = host.User(username=name, email=f"{name}@x.test", first_name="N", last_name="N")
            user.set_password(PASSWORD)
            host.db.session.add(user)
            if name == "early":
                host.db.session.flush()
                flask_login.login_user(user)
            host.db.session.commit()
            if name == "late":
                flask_login.login_user(user)
            return redirect("/page")

    host = new_host(after=registers)
    for name in ("early", "late"):
        browser = host.browser()
        browser.post(f"/register/{name}")
        assert browser.get("/page").text == f"Hello {name}"
    assert None not in marks(host)


# ---- users whose password cannot be read


def no_hash(db: SQLAlchemy) -> type[Any]:
    """Somebody else knows the passwords."""

    class User(model_without_methods(db)):  # type: ignore[misc]
        pass

    return User


@pytest.mark.parametrize("hash_", [None, "", "  "], ids=repr)
@everywhere
def test_where_no_hash_can_be_read_nothing_is_different(hash_: str | None, new_host: Callable[..., Host]) -> None:
    def elsewhere(host: Host) -> None:
        host.User.check_password = lambda user, text: text == PASSWORD

    host = new_host(after=elsewhere)
    host.change("alice", password_hash=hash_)
    alice = signed_in(host)
    assert alice.is_in()
    assert alice.post("/profile/sessions/sign-out-others").status_code == 303
    assert marks(host) == {None}


def test_a_user_that_raises_when_its_hash_is_read_signs_in_all_the_same(new_host: Callable[..., Host]) -> None:
    def broken(user: Any) -> None:
        raise RuntimeError("the directory does not answer")

    class Elsewhere(Users):
        def stored_hash(self, user: Any) -> Any:
            return broken(user)

    host = new_host(myprofile_options={"users": Elsewhere()})
    alice = host.browser()
    assert alice.login("alice").status_code == 302
    assert alice.is_in()
    assert marks(host) == {None}


# ---- what the mark tells


def test_the_mark_tells_one_password_of_one_user_from_all_others_and_nothing_else(host: Host) -> None:
    with host.app.test_request_context():
        users, alice, bob = current_profile.users, host.user("alice"), host.user("bob")
        first = users.password_mark(alice)
        assert first is not None
        assert len(first) == 64
        assert alice.password_hash not in first
        bob.password_hash = alice.password_hash
        assert users.password_mark(bob) != first, "who has the same hash does not show"
        alice.set_password(PASSWORD)
        assert users.password_mark(alice) != first, "a new salt is a new mark"
        assert users.mark_of(alice, b"hash") == users.mark_of(alice, "hash") == users.mark_of(alice, "hash  ")


@everywhere
def test_a_new_secret_key_changes_no_mark(new_host: Callable[..., Host], kept: Kept) -> None:
    url = kept.new_database()
    host = new_host(url)
    signed_in(host)
    before = marks(host)
    renewed = make_host(url, **kept.settings(url), SECRET_KEY="another", SECRET_KEY_FALLBACKS=["a secret of this test"])
    assert mark_now(renewed) in before
    renewed.close(drop=False)


@everywhere
@pytest.mark.parametrize("url", ["/confirm", "/profile/confirm"])
def test_who_proves_the_password_is_marked_by_it(url: str, new_host: Callable[..., Host]) -> None:
    """By the one that was given, whatever has been done to the hash since the sign-in."""

    def confirms(host: Host) -> None:
        @host.app.post("/confirm")
        @flask_login.login_required
        def confirm() -> str:
            flask_login.confirm_login()
            return "confirmed"

    host = new_host(after=confirms, MYPROFILE_SESSION_FOLLOWS_PASSWORD=False)
    alice = signed_in(host)
    host.change("alice", password_hash=generate_password_hash(PASSWORD, HASH))
    assert marks(host) != {mark_now(host)}
    assert alice.post(url, {"current_password": PASSWORD}).status_code in (200, 303)
    assert marks(host) == {mark_now(host)}


@everywhere
def test_the_mark_goes_with_the_session(host: Host) -> None:
    alice = signed_in(host)
    assert alice.post("/profile/sign-out").status_code == 303
    assert [row.password_mark for row in host.rows.all()] == [None]


# ---- the same for cookies from before the installation


@everywhere
@pytest.mark.parametrize("remember", [False, True], ids=["", "remembered"])
def test_an_old_cookie_that_is_taken_over_while_its_user_signs_out_everywhere_is_out(
    remember: bool, new_host: Callable[..., Host], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = kept.new_database()
    before = new_host(url, myprofile=False)
    old = before.browser()
    old.login("alice", remember=remember)
    host = new_host(url)
    browser = host.browser()
    name = "remember_token" if remember else "session"
    browser.set_cookie(name, str(old.cookie(name)))
    visit = stopped(monkeypatch, SessionRegistry, "add", lambda: browser.get("/page"))
    with visit as visiting, host.app.app_context():
        current_profile.sessions.end_all(host.user("alice"))
    assert visiting.finish().status_code == 200, "it was let in before"
    assert sent_to_login(browser)
    assert live(host) == 0


@everywhere
def test_an_old_cookie_that_is_taken_over_in_the_request_that_ends_the_others_stays(
    new_host: Callable[..., Host], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends_others(host: Host) -> None:
        @host.app.post("/only-me")
        @flask_login.login_required
        def only_me() -> str:
            return str(current_profile.sessions.end_others(flask_login.current_user))

    url = kept.new_database()
    before = new_host(url, myprofile=False)
    old = before.browser()
    old.login("alice")
    old.csrf()
    host = new_host(url, after=ends_others)
    browser, other = host.browser(), signed_in(host)
    browser.set_cookie("session", str(old.cookie("session")))
    assert browser.post("/only-me").text == "1"
    assert browser.is_in()
    assert sent_to_login(other)
