"""What can be done with copies of a user's cookies, and for how long: the rows of the table in ``docs/security.md``.

(``tests/auth/test_secret_before.py`` walks over all pages for the second row.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_login
import pytest
from flask import jsonify

import flask_myprofile
from flask_myprofile import current_profile, hand_over, handed_over
from flask_myprofile.account.pending_forms import KEPT
from flask_myprofile.auth.feature_preview import LASTS
from flask_myprofile.sso.hand_over import GOOD_FOR
from flask_myprofile.store.records import ROTATION_GRACE
from flask_myprofile.testing import wait_for_notices
from tests.support.devices import asked_who, change_password, pass_time, sent_to_login, sign_out
from tests.support.host import PASSWORD, Browser, Host
from tests.support.kept import Kept, everywhere
from tests.support.listed import function_of

CONFIRM = "/profile/confirm"
ALL = ("session", "remember_token", "myprofile_device")
#: Those that sign nobody in, or none of whom the extension knows.
ALONE = ("myprofile_form", "myprofile_handed_over", "myprofile_known")


@pytest.fixture
def asking(new_host: Callable[..., Host]) -> Host:
    """A host with a view that says whether the sign-in is recent."""

    def with_view(host: Host) -> None:
        @host.app.get("/fresh")
        @flask_login.login_required
        def fresh() -> Any:
            return jsonify(current_profile.sessions.is_fresh(flask_login.current_user))

    return new_host(after=with_view, MYPROFILE_REAUTH_MAX_AGE=1800)


def signed_in(host: Host, **how: Any) -> Browser:
    browser = host.browser()
    browser.login("alice", **how)
    browser.csrf()
    return browser


def is_recent(browser: Browser) -> bool:
    return bool(browser.get("/fresh").json)


def reads(browser: Browser) -> bool:
    return browser.is_in() and browser.get("/profile/sessions").status_code == 200


def writes(browser: Browser) -> bool:
    return bool(browser.post("/profile/preferences", {"language": "de"}).status_code == 303)


def prove(browser: Browser) -> None:
    assert browser.post(CONFIRM, {"current_password": PASSWORD}).status_code == 303


#: How a session gets a new secret.
RENEWALS: dict[str, Callable[[Browser], Any]] = {"confirms": prove, "changes the password": change_password}


@everywhere
def test_a_copy_of_the_cookie_can_do_what_its_owner_can_for_as_long_as_the_session_lives(
    asking: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in(asking)
    copy = alice.copy("session")
    assert reads(copy)
    assert writes(copy)
    assert is_recent(copy)
    asking.rows.age(created_at=1801)
    assert reads(copy)
    assert writes(copy)
    assert not is_recent(copy), "for half an hour after the owner has proved who is there"
    assert len(alice.sessions()) == 1, "it is the same row, which the owner sees and can end"
    pass_time(monkeypatch, 31 * 86_400)
    assert sent_to_login(copy)


@everywhere
@pytest.mark.parametrize("renewal", RENEWALS)
def test_a_copy_from_before_a_new_secret_reads_for_half_a_minute(renewal: str, asking: Host) -> None:
    alice = signed_in(asking)
    used, unused = alice.copy("session"), alice.copy("session")
    RENEWALS[renewal](alice)
    assert reads(used)
    assert not writes(used)
    assert not is_recent(used)
    assert is_recent(alice)
    asking.rows.age(rotated_at=ROTATION_GRACE - 5)
    assert reads(used)
    asking.rows.age(rotated_at=10)
    assert sent_to_login(used)
    assert sent_to_login(unused)
    assert reads(alice)
    assert writes(alice)


ENDS: dict[str, Callable[[Browser, Browser], Any]] = {
    "signs out": lambda alice, other: alice.post("/profile/sign-out"),
    "logs out at the host": lambda alice, other: alice.post("/logout"),
    "is signed out elsewhere": lambda alice, other: sign_out(other, alice),
    "changes the password elsewhere": lambda alice, other: change_password(other),
    "signs in again": lambda alice, other: alice.login("alice"),
    "lets somebody else sign in": lambda alice, other: alice.login("bob"),
}


@everywhere
@pytest.mark.parametrize("end", ENDS)
def test_a_copy_of_any_cookies_is_worth_nothing_once_the_session_has_ended(end: str, asking: Host) -> None:
    alice, other = signed_in(asking, remember=True), signed_in(asking)
    copies = [alice.copy(*names) for names in ((ALL[0],), ALL[1:], ALL)]
    ENDS[end](alice, other)
    for copy in copies:
        assert sent_to_login(copy)
        assert copy.post("/profile/preferences", {"language": "de"}).status_code == 302
        copy.restart()
        assert sent_to_login(copy)


@everywhere
def test_copies_of_what_remembers_come_back_as_the_same_session(asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    copy = alice.copy(*ALL[1:])
    assert reads(copy)
    assert writes(copy)
    assert len(alice.sessions()) == 1
    asking.rows.age(created_at=1801)
    assert not is_recent(copy)


def test_a_copy_from_a_preview_goes_on_with_it_for_the_rest_of_its_hour(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it has ended only the browser knows."""
    beta = {"on": True, "for": {"roles": ["beta"]}}
    host = new_host(MYPROFILE_FEATURES={"sessions": beta}, MYPROFILE_ROLES=lambda user: ["beta"] * (user.id == 1))
    admin, preview = host.browser(), "/profile/admin/features/preview"
    admin.login("admin")
    assert admin.post(preview, {"user": "alice"}).status_code == 303
    copy, later = admin.copy(), admin.copy()
    assert admin.post(f"{preview}/end").status_code == 303
    assert admin.get("/profile/sessions").status_code == 404
    assert copy.get("/profile/sessions").status_code == 200
    assert copy.post_json("/profile/preferences", {"language": "de"}).json["code"] == "previewing"
    pass_time(monkeypatch, LASTS)
    assert later.get("/profile/sessions").status_code == 404
    monkeypatch.undo()
    host.change("admin", is_admin=False)
    assert copy.get("/profile/sessions").status_code == 404


