"""A body that comes slowly: what has become of its sender by the time when it is there is what counts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import flask_login
import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from flask_myprofile import current_profile
from flask_myprofile.globals import MAX_BODY
from tests.support.devices import change_password, pass_time
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.kept import STORES, everywhere, first_everywhere, in_these
from tests.support.pictures import SAVE, picture, with_pictures
from tests.support.walks import CHANGING, RIGHT, busy, everything, right_for, walked_host

CONFIRM, REGENERATE = "/profile/confirm", "/profile/api-token/regenerate"


class SlowBody:
    """A body whose sender waits for something to happen, before it is sent or when a part of it has been."""

    def __init__(self, content: bytes, meanwhile: Callable[[], object], part: int) -> None:
        self._content, self._meanwhile, self._part = BytesIO(content), [meanwhile], part

    def read(self, *args: int) -> bytes:
        while self._meanwhile and self._content.tell() >= self._part:
            beside(self._meanwhile.pop())
        return self._content.read(*args)


def beside(meanwhile: Callable[[], object]) -> None:
    """Another request, in a context of its own."""
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(meanwhile).result()


def send_slowly(
    browser: Browser,
    url: str,
    as_json: bool,
    meanwhile: Callable[[], object],
    sent: dict[str, str] | None = None,
    in_chunks: bool = False,
) -> Any:
    """:param in_chunks: without a length, as a server hands on ``Transfer-Encoding: chunked``."""
    content = urlencode(sent or RIGHT.get(url, {"version": ""})).encode()
    kind = "application/x-www-form-urlencoded"
    return send_body_slowly(browser, url, content, kind, meanwhile, as_json=as_json, in_chunks=in_chunks)


def send_body_slowly(
    browser: Browser,
    url: str,
    content: bytes,
    kind: str,
    meanwhile: Callable[[], object],
    *,
    as_json: bool = True,
    in_chunks: bool = False,
    part: int = 0,
) -> Any:
    token = browser.csrf()
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    length = chunked if in_chunks else {"CONTENT_LENGTH": str(len(content))}
    return browser.client.post(
        url,
        content_type=kind,
        headers={**(JSON if as_json else {}), "X-CSRFToken": token},
        environ_overrides={"wsgi.input": SlowBody(content, meanwhile, part), **length},
    )


def asks_early(host: Host) -> None:
    """A host that asks for the session before each view, as for its log."""

    @host.app.before_request
    def ask() -> None:
        if user := flask_login.current_user:
            current_profile.sessions.current(user)


def confirm(browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


def stale_copy(host: Host) -> tuple[Browser, Browser]:
    """A browser whose owner signed in an hour ago, and a copy of its cookie."""
    alice = host.browser()
    alice.login("alice")
    host.rows.age(created_at=3600)
    alice.csrf()
    return alice, alice.copy("session")


# ---- its session gets another secret


@everywhere
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_it_gains_nothing_by_what_the_owner_proves_meanwhile(as_json: bool, host: Host) -> None:
    """What the row says of a proof is not that request's."""
    alice, thief = stale_copy(host)
    answer = send_slowly(thief, REGENERATE, as_json, lambda: confirm(alice))
    assert answer.status_code == 409
    assert host.sql("SELECT * FROM myprofile_token") == []
    assert alice.post_json(REGENERATE).status_code == 200, "the owner's proof is the owner's"


