"""A token that has a name is changed, and its text stays what it is: another name, other scopes, other networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import pytest

from flask_myprofile import current_profile
from flask_myprofile.account.tokens import Tokens
from flask_myprofile.errors import Conflict
from flask_myprofile.signals import token_changed
from flask_myprofile.testing import wait_for_notices
from tests.support.host import PASSWORD, Browser, Host, signed_in
from tests.support.kept import in_each_database
from tests.support.meanwhile import meanwhile
from tests.tabs.test_api_tokens import SETTINGS, TAB, make, names, works

ALL: dict[str, Any] = {
    **SETTINGS,
    "MYPROFILE_API_SCOPES": {"read": "Read reports", "write": "Correct reports", "admin": "Everything else"},
    "MYPROFILE_API_TOKEN_NETWORKS": True,
}
CHANGE = f"{TAB}/change"


@pytest.fixture
def several(new_host: Callable[..., Host]) -> Host:
    return new_host(**ALL)


def kept(browser: Browser, id_: str) -> tuple[str, list[str] | None, list[str] | None]:
    token = next(each for each in browser.json(TAB).json["tokens"] if each["id"] == id_)
    return token["name"], token["scopes"], token["networks"]


def shown(browser: Browser, id_: str) -> dict[str, Any]:
    """What a browser would send of the page, as it is."""
    found: dict[str, Any] = browser.json(f"{CHANGE}?id={id_}").json
    return {**found, "networks": found["networks"] or ""}


def aged(host: Host) -> None:
    """Everybody has signed in long ago."""
    host.sql("UPDATE myprofile_session SET created_at = created_at - 7200")


@in_each_database
def test_a_token_gets_another_name_and_other_limits_and_stays_the_same(new_host: Callable[..., Host]) -> None:
    host = new_host(**ALL)
    alice = signed_in(host)
    made = make(alice, "CI", scopes=["read", "write"])
    assert alice.post_json(CHANGE, {"id": made["id"], "name": "Zoë’s build 🚀"}).status_code == 200
    assert kept(alice, made["id"]) == ("Zoë’s build 🚀", ["read", "write"], None)
    sent = {"id": made["id"], "scopes": ["read"], "networks": "127.0.0.0/8, 2001:db8::/32"}
    assert alice.post_json(CHANGE, sent).status_code == 200
    assert kept(alice, made["id"]) == ("Zoë’s build 🚀", ["read"], ["127.0.0.0/8", "2001:db8::/32"])
    token = made["token"]
    assert alice.post_json(f"{TAB}/reveal", {"id": made["id"]}).json["token"] == token
    with host.app.test_request_context():
        verify = current_profile.tokens.verify
        assert verify(token, "read", address="127.0.0.1").username == "alice"
        assert verify(token, "write", address="127.0.0.1") is None
        assert verify(token, "read", address="192.0.2.1") is None
    kinds = [each for each in alice.json("/profile/activity").json["events"] if each["kind"] == "token.changed"]
    assert [each["details"] for each in kinds] == [
        {"token": "Zoë’s build 🚀", "fields": ["scopes", "networks"]},
        {"token": "Zoë’s build 🚀", "fields": ["name"], "former": "CI"},
    ]
    page = alice.get("/profile/activity").text
    assert "API token changed" in page and "It was called “CI” before." in page


def test_everything_is_said_and_left_again(several: Host) -> None:
    alice = signed_in(several)
    id_ = make(alice, "CI", scopes=["read"])["id"]
    page = shown(alice, id_)
    assert alice.post(CHANGE, {**page, "access": "everything"}).status_code == 303
    assert kept(alice, id_)[1] is None
    assert alice.post_json(CHANGE, {"id": id_, "scopes": ["write"]}).status_code == 200
    assert kept(alice, id_)[1] == ["write"]
    assert alice.post_json(CHANGE, {"id": id_, "access": "everything"}).status_code == 200
    assert alice.post_json(CHANGE, {"id": id_, "access": "scopes"}).json["errors"] == {
        "scopes": ["Choose at least one scope, or everything"]
    }
    assert kept(alice, id_)[1] is None


@pytest.mark.parametrize(
    ("sent", "field", "wrong"),
    [
        ({"name": "  "}, "name", "Say what the token is for"),
        ({"name": "x" * 65}, "name", "Token name must be 64 characters or fewer"),
        ({"scopes": ["nothing"]}, "scopes", "Choose from the list"),
        ({"scopes": []}, "scopes", "Choose at least one scope, or everything"),
        ({"access": "everything", "scopes": ["read", "write"]}, "scopes", "Choose scopes or everything, not both"),
        ({"networks": "office"}, "networks", "“office” is no network, such as 192.0.2.0/24"),
    ],
)
def test_what_has_to_be_corrected_is_said_on_the_page_of_the_change(
    sent: dict[str, Any], field: str, wrong: str, several: Host
) -> None:
    alice = signed_in(several)
    id_ = make(alice, "CI", scopes=["read"])["id"]
    refused = alice.post_json(CHANGE, {"id": id_, **sent})
    assert (refused.status_code, refused.json["errors"]) == (422, {field: [wrong]})
    page = alice.post(CHANGE, {**shown(alice, id_), "name": "Typed", **sent})
    assert page.status_code == 422
    assert wrong in page.text and "Change API token" in page.text
    assert field == "name" or 'value="Typed"' in page.text
    assert kept(alice, id_) == ("CI", ["read"], None)


# ---- whose, and which


def test_a_token_of_somebody_else_or_of_nobody_cannot_be_changed(several: Host) -> None:
    alice, bob = signed_in(several), signed_in(several, "bob")
    theirs = make(bob, "Bob’s", scopes=["read"])
    for id_ in (theirs["id"], "0" * 16, "'; --", "x" * 5000):
        answer = alice.post_json(CHANGE, {"id": id_, "name": "mine"})
        assert (answer.status_code, answer.json["code"]) == (404, "no_such_token")
        assert alice.get(CHANGE, query_string={"id": id_}).status_code == 404
        assert alice.post(CHANGE, {"id": id_, "name": "mine"}).status_code == 404
    assert kept(bob, theirs["id"])[0] == "Bob’s"


def test_which_one_has_to_be_said_once_there_are_two(several: Host) -> None:
    alice = signed_in(several)
    first = make(alice, "one", scopes=["read"])["id"]
    assert alice.post_json(CHANGE, {"name": "only"}).status_code == 200
    make(alice, "two", scopes=["read"])
    refused = alice.post_json(CHANGE, {"name": "which"})
    assert (refused.status_code, refused.json["errors"]) == (422, {"id": ["Say which token"]})
    assert alice.get(CHANGE).status_code == 422
    assert kept(alice, first)[0] == "only"


def test_what_was_replaced_or_has_no_name_is_not_changed(new_host: Callable[..., Host]) -> None:
    single = new_host(MYPROFILE_FEATURES={"api_token": True})
    signed_in(single).post_json(f"{TAB}/regenerate")
    host = new_host(single.app.config["SQLALCHEMY_DATABASE_URI"], **ALL)
    alice = signed_in(host)
    unnamed = alice.json(TAB).json["version"]
    refused = alice.post_json(CHANGE, {"id": unnamed, "name": "x"})
    assert (refused.status_code, refused.json["code"]) == (409, "token_unnamed")
    made = make(alice, "CI", scopes=["read"])
    alice.post_json(f"{TAB}/regenerate", {"id": made["id"], "keep": "3600"})
    refused = alice.post_json(CHANGE, {"id": made["id"], "name": "x"})
    assert (refused.status_code, refused.json["code"]) == (409, "token_changed")
    assert alice.get(TAB).text.count("/change?id=") == 1


def test_with_the_default_there_is_no_such_page(new_host: Callable[..., Host]) -> None:
    host = new_host(MYPROFILE_FEATURES={"api_token": True})
    alice = signed_in(host)
    alice.post_json(f"{TAB}/regenerate")
    assert "/change" not in alice.get(TAB).text
    assert [alice.get(CHANGE).status_code, alice.post(CHANGE, {"name": "x"}).status_code] == [404, 404]
    assert alice.post_json(CHANGE, {"name": "x"}).json["code"] == "feature_off"


@pytest.mark.parametrize("off", ["api_token", "api_token.regenerate"])
def test_switched_off_it_is_not_there_by_any_door(off: str, several: Host) -> None:
    alice, admin = signed_in(several), signed_in(several, "admin")
    id_ = make(alice, "CI", scopes=["read"])["id"]
    admin.post_json("/profile/admin/features", {off: False})
    assert alice.get(f"{CHANGE}?id={id_}").status_code == 404
    assert alice.json(f"{CHANGE}?id={id_}").status_code == 404
    assert alice.post(CHANGE, {"id": id_, "name": "x"}).status_code == 404
    assert alice.post_json(CHANGE, {"id": id_, "name": "x"}).json["code"] == "feature_off"
    assert several.sql("SELECT name FROM myprofile_named_token") == [("CI",)]


# ---- who may


@pytest.mark.parametrize(
    ("made", "sent", "asks"),
    [
        ({"scopes": ["read"]}, {"name": "other"}, False),
        ({"scopes": ["read", "write"]}, {"scopes": ["read"]}, False),
        ({"access": "everything"}, {"scopes": ["read"]}, False),
        ({"scopes": ["read"]}, {"scopes": ["read", "write"]}, True),
        ({"scopes": ["read"]}, {"scopes": ["write"]}, True),
        ({"scopes": ["read"]}, {"access": "everything"}, True),
        ({"scopes": ["read"]}, {"networks": "10.0.0.0/8"}, False),
        ({"scopes": ["read"], "networks": "10.0.0.0/8 2001:db8::/32"}, {"networks": "10.1.0.0/16"}, False),
        ({"scopes": ["read"], "networks": "10.0.0.0/8"}, {"networks": "10.0.0.0/7"}, True),
        ({"scopes": ["read"], "networks": "10.0.0.0/8"}, {"networks": "10.0.0.0/8 ::1"}, True),
        ({"scopes": ["read"], "networks": "10.0.0.0/8"}, {"networks": "::ffff:10.1.0.0/112"}, False),
        ({"scopes": ["read"], "networks": "10.0.0.0/8"}, {"networks": "::ffff:0:0/96"}, True),
        ({"scopes": ["read"], "networks": "10.0.0.0/8"}, {"networks": ""}, True),
    ],
)
def test_what_lets_a_token_do_more_asks_for_a_recent_sign_in(
    made: dict[str, Any], sent: dict[str, Any], asks: bool, several: Host
) -> None:
    alice = signed_in(several)
    id_ = make(alice, "CI", **made)["id"]
    before = kept(alice, id_)
    aged(several)
    answer = alice.post_json(CHANGE, {"id": id_, **sent})
    assert (answer.status_code, answer.json.get("code")) == ((403, "reauth_required") if asks else (200, None))
    assert (kept(alice, id_) == before) == asks


def test_a_change_that_waited_for_a_recent_sign_in_is_carried_out_by_it(several: Host) -> None:
    alice = signed_in(several)
    id_ = make(alice, "CI", scopes=["read"])["id"]
    aged(several)
    asked = alice.post(CHANGE, {**shown(alice, id_), "name": "Build", "scopes": ["read", "write"]})
    assert asked.status_code == 303 and asked.location.startswith("/profile/confirm?form=")
    assert "To let your API token do more" in alice.get(asked.location).text
    carried = dict(parse_qsl(urlsplit(asked.location).query))
    done = alice.post("/profile/confirm", {"current_password": PASSWORD, **carried})
    assert (done.status_code, done.location) == (303, TAB)
    assert kept(alice, id_) == ("Build", ["read", "write"], None)


# ---- meanwhile


def test_of_two_browsers_that_change_the_same_the_second_is_told(several: Host) -> None:
    here, there = signed_in(several), signed_in(several)
    id_ = make(here, "CI", scopes=["read", "write"])["id"]
    mine, theirs = shown(here, id_), shown(there, id_)
    assert here.post(CHANGE, {**mine, "name": "Mine", "scopes": ["read"]}).status_code == 303
    late = there.post(CHANGE, {**theirs, "name": "Theirs"})
    assert late.status_code == 409
    assert "This is “Mine” now. Save again to put yours in its place." in late.text
    assert 'value="Theirs"' in late.text, "what was typed is kept"
    assert kept(there, id_) == ("Mine", ["read"], None)
    assert there.post(CHANGE, {**shown(there, id_), "name": "Theirs"}).status_code == 303
    assert kept(there, id_) == ("Theirs", ["read"], None), "and what was not touched is not put back"


def test_an_old_page_puts_no_scope_back_that_was_taken_away(several: Host) -> None:
    here, there = signed_in(several), signed_in(several)
    id_ = make(here, "CI", scopes=["read", "write"])["id"]
    old = shown(there, id_)
    here.post_json(CHANGE, {"id": id_, "scopes": ["read"]})
    assert there.post(CHANGE, {**old, "name": "Renamed"}).status_code == 303
    assert kept(there, id_) == ("Renamed", ["read"], None)
    assert there.post(CHANGE, {**old, "scopes": ["read", "write", "admin"]}).status_code == 409
    refused = there.post_json(CHANGE, {"id": id_, "name": "x", "version": old["version"]})
    assert (refused.status_code, list(refused.json["errors"])) == (409, ["name"])


@in_each_database
def test_what_was_read_before_somebody_took_a_scope_away_brings_none_back(new_host: Callable[..., Host]) -> None:
    host = new_host(**ALL)
    alice = signed_in(host)
    made = make(alice, "CI", scopes=["read", "write"], networks="10.0.0.0/8")
    with host.app.test_request_context():
        user, tokens = host.user("alice"), current_profile.tokens
        seen = tokens.list(user)
        tokens.change(user, made["id"], scopes=["read"])
        tokens.list = lambda user: seen  # type: ignore[method-assign,assignment]
        try:
            for late in (
                lambda: tokens.regenerate(user, made["id"]),
                lambda: tokens.regenerate(user, made["id"], keep=60),
                lambda: tokens.change(user, made["id"], name="late"),
            ):
                with pytest.raises(Conflict) as told:
                    late()
                assert told.value.code == "token_changed"
        finally:
            del tokens.list
    assert kept(alice, made["id"]) == ("CI", ["read"], ["10.0.0.0/8"])
    assert works(host, made["token"]) is False, "it is limited to networks"


@in_each_database
def test_an_expired_token_that_was_put_aside_is_replaced_with_the_limits_it_has_by_then(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(**ALL)
    alice = signed_in(host)
    made = make(alice, "CI", scopes=["read", "write"])
    host.sql("UPDATE myprofile_named_token SET created_at = created_at - 9000, expires_at = created_at - 5000")
    make(alice, "another", scopes=["read"])
    with host.app.test_request_context():
        user, tokens = host.user("alice"), current_profile.tokens
        seen = tokens.list(user)
        assert seen[0].slot > 3, "it was in the way"
        tokens.change(user, made["id"], scopes=["read"])
        with mock.patch.object(Tokens, "list", lambda self, user: seen), pytest.raises(Conflict) as told:
            tokens.regenerate(user, made["id"])
        assert told.value.code == "token_changed"
    assert alice.post_json(f"{TAB}/regenerate", {"id": made["id"]}).status_code == 200
    assert {each["name"]: each["scopes"] for each in alice.json(TAB).json["tokens"]} == {
        "CI": ["read"],
        "another": ["read"],
    }


def test_what_was_limited_meanwhile_is_not_widened_without_a_recent_sign_in(
    several: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was no more than the token could do when it was looked at is more than that by now."""
    owner, thief = signed_in(several), signed_in(several)
    id_ = make(owner, "CI", scopes=["read", "write"])["id"]
    aged(several)
    limits = {"scopes": ["read"], "networks": "10.1.0.0/16"}
    limited = meanwhile(monkeypatch, Tokens, "change", lambda: owner.post_json(CHANGE, {"id": id_, **limits}))
    late = thief.post_json(CHANGE, {"id": id_, "networks": "10.0.0.0/8"})
    assert [answer.status_code for answer in limited] == [200]
    assert (late.status_code, late.json["code"]) == (409, "token_changed")
    assert kept(owner, id_) == ("CI", ["read"], ["10.1.0.0/16"])