@everywhere
@pytest.mark.parametrize("renewal", RENEWALS)
def test_copies_of_what_remembers_are_worth_nothing_after_a_new_secret(renewal: str, asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    copy = alice.copy(*ALL[1:])
    RENEWALS[renewal](alice)
    assert sent_to_login(copy)
    alice.restart()
    assert reads(alice)


@everywhere
@pytest.mark.parametrize("name", ALL[1:])
def test_one_of_the_two_that_remember_is_worth_nothing_alone(name: str, asking: Host) -> None:
    alice = signed_in(asking, remember=True)
    assert sent_to_login(alice.copy(name))
    assert reads(alice)


@everywhere
@pytest.mark.parametrize("name", ALL[:2])
def test_a_cookie_from_before_the_installation_is_good_until_its_user_signs_out_of_anything(
    name: str, new_host: Callable[..., Host], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = kept.new_database()
    before = new_host(url, myprofile=False)
    old = signed_in(before, remember=True)
    host = new_host(url)
    early, late = host.browser(), host.browser()
    for browser in (early, late):
        browser.set_cookie(name, str(old.cookie(name)))
    assert early.is_in()
    assert [row["method"] for row in early.sessions()] == ["unknown"], "a session like any other from now on"
    pass_time(monkeypatch, 5)
    assert early.post("/profile/sign-out").status_code == 303
    assert sent_to_login(late)


def test_a_csrf_token_is_worth_nothing_without_the_cookie_and_after_a_new_secret(asking: Host) -> None:
    alice, stranger = signed_in(asking), signed_in(asking)
    token = alice.csrf()
    sent = {"language": "de", "csrf_token": token}
    assert stranger.client.post("/profile/preferences", data=sent).status_code == 400
    prove(alice)
    assert alice.client.post("/profile/preferences", data=sent).status_code == 400


# ---- cookies that sign nobody in

OTHERS = "/profile/sessions/sign-out-others"


def with_form_cookie(browser: Browser, *names: str) -> Browser:
    copy = browser.copy(*names)
    value = browser.cookie_of_profile("myprofile_form")
    copy.client.set_cookie("myprofile_form", str(value), path="/profile/")
    return copy


@everywhere
def test_a_copy_of_the_cookie_of_a_waiting_form_can_cancel_it_with_the_session_and_carries_nothing_out(
    asking: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, other = signed_in(asking), signed_in(asking)
    asking.rows.age(created_at=1801)
    carried = asked_who(alice.post(OTHERS))
    alone, copy = with_form_cookie(alice, "nothing"), with_form_cookie(alice, "session")
    assert sent_to_login(alone)
    assert alone.post(CONFIRM, {"current_password": PASSWORD, **carried}).status_code == 302
    assert copy.post(CONFIRM, {"current_password": "a guess", **carried}).status_code == 422
    assert other.is_in(), "that takes the password"
    assert copy.post(CONFIRM, {"cancel": "", **carried}).status_code == 303
    alice.post(CONFIRM, {"current_password": PASSWORD, **carried})
    assert other.is_in()
    asking.rows.age(rotated_at=1801)
    carried = asked_who(alice.post(OTHERS))
    asking.rows.age(rotated_at=-1801)
    pass_time(monkeypatch, KEPT + 1)
    alice.post(CONFIRM, {"current_password": PASSWORD, **carried})
    assert other.is_in(), "it waits for a quarter of an hour"


@everywhere
def test_a_copy_of_the_cookie_of_a_known_browser_signs_nobody_in_and_its_sign_in_is_no_news(
    new_host: Callable[..., Host],
) -> None:
    told: list[str] = []
    host = new_host(MYPROFILE_NOTIFY=lambda user, notice: told.append(notice.kind))
    alice = signed_in(host)
    copy, stranger = alice.copy("myprofile_known"), host.browser()
    assert copy.cookie("myprofile_known") and sent_to_login(copy)
    assert copy.login("alice").status_code == 302 and reads(copy)
    wait_for_notices(host.app)
    assert told == []
    stranger.login("alice")
    wait_for_notices(host.app)
    assert told == ["new_device"]


def test_a_copy_of_what_is_handed_over_signs_in_as_the_provider_has_said_for_two_minutes(
    new_host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    def views(host: Host) -> None:
        host.app.add_url_rule("/acs", view_func=lambda: hand_over("/in", {"name": "alice"}), endpoint="acs")

        @host.app.get("/in")
        def signed_in_there() -> Any:
            facts = handed_over()
            if facts is not None:
                flask_login.login_user(host.user(facts["name"]))
            return "done"

    host = new_host(after=views)
    alice = host.browser()
    alice.get("/acs")
    early, late, clock_ahead = (alice.copy("myprofile_handed_over") for _ in range(3))
    early.get("/in")
    assert reads(early)
    with monkeypatch.context() as patch:
        pass_time(patch, -GOOD_FOR)  # what is of the future is of a clock that was ahead
        clock_ahead.get("/in")
        assert not clock_ahead.is_in()
    pass_time(monkeypatch, GOOD_FOR + 1)
    late.get("/in")
    assert not late.is_in()


def test_every_cookie_of_ours_is_in_the_table() -> None:
    package = Path(flask_myprofile.__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    setting = [source for source in sources if ".set_cookie(" in source]
    names = {name for source in setting for name in re.findall(r'"(myprofile_[a-z_]+)"', source)}
    assert names - {"myprofile_purpose"} == {"myprofile_device", *ALONE}, "the device cookie is one that remembers"
    assert all(f"`{name}`" in _table() for name in ALONE)


def _table() -> str:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    return page.partition("## What a copied cookie can do")[2].partition("\n## ")[0]


def test_the_table_names_the_tests_that_keep_it_true() -> None:
    named = re.findall(r"`(test_\w+)`", _table())
    here = {name for name in globals() if name.startswith("test_") and "the_table" not in name}
    assert here <= set(named)
    for name in set(named) - here:
        function_of(f"tests/auth/test_secret_before.py::{name}")
