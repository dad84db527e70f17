"""What happens to signed-in devices in the tests about sessions: signing each other out, growing old."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import session

from flask_myprofile.auth.sign_in import KEY
from tests.host import NEW_PASSWORD, PASSWORD, Browser, Host


def sign_out(by: Browser, whom: Browser | str) -> Any:
    """``by`` opens the list and signs ``whom`` out: another browser of the same user, or a session's id."""
    return by.post("/profile/sessions/sign-out", {"id": whom if isinstance(whom, str) else whom.session_id()})


def change_password(browser: Browser) -> Any:
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    return browser.post("/profile/password", sent)


def asked_who(answer: Any) -> dict[str, str]:
    """What the page that asks who is there carries on, to which this answer leads."""
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.location)
    assert target.path == "/profile/confirm"
    return dict(parse_qsl(target.query))


def sent_to_login(browser: Browser, url: str = "/page") -> bool:
    """Whether the page is answered as to any anonymous visitor."""
    answer = browser.get(url)
    return bool(answer.status_code == 302 and answer.location.startswith("/login?next="))


def live(host: Host, username: str = "alice") -> int:
    """How many sessions of the user have not ended."""
    key = str(host.user(username).id)
    return sum(row.ended_at is None and row.user_key == key for row in host.rows.all())


def ended(host: Host) -> list[str]:
    """The ids of all sessions that have ended."""
    return [row.id for row in host.rows.all() if row.ended_at is not None]


def age(host: Host, seconds: int, session_id: str | None = None) -> None:
    """As if all sessions (or one) had been last used so long ago."""
    host.rows.age(session_id, last_seen_at=seconds)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let time go by, for everybody."""
    later = time.time() + seconds
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: later)
    monkeypatch.setattr("time.time", lambda: later)


def inside(host: Host, browser: Browser) -> dict[str, Any]:
    """What a browser's session says; of one in a cookie, anybody who holds it can read it."""
    with host.app.test_request_context(headers={"Cookie": f"session={browser.cookie('session')}"}):
        return dict(session)


def secret_of(host: Host, browser: Browser) -> str:
    return str(inside(host, browser)[KEY])


def set_cookies(answer: Any, name: str) -> list[str]:
    return [header for header in answer.headers.getlist("Set-Cookie") if header.startswith(name + "=")]
