"""What else an administrator sees of a user, cancels and erases: their activity, preferences, identities, address."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from tests.admin.test_users import URL, signed_in
from tests.admin.test_users_tokens import token_of, works
from tests.pages.test_pending_forms import confirm, stale
from tests.support.devices import asked_who, sent_to_login
from tests.support.host import JSON, Browser, Host
from tests.support.kept import everywhere
from tests.support.walks import everything
from tests.tabs.test_activity import NOW, fill

FORGET, CANCEL, ACTIVITY = f"{URL}/forget", f"{URL}/cancel-email-change", f"{URL}/activity"
VERIFIED: dict[str, Any] = {
    "MYPROFILE_EMAIL_CHANGE": "verified",
    "MYPROFILE_NOTIFY": lambda user, notice: None,
    "MYPROFILE_EXTERNAL_URL": "https://app.test",
}


@pytest.fixture
def admin(host: Host) -> Browser:
    browser: Browser = signed_in(host, "admin")
    return browser


def asks_for_an_address(host: Host) -> Browser:
    alice: Browser = signed_in(host, "alice")
    assert alice.post("/profile/personal-information/change-email", {"new_email": "new@x.test"}).status_code == 303
    assert host.app.extensions["myprofile"].notices.wait()
    return alice


def changes_of(host: Host) -> list[str]:
    return [row.state for row in host.sql("SELECT state FROM myprofile_email_change ORDER BY asked_at")]


# ---- what is seen


def test_the_page_says_what_has_happened_and_what_is_kept(new_host: Callable[..., Host]) -> None:
    host = new_host(**VERIFIED)
    admin, alice = signed_in(host, "admin"), signed_in(host, "alice")
    admin.post(f"{URL}/sign-out-all", {"user": "alice"})
    alice.login("alice")
    alice.post("/profile/preferences", {"timezone": "Europe/Berlin"})
    host.sql(
        "INSERT INTO myprofile_identity (id, user_key, provider, issuer, subject, noted_at)"
        " VALUES ('x', '1', 'keycloak', 'https://idp.test', 'alice-at-idp', 1800000000)"
    )
    asks_for_an_address(host)
    html, known = unescape(admin.get(f"{URL}?user=alice").text), admin.json(f"{URL}?user=alice").json
    for said in ("Signed out of ", "By Admin Test, an administrator", "Berlin", "alice-at-idp", "new@x.test"):
        assert said in html, said
    assert "All activity" not in html and "This wasn’t me" not in html, "what helps is offered to its owner"
    assert [each["kind"] for each in known["events"]] == [
        *("profile.email_change_asked", *["session.signed_in"] * 2, "session.ended", "session.signed_in"),
    ]
    assert known["preferences"] == {"timezone": "Europe/Berlin"}
    assert [(each["provider"], each["subject"]) for each in known["identities"]] == [("keycloak", "alice-at-idp")]
    assert known["email_change"]["address"] == "new@x.test"
    other = admin.json(f"{URL}?user=bob").json
    assert (other["events"], other["preferences"], other["identities"], other["email_change"]) == ([], {}, [], None)


def test_all_of_it_is_a_page_at_a_time(host: Host, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_myprofile.account.clock.time", lambda: NOW + 10.0)
    admin = signed_in(host, "admin")
    fill(host, 60)
    assert len(admin.json(f"{URL}?user=alice").json["events"]) == 10
    (url,) = re.findall(r'href="([^"]+)">All activity', admin.get(f"{URL}?user=alice").text)
    assert url == f"{ACTIVITY}?user=1"
    page = admin.get(url)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    (older,) = re.findall(r'href="([^"]+)">Show older', page.text)
    first, second = admin.json(url).json, admin.json(unescape(older)).json
    ids = [each["id"] for each in (*first["events"], *second["events"])]
    assert ids == sorted(set(ids), reverse=True) and len(ids) == 60 and second["next"] is None
    assert admin.get(f"{ACTIVITY}?user=nobody").status_code == 404
    assert admin.json(f"{ACTIVITY}?user=alice&before=x").json["code"] == "no_such_list"
    assert signed_in(host, "bob").get(url).status_code == 403


# ---- what is cancelled


def test_a_change_of_the_address_is_cancelled_and_its_user_sees_by_whom(new_host: Callable[..., Host]) -> None:
    host = new_host(**VERIFIED)
    admin = signed_in(host, "admin")
    assert admin.get(f"{CANCEL}?user=alice").location == f"{URL}?user=alice", "there is nothing to ask about"
    asks_for_an_address(host)
    assert "Cancel the change of the email address of Alice Test?" in admin.get(f"{CANCEL}?user=alice").text
    assert changes_of(host) == ["pending"]
    answer = admin.post(CANCEL, {"user": "1"})
    assert (answer.status_code, answer.location) == (303, f"{URL}?user=1")
    assert changes_of(host) == ["over"]
    (event, *_) = admin.json(f"{URL}?user=alice").json["events"]
    assert (event["kind"], event["by"]) == ("profile.email_change_cancelled", "Admin Test")
    assert admin.post_json(CANCEL, {"user": "1"}).status_code == 409


# ---- what is erased


@everywhere
def test_all_that_is_kept_is_erased_once_the_name_is_typed(host: Host) -> None:
    admin, alice, bob = signed_in(host, "admin"), signed_in(host, "alice"), signed_in(host, "bob")
    token = token_of(host)
    question = admin.get(f"{FORGET}?user=alice").text
    assert "Erase all that is kept of Alice Test?" in question and "Type Alice Test to go on" in question
    for wrong in ("", "Alice", "Bob Test"):
        refused = admin.post(FORGET, {"user": "1", "name": wrong})
        assert refused.status_code == 422 and f'value="{wrong}"' in refused.text, wrong
        assert "This is not the name. Type Alice Test" in refused.text
    assert admin.post_json(FORGET, {"user": "1"}).json["errors"].keys() == {"name"}
    assert alice.is_in() and works(host, token)
    answer = admin.post(FORGET, {"user": "1", "name": " alice  TEST "})
    assert (answer.status_code, answer.location) == (303, f"{URL}?user=1")
    assert "All that was kept of Alice Test is erased." in admin.get(answer.location).text
    assert sent_to_login(alice) and not works(host, token)
    assert bob.is_in() and admin.is_in()
    left = host.sql("SELECT user_key, actor_name FROM myprofile_event WHERE kind = 'account.forgotten'")
    assert [(row.user_key[0], row.actor_name) for row in left] == [("#", "Admin Test")]
    for table in ("session", "token", "event"):
        assert host.sql(f"SELECT * FROM myprofile_{table} WHERE user_key = '1'") == [], table
    assert host.user("alice").username == "alice", "the account is the app's"


def test_who_erases_what_is_kept_of_themselves_is_signed_out(host: Host, admin: Browser) -> None:
    assert admin.post(FORGET, {"user": "admin", "name": "Admin Test"}).location == "/login"
    assert sent_to_login(admin)


@pytest.mark.parametrize("url", [FORGET, CANCEL])
def test_it_is_for_administrators_who_have_just_signed_in(url: str, new_host: Callable[..., Host]) -> None:
    host = new_host(**VERIFIED)
    alice, sent = asks_for_an_address(host), {"user": "1"}
    sent |= {"name": "Alice Test"} if url == FORGET else {}
    before = everything(host)
    for answer in (alice.get(f"{url}?user=alice"), alice.post(url, sent), alice.post_json(url, sent)):
        assert answer.status_code == 403
    assert everything(host) == before
    admin = stale(host, "admin")
    assert admin.post_json(url, sent).json["code"] == "reauth_required"
    carried = asked_who(admin.post(url, sent))
    assert changes_of(host) == ["pending"]
    assert confirm(admin, carried).location == f"{URL}?user=1"
    assert changes_of(host) != ["pending"]


def test_nothing_is_shown_of_what_is_not_kept(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_ACTIVITY_KEEP=None)
    admin = signed_in(host, "admin")
    assert "Activity" not in admin.get(f"{URL}?user=alice").text
    assert admin.get(f"{CANCEL}?user=alice").status_code == 404
    assert admin.get(f"{ACTIVITY}?user=alice", headers=JSON).json["events"] == []