@everywhere
@pytest.mark.parametrize("in_chunks", [False, True], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("as_json", [False, True], ids=["form", "JSON"])
def test_it_is_not_written_when_the_secret_changed_meanwhile(
    as_json: bool, in_chunks: bool, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = new_host(after=asks_early)
    alice, thief = stale_copy(host)

    def meanwhile() -> None:
        confirm(alice)
        pass_time(monkeypatch, 2)

    answer = send_slowly(thief, "/profile/preferences", as_json, meanwhile, in_chunks=in_chunks)
    assert answer.status_code == 409
    assert host.sql("SELECT * FROM myprofile_preference") == []


# ---- its session ends


ENDS: dict[str, Callable[[Browser, Host], object]] = {
    "all others are signed out": lambda alice, host: alice.post("/profile/sessions/sign-out-others"),
    "the password is changed": lambda alice, host: change_password(alice),
    "the account is closed": lambda alice, host: host.change("alice", active=False),
}


@first_everywhere("how, in_chunks", [(how, in_chunks) for in_chunks in (False, True) for how in ENDS])
def test_whose_session_ends_meanwhile_gets_no_token(how: str, in_chunks: bool, host: Host) -> None:
    """It would let in whom the owner has just locked out."""
    alice, thief = host.browser(), host.browser()
    alice.login("alice")
    thief.login("alice")
    answer = send_slowly(thief, REGENERATE, True, lambda: ENDS[how](alice, host), in_chunks=in_chunks)
    assert answer.status_code == 401
    assert host.sql("SELECT * FROM myprofile_token") == []
    assert not thief.is_in()


@pytest.mark.parametrize("url", CHANGING)
def test_whose_session_ends_meanwhile_changes_nothing_anywhere(url: str, new_host: Callable[..., Host]) -> None:
    host = walked_host(new_host, url)
    here, other = busy(host), host.browser()
    other.login("admin")
    sent, before = right_for(url, other), {}

    def meanwhile() -> None:
        assert here.post("/profile/sessions/sign-out-others").status_code == 303
        before.update(everything(host))

    answer = send_slowly(other, url, True, meanwhile, sent)
    assert answer.status_code == 401
    assert everything(host) == before


@in_these(*STORES)
@pytest.mark.parametrize("in_chunks", [False, True], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("how", [*ENDS])
def test_of_a_large_body_its_sender_is_looked_at_once_more(
    how: str, in_chunks: bool, new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its view reads it, within a limit of its own."""
    host = new_host(
        after=asks_early, model=with_pictures, MYPROFILE_AVATAR="avatar", MYPROFILE_AVATAR_MAX_BYTES=200_000
    )
    alice, thief = host.browser(), host.browser()
    alice.login("alice")
    thief.login("alice")

    def meanwhile() -> None:
        ENDS[how](alice, host)
        pass_time(monkeypatch, 2)

    file = FileStorage(BytesIO(picture() + bytes(150_000)), "me.png")
    boundary, content = encode_multipart({"avatar": file})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = send_body_slowly(thief, SAVE, content, kind, meanwhile, in_chunks=in_chunks, part=MAX_BODY + 1)
    assert (answer.status_code, answer.json["code"]) == (401, "signed_out"), "and not to be sent again"
    with host.app.app_context():
        with_one = host.db.select(host.User).where(host.User.avatar.is_not(None))
        assert host.db.session.scalars(with_one).all() == []


def test_who_signs_out_twice_at_once_is_signed_out(new_host: Callable[..., Host]) -> None:
    meanwhile: list[Callable[[], object]] = []

    def asks_early_and_waits(host: Host) -> None:
        asks_early(host)
        host.app.before_request(lambda: beside(meanwhile.pop()) if meanwhile else None)

    host = new_host(after=asks_early_and_waits)
    alice = host.browser()
    alice.login("alice")
    again = alice.copy()
    sent = {"csrf_token": again.csrf()}
    meanwhile.append(lambda: alice.post("/profile/sign-out"))
    answer = again.client.post("/profile/sign-out", data=sent)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not again.is_in()


# ---- what its sender may do ends


@pytest.mark.parametrize("in_chunks", [False, True], ids=["with a length", "in chunks"])
def test_who_is_no_administrator_any_more_changes_no_feature(in_chunks: bool, host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    before = host.sql("SELECT * FROM myprofile_feature")

    def meanwhile() -> None:
        host.change("admin", is_admin=False)

    sent = {"preferences": "off"}
    answer = send_slowly(admin, "/profile/admin/features", True, meanwhile, sent, in_chunks=in_chunks)
    assert answer.status_code == 403
    assert host.sql("SELECT * FROM myprofile_feature") == before


def test_nobody_holds_a_connection_while_a_body_comes(new_host: Callable[..., Host]) -> None:
    host = new_host(after=asks_early)
    alice = host.browser()
    alice.login("alice")
    with host.app.app_context():
        pool: Any = host.db.engine.pool
    held: list[int] = []
    answer = send_slowly(alice, "/profile/preferences", False, lambda: held.append(pool.checkedout()))
    assert answer.status_code == 303
    assert held == [0]
