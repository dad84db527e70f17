"""What happens to signed-in devices in the tests about sessions: signing each other out, growing old."""

from __future__ import annotations

import time
from typing import Any

import pytest

from flask_myprofile.sign_in import KEY
from tests.host import Browser, Host


def sign_out(by: Browser, whom: Browser | str) -> Any:
    """``by`` opens the list and signs ``whom`` out: another browser of the same user, or a session's id."""
    return by.post("/profile/sessions/sign-out", {"id": whom if isinstance(whom, str) else whom.session_id()})


def sent_to_login(browser: Browser, url: str = "/page") -> bool:
    """Whether the page is answered as to any anonymous visitor."""
    answer = browser.get(url)
    return bool(answer.status_code == 302 and answer.location.startswith("/login?next="))


def live(host: Host, username: str = "alice") -> int:
    """How many sessions of the user have not ended."""
    return int(
        host.sql(
            "SELECT count(*) FROM myprofile_session WHERE ended_at IS NULL AND user_key = :key",
            key=str(host.user(username).id),
        )[0][0]
    )


def ended(host: Host) -> list[str]:
    """The ids of all sessions that have ended."""
    return sorted(row[0] for row in host.sql("SELECT id FROM myprofile_session WHERE ended_at IS NOT NULL"))


def age(host: Host, seconds: int, session_id: str | None = None) -> None:
    """As if all sessions (or one) had been last used so long ago."""
    which = " WHERE id = :id" if session_id else ""
    values = {"id": session_id} if session_id else {}
    host.sql(f"UPDATE myprofile_session SET last_seen_at = last_seen_at - {int(seconds)}" + which, **values)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let time go by, for everybody."""
    later = time.time() + seconds
    monkeypatch.setattr("flask_myprofile.account.sessions.time.time", lambda: later)


def inside(host: Host, browser: Browser) -> dict[str, Any]:
    """What a session cookie says; anybody who holds it can read it."""
    serializer = host.app.session_interface.get_signing_serializer(host.app)  # type: ignore[attr-defined]
    return dict(serializer.loads(browser.cookie("session")))


def secret_of(host: Host, browser: Browser) -> str:
    return str(inside(host, browser)[KEY])


def set_cookies(answer: Any, name: str) -> list[str]:
    return [header for header in answer.headers.getlist("Set-Cookie") if header.startswith(name + "=")]
