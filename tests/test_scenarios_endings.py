"""Whatever ends a session ends it for good: no copy of any of its cookies gets in again, wherever sessions are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flask_myprofile import current_profile
from tests.devices import age, change_password, sent_to_login, sign_out
from tests.host import Browser, Host
from tests.kept import STORES

DAY = 86_400


def by_the_host(host: Host, end: Callable[[Any], object]) -> None:
    with host.app.app_context():
        user = host.db.session.execute(host.db.select(host.User).filter_by(username="alice")).scalar_one()
        end(user)
        host.db.session.commit()


def ended_by_admin(user: Any) -> None:
    admin = current_profile.users.load("3")
    assert admin.username == "admin"
    assert current_profile.sessions.end_all(user, by=admin) == 2


#: What ends the session of ``victim``; ``other`` is signed in as the same user.
ENDINGS: dict[str, Callable[[Host, Browser, Browser], object]] = {
    "its own sign-out": lambda host, victim, other: victim.post("/profile/sign-out"),
    "the host's logout": lambda host, victim, other: victim.post("/logout"),
    "signing out this very session": lambda host, victim, other: sign_out(victim, victim),
    "signed out elsewhere": lambda host, victim, other: sign_out(other, victim),
    "signed out elsewhere, by a script": lambda host, victim, other: other.post_json(
        "/profile/sessions/sign-out", {"id": victim.session_id()}
    ),
    "all others signed out": lambda host, victim, other: other.post("/profile/sessions/sign-out-others"),
    "the host's code ends one": lambda host, victim, other: by_the_host(
        host, lambda user: current_profile.sessions.end(user, current_profile.sessions.list(user)[0].id)
    ),
    "the host's code ends all": lambda host, victim, other: by_the_host(
        host,
        lambda user: current_profile.sessions.end_all(user),  # noqa: PLW0108 (there is no app yet)
    ),
    "an admin ends all": lambda host, victim, other: by_the_host(host, ended_by_admin),
    "password changed elsewhere": lambda host, victim, other: change_password(other),
    "user disabled": lambda host, victim, other: host.change("alice", active=False),
    "user deleted": lambda host, victim, other: by_the_host(host, host.db.session.delete),
    "row deleted": lambda host, victim, other: host.rows.delete(victim.session_id()),
    "signed in again": lambda host, victim, other: victim.login("alice", remember=True),
    "not used for long": lambda host, victim, other: host.rows.age(
        victim.session_id(), last_seen_at=8 * DAY, remember_until=366 * DAY
    ),
    "lasted too long": lambda host, victim, other: host.rows.age(
        victim.session_id(), created_at=31 * DAY, remember_until=366 * DAY
    ),
}
#: Those that also change what the victim's own browser has in Flask's session.
IN_ITS_BROWSER = ("its own sign-out", "the host's logout", "signing out this very session", "signed in again")
#: Where sessions are kept, whether the victim ticked "remember me", and what ends the session.
WAYS = [
    *(("sqlite", False, ending) for ending in ENDINGS),
    *((place, True, ending) for place in (*STORES, "flask-session-files") for ending in ENDINGS),
    *(("flask-session-redis", True, ending) for ending in IN_ITS_BROWSER),
]


@pytest.mark.parametrize(("kept_in", "remember", "ending"), WAYS, indirect=["kept_in"])
def test_whatever_ends_a_session_ends_every_copy_of_its_cookies(
    ending: str, remember: bool, new_host: Callable[..., Host]
) -> None:
    """S01, S02, S14, B39"""
    host = new_host(MYPROFILE_SESSION_IDLE=7 * DAY, MYPROFILE_SESSION_LIFETIME=30 * DAY)
    other, victim = host.browser(), host.browser()
    other.login("alice")
    age(host, 5)  # so that the victim's is first on the list
    victim.login("alice", remember=remember)
    ours, row = other.session_id(), victim.session_id()
    kept = ((), ("session",), *((("remember_token",), ("remember_token", "myprofile_device")) if remember else ()))
    copies = [victim.copy(*names) for names in kept]
    for_scripts = victim.copy()
    before = {record.id for record in host.rows.all()}
    ENDINGS[ending](host, victim, other)
    assert row not in {record.id for record in host.rows.all() if record.ended_at is None} or ending in BY_ITSELF
    if other.is_in():
        assert {listed["id"] for listed in other.sessions()} - {ours} == new_ids(victim, ending)
    for copy in copies:
        assert sent_to_login(copy), "a saved cookie"
        assert sent_to_login(copy, "/profile/sessions")
    refused = for_scripts.json("/profile/sessions")
    assert (refused.status_code, refused.location) == (401, None)
    if ending == "signed in again":
        assert victim.is_in()
        return
    assert sent_to_login(victim)
    if ending == "user disabled":
        host.change("alice", active=True)
        assert all(sent_to_login(browser) for browser in (victim, *copies)), "and stays so"
    assert {record.id for record in host.rows.all()} <= before, "nothing of all this has begun another one"


#: Nobody has ended these; the row itself says that they are over, or nobody has asked yet.
BY_ITSELF = ("not used for long", "lasted too long", "user disabled", "user deleted")


def new_ids(victim: Browser, ending: str) -> set[str]:
    return {victim.session_id()} if ending == "signed in again" else set()