def test_the_same_twice_changes_nothing_and_says_so(several: Host) -> None:
    alice = signed_in(several)
    id_ = make(alice, "CI", scopes=["read"])["id"]
    page = shown(alice, id_)
    alice.post(CHANGE, page)
    assert "Nothing was changed." in alice.get(TAB).text
    alice.post(CHANGE, {**page, "name": "Build"})
    alice.post(CHANGE, {**page, "name": "Build"})
    assert "Your API token has been changed." in alice.get(TAB).text
    assert several.sql("SELECT count(*) FROM myprofile_event WHERE kind = 'token.changed'") == [(1,)]


# ---- what the app has no more


def test_a_token_keeps_limits_that_the_app_has_no_more_until_its_user_changes_them(
    new_host: Callable[..., Host],
) -> None:
    host = new_host(**ALL)
    id_ = make(signed_in(host), "CI", scopes=["write"], networks="10.0.0.0/8")["id"]
    less = {**ALL, "MYPROFILE_API_SCOPES": {"read": "Read"}, "MYPROFILE_API_TOKEN_NETWORKS": False}
    later = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **less)
    alice = signed_in(later)
    assert alice.post(CHANGE, {**shown(alice, id_), "name": "Build"}).status_code == 303
    assert kept(alice, id_) == ("Build", ["write"], ["10.0.0.0/8"])
    none = new_host(host.app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS)
    alice = signed_in(none)
    assert alice.post(CHANGE, {**shown(alice, id_), "name": "Again"}).status_code == 303
    assert kept(alice, id_) == ("Again", ["write"], ["10.0.0.0/8"])
    assert alice.post_json(CHANGE, {"id": id_, "access": "everything", "networks": ""}).status_code == 200
    assert kept(alice, id_) == ("Again", None, None)


