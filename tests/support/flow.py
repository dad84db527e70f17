"""What a person does with My Profile, from signing in to a new password; the same on every kind of host."""

from __future__ import annotations

from flask_myprofile import current_profile
from tests.support.host import NEW_PASSWORD, PASSWORD, Host


def check_my_profile_works(host: Host) -> None:
    """Every step asserts; nothing here knows the user's key, the database or the names of tables."""
    laptop, phone = host.browser(), host.browser()
    assert laptop.login("alice").location == "/page"
    phone.login("alice", remember=True)

    rows = laptop.sessions()
    assert len(rows) == 2
    assert all(isinstance(row["id"], str) for row in rows)
    other = next(row for row in rows if not row["current"])
    assert laptop.post("/profile/sessions/sign-out", {"id": other["id"]}).status_code == 303
    assert phone.get("/page").location.startswith("/login"), "signed out"
    assert len(laptop.sessions()) == 1
    with host.app.app_context():
        assert current_profile.sessions.prune() == 0, "nothing is old enough"
    assert laptop.is_in()

    saved = laptop.post("/profile/personal-information", {"first_name": "Alicia", "last_name": "Test"})
    assert saved.status_code == 303, saved.text
    assert laptop.json("/profile/personal-information").json["first_name"] == "Alicia"
    assert laptop.post("/profile/preferences", {"language": "de"}).status_code == 303
    assert laptop.json("/profile/preferences").json["language"] == "de"
    assert 'lang="de"' in laptop.get("/profile/preferences").text

    token = laptop.post_json("/profile/api-token/regenerate").json["token"]
    token_is_alices(host, token)

    tablet = host.browser()
    tablet.login("alice")
    sent = {"current_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    changed = laptop.post("/profile/password", sent)
    assert changed.status_code == 303, changed.text
    assert laptop.is_in(), "who changes the password stays signed in"
    assert not tablet.is_in(), "all others have to sign in again"
    assert len(laptop.sessions()) == 1
    token_is_alices(host, token)

    assert tablet.login("alice").status_code == 422, "the old password is worth nothing"
    assert tablet.login("alice", NEW_PASSWORD).location == "/page"
    assert len(laptop.sessions()) == 2, "the sessions of before and after belong to one person"
    assert laptop.json("/profile/preferences").json["language"] == "de"
    admin_switches_off_what_alice_uses(host)


def token_is_alices(host: Host, token: str) -> None:
    program = host.browser()
    answer = program.get("/api", headers={"Authorization": f"Bearer {token}"})
    assert answer.json == {"user": "alice"}


def admin_switches_off_what_alice_uses(host: Host) -> None:
    alice, admin = host.browser(), host.browser()
    alice.login("alice", NEW_PASSWORD)
    admin.login("admin")
    assert admin.post("/profile/admin/features", {"preferences": "off"}).status_code == 303
    assert alice.get("/profile/preferences").status_code == 404
    assert admin.post("/profile/admin/features", {"preferences": "on"}).status_code == 303
    assert alice.get("/profile/preferences").status_code == 200
