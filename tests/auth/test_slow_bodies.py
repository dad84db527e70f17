"""A body that comes slowly: what has become of its sender by the time when it is there is what counts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import flask_login
import pytest

from flask_myprofile import current_profile
from tests.support.devices import change_password, pass_time
from tests.support.host import JSON, PASSWORD, Browser, Host
from tests.support.kept import STORES, everywhere, first_everywhere
from tests.support.walks import CHANGING, RIGHT, busy, everything, right_for, walked_host

CONFIRM, REGENERATE = "/profile/confirm", "/profile/api-token/regenerate"


class SlowBody:
    """A body whose sender waits for something to happen before it is sent."""

    def __init__(self, content: bytes, meanwhile: Callable[[], object]) -> None:
        self._content, self._meanwhile = BytesIO(content), [meanwhile]

    def read(self, *args: int) -> bytes:
        while self._meanwhile:
            with ThreadPoolExecutor(1) as beside:  # another request, in a context of its own
                beside.submit(self._meanwhile.pop()).result()
        return self._content.read(*args)


def send_slowly(
    browser: Browser,
    url: str,
    as_json: bool,
    meanwhile: Callable[[], object],
    sent: dict[str, str] | None = None,
    in_chunks: bool = False,
) -> Any:
    """:param in_chunks: without a length, as a server hands on ``Transfer-Encoding: chunked``."""
    content, token = urlencode(sent or RIGHT.get(url, {"version": ""})).encode(), browser.csrf()
    chunked = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    length = chunked if in_chunks else {"CONTENT_LENGTH": str(len(content))}
    return browser.client.post(
        url,
        content_type="application/x-www-form-urlencoded",
        headers={**(JSON if as_json else {}), "X-CSRFToken": token},
        environ_overrides={"wsgi.input": SlowBody(content, meanwhile), **length},
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


@first_everywhere("how", [*ENDS])
def test_whose_session_ends_meanwhile_gets_no_token(how: str, host: Host) -> None:
    """It would let in whom the owner has just locked out."""
    alice, thief = host.browser(), host.browser()
    alice.login("alice")
    thief.login("alice")
    answer = send_slowly(thief, REGENERATE, True, lambda: ENDS[how](alice, host))
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


@pytest.mark.parametrize("kept_in", STORES, indirect=True)
def test_in_chunks_it_is_not_written_either(new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its view reads it, and looks at the session after that."""
    host = new_host(after=asks_early)
    alice, thief = host.browser(), host.browser()
    alice.login("alice")
    thief.login("alice")

    def meanwhile() -> None:
        assert change_password(alice).status_code == 303
        pass_time(monkeypatch, 2)

    answer = send_slowly(thief, REGENERATE, True, meanwhile, in_chunks=True)
    assert (answer.status_code, answer.json["code"]) == (401, "signed_out"), "and not to be sent again"
    assert host.sql("SELECT * FROM myprofile_token") == []


def test_who_signs_out_twice_at_once_is_signed_out(new_host: Callable[..., Host]) -> None:
    host = new_host(after=asks_early)
    alice = host.browser()
    alice.login("alice")
    again = alice.copy()
    answer = send_slowly(again, "/profile/sign-out", False, lambda: alice.post("/profile/sign-out"), in_chunks=True)
    assert (answer.status_code, answer.location) == (303, "/login")


# ---- what its sender may do ends


def test_who_is_no_administrator_any_more_changes_no_feature(host: Host) -> None:
    admin = host.browser()
    admin.login("admin")
    before = host.sql("SELECT * FROM myprofile_feature")
    answer = send_slowly(
        admin, "/profile/admin/features", True, lambda: host.change("admin", is_admin=False), {"preferences": "off"}
    )
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