# ---- who is told


def test_whoever_is_told_is_told_of_new_limits_and_not_of_a_new_name(new_host: Callable[..., Host]) -> None:
    told: list[Any] = []
    host = new_host(**ALL, MYPROFILE_NOTIFY=lambda user, notice: told.append(notice))
    alice = signed_in(host)
    id_ = make(alice, "CI", scopes=["read"])["id"]
    heard: list[str] = []
    with token_changed.connected_to(lambda app, action, **more: heard.append(action), sender=host.app):
        alice.post_json(CHANGE, {"id": id_, "name": "Build"})
        wait_for_notices(host.app)
        assert "token_changed" not in {each.kind for each in told}
        alice.post_json(CHANGE, {"id": id_, "scopes": ["read", "write"]})
        wait_for_notices(host.app)
    notice = next(each for each in told if each.kind == "token_changed")
    assert notice.subject == "An API token was changed"
    assert notice.paragraphs[0] == "What the API token “Build” of your account may do, or from where, was changed."
    assert heard == ["changed", "changed"]


def test_in_python_what_is_not_named_stays(several: Host) -> None:
    with several.app.test_request_context():
        user, tokens = several.user("alice"), current_profile.tokens
        tokens.make(user, "CI", scopes=["read"], networks="10.0.0.0/8")
        version = tokens.version(tokens.find(user))
        assert tokens.change(user, version, name="Build") is True
        assert tokens.change(user, version, name="Build") is False
        found = tokens.find(user)
        assert found is not None
        assert (found.name, found.scopes, found.networks) == ("Build", "read", "10.0.0.0/8")
        assert tokens.widens(found, {"scopes": None}) is True
        with pytest.raises(ValueError, match="office"):
            tokens.change(user, version, networks="office")
        with pytest.raises(TypeError, match="no lifetime that could be changed"):
            tokens.change(user, version, lifetime=3)
    assert names(signed_in(several)) == ["Build"]
